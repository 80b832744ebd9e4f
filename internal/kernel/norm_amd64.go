//go:build !purego

package kernel

// The functions in assembly take rows, n ≥ 1. A nil shift asks for RMSNorm.

//go:noescape
func normAVX512(dst, x *float32, stride, rows, n int, scale, shift *float32, eps float32)

//go:noescape
func normAVX2(dst, x *float32, stride, rows, n int, scale, shift *float32, eps float32)

//go:noescape
func beginRowsAVX512(dst *float32, stride, rows int, row *float32, n int, add bool)

//go:noescape
func beginRowsAVX2(dst *float32, stride, rows int, row *float32, n int, add bool)

func norm(dst, x []float32, stride, rows, n int, scale, shift []float32, eps float32) {
	var to *float32
	if shift != nil && n > 0 {
		to = &shift[0]
	}
	switch {
	case rows == 0 || n == 0:
	case useAVX512:
		normAVX512(&dst[0], &x[0], stride, rows, n, &scale[0], to, eps)
	case useAVX2:
		normAVX2(&dst[0], &x[0], stride, rows, n, &scale[0], to, eps)
	default:
		normGeneric(dst, x, stride, rows, n, scale, shift, eps)
	}
}

func beginRows(dst []float32, stride, rows int, row []float32, add bool) {
	switch {
	case rows == 0 || len(row) == 0:
	case useAVX512:
		beginRowsAVX512(&dst[0], stride, rows, &row[0], len(row), add)
	case useAVX2:
		beginRowsAVX2(&dst[0], stride, rows, &row[0], len(row), add)
	default:
		beginRowsGeneric(dst, stride, rows, row, add)
	}
}
