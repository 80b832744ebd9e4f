package model

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/rapt-go/rapt"
	"github.com/rapt-go/rapt/internal/team"
)

// All stands for every layer, or every head, in an Edit.
const All = -1

// An Edit switches parts of the attention off while a model runs, to see what depends on them. It holds for every
// sequence of the batch, and in an encoder–decoder model for the encoder.
type Edit struct {
	HeadsOff   []HeadAt  // z of the head is 0: ablation
	Cuts       []Cut     // the score is −Inf, so that the rest of the row shares its weight: knockout (Geva et al. 2023)
	ZeroValues []ValueAt // the weights stay, what they multiply is 0: value zeroing (Mohebbi et al. 2023)
}

// A HeadAt is the address of a head; either part may be All.
type HeadAt struct{ Layer, Head int }

// A Cut is an edge that isn't there: Query doesn't see Key in a head, which may be All heads of All layers.
type Cut struct{ Layer, Head, Query, Key int }

// A ValueAt is a token whose value vector is 0 in every head of a layer, which may be All.
type ValueAt struct{ Layer, Token int }

// covers reports whether at, which may be All, stands for i.
func covers(at, i int) bool { return at == All || at == i }

// check says what an edit names that the model or one of the sequences doesn't have.
func (e *Edit) check(info *Info, batch []Sequence) error {
	if e == nil {
		return nil
	}
	shortest := info.MaxSeqLen
	for _, s := range batch {
		shortest = min(shortest, len(s.IDs))
	}
	index := func(what string, i, n int, all bool) error {
		if i >= 0 && i < n || all && i == All {
			return nil
		}
		return fmt.Errorf("edit of %s %d: there are %s 0 to %d", what, i, what+"s", n-1)
	}
	for _, h := range e.HeadsOff {
		if err := cmp.Or(index("layer", h.Layer, info.NumLayers, true), index("head", h.Head, info.NumHeads, true)); err != nil {
			return err
		}
	}
	for _, c := range e.Cuts {
		if err := cmp.Or(index("layer", c.Layer, info.NumLayers, true), index("head", c.Head, info.NumHeads, true),
			index("token", c.Query, shortest, false), index("token", c.Key, shortest, false)); err != nil {
			return err
		}
	}
	for _, v := range e.ZeroValues {
		if err := cmp.Or(index("layer", v.Layer, info.NumLayers, true), index("token", v.Token, shortest, false)); err != nil {
			return err
		}
	}
	return nil
}

// edit is what the caller wants to have changed; nil: nothing.
func (p *pass) edit() *Edit {
	if p.taps == nil || p.encoder != nil {
		return nil
	}
	return p.taps.Edit
}

// editValues zeroes rows of v [1][tokens][heads][headDim] in the layer at hand.
func (p *pass) editValues(v rapt.Tensor[float32]) {
	e := p.edit()
	if e == nil {
		return
	}
	for _, z := range e.ZeroValues {
		if !covers(z.Layer, p.layer) {
			continue
		}
		for s := range p.batch {
			for h := range v.Heads {
				clear(row(v, p.starts[s]+z.Token, h))
			}
		}
	}
}

// editZ zeroes heads of z [1][tokens][heads][headDim] in the layer at hand.
func (p *pass) editZ(z rapt.Tensor[float32]) {
	e := p.edit()
	if e == nil {
		return
	}
	for _, off := range e.HeadsOff {
		if !covers(off.Layer, p.layer) {
			continue
		}
		for h := range z.Heads {
			for i := range z.Seq {
				if covers(off.Head, h) {
					clear(row(z, i, h))
				}
			}
		}
	}
}

// row is the vector of one position and head of the first batch entry.
func row(t rapt.Tensor[float32], i, head int) []float32 {
	at := i*t.SeqStride + head*t.HeadStride
	return t.Data[at : at+t.Dim]
}

// cuts is the mask of the layer at hand, as rapt.Options takes it; nil where nothing is cut.
func (p *pass) cuts() func(keep []bool, at rapt.Segment) {
	e := p.edit()
	if e == nil {
		return nil
	}
	var here []Cut
	for _, c := range e.Cuts {
		if covers(c.Layer, p.layer) {
			here = append(here, c)
		}
	}
	if here == nil {
		return nil
	}
	return func(keep []bool, at rapt.Segment) {
		for _, c := range here {
			if n := c.Key - at.FirstKey; c.Query == at.Query && covers(c.Head, at.Head) && n >= 0 && n < len(keep) {
				keep[n] = false
			}
		}
	}
}

// RunLayer runs one layer alone, on what enters it, [seq][dim] of one sequence, and gives what leaves it. Taps, which may
// have an Edit, are those of Forward.
func (m *Model) RunLayer(ctx context.Context, layer int, hidden []float32, taps *Taps) ([]float32, error) {
	release, err := m.acquire()
	if err != nil {
		return nil, err
	}
	defer release()
	if layer < 0 || layer >= m.info.NumLayers {
		return nil, fmt.Errorf("layer %d: the model has layers 0 to %d", layer, m.info.NumLayers-1)
	}
	if len(hidden) == 0 || len(hidden)%m.info.ModelDim != 0 {
		return nil, fmt.Errorf("%d hidden numbers are no whole rows of %d", len(hidden), m.info.ModelDim)
	}
	batch := []Sequence{{IDs: make([]int, len(hidden)/m.info.ModelDim)}}
	if err := check(&m.info, batch, taps); err != nil {
		return nil, err
	}
	t := team.Start(0)
	defer t.Stop()
	p := newPass(ctx, &m.info, batch, taps, t)
	defer p.release()
	if err := p.enter(layer); err != nil {
		return nil, err
	}
	copy(p.x.data, hidden)
	if err := m.network.layers[layer].forward(p); err != nil {
		return nil, err
	}
	p.tap(Residual, p.x.data, m.info.ModelDim)
	return slices.Clone(p.x.data), nil
}
