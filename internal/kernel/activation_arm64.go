//go:build !purego

package kernel

// The functions in assembly take rows, n ≥ 1.

//go:noescape
func geluNEON(x *float32, stride, rows, n int)

//go:noescape
func swishNEON(x *float32, stride, rows, n int, a, b float32)

//go:noescape
func timesNEON(dst *float32, dstStride int, x *float32, xStride, rows, n int)

func gelu(x []float32, stride, rows, n int) {
	switch {
	case rows == 0 || n == 0:
	case useNEON:
		geluNEON(&x[0], stride, rows, n)
	default:
		geluGeneric(x, stride, rows, n)
	}
}

func swish(x []float32, stride, rows, n int, a, b float32) {
	switch {
	case rows == 0 || n == 0:
	case useNEON:
		swishNEON(&x[0], stride, rows, n, a, b)
	default:
		swishGeneric(x, stride, rows, n, a, b)
	}
}

func times(dst []float32, dstStride int, x []float32, xStride, rows, n int) {
	if !useNEON {
		timesGeneric(dst, dstStride, x, xStride, rows, n)
		return
	}
	timesNEON(&dst[0], dstStride, &x[0], xStride, rows, n)
}

// swishTable is what the assembly of swish reads.
//
//lint:ignore U1000 assembly reads it
var swishTable = [...]float32{
	-log2E,  // 0
	0x1p100, // 4
	126,     // 8
	-126,    // 12
	exp2C5,  // 16
	exp2C4,  // 20
	exp2C3,  // 24
	exp2C2,  // 28
	exp2C1,  // 32
	1,       // 36
}
