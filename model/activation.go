package model

import (
	"maps"
	"math"
	"slices"
	"strings"
)

// An activation is the function between the two matrices of a feed-forward layer, applied in place.
type activation func(x []float32)

// activations are those that config.json can name, by the names that transformers gives them.
var activations = map[string]activation{
	"gelu":              elementwise(gelu),
	"gelu_python":       elementwise(gelu),
	"gelu_new":          elementwise(geluTanh),
	"gelu_fast":         elementwise(geluTanh), // the same formula with its constant written out
	"gelu_pytorch_tanh": elementwise(geluTanh),
	"relu":              relu,
	"silu":              elementwise(silu),
	"swish":             elementwise(silu),
	"tanh":              elementwise(math.Tanh),
}

func activationNames() string {
	return strings.Join(slices.Sorted(maps.Keys(activations)), ", ")
}

func elementwise(f func(float64) float64) activation {
	return func(x []float32) {
		for i, v := range x {
			x[i] = float32(f(float64(v)))
		}
	}
}

// gelu is x·Φ(x), Φ the distribution function of the normal distribution (Hendrycks and Gimpel 2016).
func gelu(x float64) float64 {
	return x / 2 * (1 + math.Erf(x/math.Sqrt2))
}

// geluTanh is the approximation of gelu from the same paper, as GPT-2 and BERT's original program have it.
func geluTanh(x float64) float64 {
	return x / 2 * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
}

// silu is x·σ(x).
func silu(x float64) float64 {
	return x / (1 + math.Exp(-x))
}

// relu is max(x, 0). A NaN stays one.
func relu(x []float32) {
	for i, v := range x {
		if v < 0 {
			x[i] = 0
		}
	}
}
