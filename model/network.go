package model

import (
	"github.com/rapt-go/rapt/internal/team"
)

// A network is a transformer with its parameters: what makes x of the ids, layers that change x, and what comes after
// them. A family puts one together of parts.
type network struct {
	embeddings embeddings
	layers     []layer
	norm       norm     // of what leaves the last layer, or nil
	pooler     *linear  // [dim][dim], or nil
	decoder    *network // of an encoder–decoder model, or nil; its layers look at what the encoder leaves
	head       head     // of the decoder where there is one; or nil

	// Sequences of more tokens have other rotary frequencies (LongRoPE). 0: all have the same.
	original int
}

// embeddings leave what enters the first layer in p.x.
type embeddings interface{ forward(p *pass) }

// A layer changes p.x in place.
type layer interface {
	forward(p *pass) error
	linears() []*linear // all that it multiplies by
}

// A norm norms n rows of x into dst, which may be x; both have their rows stride apart.
type norm interface {
	forward(dst, x []float32, stride, n int)
}

// A head scores the vocabulary.
type head interface {
	forward(t *team.Team, x []float32) []float32 // [n][dim] → [n][vocab]

	// direction is what Model.LogitDirection gives.
	direction(x []float32, token int) (direction []float64, logit float64)
}

// forward leaves the last hidden states in p.x and, if the batch has ids for the decoder, those of the decoder in
// p.decoder.x.
func (n *network) forward(p *pass) error {
	if err := n.forwardStack(p); err != nil || n.decoder == nil || !decodes(p.batch) {
		return err
	}
	return n.decoder.forwardStack(p.startDecoder())
}

// forwardStack is forward without a decoder.
func (n *network) forwardStack(p *pass) error {
	n.embeddings.forward(p)
	if err := p.checkFinite(); err != nil {
		return err
	}
	p.tap(Embedding, p.x.data, p.info.ModelDim)
	for i, l := range n.layers {
		if err := p.enter(i); err != nil {
			return err
		}
		if err := l.forward(p); err != nil {
			return err
		}
		if err := p.checkFinite(); err != nil {
			return err
		}
		p.tap(Residual, p.x.data, p.info.ModelDim)
	}
	if n.norm != nil {
		p.normalize(n.norm, &p.x, p.x)
	}
	return p.checkFinite()
}

// prepare lays all matrices of the layers out, on all threads of a team.
func (n *network) prepare(t *team.Team) {
	for _, layer := range n.layers {
		for _, l := range layer.linears() {
			l.weight.Prepare(t)
		}
	}
	if n.decoder != nil {
		n.decoder.prepare(t)
	}
}

// pool is tanh(W·x + b) of a sequence's first token.
func (n *network) pool(t *team.Team, hidden []float32) []float32 { // [seq][dim] → [dim]
	pooled := make([]float32, n.pooler.weight.Out())
	n.pooler.forward(t, pooled, hidden[:n.pooler.weight.In()], tanh)
	return pooled
}
