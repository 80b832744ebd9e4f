package model

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/rapt-go/rapt/internal/team"
)

// Output is what a model makes of a batch.
type Output struct {
	Hidden [][]float32 // [batch][seq·dim]: the last layer's output, a row for each token
	Pooled [][]float32 // [batch][dim], from the first token; nil where the model has no pooler

	DecoderHidden [][]float32 // [batch][decoder seq·dim]: Hidden of the decoder; nil where the batch has no ids for one
}

// Forward runs the model over a batch of sequences, which may differ in length; nil taps show nothing. What is wrong
// with a sequence is an error before anything is computed. The context is looked at between layers.
//
// Any number of goroutines may call it at once. Alone it works on GOMAXPROCS threads; a long batch without taps is
// divided into parts that each stay with one thread.
func (m *Model) Forward(ctx context.Context, batch []Sequence, taps *Taps) (*Output, error) {
	release, err := m.acquire()
	if err != nil {
		return nil, err
	}
	defer release()
	if err := check(&m.info, batch, taps); err != nil {
		return nil, err
	}
	out := &Output{}
	if len(batch) == 0 {
		return out, nil
	}
	out.Hidden = make([][]float32, len(batch))
	all := make([]float32, tokens(batch)*m.info.ModelDim)
	for s := range batch {
		n := len(batch[s].IDs) * m.info.ModelDim
		out.Hidden[s], all = all[:n:n], all[n:]
	}
	if m.info.HasPooler {
		out.Pooled = make([][]float32, len(batch))
	}
	if decodes(batch) {
		out.DecoderHidden = make([][]float32, len(batch))
	}
	err = m.run(ctx, batch, taps, func(s int, hidden lastHidden, t *team.Team) {
		copy(out.Hidden[s], hidden.rows)
		if m.info.HasPooler {
			out.Pooled[s] = m.network.pool(t, hidden.rows)
		}
		if hidden.decoder != nil {
			out.DecoderHidden[s] = slices.Clone(hidden.decoder)
		}
	})
	if err != nil {
		return nil, err
	}
	for _, pooled := range out.Pooled {
		if err := checkResult("the pooler", pooled); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// tokens is the number of tokens of a batch.
func tokens(batch []Sequence) (n int) {
	for _, s := range batch {
		n += len(s.IDs)
	}
	return n
}

// lastHidden are the last hidden states of a sequence, valid as long as their pass.
type lastHidden struct {
	rows    []float32 // [seq][dim]
	decoder []float32 // [decoder seq][dim]; nil where no decoder has run
}

// lastHidden is what a pass over a network has left of sequence s.
func (p *pass) lastHidden(s int) lastHidden {
	last := lastHidden{rows: p.sequence(p.x.data, s)}
	if p.decoder != nil {
		last.decoder = p.decoder.sequence(p.decoder.x.data, s)
	}
	return last
}

// A taker takes the last hidden states of sequence s of a batch, which are valid during the call only. Takers of
// different sequences may be called at once. The team may be used.
type taker func(s int, hidden lastHidden, t *team.Team)

// run runs the network over a batch that was checked.
func (m *Model) run(ctx context.Context, batch []Sequence, taps *Taps, take taker) error {
	t := team.Start(0)
	defer t.Stop()
	if taps == nil {
		if parts := divide(batch, t.Size()); parts != nil {
			return m.runParts(ctx, parts, take, t)
		}
	}
	p := newPass(ctx, &m.info, batch, taps, t)
	defer p.release()
	if err := m.network.forward(p); err != nil {
		return err
	}
	for s := range batch {
		take(s, p.lastHidden(s), t)
	}
	return nil
}

var errNoHead = errors.New("the model has no head that scores the vocabulary")

// Logits scores the vocabulary from rows of last hidden states, which may be all of a sequence's or the few that
// matter: of the decoder's where there is one beside an encoder. It is an error where the model has no head for that.
func (m *Model) Logits(hidden []float32) ([]float32, error) { // [n][dim] → [n][vocab]
	release, err := m.acquire()
	if err != nil {
		return nil, err
	}
	defer release()
	if !m.info.HasHead {
		return nil, errNoHead
	}
	if len(hidden)%m.info.ModelDim != 0 {
		return nil, fmt.Errorf("%d hidden numbers are no whole rows of %d", len(hidden), m.info.ModelDim)
	}
	t := team.Start(0)
	defer t.Stop()
	return m.logits(t, hidden)
}

// logits are the head's, of a model that has one.
func (m *Model) logits(t *team.Team, hidden []float32) ([]float32, error) { // [n][dim] → [n][vocab]
	logits := m.network.head.forward(t, hidden)
	return logits, checkResult("the head", logits)
}
