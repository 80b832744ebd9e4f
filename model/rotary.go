package model

import (
	"math"

	"github.com/rapt-go/rapt/internal/kernel"
)

// rotary is the position embedding of Su et al. 2021: q and k are turned by angles that grow with the position of their
// token, so that q·k depends on the distance of the two. Numbers j and dim/2 + j of a head are the coordinates of a point,
// turned by position·frequencies[j].
type rotary struct {
	dim         int       // how many numbers of a head are turned, the first
	frequencies []float64 // [dim/2]
	scale       float64   // of what was turned, in q and in k

	// A sequence of more than original tokens has other frequencies: those of LongRoPE. nil: all have the same.
	long     []float64 // [dim/2]
	original int
}

// of is the frequencies in a sequence of n tokens.
func (r *rotary) of(n int) []float64 {
	if r.long != nil && n > r.original {
		return r.long
	}
	return r.frequencies
}

// A rotaryTable has cosine and sine of the angles of every token of a pass.
type rotaryTable struct {
	pass     *pass
	of       *rotary
	cos, sin []float32 // [tokens][dim/2]
}

// table is the table of the pass for r, which the layers share.
func (p *pass) table(r *rotary) *rotaryTable {
	for i := range p.tables {
		if p.tables[i].of == r {
			return &p.tables[i]
		}
	}
	if len(p.tables) < cap(p.tables) {
		p.tables = p.tables[:len(p.tables)+1] // with the memory of an earlier pass
	} else {
		p.tables = append(p.tables, rotaryTable{})
	}
	t := &p.tables[len(p.tables)-1]
	t.pass, t.of = p, r
	t.cos, t.sin = resized(t.cos, p.tokens()*r.dim/2), resized(t.sin, p.tokens()*r.dim/2)
	p.team.Run(t, p.pieces())
	return t
}

// Do computes the angles of a few tokens in float64: in float32 that of a fast point is off by 0.01 at position 10⁵.
func (t *rotaryTable) Do(piece, _ int) {
	half := t.of.dim / 2
	t.pass.eachToken(piece, func(token, seq, position int) {
		cos, sin := t.cos[token*half:][:half], t.sin[token*half:][:half]
		for j, f := range t.of.of(t.pass.length(seq)) {
			s, c := math.Sincos(float64(position) * f)
			cos[j], sin[j] = float32(c*t.of.scale), float32(s*t.of.scale)
		}
	})
}

// A headStep norms the heads of q and k, where a layer does that (Qwen 3), and turns them.
type headStep struct {
	pass      *pass
	attention *selfAttention
	table     *rotaryTable // nil: nothing is turned
}

// prepareHeads makes of q and k in p.qkv what is multiplied.
func (p *pass) prepareHeads(a *selfAttention) {
	if a.rotary == nil && a.qNorm == nil {
		return
	}
	p.heading = headStep{pass: p, attention: a}
	if a.rotary != nil {
		p.heading.table = p.table(a.rotary)
	}
	p.team.Run(&p.heading, p.pieces())
}

func (s *headStep) Do(piece, _ int) {
	p, a := s.pass, s.attention
	heads, kvHeads, dim := p.info.NumHeads, p.info.NumKVHeads, p.info.HeadDim
	first := piece * tokensPerPiece
	for t := first; t < min(first+tokensPerPiece, p.tokens()); t++ {
		q := p.qkv.data[t*p.qkv.stride:][:(heads+kvHeads)*dim] // and k behind it
		if k := q[heads*dim:]; a.qNorm != nil {
			a.qNorm.forward(q, q, dim, heads)
			a.kNorm.forward(k, k, dim, kvHeads)
		}
		if s.table != nil {
			half := a.rotary.dim / 2
			kernel.Rotary(q, dim, heads+kvHeads, a.rotary.dim, s.table.cos[t*half:], s.table.sin[t*half:])
		}
	}
}
