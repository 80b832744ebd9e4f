package model

import (
	"sync"

	"github.com/rapt-go/rapt/internal/kernel"
	"github.com/rapt-go/rapt/internal/matmul"
	"github.com/rapt-go/rapt/internal/team"
)

// A linear layer is y = x·Wᵀ + b.
type linear struct {
	weight matmul.Matrix // [out][in]
	bias   []float32     // [out]
}

// forward computes act(y) of dense rows; a nil act is none.
func (l *linear) forward(t *team.Team, y, x []float32, act activation) { // y [n][out], x [n][in]
	p := products.Get().(*matmul.Product)
	p.Matrix, p.Bias, p.Act = &l.weight, l.bias, act
	p.Dst, p.DstStride, p.X, p.XStride, p.Rows = y, l.weight.Out(), x, l.weight.In(), len(x)/l.weight.In()
	p.Run(t)
	p.Matrix, p.Bias, p.Act, p.Dst, p.X = nil, nil, nil, nil, nil
	products.Put(p)
}

// products keep the memory that a product needs meanwhile: for the head of a small model it is more than all else.
var products = sync.Pool{New: func() any { return new(matmul.Product) }}

// A layerNorm is scale·(x − mean)/√(variance + eps) + shift over the model's dimension (Ba, Kiros and Hinton 2016).
type layerNorm struct {
	scale, shift []float32 // [dim]
	eps          float64
}

func (l *layerNorm) forward(dst, x []float32, stride, n int) { // [n][dim], stride apart
	kernel.LayerNorm(dst, x, stride, n, len(l.scale), l.scale, l.shift, float32(l.eps))
}

// inPlace norms dense rows.
func (l *layerNorm) inPlace(x []float32) { l.forward(x, x, len(l.scale), len(x)/len(l.scale)) } // [n][dim]

// An rmsNorm is scale·x/√(mean of x² + eps) (Zhang and Sennrich 2019), of the model's dimension or of one head.
type rmsNorm struct {
	scale []float32 // [dim]
	eps   float64
}

func (l *rmsNorm) forward(dst, x []float32, stride, n int) { // [n][dim], stride apart
	kernel.RMSNorm(dst, x, stride, n, len(l.scale), l.scale, float32(l.eps))
}

// An mlm head scores the vocabulary for every position, as models are trained to do for masked ones:
// logits = W·LN(act(W_t·x + b_t)) + b.
type mlmHead struct {
	transform linear
	act       activation
	norm      layerNorm
	decoder   linear // the word embeddings again, unless the file has a matrix for it
}

func (h *mlmHead) forward(t *team.Team, x []float32) []float32 { // [n][dim] → [n][vocab]
	n := len(x) / h.transform.weight.In()
	y := make([]float32, n*h.transform.weight.Out())
	h.transform.forward(t, y, x, h.act)
	h.norm.inPlace(y)
	logits := make([]float32, n*h.decoder.weight.Out())
	h.decoder.forward(t, logits, y, nil)
	return logits
}
