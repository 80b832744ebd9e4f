//go:build purego || !amd64

package kernel

func multiplyBlocks(Quant, []float32, int, []float32, int, []byte, int, int, []float32) bool {
	return false
}
