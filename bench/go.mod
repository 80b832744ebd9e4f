module github.com/rapt-go/rapt/bench

go 1.26.0

require github.com/rapt-go/rapt v0.0.0

require golang.org/x/sys v0.49.0 // indirect

replace github.com/rapt-go/rapt => ../
