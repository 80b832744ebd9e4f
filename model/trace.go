package model

import (
	"context"
	"slices"
)

// A Trace is what happened to one sequence on its way through a model.
type Trace struct {
	Attention *Attention // nil unless wanted
	Pooled    []float32  // [dim]; nil where the model has no pooler

	// Logits score the vocabulary, from the hidden states of the decoder where there is one beside an encoder; nil unless
	// wanted, and where the model has no head or its decoder nothing to do.
	Logits []float32 // [seq·vocab]

	// Hidden has what enters layer 0 and then what leaves each layer, the last after the norm that follows where there is
	// one, as transformers gives them; nil unless wanted.
	Hidden [][]float32 // [layer+1][seq·dim]

	// Of a sequence with DecoderIDs: the attention of the decoder's tokens among themselves and to those of the encoder, and
	// their hidden states.
	DecoderAttention, CrossAttention *Attention
	DecoderHidden                    [][]float32 // [decoder layer+1][decoder seq·dim]
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
		switch {
		case tap.Point == Weights || tap.Point == CrossWeights: // they are in their place already
		case tap.Decoder:
			t.DecoderHidden = append(t.DecoderHidden, slices.Clone(tap.Data))
		default:
			t.Hidden = append(t.Hidden, slices.Clone(tap.Data))
		}
	}}
	if err := check(&m.info, []Sequence{s}, taps); err != nil {
		return nil, err
	}
	if w.Weights {
		t.makeRoom(&m.info, s, taps, w.Reuse)
	}
	if w.Hidden {
		taps.Points = append(taps.Points, Embedding, Residual)
	}
	out, err := m.Forward(ctx, []Sequence{s}, taps)
	if err != nil {
		return nil, err
	}
	scored := out.Hidden[0]
	if m.info.NumDecoderLayers > 0 {
		scored = nil
	}
	if w.Hidden {
		t.Hidden[len(t.Hidden)-1] = out.Hidden[0]
	}
	if out.DecoderHidden != nil {
		scored = out.DecoderHidden[0]
		if w.Hidden {
			t.DecoderHidden[len(t.DecoderHidden)-1] = scored
		}
	}
	if out.Pooled != nil {
		t.Pooled = out.Pooled[0]
	}
	if w.Logits && m.info.HasHead && scored != nil {
		t.Logits, err = m.Logits(scored)
	}
	return t, err
}

// makeRoom makes room for the weights, and has the taps fill it.
func (t *Trace) makeRoom(info *Info, s Sequence, taps *Taps, reuse *Trace) {
	room := func(layers, queries, keys int) *Attention {
		a := &Attention{NumLayers: layers, NumHeads: info.NumHeads, QueryLen: queries, KeyLen: keys}
		a.Weights = reuse.memory(layers * info.NumHeads * queries * keys)
		return a
	}
	n, m := len(s.IDs), len(s.DecoderIDs)
	t.Attention = room(info.NumLayers, n, n)
	taps.Points, taps.weights = append(taps.Points, Weights), t.Attention.Weights
	if m > 0 {
		t.DecoderAttention, t.CrossAttention = room(info.NumDecoderLayers, m, m), room(info.NumDecoderLayers, m, n)
		taps.Points = append(taps.Points, CrossWeights)
		taps.decoderWeights, taps.crossWeights = t.DecoderAttention.Weights, t.CrossAttention.Weights
	}
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
