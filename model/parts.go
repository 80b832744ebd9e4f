package model

import (
	"math"

	"github.com/rapt-go/rapt/internal/matmul"
)

// A linear layer is y = x·Wᵀ + b.
type linear struct {
	weight matmul.Matrix // [out][in]
	bias   []float32     // [out]
}

func (l *linear) forward(y, x []float32) { // y [n][out], x [n][in]
	l.weight.Mul(y, x, len(x)/l.weight.In(), l.bias)
}

// A layerNorm is scale·(x − mean)/√(variance + eps) + shift over the model's dimension (Ba, Kiros and Hinton 2016).
type layerNorm struct {
	scale, shift []float32 // [dim]
	eps          float64
}

// forward norms every row in place. Mean and variance are summed in float64: they cost nothing beside the matrices.
func (l *layerNorm) forward(x []float32) { // [n][dim]
	for dim := len(l.scale); len(x) > 0; x = x[dim:] {
		var sum, squares float64
		for _, v := range x[:dim] {
			sum += float64(v)
		}
		mean := sum / float64(dim)
		for _, v := range x[:dim] {
			d := float64(v) - mean
			squares += d * d
		}
		inverse := 1 / math.Sqrt(squares/float64(dim)+l.eps)
		for i, v := range x[:dim] {
			x[i] = float32((float64(v)-mean)*inverse)*l.scale[i] + l.shift[i]
		}
	}
}

// add is x += y.
func add(x, y []float32) {
	for i, v := range y {
		x[i] += v
	}
}

// An mlm head scores the vocabulary for every position, as models are trained to do for masked ones:
// logits = W·LN(act(W_t·x + b_t)) + b.
type mlmHead struct {
	transform linear
	act       activation
	norm      layerNorm
	decoder   linear // the word embeddings again, unless the file has a matrix for it
}

func (h *mlmHead) forward(x []float32) []float32 { // [n][dim] → [n][vocab]
	n := len(x) / h.transform.weight.In()
	y := make([]float32, n*h.transform.weight.Out())
	h.transform.forward(y, x)
	h.act(y)
	h.norm.forward(y)
	logits := make([]float32, n*h.decoder.weight.Out())
	h.decoder.forward(logits, y)
	return logits
}
