package model

import (
	"math"
	"testing"
)

// TestActivations compares with values that were computed with 50 digits.
func TestActivations(t *testing.T) {
	in := [5]float32{-3, -1, 0, 0.5, 2}
	for name, want := range map[string][5]float64{
		"gelu":              {-0.00404969409489, -0.158655253931, 0, 0.345731230637, 1.95449973610},
		"gelu_python":       {-0.00404969409489, -0.158655253931, 0, 0.345731230637, 1.95449973610},
		"gelu_new":          {-0.00363739208177, -0.158808009392, 0, 0.345714009825, 1.95459769409},
		"gelu_fast":         {-0.00363739208177, -0.158808009392, 0, 0.345714009825, 1.95459769409},
		"gelu_pytorch_tanh": {-0.00363739208177, -0.158808009392, 0, 0.345714009825, 1.95459769409},
		"relu":              {0, 0, 0, 0.5, 2},
		"silu":              {-0.142277619533, -0.268941421370, 0, 0.311229665601, 1.76159415596},
		"swish":             {-0.142277619533, -0.268941421370, 0, 0.311229665601, 1.76159415596},
		"tanh":              {-0.995054753687, -0.761594155956, 0, 0.462117157260, 0.964027580076},
	} {
		t.Run(name, func(t *testing.T) {
			x := in
			activations[name](x[:], len(x), 1, len(x))
			for i, got := range x {
				if math.Abs(float64(got)-want[i]) > 1e-7*max(1, math.Abs(want[i])) {
					t.Errorf("%s(%v) is %v, expected %v", name, in[i], got, want[i])
				}
			}
			nan := []float32{float32(math.NaN())}
			if activations[name](nan, 1, 1, 1); nan[0] == nan[0] {
				t.Errorf("%s(NaN) is %v", name, nan[0])
			}
		})
	}
	if len(activations) != 9 {
		t.Errorf("%d activations, but 9 are tested", len(activations))
	}
}
