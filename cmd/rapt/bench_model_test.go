package main

import (
	"testing"

	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/minilm"
)

// The work of a case is counted by hand: this compares it with the model's own numbers.
func TestModelCases(t *testing.T) {
	m, err := minilm.Load()
	if err != nil {
		t.Fatal(err)
	}
	info := m.Info()
	const n = 128
	matrices := info.ModelDim * (4*info.NumHeads*info.HeadDim + 2*info.MLPDim)
	want := float64(info.NumLayers * (2*n*matrices + 4*n*n*info.NumHeads*info.HeadDim))
	if got := miniLMFlops(sequences(1, n)); got != want {
		t.Errorf("%v operations for %d tokens, expected %v", got, n, want)
	}
	texts, lengths := sentences(300)
	shortest, longest := 60, 0
	for i, text := range texts {
		s, err := m.Sequence(text, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(s.IDs) != len(lengths[i].IDs) {
			t.Errorf("%q has %d tokens, counted as %d", text, len(s.IDs), len(lengths[i].IDs))
		}
		shortest, longest = min(shortest, len(s.IDs)), max(longest, len(s.IDs))
	}
	if shortest != 5 || longest < 50 || longest > 60 {
		t.Errorf("sentences have %d to %d tokens", shortest, longest)
	}
	if _, err := m.Embed(t.Context(), []model.Sequence{sequences(1, 256)[0]}); err != nil {
		t.Error(err)
	}
}
