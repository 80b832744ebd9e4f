package model

import (
	"github.com/rapt-go/rapt/internal/kernel"
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

// forwardAct is act(x·Wᵀ + b), applied to each part of the product while it is near.
func (l *linear) forwardAct(y, x []float32, act activation) { // y [n][out], x [n][in]
	matmul.MulAll(x, len(x)/l.weight.In(), matmul.Product{Dst: y, M: &l.weight, Bias: l.bias, After: act})
}

// product is the layer as one of several products of the same x.
func (l *linear) product(y []float32) matmul.Product { // y [n][out]
	return matmul.Product{Dst: y, M: &l.weight, Bias: l.bias}
}

// A layerNorm is scale·(x − mean)/√(variance + eps) + shift over the model's dimension (Ba, Kiros and Hinton 2016).
type layerNorm struct {
	scale, shift []float32 // [dim]
	eps          float64
}

// forward norms every row in place.
func (l *layerNorm) forward(x []float32) { // [n][dim]
	dim := len(l.scale)
	kernel.LayerNorm(x, x, dim, len(x)/dim, dim, l.scale, l.shift, float32(l.eps))
}

// add is x += y.
func add(x, y []float32) { kernel.Combine(x[:len(y)], 1, y, 1) }

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
	h.transform.forwardAct(y, x, h.act)
	h.norm.forward(y)
	logits := make([]float32, n*h.decoder.weight.Out())
	h.decoder.forward(logits, y)
	return logits
}
