module github.com/rapt-go/rapt/model/minilm

go 1.26.0

require github.com/rapt-go/rapt v0.0.0

require (
	github.com/edsrzf/mmap-go v1.2.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)

replace github.com/rapt-go/rapt => ../..
