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

// A row lists its largest weights in order, marks them in the text, and says what isn't there yet.
func TestSurveyRowPrint(t *testing.T) {
	f := &SurveyRow{Survey: *surveyed(), Query: 100, Received: make([]float32, 130), Weights: make([]float32, 130)}
	f.Received[100], f.Received[3] = 2.5, 7
	f.Weights[90], f.Weights[7], f.Weights[100] = .25, .6, .15
	for color, want := range map[Color][]string{
		NoColor: {"layer 0 head 0, token 100 w100", "= itself", "receives 2.5, number 2 of 130", "7 w7 0.6000 ██", "90 w90 0.2500", "these 10 have 100.0 %",
			"tokens 40 to 129, with a shade from 0.05 on, up to 0.25", "w90█", "[w100▓]", "w91 "},
		ANSI256: {"in colour", "\x1b[38;5;16;48;5;220mw90"},
	} {
		var b strings.Builder
		if err := f.Print(&b, Screen{Width: 60, Color: color}); err != nil {
			t.Fatal(err)
		}
		text := strings.Join(strings.Fields(b.String()), " ")
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("there is no %q in\n%s", w, b.String())
			}
		}
		for line := range strings.Lines(b.String()) {
			if n := displayWidth(strings.TrimSuffix(line, "\n")); n > 60 {
				t.Errorf("a line is %d columns wide: %s", n, line)
			}
		}
	}
	f.Query = 2 // which sees three
	var few strings.Builder
	if err := f.Print(&few, Screen{}); err != nil || !strings.Contains(few.String(), "these 3 have 0.0 %") {
		t.Errorf("%v, the third token of a model that looks back:\n%s", err, few.String())
	}
	f.Weights, f.Pending = nil, "the row is on its way"
	var b strings.Builder
	if err := f.Print(&b, Screen{}); err != nil || !strings.Contains(b.String(), "on its way") || strings.Contains(b.String(), "looks at") {
		t.Errorf("%v, without a row:\n%s", err, b.String())
	}
}
