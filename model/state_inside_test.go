package model

import (
	"context"
	"slices"
	"testing"
)

// A layer with a window keeps two windows at most, or the window and what was added last, each and the rest of a page.
func TestStateBounded(t *testing.T) {
	m, err := Open("testdata/mistral")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	const window, part = 5, 3
	s, err := m.NewState()
	if err != nil {
		t.Fatal(err)
	}
	for range 42 {
		if _, err := m.Extend(context.Background(), []*State{s}, []Sequence{{IDs: make([]int, part)}}, nil); err != nil {
			t.Fatal(err)
		}
		for i, c := range s.layers {
			if room := cap(c.rows.data) / c.rows.stride; room > 2*(window+pageLen) {
				t.Fatalf("layer %d has room for %d positions after %d tokens, expected at most %d", i, room, s.Len(), 2*(window+pageLen))
			}
		}
	}
}

// The pool of a batch has room for all tokens that may come, and no more.
func TestPoolFor(t *testing.T) {
	m, err := Open("testdata/llama")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	const newTokens = 59
	prompts := []Sequence{{IDs: make([]int, 5)}, {IDs: make([]int, 40)}, {IDs: make([]int, 100)}} // of 128 at most
	p, err := m.poolFor(prompts, newTokens)
	if err != nil {
		t.Fatal(err)
	}
	batch := slices.Clone(prompts)
	var states []*State
	for range prompts {
		s, err := p.NewState()
		if err != nil {
			t.Fatal(err)
		}
		states = append(states, s)
	}
	for range newTokens {
		if _, err := m.Extend(context.Background(), states, batch, nil); err != nil {
			t.Fatal(err)
		}
		states = slices.DeleteFunc(states, func(s *State) bool { return s.len == m.info.MaxSeqLen })
		batch = slices.Repeat([]Sequence{{IDs: []int{1}}}, len(states))
	}
	if want := (2 + 4 + 4) * m.info.NumLayers; p.enough != want || p.pages != want {
		t.Errorf("the pool has %d pages, and %d are said to be enough, expected %d", p.pages, p.enough, want)
	}
	if p, err = m.poolFor(prompts, 0); err != nil || p.enough != 3*4*m.info.NumLayers {
		t.Errorf("%v, and %d pages are enough for three whole contexts, expected %d", err, p.enough, 3*4*m.info.NumLayers)
	}
}
