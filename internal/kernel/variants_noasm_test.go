//go:build purego || !(amd64 || arm64)

package kernel

var variants = []variant{
	{"generic", true, func() (undo func()) { return func() {} }},
}
