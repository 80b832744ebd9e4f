package figure

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rapt-go/rapt/lens"
	"github.com/rapt-go/rapt/model"
)

// surveyed is a survey of 130 tokens in 64 segments, with one head that looks at its own segment and one pair of words.
func surveyed() *Survey {
	const segments, n = 64, 130
	y := &lens.Survey{
		NumLayers: 1, NumHeads: 1, Tokens: make([]lens.Token, n), Causal: true, Sinks: []int{0},
		Roles: map[lens.Head]lens.Roles{{}: {Self: .9}},
		Pairs: []lens.Pair{{Query: 100, Key: 7, Weight: .25, Excess: .2}},
		Maps:  &model.Attention{NumLayers: 1, NumHeads: 1, QueryLen: segments, KeyLen: segments, Weights: make([]float32, segments*segments)},
	}
	f := &Survey{Survey: y, Model: "m"}
	for i := range n {
		f.Names = append(f.Names, fmt.Sprintf("w%d", i))
	}
	for s := range segments {
		y.Segments = append(y.Segments, lens.Segment{From: (s*n + segments - 1) / segments, To: ((s+1)*n + segments - 1) / segments})
		y.Maps.Weights[s*segments+s] = .75
	}
	return f
}

func TestSurveyPrint(t *testing.T) {
	for width, want := range map[int][]string{
		80: {"1 layer × 1 head · 130 tokens in 64 segments", " 5 11 w11", "w100 → w7  0.25  L0 H0", "= itself", "a segment sees none that come later",
			"a row or column is 2 or 3 tokens, called by the first and its number", "1 head: 0.0 % of all attention goes to the first token (w0)"},
		40: {"64 segments don't fit 40 columns"},
	} {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			var b strings.Builder
			if err := surveyed().Print(&b, Screen{Width: width}); err != nil {
				t.Fatal(err)
			}
			text := strings.Join(strings.Fields(b.String()), " ")
			for _, w := range want {
				if !strings.Contains(text, strings.Join(strings.Fields(w), " ")) {
					t.Errorf("there is no %q in\n%s", w, b.String())
				}
			}
			for line := range strings.Lines(b.String()) {
				if n := displayWidth(strings.TrimSuffix(line, "\n")); n > width {
					t.Errorf("a line is %d columns wide: %s", n, line)
				}
			}
		})
	}
}

func TestSurveyHeatmap(t *testing.T) {
	p, err := surveyed().Heatmap(Style{})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := p.Write(&b, ".svg"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"m, layer 0 head 0, weights of segments", "a row or column is 2 or 3 tokens"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("there is no %q in the picture", want)
		}
	}
}
