package textbook_test

import (
	"math"
	"testing"

	"github.com/rapt-go/rapt/internal/golden"
	"github.com/rapt-go/rapt/textbook"
)

// tolerance bounds the difference of two float64 computations, relative to max(1, |x|). The largest scores are some 10⁴,
// in case huge, each a sum of 64 products: off by at most 64·10⁴·2⁻⁵³ = 7e-11, and lse with them, and weights in
// proportion. The others are far smaller.
const tolerance = 1e-10

func TestTorch(t *testing.T) {
	for _, c := range golden.Torch(t) {
		t.Run(c.Name, func(t *testing.T) {
			heads, err := textbook.MultiHead(
				golden.Nest(golden.Float64s(c.Q), c.Batch, c.Heads, c.QueryLen, c.HeadDim),
				golden.Nest(golden.Float64s(c.K), c.Batch, c.KVHeads, c.KeyLen, c.HeadDim),
				golden.Nest(golden.Float64s(c.V), c.Batch, c.KVHeads, c.KeyLen, c.ValueDim),
				torchOptions(c),
			)
			if err != nil {
				t.Fatal(err)
			}
			got := flatten(heads)
			equal(t, "out", got.out, c.Out, tolerance)
			if c.LSE != nil {
				equal(t, "lse", got.lse, c.LSE, tolerance)
			}
			if c.Weights != nil {
				equal(t, "weights", got.weights, c.Weights, tolerance)
			}
		})
	}
}

// torchOptions is the options of every head of a case.
func torchOptions(c golden.Case) func(b, h int) textbook.Options {
	shared := textbook.Options{Softcap: c.Softcap, QueryStart: c.QueryStart, Causal: c.Causal}
	if c.Scale != nil {
		shared.Scale = *c.Scale
	}
	if c.WindowLeft != nil || c.WindowRight != nil {
		shared.Window = &textbook.Window{Left: orOpen(c.WindowLeft), Right: orOpen(c.WindowRight)}
	}
	return func(b, h int) textbook.Options {
		o := shared
		if c.KeyLens != nil {
			o.KeyLen = &c.KeyLens[b]
		}
		if c.Mask != nil {
			o.Mask = gridOf(c.Mask, c.MaskShape, b, h)
		}
		if c.Bias != nil {
			o.Bias = gridOf(golden.Float64s(c.Bias), c.BiasShape, b, h)
		}
		if c.Sinks != nil {
			o.Sink = new(float64(c.Sinks[h]))
		}
		if c.ALiBi != nil {
			o.ALiBiSlope = float64(c.ALiBi[h])
		}
		return o
	}
}

func orOpen(side *int) int {
	if side == nil {
		return -1
	}
	return *side
}

// gridOf is the [queries][keys] that head h of sequence b has in data of shape [batch or 1][heads or 1][queries][keys].
func gridOf[T any](data []T, shape []int, b, h int) [][]T {
	return golden.Nest(data, shape[0], shape[1], shape[2], shape[3])[min(b, shape[0]-1)][min(h, shape[1]-1)]
}

// flat has the results of all heads as the golden data lays them out.
type flat struct{ out, lse, weights []float64 }

func flatten(heads [][]textbook.Result) flat {
	var f flat
	for _, sequence := range heads {
		for _, r := range sequence {
			f.out = appendRows(f.out, r.Output)
			f.lse = append(f.lse, r.LSE...)
			f.weights = appendRows(f.weights, r.Weights)
		}
	}
	return f
}

func appendRows(list []float64, rows [][]float64) []float64 {
	for _, row := range rows {
		list = append(list, row...)
	}
	return list
}

// equal reports the number that is furthest from what is wanted, relative to max(1, |want|). NaN and infinities have to
// be in the same places.
func equal(t *testing.T, name string, got, want []float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s has %d numbers, expected %d", name, len(got), len(want))
		return
	}
	worst, at := 0.0, 0
	for i := range want {
		if got[i] == want[i] || math.IsNaN(got[i]) && math.IsNaN(want[i]) {
			continue
		}
		off := math.Abs(got[i]-want[i]) / max(1, math.Abs(want[i]))
		if math.IsNaN(off) || off > worst {
			worst, at = off, i
		}
		if math.IsNaN(off) {
			break
		}
	}
	if !(worst <= tolerance) {
		t.Errorf("%s[%d] is %v, expected %v: off by %.2g", name, at, got[at], want[at], worst)
	}
}
