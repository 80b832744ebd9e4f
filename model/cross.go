package model

import (
	"github.com/rapt-go/rapt"
)

// crossAttention is selfAttention with k and v linear in what the encoder left.
type crossAttention struct {
	q       linear // [heads·headDim][dim]
	kv      linear // [2·heads·headDim][dim]: the rows of k, then of v
	o       linear // [dim][heads·headDim]
	options rapt.Options
}

// forward is the attention of every sequence of a decoder's pass, of x as the layer's norm leaves it, over the encoder's
// sequence: what is added to p.x is in p.out.
func (a *crossAttention) forward(p *pass, x rows) error {
	e, heads := p.encoder, p.info.NumHeads
	p.crossKeyValues.resize(e.tokens(), 2*heads*p.info.HeadDim, apart)
	p.multiply(&a.q, p.qkv, x, nil)
	p.multiplyRows(&a.kv, p.crossKeyValues, e.x, e.tokens(), nil)
	s := &p.attention
	s.told, s.bias, s.keyStarts = &a.options, nil, e.starts
	s.q, s.z = p.heads(p.qkv, 0, heads), p.heads(p.z, 0, heads)
	s.k, s.v = p.heads(p.crossKeyValues, 0, heads), p.heads(p.crossKeyValues, heads, heads)
	p.tapHeads(CrossQuery, s.q, p.starts)
	p.tapHeads(CrossKey, s.k, e.starts)
	p.tapHeads(CrossValue, s.v, e.starts)
	if err := p.attend(CrossScores, CrossWeights); err != nil {
		return err
	}
	p.tapHeads(CrossZ, s.z, p.starts)
	p.multiply(&a.o, p.out, p.z, nil)
	p.tap(CrossOutput, p.out.data, p.info.ModelDim)
	return nil
}

func (a *crossAttention) linears() []*linear { return []*linear{&a.q, &a.kv, &a.o} }

// A crossLayer is a preNormLayer of a decoder that looks at an encoder's states between its halves:
// x = x + attention(norm(x)), x = x + cross(norm(x)), x = x + mlp(norm(x)).
type crossLayer struct {
	attentionNorm norm
	attention     selfAttention
	crossNorm     norm
	cross         crossAttention
	mlpNorm       norm
	mlp           mlp
}

func (l *crossLayer) forward(p *pass) error { // p.x, in place
	if err := l.attention.forward(p, p.normed(l.attentionNorm)); err != nil {
		return err
	}
	p.add(nil)
	if err := l.cross.forward(p, p.normed(l.crossNorm)); err != nil {
		return err
	}
	p.add(nil)
	l.mlp.forward(p, p.normed(l.mlpNorm))
	p.tap(MLPOutput, p.out.data, p.info.ModelDim)
	p.add(nil)
	return nil
}

func (l *crossLayer) linears() []*linear {
	list := []*linear{&l.attention.qkv, &l.attention.o}
	return append(append(list, l.cross.linears()...), l.mlp.linears()...)
}
