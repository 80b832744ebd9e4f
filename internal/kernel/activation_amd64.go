//go:build !purego

package kernel

// The functions in assembly take rows, n ≥ 1.

//go:noescape
func geluAVX512(x *float32, stride, rows, n int)

//go:noescape
func geluAVX2(x *float32, stride, rows, n int)

//go:noescape
func swishAVX512(x *float32, stride, rows, n int, a, b float32)

//go:noescape
func swishAVX2(x *float32, stride, rows, n int, a, b float32)

//go:noescape
func timesAVX512(dst *float32, dstStride int, x *float32, xStride, rows, n int)

//go:noescape
func timesAVX2(dst *float32, dstStride int, x *float32, xStride, rows, n int)

func gelu(x []float32, stride, rows, n int) {
	switch {
	case rows == 0 || n == 0:
	case useAVX512:
		geluAVX512(&x[0], stride, rows, n)
	case useAVX2:
		geluAVX2(&x[0], stride, rows, n)
	default:
		geluGeneric(x, stride, rows, n)
	}
}

func swish(x []float32, stride, rows, n int, a, b float32) {
	switch {
	case rows == 0 || n == 0:
	case useAVX512:
		swishAVX512(&x[0], stride, rows, n, a, b)
	case useAVX2:
		swishAVX2(&x[0], stride, rows, n, a, b)
	default:
		swishGeneric(x, stride, rows, n, a, b)
	}
}

func times(dst []float32, dstStride int, x []float32, xStride, rows, n int) {
	switch {
	case useAVX512:
		timesAVX512(&dst[0], dstStride, &x[0], xStride, rows, n)
	case useAVX2:
		timesAVX2(&dst[0], dstStride, &x[0], xStride, rows, n)
	default:
		timesGeneric(dst, dstStride, x, xStride, rows, n)
	}
}

// swishTable is what the assembly of swish reads.
//
//lint:ignore U1000 assembly reads it
var swishTable = [...]float32{
	-log2E, 126, // 0, 4
	1, exp2C1, exp2C2, exp2C3, exp2C4, exp2C5, // 8 … 28
	-126, 0x1p100, // 32, 36
}
