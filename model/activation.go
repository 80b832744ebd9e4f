package model

import (
	"maps"
	"slices"
	"strings"

	"github.com/rapt-go/rapt/internal/kernel"
)

// An activation is the function between the two matrices of a feed-forward layer, applied in place.
type activation func(x []float32)

// activations are those that config.json can name, by the names that transformers gives them.
var activations = map[string]activation{
	"gelu":              gelu,
	"gelu_python":       gelu,
	"gelu_new":          geluTanh,
	"gelu_fast":         geluTanh, // the same formula with its constant written out
	"gelu_pytorch_tanh": geluTanh,
	"relu":              func(x []float32) { kernel.ReLU(x, len(x), 1, len(x)) },
	"silu":              silu,
	"swish":             silu,
	"tanh":              kernel.Tanh,
}

func activationNames() string {
	return strings.Join(slices.Sorted(maps.Keys(activations)), ", ")
}

// gelu is x·Φ(x), Φ the distribution function of the normal distribution (Hendrycks and Gimpel 2016).
func gelu(x []float32) { kernel.GELU(x, len(x), 1, len(x)) }

// geluTanh is the approximation of gelu from the same paper, as GPT-2 and BERT's original program have it.
func geluTanh(x []float32) { kernel.Swish(x, len(x), 1, len(x), kernel.GELUTanhA, kernel.GELUTanhB) }

// silu is x·σ(x).
func silu(x []float32) { kernel.Swish(x, len(x), 1, len(x), 1, 0) }
