module github.com/rapt-go/rapt/bench

go 1.26.0

require github.com/rapt-go/rapt v0.0.0

require (
	github.com/clipperhouse/uax29/v2 v2.7.0 // indirect
	github.com/dlclark/regexp2/v2 v2.13.0 // indirect
	github.com/edsrzf/mmap-go v1.2.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)

replace github.com/rapt-go/rapt => ../

replace github.com/rapt-go/rapt/model/minilm => ../model/minilm
