package model

import (
	"context"
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
