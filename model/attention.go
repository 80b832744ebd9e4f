package model

import (
	"github.com/rapt-go/rapt"
)

// selfAttention is z·W_o + b_o with z = softmax(q·kᵀ/√d)·v of every head, side by side, and q, k and v linear in x.
type selfAttention struct {
	qkv linear // [(heads + 2·kvHeads)·headDim][dim]: the rows of q, then of k, then of v
	o   linear // [dim][heads·headDim]

	qNorm, kNorm norm    // of each head of q and k; or nil
	rotary       *rotary // of q and k, or nil

	bias *relativeBias // added to the scores, or nil; layers may share it

	// What else the operation is told, for all sequences; the zero value is softmax(q·kᵀ/√d)·v over all keys. Sinks and
	// ALiBiSlopes are [heads].
	options rapt.Options
}

// forward is the attention of every sequence of the pass over itself, of x as the layer's norm leaves it: what is added
// to p.x is in p.out.
func (a *selfAttention) forward(p *pass, x rows) error {
	p.multiply(&a.qkv, p.qkv, x, nil)
	p.prepareHeads(a)
	s, heads, kvHeads := &p.attention, p.info.NumHeads, p.info.NumKVHeads
	s.told, s.bias, s.keyStarts, s.states, s.cross = &a.options, a.bias, p.starts, p.states, false
	s.q, s.z = p.heads(p.qkv, 0, heads), p.heads(p.z, 0, heads)
	s.k, s.v = p.heads(p.qkv, heads, kvHeads), p.heads(p.qkv, heads+kvHeads, kvHeads)
	p.editValues(s.v)
	p.tapHeads(Query, s.q, p.starts)
	p.tapHeads(Key, s.k, p.starts)
	p.tapHeads(Value, s.v, p.starts)
	p.remember(a)
	if err := p.look(); err != nil {
		return err
	}
	if err := p.attend(Scores, Weights); err != nil {
		return err
	}
	p.editZ(s.z)
	p.tapHeads(Z, s.z, p.starts)
	p.multiply(&a.o, p.out, p.z, nil)
	p.tap(AttentionOutput, p.out.data, p.info.ModelDim)
	return nil
}

// heads is the view [1][tokens][head][headDim] of n heads of the rows of r, from head first on.
func (p *pass) heads(r rows, first, n int) rapt.Tensor[float32] {
	dim := p.info.HeadDim
	return rapt.Tensor[float32]{
		Data:  r.data[first*dim:],
		Batch: 1, Seq: len(r.data) / r.stride, Heads: n, Dim: dim,
		SeqStride: r.stride, HeadStride: dim,
	}
}

// An attentionStep is attention in pieces of one sequence and a few of its heads; a team of one takes everything in one
// piece. It computes z, z and weights, or scores alone.
type attentionStep struct {
	told       *rapt.Options
	bias       *relativeBias        // or nil
	q, k, v, z rapt.Tensor[float32] // [1][tokens][head][headDim]
	keyStarts  []int                // [batch+1]: the keys of sequence s are those from keyStarts[s] to keyStarts[s+1]
	states     []*State             // [batch]: what holds the keys and values instead of k and v; or nil
	cross      bool                 // the keys are those of an encoder

	// Scores or weights of all sequences, one after another: [head][query][key]; or nil.
	scores, weights []float32

	pass    *pass
	pieces  []headsPiece
	options []rapt.Options                            // [worker]
	errors  []error                                   // [worker]
	first   []int                                     // [worker]: the first head of its piece
	addBias []func(scores []float32, at rapt.Segment) // [worker]: adds the bias
}

// A headsPiece is the query heads from, …, to−1 of a sequence: whole groups of those that share keys and values.
type headsPiece struct {
	seq, from, to int
	at            int // of the sequence in scores or weights
}

// headsWork is the number of multiplications that a piece has at least: 10 µs of them or so.
const headsWork = 1 << 20

// run computes scores if there is room for them, else z, and weights if there is room for those.
func (s *attentionStep) run(p *pass, scores, weights []float32) error {
	s.pass, s.scores, s.weights = p, scores, weights
	for w := len(s.options); w < p.team.Size(); w++ {
		s.options, s.errors, s.first = append(s.options, rapt.Options{}), append(s.errors, nil), append(s.first, 0)
		s.addBias = append(s.addBias, func(scores []float32, at rapt.Segment) {
			s.bias.add(scores, s.first[w]+at.Head, s.options[w].QueryStart+at.Query, at.FirstKey)
		})
	}
	mask := p.cuts()
	for w := range s.options {
		s.options[w], s.errors[w], s.first[w] = *s.told, nil, 0
		s.options[w].Threads, s.options[w].MaskFunc = 1, mask
		if s.bias != nil {
			s.options[w].ScoreFunc = s.addBias[w]
		}
	}
	if p.team.Size() == 1 && scores == nil && weights == nil && s.states == nil {
		s.options[0].QueryOffsets, s.options[0].KeyOffsets = p.starts, s.keyStarts
		return rapt.Attend(s.z, s.q, s.k, s.v, &s.options[0])
	}
	if work := s.divide(mask != nil); len(s.pieces) < p.team.Size() && work > 4*headsWork {
		// Few heads have all the work, as in decoding with many keys: it is divided inside of them.
		s.options[0].Threads = p.team.Size()
		for i := range s.pieces {
			s.Do(i, 0)
		}
	} else {
		p.team.Run(s, len(s.pieces))
	}
	for _, err := range s.errors {
		if err != nil {
			return err
		}
	}
	return nil
}

// release lets go of what isn't the pass's own.
func (s *attentionStep) release() {
	s.told, s.bias, s.states = nil, nil, nil
	s.k, s.v = rapt.Tensor[float32]{}, rapt.Tensor[float32]{}
}

// divide makes the pieces, and gives the number of multiplications in all. A mask tells heads apart, so all stay together.
func (s *attentionStep) divide(together bool) (work int) {
	s.pieces = s.pieces[:0]
	at := 0
	for seq := range s.pass.batch {
		pairs := s.pass.pairs(seq)
		work += 2 * pairs * s.q.Dim * s.q.Heads
		step := s.q.Heads
		if !together {
			group := s.q.Heads / s.k.Heads
			step = min(step, (headsWork/(2*pairs*s.q.Dim*group)+1)*group)
		}
		for from := 0; from < s.q.Heads; from += step {
			s.pieces = append(s.pieces, headsPiece{seq: seq, from: from, to: min(from+step, s.q.Heads), at: at})
		}
		at += s.q.Heads * pairs
	}
	return work
}

// Do computes one piece.
func (s *attentionStep) Do(i, worker int) {
	piece := s.pieces[i]
	q, z := s.part(s.q, piece, s.pass.starts), s.part(s.z, piece, s.pass.starts)
	var k, v rapt.Tensor[float32]
	o := &s.options[worker]
	if s.states != nil {
		state, group := s.states[piece.seq], s.q.Heads/s.k.Heads
		held := state.held(s.pass.layer, s.told, s.cross)
		first, n := piece.from/group, (piece.to-piece.from)/group
		k, v = held.heads(first, n, s.k.Dim), held.heads(s.k.Heads+first, n, s.k.Dim)
		held.tell(o, state.len)
	} else {
		k, v = s.part(s.k, piece, s.keyStarts), s.part(s.v, piece, s.keyStarts)
	}
	o.Sinks = perHead(s.told.Sinks, piece)
	o.ALiBiSlopes = perHead(s.told.ALiBiSlopes, piece)
	s.first[worker] = piece.from
	rows, keys := q.Heads*q.Seq, s.keys(piece.seq)
	at := piece.at + piece.from*q.Seq*keys
	var err error
	switch {
	case s.scores != nil:
		err = rapt.Scores(s.scores[at:][:rows*k.Seq], q, k, nil, rapt.StageMasked, o)
		spread(s.scores[at:][:rows*keys], k.Seq, keys, negativeInfinity)
	case s.weights != nil:
		err = rapt.AttendWeights(z, s.weights[at:][:rows*k.Seq], q, k, v, o)
		spread(s.weights[at:][:rows*keys], k.Seq, keys, 0)
	default:
		err = rapt.Attend(z, q, k, v, o)
	}
	if err != nil {
		s.errors[worker] = err
	}
}

// part is the part of t that belongs to a piece, where starts says how t's rows are divided into sequences: of t's heads, a
// query head's own or those that its group shares.
func (s *attentionStep) part(t rapt.Tensor[float32], piece headsPiece, starts []int) rapt.Tensor[float32] {
	first, group := starts[piece.seq], s.q.Heads/t.Heads
	t.Data = t.Data[first*t.SeqStride+piece.from/group*t.HeadStride:]
	t.Seq, t.Heads = starts[piece.seq+1]-first, (piece.to-piece.from)/group
	return t
}

// perHead is the part of a list of one number for each query head, or nil.
func perHead(list []float32, piece headsPiece) []float32 {
	if list == nil {
		return nil
	}
	return list[piece.from:piece.to]
}

// attend computes z. It computes and shows the scores and the weights where their points are asked for.
func (p *pass) attend(scoresPoint, weightsPoint Point) error {
	if p.taps != nil && p.taps.gather != nil {
		return p.taps.gather.attend(p)
	}
	if p.wants(scoresPoint) {
		scores := p.room(p.mapSize())
		if err := p.attention.run(p, scores, nil); err != nil {
			return err
		}
		p.visitMaps(scoresPoint, scores)
	}
	if !p.wants(weightsPoint) {
		return p.attention.run(p, nil, nil)
	}
	size := p.mapSize()
	weights := p.keep(weightsPoint, size)
	if weights == nil {
		weights = p.room(size)
	}
	if err := p.attention.run(p, nil, weights); err != nil {
		return err
	}
	p.visitMaps(weightsPoint, weights)
	return nil
}

// keys is the number of keys of a sequence.
func (s *attentionStep) keys(seq int) int {
	if s.cross && s.states != nil {
		return s.states[seq].encoderLen
	}
	keys := s.keyStarts[seq+1] - s.keyStarts[seq]
	if s.states != nil {
		keys += s.states[seq].len
	}
	return keys
}

// pairs is the number of pairs of a query and a key in a head of a sequence.
func (p *pass) pairs(seq int) int { return len(p.batch[seq].IDs) * p.attention.keys(seq) }

// mapSize is the number of pairs in all heads and sequences.
func (p *pass) mapSize() (size int) {
	for seq := range p.batch {
		size += p.info.NumHeads * p.pairs(seq)
	}
	return size
}

// visitMaps shows scores or weights of all sequences, one after another.
func (p *pass) visitMaps(point Point, maps []float32) {
	for seq := range p.batch {
		count := p.info.NumHeads * p.pairs(seq)
		p.visit(point, seq, maps[:count], []int{p.info.NumHeads, len(p.batch[seq].IDs), p.attention.keys(seq)})
		maps = maps[count:]
	}
}
