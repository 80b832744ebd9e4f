package kernel

import (
	"math"
	"testing"
)

// A product is a call of Multiply.
type product struct {
	rows, depth, cols  int
	dstStride, aStride int
	inPlace            bool // b is a row-major matrix, not a packed one
	rescaled           bool
}

// products are numbers of rows, steps in depth and columns around every step of a kernel, with strides that leave gaps.
func products() []product {
	var all []product
	depths := []int{1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 31, 33, 64}
	cols := []int{1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 48, 49, 64, 65, 99}
	for rows := 1; rows <= 14; rows++ {
		for i, depth := range depths {
			for j, c := range cols {
				if testing.Short() && (rows+i+j)%5 != 0 {
					continue
				}
				gap := (i + j) % 3
				all = append(all, product{rows, depth, c, RoundUp(c, ColumnStep) + gap, depth + 2*gap, (i+j)%4 == 1, (rows+i+j)%2 == 0})
			}
		}
	}
	return all
}

func (p product) dstSize() int { return (p.rows-1)*p.dstStride + RoundUp(p.cols, ColumnStep) }

func (p product) aSize() int { return (p.rows-1)*p.aStride + p.depth }

func (p product) bSize() int { return Panels(p.cols) * PanelWidth * p.depth }

func (p product) b(data []float32) *B {
	if p.inPlace {
		return &B{Data: data, Stride: Panels(p.cols) * PanelWidth, PanelStride: PanelWidth}
	}
	return Packed(data, p.depth)
}

// at is b[d][c].
func (b *B) at(d, c int) float32 { return b.Data[c/PanelWidth*b.PanelStride+d*b.Stride+c%PanelWidth] }

func TestMultiply(t *testing.T) { eachVariant(t, testMultiply) }

func testMultiply(t *testing.T) {
	next := numbers(t)
	const most = 14 * (128 + 2)
	dstRoom, aRoom, bRoom, keepRoom := newRoom[float32](t, most), newRoom[float32](t, most), newRoom[float32](t, 128*64), newRoom[float32](t, 14)
	for _, p := range products() {
		for _, edge := range edges {
			var keep []float32
			dst := dstRoom.slice(edge, p.dstSize())
			if p.rescaled {
				keep = keepRoom.fill(edge, p.rows, next)
				for r := range p.rows {
					for c := range RoundUp(p.cols, ColumnStep) {
						dst[r*p.dstStride+c] = next()
					}
				}
			}
			before := append([]float32(nil), dst...)
			a, b := aRoom.fill(edge, p.aSize(), next), p.b(bRoom.fill(edge, p.bSize(), next))
			Multiply(dst, p.dstStride, a, p.aStride, b, p.rows, p.depth, p.cols, keep)
			p.check(t, dst, before, a, b, keep)
			dstRoom.checkAround(t, "dst")
			aRoom.checkUnchanged(t, "a")
			bRoom.checkUnchanged(t, "b")
			if p.rescaled {
				keepRoom.checkUnchanged(t, "rescale")
			}
		}
	}
}

// check compares with float64. A sum of n products has at most n roundings of each term, whether fused or not (Higham,
// Accuracy and Stability, §3.1), and keep is one term more.
func (p product) check(t *testing.T, dst, before, a []float32, b *B, keep []float32) {
	t.Helper()
	for r := range p.rows {
		for c := range p.dstStride {
			at := r*p.dstStride + c
			if at >= len(dst) {
				continue
			}
			if c >= RoundUp(p.cols, ColumnStep) {
				if !same(dst[at], before[at]) {
					t.Fatalf("%+v: dst[%d][%d] in the gap between rows was written", p, r, c)
				}
				continue
			}
			sum, size := 0.0, 0.0
			if keep != nil {
				sum = float64(keep[r]) * float64(before[at])
				size = math.Abs(sum)
			}
			for d := range p.depth {
				x := float64(a[r*p.aStride+d]) * float64(b.at(d, c))
				sum += x
				size += math.Abs(x)
			}
			if !near(dst[at], sum, float64(p.depth+2)*epsilon*size) {
				t.Fatalf("%+v: dst[%d][%d] is %v, expected %v", p, r, c, dst[at], sum)
			}
		}
	}
}

// A row's result is the same to the bit in a block of any height, and a column's with any columns beside it.
func TestMultiplyShape(t *testing.T) { eachVariant(t, testMultiplyShape) }

func testMultiplyShape(t *testing.T) {
	const rows, depth, cols = 24, 67, 96
	next := numbers(t)
	a, b, keep, before := random(next, rows*depth), random(next, depth*cols), random(next, rows), random(next, rows*cols)
	want := append([]float32(nil), before...)
	Multiply(want, cols, a, depth, Packed(b, depth), rows, depth, cols, keep)
	for height := 1; height <= 13; height++ {
		have := append([]float32(nil), before...)
		for r := 0; r < rows; r += height {
			Multiply(have[r*cols:], cols, a[r*depth:], depth, Packed(b, depth), min(height, rows-r), depth, cols, keep[r:])
		}
		checkSame(t, have, want)
	}
	for _, width := range []int{PanelWidth, ColumnStep} {
		have := append([]float32(nil), before...)
		for c := 0; c < cols; c += PanelWidth {
			Multiply(have[c:], cols, a, depth, Packed(b[c*depth:], depth), rows, depth, width, keep)
		}
		for at := 0; at < len(want); at += PanelWidth {
			checkSame(t, have[at:], want[at:at+width])
		}
	}
}

// MultiplyAhead gives what Multiply gives, to the bit, and what it fetches may lie before a page that must not be read.
func TestMultiplyAhead(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		next := numbers(t)
		aheadRoom := newRoom[float32](t, 2*AheadWidth)
		for _, p := range products() {
			a, b, keep := random(next, p.aSize()), p.b(random(next, p.bSize())), random(next, p.rows)
			want := random(next, p.dstSize())
			for _, edge := range edges {
				have := append([]float32(nil), want...)
				ahead := aheadRoom.fill(edge, 1, next)
				MultiplyAhead(have, p.dstStride, a, p.aStride, b, p.rows, p.depth, p.cols, keep, ahead, 1+p.rows*AheadWidth)
				expected := append([]float32(nil), want...)
				Multiply(expected, p.dstStride, a, p.aStride, b, p.rows, p.depth, p.cols, keep)
				checkSame(t, have, expected)
				aheadRoom.checkUnchanged(t, "ahead")
			}
		}
	})
}

// What is NaN or Inf in one row or column doesn't come out in another, and what dst held is not read without rescale.
func TestMultiplyNaN(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		const rows, depth, cols = 13, 19, 64
		next := numbers(t)
		for bad := range rows {
			a, b, dst := random(next, rows*depth), random(next, depth*cols), make([]float32, rows*cols)
			for i := range dst {
				dst[i] = nan
			}
			column := (bad*5 + 3) % cols
			a[bad*depth+bad] = nan
			b[column/PanelWidth*depth*PanelWidth+bad*PanelWidth+column%PanelWidth] = inf
			Multiply(dst, cols, a, depth, Packed(b, depth), rows, depth, cols, nil)
			for i, x := range dst {
				r, c := i/cols, i%cols
				switch {
				case r == bad && x == x:
					t.Fatalf("dst[%d][%d] is %v, expected NaN", r, c, x)
				case r != bad && c == column && !math.IsInf(float64(x), 0):
					t.Fatalf("dst[%d][%d] is %v, expected an infinity", r, c, x)
				case r != bad && c != column && x-x != 0:
					t.Fatalf("dst[%d][%d] is %v, expected a number", r, c, x)
				}
			}
		}
	})
}

// The vector kernels agree with the generic one within what each may err.
func TestMultiplyTwins(t *testing.T) {
	const rows, depth, cols = 12, 128, 256
	next := numbers(t)
	a, b, want := random(next, rows*depth), random(next, depth*cols), make([]float32, rows*cols)
	multiplyGeneric(want, cols, a, depth, Packed(b, depth), rows, depth, cols, nil)
	eachVariant(t, func(t *testing.T) {
		have := make([]float32, rows*cols)
		Multiply(have, cols, a, depth, Packed(b, depth), rows, depth, cols, nil)
		for i := range have {
			size := 0.0
			for d := range depth {
				size += math.Abs(float64(a[i/cols*depth+d]) * float64(Packed(b, depth).at(d, i%cols)))
			}
			if !near(have[i], float64(want[i]), 2*float64(depth)*epsilon*size) {
				t.Fatalf("dst[%d][%d] is %v, generic %v", i/cols, i%cols, have[i], want[i])
			}
		}
	})
}

func random(next func() float32, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = next()
	}
	return x
}
