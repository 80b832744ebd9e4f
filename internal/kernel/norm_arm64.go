//go:build !purego

package kernel

// normNEON takes rows, n ≥ 1. A nil shift asks for RMSNorm.
//
//go:noescape
func normNEON(dst, x *float32, stride, rows, n int, scale, shift *float32, eps float32)

func norm(dst, x []float32, stride, rows, n int, scale, shift []float32, eps float32) {
	var to *float32
	if shift != nil && n > 0 {
		to = &shift[0]
	}
	switch {
	case rows == 0 || n == 0:
	case useNEON:
		normNEON(&dst[0], &x[0], stride, rows, n, &scale[0], to, eps)
	default:
		normGeneric(dst, x, stride, rows, n, scale, shift, eps)
	}
}

// beginRows needs nothing of its own: copy is quick, and to multiply by 1 changes no sum.
func beginRows(dst []float32, stride, rows int, row []float32, add bool) {
	if !add {
		beginRowsGeneric(dst, stride, rows, row, false)
		return
	}
	for r := range rows {
		combine(dst[r*stride:][:len(row)], 1, row, 1)
	}
}
