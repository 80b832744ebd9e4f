//go:build purego || !amd64

package kernel

func gelu(x []float32, stride, rows, n int) { geluGeneric(x, stride, rows, n) }

func swish(x []float32, stride, rows, n int, a, b float32) { swishGeneric(x, stride, rows, n, a, b) }
