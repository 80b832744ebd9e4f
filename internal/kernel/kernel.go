// Package kernel holds the inner loops of attention on float32: matrix products on packed panels, the softmax of a block
// of scores, what options do to the scores before it, and the passes over rows around them.
//
// Each loop exists as plain Go (files generic.go and scores.go), which is its contract, and may have vector twins in files
// named after the instruction set. The exported functions choose one, once, by what the CPU has. Each twin does the same
// operations in the same order for each number of the result, whatever the shape of the call: the same row gives the same
// bits in a block of 1 or 12 rows.
//
// Callers see to it that slices are long enough; nothing here checks shapes.
package kernel

//go:generate go run ./asmgen

// PanelWidth is the number of columns in a packed panel.
//
// A panel holds 32 columns of a matrix B[depth][cols], row after row, so that a kernel reads 32 neighbours for each step
// in depth. Columns behind the last are zero. Panel p starts at p·depth·PanelWidth.
const PanelWidth = 32

// ColumnStep is the granularity of columns that Multiply computes: it writes cols rounded up to it.
const ColumnStep = 16

// RowStep is the number of rows that Multiply computes together; other numbers work, and cost more per row.
const RowStep = 12

// Panels is the number of panels that hold cols columns.
func Panels(cols int) int { return (cols + PanelWidth - 1) / PanelWidth }

// RoundUp is n rounded up to a multiple of step.
func RoundUp(n, step int) int { return (n + step - 1) / step * step }

// B is the right side of a product: rows of PanelWidth columns, Stride apart, in panels PanelStride apart. A packed
// matrix of some depth has Stride PanelWidth and PanelStride depth·PanelWidth; a row-major matrix whose width is a
// multiple of PanelWidth can be used in place, with its own stride and PanelStride PanelWidth.
//
// Functions take a pointer to it, since a struct of five words is copied 16 bytes at a time: the processor can't read those
// from what was just written 8 bytes at a time, and waits until all rows of the product before are written.
type B struct {
	Data                []float32
	Stride, PanelStride int
}

// Packed is a matrix of the given depth that was packed into panels.
func Packed(data []float32, depth int) *B {
	return &B{Data: data, Stride: PanelWidth, PanelStride: depth * PanelWidth}
}

// Skip is b without its first rows.
func (b *B) Skip(rows int) *B {
	return &B{b.Data[rows*b.Stride:], b.Stride, b.PanelStride}
}

// Multiply computes, for each of the rows of a and the first cols columns of b, in order of d:
//
//	dst[r][c] = keep·dst[r][c] + Σ_d a[r][d]·b[d][c]      with keep = rescale[r], or 0 if rescale is nil
//
// It writes cols rounded up to ColumnStep columns of each row of dst. dstStride and aStride are the distances of rows.
func Multiply(dst []float32, dstStride int, a []float32, aStride int, b *B, rows, depth, cols int, rescale []float32) {
	if rows == 0 || cols == 0 {
		return
	}
	multiply(dst, dstStride, a, aStride, b, rows, depth, cols, rescale, nil, 0)
}

// AheadWidth is the length of the rows that MultiplyAhead fetches: four cache lines.
const AheadWidth = 64

// AheadRows is how many rows MultiplyAhead fetches at best: one in every eight steps of depth of a panel.
func AheadRows(depth, cols int) int { return Panels(cols) * (depth / 8) }

// MultiplyAhead is Multiply, and asks on the way for memory that will be needed soon, so that it is in the second-level cache
// by then: AheadRows rows of AheadWidth numbers, the first at the beginning of ahead and aheadStride apart; those behind the
// end of ahead do no harm. In one burst between two products they would take as long as they take to come; spread among the
// multiplications they cost next to nothing. Only AVX-512 does it, with the first RowStep rows.
func MultiplyAhead(dst []float32, dstStride int, a []float32, aStride int, b *B, rows, depth, cols int, rescale, ahead []float32, aheadStride int) {
	if rows == 0 || cols == 0 {
		return
	}
	if len(ahead) == 0 {
		ahead = nil
	}
	multiply(dst, dstStride, a, aStride, b, rows, depth, cols, rescale, ahead, aheadStride)
}

// PackKeys packs kᵀ for n keys of dim numbers, stride apart: dst[panel][d][c] = k[panel·PanelWidth+c][d], and 0 behind
// the last key. dst has Panels(n)·dim·PanelWidth elements.
func PackKeys(dst, k []float32, stride, n, dim int) {
	packKeys(dst, k, stride, n, dim)
}

// PackValues packs n values of dim numbers, stride apart: dst[panel][j][c] = v[j][panel·PanelWidth+c], and 0 behind the
// last column. dst has Panels(dim)·n·PanelWidth elements.
func PackValues(dst, v []float32, stride, n, dim int) {
	packValues(dst, v, stride, n, dim)
}

// Softmax takes one step of the online softmax (Milakov & Gimelshein 2018) on each of the rows of s, n scores each:
//
//	top        = max(rowMax[r], max_j s[r][j])
//	rescale[r] = exp(c·(rowMax[r] − top))
//	s[r][j]    = exp(c·(s[r][j] − top))
//	rowSum[r]  = rescale[r]·rowSum[r] + Σ_j s[r][j]
//	rowMax[r]  = top
//
// c > 0 multiplies the scores. The difference is taken before the product, so that large scores lose no digits. A row
// that has seen nothing but −Inf keeps rowMax −Inf and gives 0. A NaN makes rowSum[r] NaN.
//
// An exponential less than 2⁻¹⁰⁰ is 0. Beside that of the largest score, 1, it is lost in every sum; but its products with
// values could be denormal numbers, each of which costs a hundred cycles and more.
func Softmax(s []float32, stride, rows, n int, c float32, rowMax, rowSum, rescale []float32) {
	if n == 0 {
		for r := range rows {
			rescale[r] = 1
		}
		return
	}
	softmax(s, stride, rows, n, c, rowMax, rowSum, rescale)
}

// Exp is e^x, to 2e-7 of its value for |x| < 10: 2^(x·log₂e) as Softmax computes it, and 0 where that is less than 2⁻¹⁰⁰.
func Exp(x float32) float32 { return exp2(x * log2E) }

// Combine computes dst[j] = a·dst[j] + b·src[j].
func Combine(dst []float32, a float32, src []float32, b float32) { combine(dst, a, src[:len(dst)], b) }

// Scale computes dst[j] = a·src[j].
func Scale(dst []float32, a float32, src []float32) { scale(dst, a, src[:len(dst)]) }

// Finite reports whether x holds neither NaN nor Inf.
func Finite(x []float32) bool { return finite(x) }
