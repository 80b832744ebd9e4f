//go:build purego || !(amd64 || arm64)

package kernel

func sum(x []uint64) uint64 { return sumGeneric(x) }
