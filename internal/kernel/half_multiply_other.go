//go:build purego || !amd64

package kernel

func multiplyHalf([]float32, int, []float32, int, []float32, []uint16, int, int, []float32) bool {
	return false
}

func multiplyBFloat16([]float32, int, []float32, int, []float32, []uint16, int, int, []float32) bool {
	return false
}
