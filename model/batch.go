package model

import (
	"context"
	"slices"
	"sync"

	"github.com/rapt-go/rapt/internal/team"
)

// A part is some of the sequences of a batch, which one thread computes on its own. Its activations stay in that
// thread's caches, and it waits for nobody; but each part expands all parameters once more.
type part struct {
	from []int // where in the batch each sequence is
	list []Sequence
}

const (
	// fewestTokens is the number of tokens for which expanding the parameters costs a thread no more than sharing the
	// layers with others would.
	fewestTokens = 96

	// mostTokens is a number of tokens whose activations a second-level cache holds, more or less.
	mostTokens = 256

	// partsPerThread is how many parts there are for each thread at least, so that none waits long for the last.
	partsPerThread = 4
)

// divide makes parts of a batch, of sequences of about the same length, the longest first. It gives nil where there are
// too few tokens for so many threads: then the threads share each layer.
func divide(batch []Sequence, threads int) []part {
	all := tokens(batch)
	size := min(mostTokens, all/(partsPerThread*threads))
	if threads > 1 && size < fewestTokens || threads == 1 && all <= mostTokens {
		return nil
	}
	order := make([]int, len(batch))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return len(batch[b].IDs) - len(batch[a].IDs) })
	list := make([]Sequence, len(batch))
	for i, s := range order {
		list[i] = batch[s]
	}
	var parts []part
	for first, i, n := 0, 0, 0; i < len(list); {
		n += len(list[i].IDs)
		i++
		if i == len(list) || n+len(list[i].IDs) > size {
			parts = append(parts, part{order[first:i], list[first:i]})
			first, n = i, 0
		}
	}
	return parts
}

// A partsStep runs the network over one part as a piece.
type partsStep struct {
	ctx   context.Context
	model *Model
	parts []part
	take  taker

	mu  sync.Mutex
	err error // the first
}

// runParts runs the network over all parts.
func (m *Model) runParts(ctx context.Context, parts []part, take taker, t *team.Team) error {
	m.network.prepare(t)
	s := &partsStep{ctx: ctx, model: m, parts: parts, take: take}
	t.Run(s, len(parts))
	return s.err
}

func (s *partsStep) Do(piece, _ int) {
	part := s.parts[piece]
	p := newPass(s.ctx, &s.model.info, part.list, nil, team.Alone)
	defer p.release()
	if err := s.model.network.forward(p); err != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.err == nil {
			s.err = err
		}
		return
	}
	for i, at := range part.from {
		s.take(at, p.lastHidden(i), team.Alone)
	}
}
