//go:build !purego && (amd64 || arm64)

package kernel

// What the vector kernels of all architectures share.

// evenly is the height of blocks that hold rows in as few blocks of at most most rows as there can be, all of about the same
// height: in a low block each sum would wait for its own last product.
func evenly(rows, most int) int {
	blocks := (rows + most - 1) / most
	return (rows + blocks - 1) / blocks
}

// firstFrom is where x[i] lies; nil where there is no x.
func firstFrom(x []float32, i int) *float32 {
	if x == nil {
		return nil
	}
	return &x[i]
}

// exp2Table is for 2^t with t ≤ 0: see exp2 in generic.go. The polynomial has 2²⁶ as a factor, so that it is to be multiplied
// by 2^(⌊t⌋−26), whose exponent bits are ⌊t⌋ + 101. Where those come out of the sum of ⌊t⌋ and 1.5·2²³ + 101, they are its last
// bits. t is bounded at −101, where the bits are 0 and so is the number: every t < −100 gives 0 without a compare.
//
//lint:ignore U1000 assembly reads it
var exp2Table = [...]float32{
	0x1p26, exp2C1 * 0x1p26, exp2C2 * 0x1p26, exp2C3 * 0x1p26, exp2C4 * 0x1p26, exp2C5 * 0x1p26, // 0 … 20
	-101,        // 24
	3<<22 + 101, // 28
	negativeInf, // 32
}

// tanhTable is for tanh(x) = x·P(x²)/Q(x²), of degree 4 both, for |x| ≤ 9.02, where tanh rounds to 1; x is bounded there,
// and the result at 1. The relative error is least with these coefficients (2.1e-8, found by exchange with P(0) = Q(0) = 1,
// so that small x stay as they are). All are positive, so nothing cancels: rounding in float32 brings the error to 3.2e-7.
//
//lint:ignore U1000 assembly reads it
var tanhTable = [...]float32{
	1, 0.133797631, 0.00349408737, 2.05843025e-05, 1.33201299e-08, // 0 … 16: P
	0.46713078, 0.0258712769, 0.000328317692, 7.76246907e-07, // 20 … 32: Q after its 1
	9.02, -9.02, // 36, 40
	-1, // 44
}
