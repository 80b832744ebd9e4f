package model

import (
	"context"
	"fmt"
)

// A Sequence is the input of a model: the ids of its tokens, and of their types where the model has types (0 for the
// first sentence of a pair and the special tokens around it, 1 for the second).
type Sequence struct {
	IDs     []int // [seq]
	TypeIDs []int // [seq]; nil: all 0
}

// A pass is one run of a network over a batch. The sequences lie one after another in every activation, [tokens][…],
// without padding: only attention needs to know where one ends, and a sequence has the same result, to the bit,
// whatever else is in the batch.
type pass struct {
	ctx     context.Context
	info    *Info
	batch   []Sequence
	starts  []int // [batch+1]: sequence s is the rows from starts[s] to starts[s+1]
	taps    *Taps
	layer   int // −1 before the first
	buffers buffers
}

// buffers are the activations inside a layer, used by every layer in turn.
type buffers struct {
	q, k, v, z []float32 // [tokens][heads·headDim]
	out        []float32 // [tokens][dim]: what a half of the layer adds to its input
	mlp        []float32 // [tokens][mlpDim]
}

// newPass checks the input of a model and makes a pass over it.
func newPass(ctx context.Context, info *Info, batch []Sequence, taps *Taps) (*pass, error) {
	if err := taps.check(info.NumLayers); err != nil {
		return nil, err
	}
	p := &pass{ctx: ctx, info: info, batch: batch, starts: []int{0}, taps: taps, layer: -1}
	for i, s := range batch {
		if err := s.check(info); err != nil {
			if len(batch) > 1 {
				err = fmt.Errorf("sequence %d: %w", i, err)
			}
			return nil, err
		}
		p.starts = append(p.starts, p.tokens()+len(s.IDs))
	}
	if err := p.edit().check(info, batch); err != nil {
		return nil, err
	}
	inner := p.tokens() * info.NumHeads * info.HeadDim
	p.buffers = buffers{
		q: make([]float32, inner), k: make([]float32, inner), v: make([]float32, inner), z: make([]float32, inner),
		out: make([]float32, p.tokens()*info.ModelDim),
		mlp: make([]float32, p.tokens()*info.MLPDim),
	}
	return p, nil
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
	for i, id := range s.IDs {
		if id < 0 || id >= info.VocabSize {
			return fmt.Errorf("id %d at position %d is outside the vocabulary of %d", id, i, info.VocabSize)
		}
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

// tokens is the number of tokens of all sequences.
func (p *pass) tokens() int { return p.starts[len(p.starts)-1] }

// rows are the rows of x, an activation [tokens][…], that belong to sequence s.
func (p *pass) rows(x []float32, s int) []float32 {
	width := len(x) / p.tokens()
	return x[p.starts[s]*width : p.starts[s+1]*width]
}

// enter begins a layer, unless the caller has lost interest.
func (p *pass) enter(layer int) error {
	p.layer = layer
	return p.ctx.Err()
}
