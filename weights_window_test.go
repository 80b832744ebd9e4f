package rapt_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/rapt-go/rapt"
	"pgregory.net/rapid"
)

// TestWeightsWindow holds windows of the weights against the same of Weights, for random shapes, options, rows and keys.
func TestWeightsWindow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawProblem(t)
		from := rapid.IntRange(0, p.keys).Draw(t, "from")
		to := rapid.IntRange(from, p.keys).Draw(t, "to")
		var rows []int
		if p.queries > 0 && rapid.Bool().Draw(t, "some rows") {
			rows = rapid.SliceOfN(rapid.IntRange(0, p.queries-1), 1, 30).Draw(t, "rows")
		}
		p.checkWindow(t, rows, from, to)
	})
}

// TestWeightsWindowLong has windows of several blocks, which begin anywhere.
func TestWeightsWindowLong(t *testing.T) {
	p := newProblem(rand.New(rand.NewPCG(4, 4)), 2, 4, 2, 130, 1700, 16, 16)
	p.o = rapt.Options{Causal: true, QueryStart: 1500, Sinks: []float32{0.5, -1, 2, 0}}
	for _, window := range [][2]int{{0, 1700}, {3, 1201}, {777, 778}, {1699, 1700}} {
		p.checkWindow(t, []int{129, 0, 64, 64}, window[0], window[1])
		p.checkWindow(t, nil, window[0], window[1])
	}
}

func (p *problem) checkWindow(t tb, rows []int, from, to int) {
	t.Helper()
	_, lse := p.attend(t)
	q, k, _ := p.tensors()
	count := len(rows)
	if rows == nil {
		count = p.queries
	}
	got, want := nanSlice(p.batch*p.heads*count*(to-from)), nanSlice(p.batch*p.heads*count*p.keys)
	if err := rapt.WeightsWindow(got, lse, q, k, rows, from, to, &p.o); err != nil {
		t.Fatal(err)
	}
	if err := rapt.Weights(want, q, k, rows, &p.o); err != nil {
		t.Fatal(err)
	}
	for row := range p.batch * p.heads * count {
		query := row % count
		if rows != nil {
			query = rows[query]
		}
		l := float64(lse[row/count*p.queries+query])
		tolerance := 1e-6
		if !math.IsInf(l, 0) {
			tolerance += 2.5e-7 * math.Abs(l) // lse and the score are rounded in either
		}
		for j, w := range want[row*p.keys:][from:to] {
			if g := got[row*(to-from)+j]; !(math.Abs(float64(g-w)) <= tolerance) && (w == w || g == g) {
				t.Errorf("row %d, key %d: the weight is %v, expected %v, with lse %v", row, from+j, g, w, l)
			}
		}
	}
}

// TestWeightsWindowNaN says that a query that sees a NaN has NaN in every window, but for keys that it doesn't see, and that
// others have none.
func TestWeightsWindowNaN(t *testing.T) {
	p := newProblem(rand.New(rand.NewPCG(4, 4)), 1, 1, 1, 20, 20, 4, 4)
	p.o.Causal = true
	p.k[10*4] = float32(math.NaN())
	_, lse := p.attend(t)
	q, k, _ := p.tensors()
	got := make([]float32, 20*6)
	if err := rapt.WeightsWindow(got, lse, q, k, nil, 8, 14, &p.o); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		for j := 8; j < 14; j++ {
			w := got[i*6+j-8]
			if nan := w != w; nan != (i >= 10 && j <= i) || j > i && w != 0 {
				t.Errorf("query %d, key %d: %v", i, j, w)
			}
		}
	}
}

func TestWeightsWindowRefused(t *testing.T) {
	p := newProblem(rand.New(rand.NewPCG(4, 4)), 1, 2, 1, 5, 7, 4, 4)
	q, k, _ := p.tensors()
	for _, c := range []struct {
		want     string
		dst, lse int
		rows     []int
		from, to int
	}{
		{"the window is keys 3 to 7, k.Seq is 7", 50, 10, nil, 3, 8},
		{"the window is keys -1 to 2, k.Seq is 7", 40, 10, nil, -1, 3},
		{"the window is keys 3 to 1, k.Seq is 7", 0, 10, nil, 3, 2},
		{"dst has 9 elements, expected batch·heads·rows·keys = 1·2·5·1", 9, 10, nil, 3, 4},
		{"lse has 9 elements, expected batch·heads·queries = 1·2·5", 10, 9, nil, 3, 4},
		{"rows[1] is 5, q.Seq is 5", 4, 10, []int{1, 5}, 3, 4},
	} {
		err := rapt.WeightsWindow(make([]float32, c.dst), make([]float32, c.lse), q, k, c.rows, c.from, c.to, nil)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("the error is %v, expected %q", err, c.want)
		}
	}
	if err := rapt.WeightsWindow(nil, make([]float32, 10), q, k, nil, 3, 3, nil); err != nil {
		t.Errorf("an empty window: %v", err)
	}
}
