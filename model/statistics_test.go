package model_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/rapt-go/rapt"
	"github.com/rapt-go/rapt/model"
)

// ids are so many ids of a small vocabulary.
func ids(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = 5 + i*i%50
	}
	return list
}

// TestStatistics holds what Statistics gathers against the weights that Trace keeps, in models whose layers see everything,
// what comes before, and windows of that; with capped scores, sinks, and heads that share keys.
func TestStatistics(t *testing.T) {
	for _, name := range []string{"bert", "mpnet", "modernbert", "gpt2", "llama", "mistral", "gemma2", "gpt_oss"} {
		t.Run(name, func(t *testing.T) {
			m := load(t, name, "config.json")
			s := model.Sequence{IDs: ids(min(40, m.Info().MaxSeqLen))}
			for _, edit := range []*model.Edit{nil, {Cuts: []model.Cut{{Layer: model.All, Head: 1, Query: 9, Key: 3}}}} {
				checkStatistics(t, m, s, edit)
			}
		})
	}
}

func checkStatistics(t *testing.T, m *model.Model, s model.Sequence, edit *model.Edit) {
	t.Helper()
	trace, err := m.Trace(context.Background(), s, model.Want{Weights: true, Edit: edit})
	if err != nil {
		t.Fatal(err)
	}
	a, n := trace.Attention, len(s.IDs)
	queries, visited := []int{0, 9, n - 1, 9}, 0
	stats := rapt.NewStats(1, a.NumHeads, n, n, 0)
	g := model.Gather{Edit: edit, Queries: queries, Stats: func(int) *rapt.Stats { return stats }}
	g.Visit = func(layer int, got *rapt.Stats, rows []float32) error {
		if layer != visited || got != stats {
			t.Fatalf("layer %d comes after %d", layer, visited-1)
		}
		visited++
		for h := range a.NumHeads {
			var received [40]float64
			for i := range n {
				var entropy float64
				for j, w := range a.Row(layer, h, i) {
					received[j] += float64(w)
					if w > 0 {
						entropy -= float64(w) * math.Log(float64(w))
					}
				}
				if got := float64(stats.Entropy[h*n+i]); math.Abs(got-entropy) > 1e-5 {
					t.Fatalf("layer %d head %d: the entropy of query %d is %v, expected %v", layer, h, i, got, entropy)
				}
			}
			for j, want := range received[:n] {
				if got := stats.Received[h*n+j]; math.Abs(got-want) > 1e-5 {
					t.Fatalf("layer %d head %d: key %d receives %v, expected %v", layer, h, j, got, want)
				}
			}
			for r, query := range queries {
				for j, want := range a.Row(layer, h, query) {
					if got := rows[(h*len(queries)+r)*n+j]; math.Abs(float64(got-want)) > 1e-6 {
						t.Fatalf("layer %d head %d: the weight of %d on %d is %v, expected %v", layer, h, query, j, got, want)
					}
				}
			}
		}
		return nil
	}
	if err := m.Statistics(context.Background(), s, g); err != nil {
		t.Fatal(err)
	}
	if visited != a.NumLayers {
		t.Errorf("%d layers were visited, expected %d", visited, a.NumLayers)
	}
	rows, err := m.WeightRows(context.Background(), s, edit, a.NumLayers-1, []int{9})
	if err != nil {
		t.Fatal(err)
	}
	for h := range a.NumHeads {
		for j, want := range a.Row(a.NumLayers-1, h, 9) {
			if got := rows[h*n+j]; math.Abs(float64(got-want)) > 1e-6 {
				t.Fatalf("WeightRows: head %d gives %v to key %d, expected %v", h, got, j, want)
			}
		}
	}
}

// TestStatisticsForward holds the last hidden states of a run with statistics against those of one without, to the bit: the
// layers after the first see what it has done.
func TestStatisticsForward(t *testing.T) {
	m := load(t, "llama", "config.json")
	s := model.Sequence{IDs: ids(30)}
	gather := func(wanted bool) (rows []float32) {
		g := model.Gather{Queries: []int{29}, Visit: func(_ int, _ *rapt.Stats, found []float32) error {
			rows = append(rows, found...)
			return nil
		}}
		if wanted {
			g.Stats = func(int) *rapt.Stats { return &rapt.Stats{Entropy: make([]float32, m.Info().NumHeads*30)} }
		}
		if err := m.Statistics(context.Background(), s, g); err != nil {
			t.Fatal(err)
		}
		return rows
	}
	if !slices.Equal(gather(true), gather(false)) {
		t.Error("the weights of the last query depend on whether statistics are gathered")
	}
}

func TestStatisticsErrors(t *testing.T) {
	m := load(t, "bert", "config.json")
	s, stop := model.Sequence{IDs: ids(10)}, errors.New("enough")
	visit := func(int, *rapt.Stats, []float32) error { return stop }
	if err := m.Statistics(context.Background(), s, model.Gather{Visit: visit}); err != stop {
		t.Errorf("the error is %v, expected that of Visit", err)
	}
	for want, run := range map[string]func() error{
		"query 10: the sequence has tokens 0 to 9": func() error {
			return m.Statistics(context.Background(), s, model.Gather{Visit: visit, Queries: []int{3, 10}})
		},
		"Stats.Entropy has 3 elements, expected 40": func() error {
			return m.Statistics(context.Background(), s, model.Gather{Visit: visit,
				Stats: func(int) *rapt.Stats { return &rapt.Stats{Entropy: make([]float32, 3)} }})
		},
		"layer 7: the model has layers 0 to": func() error {
			_, err := m.WeightRows(context.Background(), s, nil, 7, []int{0})
			return err
		},
		"the sequence is empty": func() error {
			return m.Statistics(context.Background(), model.Sequence{}, model.Gather{Visit: visit})
		},
	} {
		if err := run(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, expected %q", err, want)
		}
	}
}
