package figure

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rapt-go/rapt/lens"
)

// back is attention of a model that looks back only, over words with a blank before all but the first: the nearer, the
// more, and a sink on the first in head 1.
func back(t *testing.T, words int) Subject {
	t.Helper()
	pieces := make([]lens.Piece, words)
	for i := range pieces {
		pieces[i] = lens.Piece{ID: i, Text: fmt.Sprintf("␣w%d", i)}
	}
	pieces[0].Text = "w0"
	var weights []float32
	for head := range 2 {
		for i := range words {
			row, sum := make([]float64, words), 0.0
			for j := range i + 1 {
				row[j] = 1 / float64(1+i-j)
				if head == 1 && j == 0 {
					row[j] += 4
				}
				sum += row[j]
			}
			for _, w := range row {
				weights = append(weights, float32(w/sum))
			}
		}
	}
	return subject(t, 1, 2, weights, pieces)
}

// What comes later is left blank, and a first token that is a sink is called that.
func TestCausalPictures(t *testing.T) {
	sink := &Look{Subject: back(t, 8), Head: lens.Head{Head: 1}, NoSpecial: true}
	for name, c := range map[string]struct {
		look   *Look
		screen Screen
	}{
		"causal":        {&Look{Subject: back(t, 8), Head: lens.Head{Head: 1}}, Screen{}},
		"causal_hidden": {sink, Screen{}},
		"causal_40":     {&Look{Subject: back(t, 40)}, Screen{}},
		"causal_40_256": {&Look{Subject: back(t, 40)}, Screen{Color: ANSI256}},
	} {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			if err := c.look.Print(&b, c.screen); err != nil {
				t.Fatal(err)
			}
			compare(t, filepath.Join("testdata", name+".txt"), b.String())
			checkLines(t, b.String(), c.screen)
		})
	}
	for name, p := range map[string]*Picture{
		"causal":       sink.Heatmap(Style{Theme: Dark}),
		"causal_80":    (&Look{Subject: back(t, 80)}).Heatmap(Style{}),
		"causal_heads": (&Heads{Subject: back(t, 12)}).Picture(Style{}),
	} {
		t.Run(name, func(t *testing.T) {
			for _, format := range Formats {
				if !bytes.Equal(render(t, p, format), render(t, p, format)) {
					t.Errorf("%s has other bytes the second time", format)
				}
			}
			compare(t, filepath.Join("testdata", name+".svg"), string(render(t, p, ".svg")))
		})
	}
	p, err := (&Look{Subject: back(t, 8)}).Arcs(Style{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if svg := string(render(t, p, ".svg")); !strings.Contains(svg, "showing 36 of 36 edges") {
		t.Errorf("edges to what comes later are counted: %.600s", svg)
	}
}
