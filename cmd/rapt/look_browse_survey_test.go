package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"github.com/rapt-go/rapt/figure"
	"github.com/rapt-go/rapt/lens"
	"github.com/rapt-go/rapt/model"
)

// surveyBrowserOf is a browser over the statistics of "The cat sat on the mat.".
func surveyBrowserOf(t *testing.T) (*surveyBrowser, *looking) {
	t.Helper()
	f := &lookFlags{measure: lens.Measures[0], stats: true, interactive: true}
	f.given = func(flag string) bool { return flag == "interactive" }
	l := catLooking(t, f)
	return l.surveyBrowser(t.Context(), figure.Screen{}), l
}

// typeKey presses a key and gives what is to be done.
func typeKey(b *surveyBrowser, key string) tea.Cmd {
	press := tea.KeyPressMsg{Text: key, Code: []rune(key)[0]}
	switch key {
	case "enter":
		press = tea.KeyPressMsg{Code: tea.KeyEnter}
	case "tab":
		press = tea.KeyPressMsg{Code: tea.KeyTab}
	case "backspace":
		press = tea.KeyPressMsg{Code: tea.KeyBackspace}
	case "right":
		press = tea.KeyPressMsg{Code: tea.KeyRight}
	case "down":
		press = tea.KeyPressMsg{Code: tea.KeyDown}
	}
	_, cmd := b.Update(press)
	return cmd
}

// The row of a token is fetched when the token is looked at, and holds for every head.
func TestSurveyBrowserRows(t *testing.T) {
	b, l := surveyBrowserOf(t)
	head := b.figure.Head
	screen := func() string { return b.View().Content }
	if text := screen(); !strings.Contains(text, "9 tokens in 9 segments") || !strings.Contains(text, "tab tokens") {
		t.Errorf("the screen is\n%s", text)
	}
	fetch := typeKey(b, "tab")
	if text := screen(); fetch == nil || !strings.Contains(text, "token 0 [CLS]") || !strings.Contains(text, "on its way") {
		t.Fatalf("before the row the screen is\n%s", text)
	}
	b.Update(fetch())
	fetch = typeKey(b, "]")
	b.Update(fetch())
	for range 2 {
		rows, err := lens.TakeRows(t.Context(), l.model, l.input.Sequence, nil, []int{1})
		if err != nil {
			t.Fatal(err)
		}
		row, most := rows.Row(b.figure.Head.Layer, b.figure.Head.Head, 0), 0
		for j := range row {
			if row[j] > row[most] {
				most = j
			}
		}
		text := screen()
		for _, want := range []string{fmt.Sprintf("layer %d head %d, token 1 the", b.figure.Head.Layer, b.figure.Head.Head), fmt.Sprintf("%d %s", most, l.input.Labels[most]), fmt.Sprintf("%.4f  █", row[most])} {
			if !strings.Contains(text, want) {
				t.Errorf("there is no %q in\n%s", want, text)
			}
		}
		if cmd := typeKey(b, "right"); cmd != nil { // another head has its row already
			t.Error("the model runs again for another head")
		}
	}
	if b.figure.Head == head {
		t.Error("the head is the same")
	}
}

// A token for which nobody waits any more is given up; then the one that is looked at has its turn.
func TestSurveyBrowserChangesMind(t *testing.T) {
	b, _ := surveyBrowserOf(t)
	var given []error
	b.take = func(ctx context.Context, query int) (*model.Attention, error) {
		given = append(given, ctx.Err())
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return &model.Attention{NumLayers: 6, NumHeads: 12, QueryLen: 1, KeyLen: 9, Weights: make([]float32, 6*12*9)}, nil
	}
	first := typeKey(b, "tab")
	if again := typeKey(b, "}"); again != nil || b.query != 8 {
		t.Fatalf("two runs at a time, or token %d", b.query)
	}
	_, second := b.Update(first())
	if second == nil || b.rows != nil {
		t.Fatal("after the run that was given up there is none for the token shown")
	}
	b.Update(second())
	if b.rows == nil || b.rowsOf != 8 || len(given) != 2 || !errors.Is(given[0], context.Canceled) || given[1] != nil {
		t.Errorf("rows of %d, runs %v", b.rowsOf, given)
	}
	b.take = func(context.Context, int) (*model.Attention, error) { return nil, errors.New("no memory") }
	b.Update(typeKey(b, "[")())
	if text := b.View().Content; !strings.Contains(text, "there is no row: no memory") {
		t.Errorf("after a failure the screen is\n%s", text)
	}
}

// A key that leaves the token as it is leaves its run alone; one that goes away and back has the run begin again.
func TestSurveyBrowserGoesOn(t *testing.T) {
	b, _ := surveyBrowserOf(t)
	take := b.take
	fetch := typeKey(b, "tab")
	for _, key := range []string{"[", "{", "right", "down"} {
		if again := typeKey(b, key); again != nil {
			t.Fatalf("%s: two runs at a time", key)
		}
	}
	b.Update(fetch())
	if b.rows == nil || b.failed != nil {
		t.Errorf("after keys that leave the token: rows %v, %v", b.rows, b.failed)
	}
	b.take = func(ctx context.Context, query int) (*model.Attention, error) {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return take(ctx, query)
	}
	fetch = typeKey(b, "]")
	typeKey(b, "]")
	typeKey(b, "[")
	_, fetch = b.Update(fetch())
	if fetch == nil || b.failed != nil {
		t.Fatalf("after a token and back no run begins again: %v", b.failed)
	}
	b.Update(fetch())
	if b.rows == nil || b.rowsOf != 1 {
		t.Errorf("rows %v of %d, expected those of 1", b.rows, b.rowsOf)
	}
}

// A terminal of 80 columns has room for all keys.
func TestSurveyBrowserHelp(t *testing.T) {
	b, _ := surveyBrowserOf(t)
	b.Update(tea.WindowSizeMsg{Width: 80, Height: 6})
	for _, help := range []string{surveyHelp, tokenHelp} {
		if text := b.View().Content; !strings.HasSuffix(text, "↕ "+help) {
			t.Errorf("the keys don't end\n%s", text)
		}
		typeKey(b, "tab")
	}
}

// Words and numbers that are typed are found, or the last line says why not.
func TestSurveyBrowserFinds(t *testing.T) {
	b, _ := surveyBrowserOf(t)
	for _, c := range []struct {
		typed string
		query int
		said  string
	}{
		{"mat", 6, ""}, {"3", 3, ""}, {"dog", 3, `there is no "dog"`}, {"9", 3, "there is no token 9: there are 9, 0 to 8"}, {"-1", 3, "there is no token -1"},
		{"mau\bt", 6, ""}, {"the", 1, ""}, {"the", 5, ""}, {"the", 1, ""}, {"the#2", 5, ""}, {"the#3", 5, `there is no "the#3"`},
	} {
		typeKey(b, "/")
		for _, r := range c.typed {
			if r == '\b' {
				typeKey(b, "backspace")
				continue
			}
			typeKey(b, string(r))
		}
		if line := b.View().Content; !strings.Contains(line, "word or number: ") {
			t.Errorf("%s: nothing asks for it in\n%s", c.typed, line)
		}
		typeKey(b, "enter")
		if text := b.View().Content; b.query != c.query || !strings.Contains(text, c.said) || b.asking {
			t.Errorf("%s: token %d, expected %d, and %q in\n%s", c.typed, b.query, c.query, c.said, text)
		}
	}
	for _, key := range []string{"q", "esc", "ctrl+c"} {
		if !b.press(key) {
			t.Errorf("%s doesn't quit", key)
		}
	}
}
