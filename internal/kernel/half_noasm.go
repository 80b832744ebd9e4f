//go:build purego || !(amd64 || arm64)

package kernel

func expandHalf(dst []float32, src []uint16) { expandHalfGeneric(dst, src) }

func expandBFloat16(dst []float32, src []uint16) { expandBFloat16Generic(dst, src) }
