package model

import (
	"maps"
	"slices"
	"strings"

	"github.com/rapt-go/rapt/internal/kernel"
)

// An activation is the function between the two matrices of a feed-forward layer, applied in place to n numbers in each
// of some rows, stride apart.
type activation func(x []float32, stride, rows, n int)

// activations are those that config.json can name, by the names that transformers gives them.
var activations = map[string]activation{
	"gelu":              kernel.GELU,
	"gelu_python":       kernel.GELU,
	"gelu_new":          geluTanh,
	"gelu_fast":         geluTanh, // the same formula with its constant written out
	"gelu_pytorch_tanh": geluTanh,
	"relu":              kernel.ReLU,
	"silu":              silu,
	"swish":             silu,
	"tanh":              tanh,
}

func activationNames() string {
	return strings.Join(slices.Sorted(maps.Keys(activations)), ", ")
}

// geluTanh is the approximation of gelu that its authors give, as GPT-2 and BERT's original program have it.
func geluTanh(x []float32, stride, rows, n int) {
	kernel.Swish(x, stride, rows, n, kernel.GELUTanhA, kernel.GELUTanhB)
}

// silu is x·σ(x).
func silu(x []float32, stride, rows, n int) { kernel.Swish(x, stride, rows, n, 1, 0) }

func tanh(x []float32, stride, rows, n int) {
	for r := range rows {
		kernel.Tanh(x[r*stride:][:n])
	}
}
