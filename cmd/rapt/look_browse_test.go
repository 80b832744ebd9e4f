package main

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"github.com/rapt-go/rapt/figure"
	"github.com/rapt-go/rapt/lens"
)

// browserOf is a browser over "The cat sat on the mat.", as a measure has it.
func browserOf(t *testing.T, measure string) *browser {
	t.Helper()
	f := &lookFlags{given: func(string) bool { return false }}
	var err error
	if f.measure, err = lens.MeasureNamed(measure); err != nil {
		t.Fatal(err)
	}
	return &browser{look: catLooking(t, f).figure(), window: window{height: 24}}
}

// catLooking is a looking at "The cat sat on the mat." with some flags.
func catLooking(t *testing.T, f *lookFlags) *looking {
	t.Helper()
	m, err := openModel("")
	if err != nil {
		t.Fatal(err)
	}
	in, _, err := f.input(m, "The cat sat on the mat.")
	if err != nil {
		t.Fatal(err)
	}
	l, err := f.look(t.Context(), m, in)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestBrowserKeys(t *testing.T) {
	b := browserOf(t, "weights")
	for _, c := range []struct {
		keys string
		want lens.Head
	}{
		{"right", lens.Head{Layer: 0, Head: 4}},
		{"left left left left left", lens.Head{Layer: 0, Head: 11}}, // around the end
		{"right", lens.Head{Layer: 0, Head: 0}},
		{"up", lens.Head{Layer: 5, Head: 0}},
		{"down down", lens.Head{Layer: 1, Head: 0}},
	} {
		for key := range strings.FieldsSeq(c.keys) {
			b.press(key)
		}
		if b.look.Head != c.want {
			t.Errorf("%s: %v, expected %v", c.keys, b.look.Head, c.want)
		}
	}
	screen := func() string { return b.View().Content }
	if text := screen(); !strings.Contains(text, "layer 1 head 0: rows look") || strings.Contains(text, "next:") {
		t.Errorf("the screen is\n%s", text)
	}
	b.press("n")
	if text := screen(); !strings.Contains(text, "columns of [CLS] and [SEP] aren't shown") {
		t.Errorf("without special columns the screen is\n%s", text)
	}
	b.press("tab")
	if text := screen(); !strings.Contains(text, "most alike") {
		t.Errorf("the second view is\n%s", text)
	}
	for _, key := range []string{"q", "esc", "ctrl+c"} {
		if cmd := b.press(key); cmd == nil || cmd() != (tea.QuitMsg{}) {
			t.Errorf("%s doesn't quit", key)
		}
	}
}

// However small the terminal is, the screen fits it, and scrolling shows every line.
func TestBrowserScrolls(t *testing.T) {
	b := browserOf(t, "weights")
	b.Update(tea.WindowSizeMsg{Width: 60, Height: 10})
	var all strings.Builder
	if err := b.look.Print(&all, figure.Screen{Width: 60}); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for range 10 {
		lines := strings.Split(b.View().Content, "\n")
		if len(lines) > 10 {
			t.Fatalf("there are %d lines for 10", len(lines))
		}
		for _, line := range lines {
			seen[line] = true
		}
		b.press("pgdown")
	}
	for line := range strings.Lines(all.String()) {
		if line := strings.TrimSuffix(line, "\n"); !seen[line] && !strings.HasPrefix(line, "next: ") {
			t.Errorf("never shown: %q", line)
		}
	}
	b.press("pgup")
	b.Update(tea.WindowSizeMsg{Width: 1, Height: 1})
	if lines := strings.Split(b.View().Content, "\n"); len(lines) > 2 {
		t.Errorf("there are %d lines for a terminal of 1", len(lines))
	}
}

// A measure of layers has no heads to walk through, and no card.
func TestBrowserLayerMeasure(t *testing.T) {
	b := browserOf(t, "alti")
	b.press("right")
	b.press("tab")
	if want := (lens.Head{Layer: 5}); b.look.Head != want || b.shown != 0 {
		t.Errorf("%v, view %d", b.look.Head, b.shown)
	}
	b.press("up")
	if text := b.View().Content; !strings.Contains(text, "layer 4, all heads") {
		t.Errorf("the screen is\n%s", text)
	}
}
