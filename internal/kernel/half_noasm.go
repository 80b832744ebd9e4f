//go:build purego || !(amd64 || arm64)

package kernel

func expandHalf(dst []float32, src []uint16) { expandHalfGeneric(dst, src) }

func expandBFloat16(dst []float32, src []uint16) { expandBFloat16Generic(dst, src) }

func multiplyHalfOnce([]float32, int, []float32, int, []uint16, int, int, []float32) bool {
	return false
}

func multiplyBFloat16Once([]float32, int, []float32, int, []uint16, int, int, []float32) bool {
	return false
}
