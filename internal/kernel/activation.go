package kernel

// GELU computes x·Φ(x) in place for n numbers in each of some rows, stride apart; Φ is the distribution function of the
// normal distribution (Hendrycks and Gimpel 2016). The error is at most 2.5e-7·|x|: relative for positive x, while on the
// other side, where the result itself vanishes, it is that of Φ = 1 − (1 − Φ). From x = −5.6 down it is 0.
func GELU(x []float32, stride, rows, n int) { gelu(x, stride, rows, n) }

// Swish computes x·σ(x·(a + b·x²)) in place for n numbers in each of some rows, stride apart; σ(t) = 1/(1 + e^−t). With a = 1
// and b = 0 it is the function silu, with GELUTanhA and GELUTanhB the approximation of GELU by tanh. The error is at most
// 5e-7 + 4e-7·|t| of the result, t being the argument of σ, which takes up to six roundings and stands in an exponent; what
// is less than 2⁻¹⁰⁰·|x| may be 0.
func Swish(x []float32, stride, rows, n int, a, b float32) { swish(x, stride, rows, n, a, b) }

// The approximation of GELU that its authors give, x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³))), is Swish with these numbers,
// since (1 + tanh t)/2 = σ(2t).
const (
	GELUTanhA = 2 * 0.7978845608028654 // √(2/π)
	GELUTanhB = GELUTanhA * 0.044715
)

// ReLU computes max(x, 0) in place for n numbers in each of some rows, stride apart. NaN stays.
func ReLU(x []float32, stride, rows, n int) {
	for r := range rows {
		row := x[r*stride:][:n]
		for j, v := range row {
			if v < 0 {
				row[j] = 0
			}
		}
	}
}

// Times computes dst[r][j] *= x[r][j] for n numbers in each of some rows. After Swish it makes a gated MLP of two products
// (Shazeer 2020). One function for both would save a load and a store in the first-level cache, beside the 11 cycles of Swish.
func Times(dst []float32, dstStride int, x []float32, xStride, rows, n int) {
	if rows == 0 || n == 0 {
		return
	}
	times(dst, dstStride, x, xStride, rows, n)
}

// geluTable is for Φ(x) = ½ + x·P(x²)/Q(x²). The quotient comes to ½ at |x| = 5.5, where Φ rounds to 0 or 1, and goes on
// beyond it, so that it is bounded at ½; x is bounded at 64, where its powers are still finite. Of degree 5 both, the
// relative error of the quotient is least with these coefficients (1.7e-8, found by exchange with Q(0) = 1). All are
// positive, so nothing cancels.
var geluTable = [...]float32{
	0.3989422737957847, 0.03345870952964394, 0.004651469676896602, 0.0001645717584748375, 6.3015651301547126e-06, 2.293121959321047e-08, // 0 … 20: P
	0.2505349488222305, 0.028416022320053785, 0.0018606346429259648, 7.216633823278774e-05, 1.1990283333198708e-06, // 24 … 40: Q after its 1
	1, 64, -64, 0.5, -0.5, // 44 … 60
}

func geluGeneric(x []float32, stride, rows, n int) {
	c := &geluTable
	for r := range rows {
		row := x[r*stride:][:n]
		for j, v := range row {
			z := min(max(v, -64), 64)
			u := z * z
			p := c[0] + u*(c[1]+u*(c[2]+u*(c[3]+u*(c[4]+u*c[5]))))
			q := 1 + u*(c[6]+u*(c[7]+u*(c[8]+u*(c[9]+u*c[10]))))
			row[j] = v * (0.5 + min(max(z*p/q, -0.5), 0.5))
		}
	}
}

func swishGeneric(x []float32, stride, rows, n int, a, b float32) {
	for r := range rows {
		row := x[r*stride:][:n]
		for j, v := range row {
			t := v * (a + b*min(v*v, 0x1p100)) * -log2E // so that b = 0 is not multiplied by Inf
			row[j] = v / (1 + exp2(min(t, 126)))
		}
	}
}

func timesGeneric(dst []float32, dstStride int, x []float32, xStride, rows, n int) {
	for r := range rows {
		by := x[r*xStride:][:n]
		for j := range by {
			dst[r*dstStride+j] *= by[j]
		}
	}
}

// Tanh computes tanh(x) in place, to 5e-7 of its value.
func Tanh(x []float32) { Softcap(x, 1, 1) }
