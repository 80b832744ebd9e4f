package model

import (
	"github.com/rapt-go/rapt"
	"github.com/rapt-go/rapt/internal/matmul"
)

// selfAttention is z·W_o + b_o with z = softmax(q·kᵀ/√d)·v of every head, side by side, and q, k and v linear in x.
type selfAttention struct {
	q, k, v, o linear
}

// forward is the attention of every sequence of the pass over itself.
func (a *selfAttention) forward(p *pass, x []float32) ([]float32, error) { // [tokens][dim] → [tokens][dim]
	b := &p.buffers
	matmul.MulAll(x, p.tokens(), a.q.product(b.q), a.k.product(b.k), a.v.product(b.v))
	heads, dim := p.info.NumHeads, p.info.HeadDim
	p.editValues(p.heads(b.v))
	p.tap(Query, b.q, heads, dim)
	p.tap(Key, b.k, heads, dim)
	p.tap(Value, b.v, heads, dim)
	if err := p.tapScores(); err != nil {
		return nil, err
	}
	options := &rapt.Options{QueryOffsets: p.starts, KeyOffsets: p.starts, MaskFunc: p.cuts()}
	if err := rapt.Attend(p.heads(b.z), p.heads(b.q), p.heads(b.k), p.heads(b.v), options); err != nil {
		return nil, err
	}
	p.editZ(p.heads(b.z))
	p.tap(Z, b.z, heads, dim)
	a.o.forward(b.out, b.z)
	p.tap(AttentionOutput, b.out, p.info.ModelDim)
	return b.out, nil
}

// heads is the view of x, an activation [n][heads·headDim], that attention takes.
func (p *pass) heads(x []float32) rapt.Tensor[float32] {
	return rapt.Dense(x, 1, len(x)/(p.info.NumHeads*p.info.HeadDim), p.info.NumHeads, p.info.HeadDim)
}

// tapScores computes and shows scores and weights, where they are asked for.
func (p *pass) tapScores() error {
	for _, at := range []struct {
		point Point
		stage rapt.Stage
	}{{Scores, rapt.StageMasked}, {Weights, rapt.StageWeights}} {
		if !p.wants(at.point) {
			continue
		}
		for s := range p.batch {
			q, k := p.heads(p.rows(p.buffers.q, s)), p.heads(p.rows(p.buffers.k, s))
			dst := make([]float32, q.Heads*q.Seq*k.Seq)
			if err := rapt.Scores(dst, q, k, nil, at.stage, &rapt.Options{MaskFunc: p.cuts()}); err != nil {
				return err
			}
			p.visit(at.point, s, dst, []int{q.Heads, q.Seq, k.Seq})
		}
	}
	return nil
}
