package rapt_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/rapt-go/rapt"
	"github.com/rapt-go/rapt/internal/golden"
)

// TestTorch holds Attend and Weights against PyTorch's answers in float64. The tolerance is twice the error that plain
// float32 PyTorch makes on the same case, plus 1e-6: exp is computed to 1.7e-7 of its value, once for the weight and once
// for the sum, and values go up to 3.
func TestTorch(t *testing.T) {
	for _, c := range golden.Torch(t) {
		t.Run(c.Name, func(t *testing.T) {
			o := torchOptions(&c)
			o.LSE = nanSlice(c.Batch * c.Heads * c.QueryLen)
			q := rapt.HeadMajor(c.Q, c.Batch, c.Heads, c.QueryLen, c.HeadDim)
			k := rapt.HeadMajor(c.K, c.Batch, c.KVHeads, c.KeyLen, c.HeadDim)
			v := rapt.HeadMajor(c.V, c.Batch, c.KVHeads, c.KeyLen, c.ValueDim)
			out := nanSlice(len(c.Out))
			if err := rapt.Attend(rapt.HeadMajor(out, c.Batch, c.Heads, c.QueryLen, c.ValueDim), q, k, v, o); err != nil {
				t.Fatal(err)
			}
			compare(t, "out", out, c.Out, c.Float32Error["out"])
			if c.LSE != nil {
				compare(t, "lse", o.LSE, c.LSE, c.Float32Error["lse"])
			}
			if c.Weights == nil {
				return
			}
			weights := nanSlice(len(c.Weights))
			if err := rapt.Weights(weights, q, k, nil, o); err != nil {
				t.Fatal(err)
			}
			compare(t, "weights", weights, c.Weights, c.Float32Error["weights"])
		})
	}
}

func torchOptions(c *golden.Case) *rapt.Options {
	o := &rapt.Options{
		Softcap: float32(c.Softcap), QueryStart: c.QueryStart, Causal: c.Causal,
		ALiBiSlopes: c.ALiBi, Sinks: c.Sinks, KeyLens: c.KeyLens,
	}
	if c.Scale != nil {
		o.Scale = float32(*c.Scale)
	}
	if c.WindowLeft != nil || c.WindowRight != nil {
		o.Window = &rapt.Window{Left: side(c.WindowLeft), Right: side(c.WindowRight)}
	}
	if s := c.MaskShape; s != nil {
		o.Mask = rapt.Broadcast(c.Mask, s[0], s[1], s[2], s[3])
	}
	if s := c.BiasShape; s != nil {
		o.Bias = rapt.Broadcast(c.Bias, s[0], s[1], s[2], s[3])
	}
	return o
}

func side(keys *int) int {
	if keys == nil {
		return rapt.Open
	}
	return *keys
}

// nanSlice is n numbers that a result must overwrite.
func nanSlice(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(math.NaN())
	}
	return x
}

// compare fails where got is further from want than twice naive, the error of a naive float32 computation, plus what TestTorch says.
// NaN and infinities must stand where they are wanted and nowhere else.
func compare(t tb, name string, got []float32, want []float64, naive float64) {
	t.Helper()
	worst, at := 0.0, ""
	for i, w := range want {
		g := float64(got[i])
		if g == w || math.IsNaN(g) && math.IsNaN(w) {
			continue
		}
		over := math.Abs(g-w) / (2*naive + 1e-6*max(1, math.Abs(w)))
		if math.IsNaN(over) || over > worst {
			worst, at = over, fmt.Sprintf("%s[%d] is %v, expected %v", name, i, g, w)
		}
		if math.IsNaN(over) {
			break
		}
	}
	if !(worst <= 1) {
		t.Errorf("%s: %.1f of the tolerance", at, worst)
	}
}
