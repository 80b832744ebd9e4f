package kernel

import (
	"math"
	"testing"
)

// A softmaxCase is a call of Softmax and what its rows are made of.
type softmaxCase struct {
	name   string
	score  func(next func() float32, j int) float32
	rowMax func(r int) float32
}

var softmaxCases = []softmaxCase{
	{"first block", func(next func() float32, _ int) float32 { return 3 * next() }, func(int) float32 { return -inf }},
	{"later block", func(next func() float32, _ int) float32 { return 3 * next() }, func(r int) float32 { return float32(r) }},
	{"large scores", func(next func() float32, _ int) float32 { return 1e4 + 40*next() }, func(int) float32 { return 1e4 }},
	{"vanishing weights", func(next func() float32, _ int) float32 { return 100 * next() }, func(int) float32 { return -inf }},
	{"hidden keys", func(next func() float32, j int) float32 { return []float32{next(), -inf}[j*j%3%2] }, func(int) float32 { return -inf }},
	{"no key", func(func() float32, int) float32 { return -inf }, func(int) float32 { return -inf }},
	{"no further key", func(func() float32, int) float32 { return -inf }, func(r int) float32 { return float32(r) - 5 }},
	{"equal scores", func(func() float32, int) float32 { return -2.5 }, func(int) float32 { return -inf }},
	{"one NaN", func(next func() float32, j int) float32 { return []float32{nan, next()}[min(j, 1)] }, func(int) float32 { return -inf }},
	{"one Inf", func(next func() float32, j int) float32 { return []float32{inf, next()}[min(j, 1)] }, func(int) float32 { return 1 }},
}

func TestSoftmax(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		for _, c := range softmaxCases {
			t.Run(c.name, func(t *testing.T) { c.test(t) })
		}
	})
}

func (c *softmaxCase) test(t *testing.T) {
	next := numbers(t)
	const mostRows = 18
	sRoom := newRoom[float32](t, mostRows*260)
	state := [3]*room[float32]{newRoom[float32](t, mostRows), newRoom[float32](t, mostRows), newRoom[float32](t, mostRows)}
	for _, n := range lengths() {
		for i, rows := range []int{1, 2, 5, 12, 16, 17, 18} {
			if testing.Short() && (n+i)%5 != 0 {
				continue
			}
			for _, edge := range edges {
				stride := n + (n+rows)%3
				s := sRoom.slice(edge, matrixSize(rows, n, stride))
				rowMax, rowSum, rescale := state[0].slice(edge, rows), state[1].slice(edge, rows), state[2].slice(edge, rows)
				for r := range rows {
					for j := range n {
						s[r*stride+j] = c.score(next, j)
					}
					rowMax[r], rowSum[r] = c.rowMax(r), float32(r)
				}
				want := [][]float32{clone(s), clone(rowMax), clone(rowSum)}
				Softmax(s, stride, rows, n, 0.3, rowMax, rowSum, rescale)
				for r := range rows {
					checkSoftmax(t, 0.3, s[r*stride:][:n], rowMax[r], rowSum[r], rescale[r], want[0][r*stride:][:n], want[1][r], want[2][r])
					if r < rows-1 {
						checkSame(t, s[r*stride+n:(r+1)*stride], want[0][r*stride+n:(r+1)*stride])
					}
				}
				sRoom.checkAround(t, "s")
				for i, name := range []string{"rowMax", "rowSum", "rescale"} {
					state[i].checkAround(t, name)
				}
			}
		}
	}
}

// checkSoftmax compares one row with the formula in float64. scores, before and sum are what there was.
func checkSoftmax(t *testing.T, c float32, weights []float32, rowMax, rowSum, rescale float32, scores []float32, before, sum float32) {
	t.Helper()
	top := before
	for _, x := range scores {
		if x > top {
			top = x
		}
	}
	if !same(rowMax, top) && len(scores) > 0 {
		t.Fatalf("rowMax is %v, expected %v", rowMax, top)
	}
	subtract := float64(top)
	if top == -inf {
		subtract = 0
	}
	exp := func(x float32) float64 { return math.Exp(float64(c) * (float64(x) - subtract)) }
	want := float64(sum) * exp(before)
	if len(scores) == 0 {
		want = float64(sum)
	} else if !near(rescale, exp(before), expError(c, before, top)) {
		t.Fatalf("rescale is %v, expected %v", rescale, exp(before))
	}
	// A sum of n positive numbers errs by n roundings at most, and by the errors of its numbers.
	tolerance := float64(sum) * expError(c, before, top)
	for j, x := range scores {
		if !near(weights[j], exp(x), expError(c, x, top)) {
			t.Fatalf("weight %d of %d is %v, expected %v", j, len(scores), weights[j], exp(x))
		}
		switch {
		case x == -inf && top != inf && weights[j] != 0:
			t.Fatalf("the weight of a hidden key is %v", weights[j])
		case weights[j] != 0 && weights[j] < least:
			t.Fatalf("weight %v is less than 2⁻¹⁰⁰", weights[j])
		case x == top && x-x == 0 && weights[j] != 1:
			t.Fatalf("the weight of the largest score is %v", weights[j])
		}
		want += exp(x)
		tolerance += expError(c, x, top)
	}
	if !near(rowSum, want, tolerance+float64(len(scores)+2)*epsilon*want) {
		t.Fatalf("rowSum is %v, expected %v", rowSum, want)
	}
}

// expError bounds the error of exp(c·(x−top)): 2e-7 of it from exp2, and from the roundings of the difference, of c·log₂e
// and of the product, which stand in the exponent. What is next to 2⁻¹⁰⁰ may be 0.
func expError(c, x, top float32) float64 {
	exponent := float64(c) * (float64(x) - float64(top))
	if math.IsInf(exponent, 0) || math.IsNaN(exponent) {
		return 0
	}
	return math.Exp(exponent)*(2e-7+3*epsilon*math.Abs(exponent)) + least
}

// 2^t over the whole range of the softmax.
func TestSoftmaxExp2(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		const n = 4096
		var c float32 = math.Ln2 // so that c·log₂e is 1, and the exponent the score itself
		for c*log2E > 1 {
			c = math.Nextafter32(c, 0)
		}
		if c*log2E != 1 {
			t.Fatalf("c·log₂e is %v", c*log2E)
		}
		worst := 0.0
		s, scores := make([]float32, n), make([]float32, n)
		for block := range 160 {
			for j := range scores {
				scores[j] = -float32(block) - float32(j)/n
			}
			copy(s, scores)
			rowMax, rowSum, rescale := []float32{0}, []float32{0}, []float32{0}
			Softmax(s, n, 1, n, c, rowMax, rowSum, rescale)
			for j, x := range s {
				want := math.Exp2(float64(scores[j]))
				if want < least {
					want = 0
				}
				err := math.Abs(float64(x) - want)
				if err > 2e-7*want {
					t.Fatalf("2^%v is %v, expected %v", scores[j], x, want)
				}
				if want > 0 {
					worst = max(worst, err/want)
				}
			}
		}
		t.Logf("largest relative error: %.3g", worst)
	})
}

// A row gives the same bits in a block of any height, and wherever it starts.
func TestSoftmaxShape(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		const rows = 17
		next := numbers(t)
		for _, n := range []int{1, 15, 16, 17, 63, 64, 65, 200, 256} {
			s, rowMax, rowSum := random(next, rows*n), random(next, rows), random(next, rows)
			weights, top, sum, rescale := clone(s), clone(rowMax), clone(rowSum), make([]float32, rows)
			Softmax(weights, n, rows, n, 0.7, top, sum, rescale)
			for height := 1; height <= 16; height++ {
				w, m, l, k := clone(s), clone(rowMax), clone(rowSum), make([]float32, rows)
				for r := 0; r < rows; r += height {
					Softmax(w[r*n:], n, min(height, rows-r), n, 0.7, m[r:], l[r:], k[r:])
				}
				checkSame(t, w, weights)
				checkSame(t, m, top)
				checkSame(t, l, sum)
				checkSame(t, k, rescale)
			}
		}
	})
}

func clone(x []float32) []float32 { return append([]float32(nil), x...) }
