package model

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/rapt-go/rapt/internal/kernel"
	"github.com/rapt-go/rapt/internal/matmul"
	"github.com/rapt-go/rapt/internal/team"
)

// A Sequence is the input of a model: the ids of its tokens, and of their types where the model has types (0 for the
// first sentence of a pair and the special tokens around it, 1 for the second).
type Sequence struct {
	IDs     []int // [seq]
	TypeIDs []int // [seq]; nil: all 0

	// DecoderIDs are what the decoder of an encoder–decoder model has written so far, beginning with Info.DecoderStart. With
	// nil the encoder runs alone. All sequences of a batch have them, or none.
	DecoderIDs []int // [decoder seq]
}

// A pass is one run of a network over a batch. The sequences lie one after another in every activation, [tokens][…],
// without padding: only attention needs to know where one ends, and a sequence has the same result, to the bit,
// whatever else is in the batch. All that a pass needs is kept for the next one, so that it allocates nothing once there
// was one as large.
type pass struct {
	ctx    context.Context
	info   *Info
	batch  []Sequence
	starts []int    // [batch+1]: sequence s is the rows from starts[s] to starts[s+1]
	states []*State // [batch]: what was computed before of each sequence; nil: nothing
	taps   *Taps
	layer  int // −1 before the first
	team   *team.Team

	encoder        *pass // of a decoder's pass: the encoder's, whose last hidden states are in its x; or nil
	decoder        *pass // of an encoder's pass, once the decoder runs; or nil
	decoderInput   []Sequence
	crossKeyValues rows // [tokens of the encoder][2·heads·headDim]

	x     rows // [tokens][dim]: what goes from layer to layer
	norm  rows // [tokens][dim]: x normed, where a layer norms what enters its halves
	qkv   rows // [tokens][(heads + 2·kvHeads)·headDim]
	z     rows // [tokens][heads·headDim]
	out   rows // [tokens][dim]: what a half of the layer adds to x
	mlp   rows // [tokens][mlpDim]
	shown []float32

	product   matmul.Product
	embedding embeddingStep
	words     wordStep
	heading   headStep
	tables    []rotaryTable
	attention attentionStep
	looking   lookStep
	adding    addingStep
	residual  residualStep
	norming   normingStep
	gating    gatingStep
	experts   expertsPass
}

// rows are an activation, a row for each token.
type rows struct {
	data   []float32
	stride int // of rows, ≥ their width
}

// apart is by how much rows are longer than what they hold, where nobody needs them dense: rows whose length is a high
// power of two, or three of them, fall into the same few sets of a cache.
const apart = 16

// resize makes room for n rows of a width, with any contents.
func (r *rows) resize(n, width, apart int) {
	r.stride = width + apart
	r.data = resized(r.data, n*r.stride)
}

// resized is x with room for n numbers, of any value.
func resized(x []float32, n int) []float32 {
	if cap(x) < n {
		return make([]float32, n)
	}
	return x[:n]
}

var passes = sync.Pool{New: func() any { return new(pass) }}

// newPass makes a pass over a batch that was checked.
func newPass(ctx context.Context, info *Info, batch []Sequence, taps *Taps, t *team.Team) *pass {
	p := passes.Get().(*pass)
	p.ctx, p.info, p.batch, p.taps, p.team, p.layer = ctx, info, batch, taps, t, -1
	p.states, p.tables, p.starts = nil, p.tables[:0], append(p.starts[:0], 0)
	p.encoder, p.decoder = nil, nil
	for _, s := range batch {
		p.starts = append(p.starts, p.tokens()+len(s.IDs))
	}
	n := p.tokens()
	p.x.resize(n, info.ModelDim, 0)
	p.qkv.resize(n, (info.NumHeads+2*info.NumKVHeads)*info.HeadDim, apart)
	p.z.resize(n, info.NumHeads*info.HeadDim, 0)
	p.out.resize(n, info.ModelDim, 0)
	p.mlp.resize(n, info.MLPDim, apart)
	return p
}

// release gives p back, without a hold on the caller's memory.
func (p *pass) release() {
	if p.decoder != nil {
		p.decoder.release()
	}
	clear(p.decoderInput)
	p.encoder, p.decoder = nil, nil
	p.ctx, p.info, p.batch, p.states, p.taps, p.team = nil, nil, nil, nil, nil, nil
	p.attention.release()
	passes.Put(p)
}

// check says what is wrong with a batch, or with taps for it.
func check(info *Info, batch []Sequence, taps *Taps) error {
	if err := taps.check(max(info.NumLayers, info.NumDecoderLayers)); err != nil {
		return err
	}
	for i, s := range batch {
		if err := s.check(info); err != nil {
			if len(batch) > 1 {
				err = fmt.Errorf("sequence %d: %w", i, err)
			}
			return err
		}
		if (s.DecoderIDs == nil) != (batch[0].DecoderIDs == nil) {
			return fmt.Errorf("sequences 0 and %d: one has ids for the decoder, the other has none", i)
		}
	}
	if taps != nil {
		return taps.Edit.check(info, batch)
	}
	return nil
}

// check says why a model can't take the sequence.
func (s Sequence) check(info *Info) error {
	switch n := len(s.IDs); {
	case n == 0:
		return fmt.Errorf("the sequence is empty")
	case n > info.MaxSeqLen:
		return fmt.Errorf("the sequence has %d tokens; the model takes at most %d", n, info.MaxSeqLen)
	case s.TypeIDs != nil && len(s.TypeIDs) != n:
		return fmt.Errorf("there are %d type ids for %d ids", len(s.TypeIDs), n)
	}
	if err := info.checkIDs("id", s.IDs); err != nil {
		return err
	}
	switch {
	case s.DecoderIDs != nil && info.NumDecoderLayers == 0:
		return fmt.Errorf("there are ids for a decoder; the model has none beside an encoder")
	case s.DecoderIDs != nil && len(s.DecoderIDs) == 0:
		return fmt.Errorf("the decoder's sequence is empty")
	}
	if err := info.checkIDs("decoder id", s.DecoderIDs); err != nil {
		return err
	}
	for i, id := range s.TypeIDs {
		switch {
		case info.NumTypes == 0 && id != 0:
			return fmt.Errorf("type id %d at position %d: the model has no token types", id, i)
		case info.NumTypes > 0 && (id < 0 || id >= info.NumTypes):
			return fmt.Errorf("type id %d at position %d: the model has %d types", id, i, info.NumTypes)
		}
	}
	return nil
}

// checkIDs says which id isn't in the vocabulary.
func (info *Info) checkIDs(what string, ids []int) error {
	for i, id := range ids {
		if id < 0 || id >= info.VocabSize {
			return fmt.Errorf("%s %d at position %d is outside the vocabulary of %d", what, id, i, info.VocabSize)
		}
	}
	return nil
}

// decodes reports whether a batch that was checked has ids for a decoder.
func decodes(batch []Sequence) bool { return len(batch) > 0 && batch[0].DecoderIDs != nil }

// startDecoder begins a pass of the decoder, over what the encoder has left in p.x.
func (p *pass) startDecoder() *pass {
	p.decoderInput = p.decoderInput[:0]
	for _, s := range p.batch {
		p.decoderInput = append(p.decoderInput, Sequence{IDs: s.DecoderIDs})
	}
	p.decoder = newPass(p.ctx, p.info, p.decoderInput, p.taps, p.team)
	p.decoder.encoder = p
	return p.decoder
}

// inDecoder reports whether the pass is that of a decoder beside an encoder.
func (p *pass) inDecoder() bool {
	return p.encoder != nil || p.states != nil && p.info.NumDecoderLayers > 0
}

// tokens is the number of tokens of all sequences.
func (p *pass) tokens() int { return p.starts[len(p.starts)-1] }

// sequence is the rows of x, a dense activation [tokens][…], that belong to sequence s.
func (p *pass) sequence(x []float32, s int) []float32 {
	width := len(x) / p.tokens()
	return x[p.starts[s]*width : p.starts[s+1]*width]
}

// enter begins a layer, unless the caller has lost interest.
func (p *pass) enter(layer int) error {
	p.layer = layer
	return p.ctx.Err()
}

// multiply computes dst = act(x·Wᵀ + b) of all tokens; a nil act is none.
func (p *pass) multiply(l *linear, dst, x rows, act activation) {
	p.multiplyRows(l, dst, x, p.tokens(), act)
}

// multiplyRows computes it of n rows.
func (p *pass) multiplyRows(l *linear, dst, x rows, n int, act activation) {
	m := &p.product
	m.Matrix, m.Bias, m.Act = &l.weight, l.bias, act
	m.Dst, m.DstStride, m.X, m.XStride, m.Rows = dst.data, dst.stride, x.data, x.stride, n
	m.Run(p.team)
}

// tokensPerPiece is the number of tokens of which a step that goes through them makes a piece.
const tokensPerPiece = 16

// pieces is the number of such pieces.
func (p *pass) pieces() int { return piecesOf(p.tokens()) }

// piecesOf is the number of such pieces in n tokens.
func piecesOf(n int) int { return (n + tokensPerPiece - 1) / tokensPerPiece }

// eachToken goes through the tokens of a piece, with the sequence of each and its position there.
func (p *pass) eachToken(piece int, do func(token, seq, position int)) {
	first, last := piece*tokensPerPiece, min((piece+1)*tokensPerPiece, p.tokens())
	seq, _ := slices.BinarySearch(p.starts, first+1)
	seq-- // the last that starts at first or before
	for t := first; t < last; t++ {
		for t >= p.starts[seq+1] {
			seq++
		}
		do(t, seq, p.before(seq)+t-p.starts[seq])
	}
}

// before is the number of tokens of a sequence that were computed before.
func (p *pass) before(seq int) int {
	if p.states == nil {
		return 0
	}
	return p.states[seq].len
}

// length is how long a sequence will be when all is computed that is known of it.
func (p *pass) length(seq int) int {
	if p.states == nil {
		return len(p.batch[seq].IDs)
	}
	return p.states[seq].planned
}

// An addingStep is x = LN(x + out).
type addingStep struct {
	pass *pass
	norm *layerNorm
}

// addAndNorm computes x = LN(x + out).
func (p *pass) addAndNorm(norm *layerNorm) {
	p.adding = addingStep{p, norm}
	p.team.Run(&p.adding, p.pieces())
}

func (s *addingStep) Do(piece, _ int) {
	p := s.pass
	dim := p.info.ModelDim
	first, last := piece*tokensPerPiece, min((piece+1)*tokensPerPiece, p.tokens())
	x := p.x.data[first*dim : last*dim]
	kernel.Combine(x, 1, p.out.data[first*dim:last*dim], 1)
	s.norm.inPlace(x)
}

// A normingStep is dst = norm(x).
type normingStep struct {
	pass   *pass
	norm   norm
	dst, x rows // [tokens][dim], of the same stride
}

// normalize computes dst = norm(x); dst may be x, and else gets the stride of x.
func (p *pass) normalize(norm norm, dst *rows, x rows) {
	dst.resize(p.tokens(), p.info.ModelDim, x.stride-p.info.ModelDim)
	p.norming = normingStep{p, norm, *dst, x}
	p.team.Run(&p.norming, p.pieces())
}

func (s *normingStep) Do(piece, _ int) {
	first := piece * tokensPerPiece
	n := min(tokensPerPiece, s.pass.tokens()-first)
	at := first * s.x.stride
	s.norm.forward(s.dst.data[at:], s.x.data[at:], s.x.stride, n)
}
