package model

import (
	"context"
	"fmt"

	"github.com/rapt-go/rapt/internal/team"
)

// Extend runs new tokens of one or more sequences, each after those that its state has, and adds them to the states. It
// gives what Forward of the whole sequences gives for these tokens, within the rounding of float32, and the same to the
// bit whatever else is in the batch. Taps show the new tokens; scores and weights have a column for every key of the
// sequence, [head][new token][all tokens]. They can't have an Edit.
//
// After an error the states are as before.
func (m *Model) Extend(ctx context.Context, states []*State, batch []Sequence, taps *Taps) (*Output, error) {
	release, err := m.acquire()
	if err != nil {
		return nil, err
	}
	defer release()
	if err := m.checkExtend(states, batch, taps); err != nil {
		return nil, err
	}
	t := team.Start(0)
	defer t.Stop()
	if err := m.plan(ctx, states, batch, t); err != nil {
		return nil, err
	}
	out := &Output{Hidden: make([][]float32, len(batch))}
	err = m.extend(ctx, states, batch, taps, t, func(s int, hidden []float32) {
		out.Hidden[s] = append([]float32(nil), hidden...)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// chunkTokens is how many tokens Next runs at a time: enough that expanding the parameters for them costs little, and
// few enough that their activations don't take much memory.
const chunkTokens = 512

// Next runs new tokens as Extend does and scores the vocabulary for the token that comes after the last of each sequence.
// Long beginnings are run a few hundred tokens at a time: taps then come up for each of these parts, one after the other,
// and Tap.Start says where in its sequence a part begins.
//
// After an error a state may have some of its new tokens: its length says how many.
func (m *Model) Next(ctx context.Context, states []*State, batch []Sequence, taps *Taps) (logits [][]float32, err error) { // [batch][vocab]
	release, err := m.acquire()
	if err != nil {
		return nil, err
	}
	defer release()
	if !m.info.HasHead {
		return nil, errNoHead
	}
	if err := m.checkExtend(states, batch, taps); err != nil || len(batch) == 0 {
		return nil, err
	}
	t := team.Start(0)
	defer t.Stop()
	if err := m.plan(ctx, states, batch, t); err != nil {
		return nil, err
	}
	dim, vocab := m.info.ModelDim, m.info.VocabSize
	last := make([]float32, len(batch)*dim)
	err = m.inChunks(ctx, states, batch, taps, t, func(s int, hidden []float32) {
		copy(last[s*dim:(s+1)*dim], hidden[len(hidden)-dim:])
	})
	if err != nil {
		return nil, err
	}
	all, err := m.logits(t, last)
	if err != nil {
		return nil, err
	}
	for s := range batch {
		logits = append(logits, all[s*vocab:(s+1)*vocab:(s+1)*vocab])
	}
	return logits, nil
}

// inChunks extends states by chunkTokens at a time of all sequences together. take may see a sequence several times.
func (m *Model) inChunks(ctx context.Context, states []*State, batch []Sequence, taps *Taps, t *team.Team, take func(s int, hidden []float32)) error {
	done := make([]int, len(batch)) // tokens of each sequence
	for {
		var at []int // in batch
		var list []Sequence
		var of []*State
		room := chunkTokens
		for s := range batch {
			if n := min(room, len(batch[s].IDs)-done[s]); n > 0 {
				at, of, list = append(at, s), append(of, states[s]), append(list, Sequence{IDs: batch[s].IDs[done[s]:][:n]})
				room -= n
				done[s] += n
			}
		}
		if at == nil {
			return nil
		}
		err := m.extend(ctx, of, list, taps.at(at), t, func(s int, hidden []float32) { take(at[s], hidden) })
		if err != nil {
			return err
		}
	}
}

// at is the taps of some sequences of a batch, of which the caller knows the first as at[0].
func (t *Taps) at(at []int) *Taps {
	if t == nil {
		return nil
	}
	some := *t
	if t.Visit != nil {
		some.Visit = func(tap Tap) {
			tap.Seq = at[tap.Seq]
			t.Visit(tap)
		}
	}
	if t.looks != nil {
		some.looks = nil
		for _, s := range at {
			some.looks = append(some.looks, t.looks[s])
		}
	}
	return &some
}

// extend runs tokens after those of the states and adds them.
func (m *Model) extend(ctx context.Context, states []*State, batch []Sequence, taps *Taps, t *team.Team, take func(s int, hidden []float32)) error {
	if len(batch) == 0 {
		return nil
	}
	if pool := poolOf(states); pool != nil {
		if err := pool.begin(states, batch); err != nil {
			return err
		}
		defer pool.end()
	}
	p := newPass(ctx, &m.info, batch, taps, t)
	defer p.release()
	p.states = states
	network := m.network
	if network.decoder != nil {
		network = network.decoder
	}
	if err := network.forwardStack(p); err != nil {
		return err
	}
	for s, state := range states {
		state.len += len(batch[s].IDs)
		if m.network.original > 0 {
			state.ids = append(state.ids, batch[s].IDs...)
		}
		take(s, p.sequence(p.x.data, s))
	}
	return nil
}

// plan notes how long the sequences are going to be. Rotary frequencies may depend on that (LongRoPE): what a state has
// was computed with those of the length that was planned then, and is computed again where they are others now.
func (m *Model) plan(ctx context.Context, states []*State, batch []Sequence, t *team.Team) error {
	for s, state := range states {
		length, original := state.len+len(batch[s].IDs), m.network.original
		if original == 0 || state.len == 0 || (state.planned > original) == (length > original) {
			state.planned = length
			continue
		}
		again := state.empty()
		again.planned = length
		err := m.inChunks(ctx, []*State{again}, []Sequence{{IDs: state.ids}}, nil, t, func(int, []float32) {})
		if err == nil {
			state.planned = length
			state.layers, again.layers = again.layers, state.layers
			if state.paged != nil {
				state.paged.layers, again.paged.layers = again.paged.layers, state.paged.layers
			}
		}
		again.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// poolOf is the pool of the first state that is of one, which is that of all others too; or nil.
func poolOf(states []*State) *Pool {
	for _, s := range states {
		if s != nil && s.paged != nil {
			return s.paged.pool
		}
	}
	return nil
}

// checkExtend says what is wrong with new tokens for states.
func (m *Model) checkExtend(states []*State, batch []Sequence, taps *Taps) error {
	if len(states) != len(batch) {
		return fmt.Errorf("there are %d states for %d sequences", len(states), len(batch))
	}
	if decodes(batch) {
		return fmt.Errorf("there are ids for a decoder; its new tokens are IDs here")
	}
	if taps != nil && taps.Edit != nil {
		return fmt.Errorf("an edit needs the whole sequence; it can't be made where a state has the beginning of it")
	}
	if err := check(&m.info, batch, taps); err != nil {
		return err
	}
	seen := map[*State]int{}
	for s, state := range states {
		switch first, twice := seen[state]; {
		case state == nil || state.model != m:
			return fmt.Errorf("state %d isn't one of this model", s)
		case twice:
			return fmt.Errorf("states %d and %d are the same", first, s)
		case state.closed:
			return fmt.Errorf("state %d is closed", s)
		case state.paged != nil && state.paged.pool != poolOf(states):
			return fmt.Errorf("state %d is of another pool than those before it", s)
		case state.len > m.info.MaxSeqLen-len(batch[s].IDs):
			return fmt.Errorf("sequence %d has %d tokens and %d new ones; the model takes at most %d",
				s, state.len, len(batch[s].IDs), m.info.MaxSeqLen)
		}
		seen[state] = s
	}
	return nil
}
