package model

import (
	"github.com/rapt-go/rapt/internal/kernel"
)

// A plainMLP is W_down·act(W_up·x + b) + b.
type plainMLP struct {
	up   linear // [mlpDim][dim]
	act  activation
	down linear // [dim][mlpDim]
}

func (m *plainMLP) forward(p *pass, x rows) {
	p.multiply(&m.up, p.mlp, x, m.act)
	p.multiply(&m.down, p.out, p.mlp, nil)
}

func (m *plainMLP) linears() []*linear { return []*linear{&m.up, &m.down} }

// A gatedMLP is W_down·(act(W_gate·x) ∘ W_up·x) (Shazeer 2020).
type gatedMLP struct {
	gateUp linear // [2·mlpDim][dim]: the rows of the gate, then those of up
	act    activation
	down   linear // [dim][mlpDim]
}

func (m *gatedMLP) forward(p *pass, x rows) {
	p.mlp.resize(p.tokens(), 2*p.info.MLPDim, apart)
	p.multiply(&m.gateUp, p.mlp, x, nil)
	p.gating = gatingStep{p, m.act}
	p.team.Run(&p.gating, p.pieces())
	p.multiply(&m.down, p.out, p.mlp, nil)
}

func (m *gatedMLP) linears() []*linear { return []*linear{&m.gateUp, &m.down} }

// A gatingStep computes act(gate) ∘ up of a few tokens as a piece, in place of the gate.
type gatingStep struct {
	pass *pass
	act  activation
}

func (s *gatingStep) Do(piece, _ int) {
	p, dim := s.pass, s.pass.info.MLPDim
	first := piece * tokensPerPiece
	n := min(tokensPerPiece, p.tokens()-first)
	gate, stride := p.mlp.data[first*p.mlp.stride:], p.mlp.stride
	s.act(gate, stride, n, dim)
	kernel.Times(gate, stride, gate[dim:], stride, n, dim)
}
