//go:build purego || !(amd64 || arm64)

package kernel

func gelu(x []float32, stride, rows, n int) { geluGeneric(x, stride, rows, n) }

func swish(x []float32, stride, rows, n int, a, b float32) { swishGeneric(x, stride, rows, n, a, b) }

func times(dst []float32, dstStride int, x []float32, xStride, rows, n int) {
	timesGeneric(dst, dstStride, x, xStride, rows, n)
}
