package model

import (
	"context"
	"slices"
)

// A Trace is what happened to one sequence on its way through a model.
type Trace struct {
	Attention *Attention // nil unless wanted
	Pooled    []float32  // [dim]; nil where the model has no pooler
	Logits    []float32  // [seq·vocab]; nil unless wanted and where the model has no head

	// Hidden has what enters layer 0 and then what leaves each layer, the last after the norm that follows where there is
	// one, as transformers gives them; nil unless wanted.
	Hidden [][]float32 // [layer+1][seq·dim]
}

// Want says what Trace keeps.
type Want struct {
	Weights, Hidden, Logits bool

	Edit *Edit // what is switched off on the way; nil: nothing

	// Reuse is an earlier trace whose weights aren't needed any more, and whose memory takes the new ones if they fit. For a
	// few hundred tokens fresh memory costs as much time as the weights themselves.
	Reuse *Trace
}

// Attention has the weights of every layer and head. A row of weights is a query's: how it shares its attention among
// the keys.
type Attention struct {
	NumLayers, NumHeads, QueryLen, KeyLen int

	Weights []float32 // [layer][head][query][key]
}

// Map is the part of one head, [query][key]. It aliases Weights.
func (a *Attention) Map(layer, head int) []float32 {
	size := a.QueryLen * a.KeyLen
	at := (layer*a.NumHeads + head) * size
	return a.Weights[at : at+size : at+size]
}

// Row is the part of one query, [key]. It aliases Weights.
func (a *Attention) Row(layer, head, query int) []float32 {
	at := query * a.KeyLen
	return a.Map(layer, head)[at : at+a.KeyLen : at+a.KeyLen]
}

// Trace runs the model over one sequence and keeps what is wanted.
func (m *Model) Trace(ctx context.Context, s Sequence, w Want) (*Trace, error) {
	t := &Trace{}
	taps := &Taps{Edit: w.Edit, Visit: func(tap Tap) {
		if tap.Point != Weights { // they are in their place already
			t.Hidden = append(t.Hidden, slices.Clone(tap.Data))
		}
	}}
	if err := check(&m.info, []Sequence{s}, taps); err != nil {
		return nil, err
	}
	if w.Weights {
		n := len(s.IDs)
		t.Attention = &Attention{
			NumLayers: m.info.NumLayers, NumHeads: m.info.NumHeads, QueryLen: n, KeyLen: n,
			Weights: w.Reuse.memory(m.info.NumLayers * m.info.NumHeads * n * n),
		}
		taps.Points, taps.weights = append(taps.Points, Weights), t.Attention.Weights
	}
	if w.Hidden {
		taps.Points = append(taps.Points, Embedding, Residual)
	}
	out, err := m.Forward(ctx, []Sequence{s}, taps)
	if err != nil {
		return nil, err
	}
	if w.Hidden {
		t.Hidden[len(t.Hidden)-1] = out.Hidden[0]
	}
	if out.Pooled != nil {
		t.Pooled = out.Pooled[0]
	}
	if w.Logits && m.info.HasHead {
		if t.Logits, err = m.Logits(out.Hidden[0]); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// memory is room for so many weights: those of t, which is then without, or new ones.
func (t *Trace) memory(n int) []float32 {
	if t == nil || t.Attention == nil || cap(t.Attention.Weights) < n {
		return make([]float32, n)
	}
	weights := t.Attention.Weights[:n]
	t.Attention = nil
	return weights
}
