package model

import (
	"github.com/rapt-go/rapt/internal/kernel"
)

// A preNormLayer norms what enters its halves, and adds what they give (Xiong et al. 2020):
// x = x + attention(norm(x)), x = x + mlp(norm(x)).
type preNormLayer struct {
	attentionNorm norm // or nil
	attention     selfAttention
	mlpNorm       norm
	mlp           mlp

	// Of what a half adds; or nil.
	attentionPostNorm, mlpPostNorm norm
}

// An mlp is the feed-forward half of a layer: it leaves in p.out what is added to p.x.
type mlp interface {
	forward(p *pass, x rows)
	linears() []*linear
}

func (l *preNormLayer) forward(p *pass) error { // p.x, in place
	if err := l.attention.forward(p, p.normed(l.attentionNorm)); err != nil {
		return err
	}
	p.add(l.attentionPostNorm)

	l.mlp.forward(p, p.normed(l.mlpNorm))
	if l.mlpPostNorm != nil {
		p.normalize(l.mlpPostNorm, &p.out, p.out)
	}
	p.tap(MLPOutput, p.out.data, p.info.ModelDim)
	p.add(nil)
	return nil
}

func (l *preNormLayer) linears() []*linear {
	return append([]*linear{&l.attention.qkv, &l.attention.o}, l.mlp.linears()...)
}

// normed is the norm of x, or x itself if that is nil.
func (p *pass) normed(norm norm) rows {
	if norm == nil {
		return p.x
	}
	p.normalize(norm, &p.norm, p.x)
	return p.norm
}

// A residualStep is x = x + norm(out).
type residualStep struct {
	pass *pass
	norm norm // or nil
}

// add computes x = x + norm(out), without the norm if that is nil.
func (p *pass) add(norm norm) {
	p.residual = residualStep{p, norm}
	p.team.Run(&p.residual, p.pieces())
}

func (s *residualStep) Do(piece, _ int) {
	p, dim := s.pass, s.pass.info.ModelDim
	first, last := piece*tokensPerPiece, min((piece+1)*tokensPerPiece, p.tokens())
	out := p.out.data[first*dim : last*dim]
	if s.norm != nil {
		s.norm.forward(out, out, dim, last-first)
	}
	kernel.Combine(p.x.data[first*dim:last*dim], 1, out, 1)
}
