package lens

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/rapt-go/rapt/model"
)

// TestTakeRows holds rows against the maps, plain and with an edge cut and a head off.
func TestTakeRows(t *testing.T) {
	m, s := causal(t)
	for name, edit := range map[string]*model.Edit{
		"plain": nil,
		"edited": {HeadsOff: []model.HeadAt{{Layer: 0, Head: 1}},
			Cuts: []model.Cut{{Layer: model.All, Head: model.All, Query: 30, Key: 12}}},
	} {
		t.Run(name, func(t *testing.T) {
			queries := []int{59, 0, 30}
			rows, err := TakeRows(t.Context(), m, s, edit, queries)
			if err != nil {
				t.Fatal(err)
			}
			trace, err := m.Trace(t.Context(), s, model.Want{Weights: true, Edit: edit})
			if err != nil {
				t.Fatal(err)
			}
			for l := range rows.NumLayers {
				for h := range rows.NumHeads {
					for r, i := range queries {
						for j, w := range trace.Attention.Row(l, h, i) {
							near(t, "weight", float64(rows.Row(l, h, r)[j]), float64(w), 1e-6)
						}
					}
				}
			}
			if cut := rows.Row(1, 0, 2)[12]; (cut == 0) != (edit != nil) {
				t.Errorf("30 → 12 is %v", cut)
			}
		})
	}
}

func TestTakeRowsErrors(t *testing.T) {
	m, s := causal(t)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := TakeRows(ended, m, s, nil, []int{1}); !errors.Is(err, context.Canceled) {
		t.Errorf("after the context's end: %v", err)
	}
	for want, queries := range map[string][]int{"no queries": nil, "query 60": {3, 60}} {
		if _, err := TakeRows(t.Context(), m, s, nil, queries); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, expected %q in it", err, want)
		}
	}
}
