package model

import (
	"context"
	"fmt"
	"math"
)

// Output is what a model makes of a batch.
type Output struct {
	Hidden [][]float32 // [batch][seq·dim]: the last layer's output, a row for each token
	Pooled [][]float32 // [batch][dim], from the first token; nil where the model has no pooler
}

// Forward runs the model over a batch of sequences, which may differ in length; nil taps show nothing. What is wrong
// with a sequence is an error before anything is computed. The context is looked at between layers.
func (m *Model) Forward(ctx context.Context, batch []Sequence, taps *Taps) (*Output, error) {
	release, err := m.acquire()
	if err != nil {
		return nil, err
	}
	defer release()
	p, err := newPass(ctx, &m.info, batch, taps)
	if err != nil {
		return nil, err
	}
	out := &Output{}
	if len(batch) == 0 {
		return out, nil
	}
	hidden, err := m.network.forward(p)
	if err != nil {
		return nil, err
	}
	for s := range batch {
		rows := p.rows(hidden, s)
		out.Hidden = append(out.Hidden, rows)
		if m.info.HasPooler {
			out.Pooled = append(out.Pooled, m.network.pool(rows))
		}
	}
	return out, nil
}

// Logits scores the vocabulary from rows of last hidden states, which may be all of a sequence's or the few that
// matter. It is an error where the model has no head for that.
func (m *Model) Logits(hidden []float32) ([]float32, error) { // [n][dim] → [n][vocab]
	release, err := m.acquire()
	if err != nil {
		return nil, err
	}
	defer release()
	if !m.info.HasHead {
		return nil, fmt.Errorf("the model has no head that scores the vocabulary")
	}
	if len(hidden)%m.info.ModelDim != 0 {
		return nil, fmt.Errorf("%d hidden numbers are no whole rows of %d", len(hidden), m.info.ModelDim)
	}
	return m.network.head.forward(hidden), nil
}

// Embed gives an embedding of each sequence: the mean of the last hidden states over all of its tokens, scaled to
// length 1, as all-MiniLM-L6-v2 and most models of sentence-transformers are used. Other ways of pooling, which such a
// model names in modules.json, are not supported yet.
func (m *Model) Embed(ctx context.Context, batch []Sequence) ([][]float32, error) { // [batch][dim]
	out, err := m.Forward(ctx, batch, nil)
	if err != nil {
		return nil, err
	}
	embeddings := make([][]float32, len(batch))
	for s, hidden := range out.Hidden {
		embeddings[s] = unit(columnSums(hidden, m.info.ModelDim))
	}
	return embeddings, nil
}

// columnSums adds up rows of length dim. The mean has the same direction.
func columnSums(rows []float32, dim int) []float64 {
	sums := make([]float64, dim)
	for i, v := range rows {
		sums[i%dim] += float64(v)
	}
	return sums
}

// unit is v/‖v‖; a v of zeros stays as it is.
func unit(v []float64) []float32 {
	var squares float64
	for _, x := range v {
		squares += x * x
	}
	length := math.Sqrt(squares)
	if length == 0 {
		length = 1
	}
	u := make([]float32, len(v))
	for i, x := range v {
		u[i] = float32(x / length)
	}
	return u
}
