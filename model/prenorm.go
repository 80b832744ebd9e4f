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
	p.normGiven(l.attentionPostNorm)
	p.add()

	l.mlp.forward(p, p.normed(l.mlpNorm))
	p.normGiven(l.mlpPostNorm)
	p.tap(MLPOutput, p.out.data, p.info.ModelDim)
	p.add()
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

// normGiven norms what a half gives, where a layer does that.
func (p *pass) normGiven(norm norm) {
	if norm != nil {
		p.normalize(norm, &p.out, p.out)
	}
}

// A residualStep is x = x + out.
type residualStep struct{ pass *pass }

// add computes x = x + out.
func (p *pass) add() {
	p.residual.pass = p
	p.team.Run(&p.residual, p.pieces())
}

func (s *residualStep) Do(piece, _ int) {
	p, dim := s.pass, s.pass.info.ModelDim
	first, last := piece*tokensPerPiece, min((piece+1)*tokensPerPiece, p.tokens())
	kernel.Combine(p.x.data[first*dim:last*dim], 1, p.out.data[first*dim:last*dim], 1)
}
