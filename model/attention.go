package model

import (
	"github.com/rapt-go/rapt"
)

// selfAttention is z·W_o + b_o with z = softmax(q·kᵀ/√d)·v of every head, side by side, and q, k and v linear in x.
type selfAttention struct {
	qkv linear // [3·heads·headDim][dim]: the rows of q, then of k, then of v
	o   linear // [dim][heads·headDim]
}

// forward is the attention of every sequence of the pass over itself: what is added to x is in p.out.
func (a *selfAttention) forward(p *pass) error {
	p.multiply(&a.qkv, p.qkv, p.x, nil)
	s := &p.attention
	s.q, s.k, s.v, s.z = p.heads(p.qkv, 0), p.heads(p.qkv, 1), p.heads(p.qkv, 2), p.heads(p.z, 0)
	p.editValues(s.v)
	p.tapHeads(Query, s.q)
	p.tapHeads(Key, s.k)
	p.tapHeads(Value, s.v)
	if err := p.tapScores(Scores, rapt.StageMasked); err != nil {
		return err
	}
	if err := p.tapScores(Weights, rapt.StageWeights); err != nil {
		return err
	}
	if err := s.run(p, nil, 0); err != nil {
		return err
	}
	p.editZ(s.z)
	p.tapHeads(Z, s.z)
	p.multiply(&a.o, p.out, p.z, nil)
	p.tap(AttentionOutput, p.out.data, p.info.ModelDim)
	return nil
}

// heads is the view [1][tokens][head][headDim] of part n of the rows of r, each part as wide as all heads.
func (p *pass) heads(r rows, n int) rapt.Tensor[float32] {
	heads, dim := p.info.NumHeads, p.info.HeadDim
	return rapt.Tensor[float32]{
		Data:  r.data[n*heads*dim:],
		Batch: 1, Seq: p.tokens(), Heads: heads, Dim: dim,
		SeqStride: r.stride, HeadStride: dim,
	}
}

// An attentionStep is attention in pieces of one sequence and a few of its heads; a team of one takes everything in one
// piece. It computes z, or scores.
type attentionStep struct {
	q, k, v, z rapt.Tensor[float32] // [1][tokens][head][headDim]

	scores []float32 // of all sequences, one after another: [head][query][key]; nil: z
	stage  rapt.Stage

	pass    *pass
	pieces  []headsPiece
	options []rapt.Options // [worker]
	errors  []error        // [worker]
}

// A headsPiece is the heads from, …, to−1 of a sequence.
type headsPiece struct {
	seq, from, to int
	scoresAt      int // of the sequence in scores
}

// headsWork is the number of multiplications that a piece has at least: 10 µs of them or so.
const headsWork = 1 << 20

// run computes z, or scores if there is room for them.
func (s *attentionStep) run(p *pass, scores []float32, stage rapt.Stage) error {
	s.pass, s.scores, s.stage = p, scores, stage
	for len(s.options) < p.team.Size() {
		s.options, s.errors = append(s.options, rapt.Options{}), append(s.errors, nil)
	}
	mask := p.cuts()
	for w := range s.options {
		s.options[w], s.errors[w] = rapt.Options{Threads: 1, MaskFunc: mask}, nil
	}
	if p.team.Size() == 1 && scores == nil {
		s.options[0].QueryOffsets, s.options[0].KeyOffsets = p.starts, p.starts
		return rapt.Attend(s.z, s.q, s.k, s.v, &s.options[0])
	}
	s.divide(mask != nil)
	p.team.Run(s, len(s.pieces))
	for _, err := range s.errors {
		if err != nil {
			return err
		}
	}
	return nil
}

// divide makes the pieces. A mask tells heads apart, so all stay together.
func (s *attentionStep) divide(together bool) {
	s.pieces = s.pieces[:0]
	at := 0
	for seq := range s.pass.batch {
		n := s.pass.starts[seq+1] - s.pass.starts[seq]
		step := s.q.Heads
		if !together {
			step = min(step, headsWork/(2*n*n*s.q.Dim)+1)
		}
		for from := 0; from < s.q.Heads; from += step {
			s.pieces = append(s.pieces, headsPiece{seq, from, min(from+step, s.q.Heads), at})
		}
		at += s.q.Heads * n * n
	}
}

// Do computes one piece.
func (s *attentionStep) Do(i, worker int) {
	piece := s.pieces[i]
	q, k, o := s.part(s.q, piece), s.part(s.k, piece), &s.options[worker]
	var err error
	if s.scores == nil {
		err = rapt.Attend(s.part(s.z, piece), q, k, s.part(s.v, piece), o)
	} else {
		size := q.Seq * q.Seq
		err = rapt.Scores(s.scores[piece.scoresAt+piece.from*size:][:q.Heads*size], q, k, nil, s.stage, o)
	}
	if err != nil {
		s.errors[worker] = err
	}
}

// part is the part of t that belongs to a piece.
func (s *attentionStep) part(t rapt.Tensor[float32], piece headsPiece) rapt.Tensor[float32] {
	first := s.pass.starts[piece.seq]
	t.Data = t.Data[first*t.SeqStride+piece.from*t.HeadStride:]
	t.Seq, t.Heads = s.pass.starts[piece.seq+1]-first, piece.to-piece.from
	return t
}

// tapScores computes and shows scores or weights, where they are asked for.
func (p *pass) tapScores(point Point, stage rapt.Stage) error {
	if !p.wants(point) {
		return nil
	}
	size := 0
	for _, s := range p.batch {
		size += p.info.NumHeads * len(s.IDs) * len(s.IDs)
	}
	var scores []float32
	if point == Weights && p.taps.weights != nil {
		scores = p.taps.weights[p.layer*size:][:size]
	} else {
		scores = p.room(size)
	}
	if err := p.attention.run(p, scores, stage); err != nil {
		return err
	}
	for s := range p.batch {
		n := len(p.batch[s].IDs)
		count := p.info.NumHeads * n * n
		p.visit(point, s, scores[:count], []int{p.info.NumHeads, n, n})
		scores = scores[count:]
	}
	return nil
}
