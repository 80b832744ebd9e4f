//go:build purego || !(amd64 || arm64)

package kernel

func norm(dst, x []float32, stride, rows, n int, scale, shift []float32, eps float32) {
	normGeneric(dst, x, stride, rows, n, scale, shift, eps)
}

func beginRows(dst []float32, stride, rows int, row []float32, add bool) {
	beginRowsGeneric(dst, stride, rows, row, add)
}
