package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
)

var storiesDir = filepath.Join("..", "..", "model", "testdata", "stories260K")

// A cancelling writer ends a context with the first thing that is written.
type cancelling struct {
	written bytes.Buffer
	cancel  context.CancelFunc
}

func (w *cancelling) Write(p []byte) (int, error) {
	w.cancel()
	return w.written.Write(p)
}

// Ctrl-C leaves what has come, on lines of its own, and nothing of what comes as a whole.
func TestGenerateInterrupted(t *testing.T) {
	for _, c := range []struct {
		flag, want string
	}{
		{"", ",\n"},
		{"--look", "stories260K · 5 layers × 8 heads · 5 tokens · what each new token was written from, %\n"},
	} {
		t.Run(c.flag, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			out := &cancelling{cancel: cancel}
			args := []string{"generate", "Once upon a time", "--model", storiesDir}
			if c.flag != "" {
				args = append(args, c.flag)
			}
			root := newRootCommand()
			root.SetArgs(args)
			root.SetOut(out)
			root.SetErr(io.Discard)
			if err := root.ExecuteContext(ctx); !errors.Is(err, errInterrupted) {
				t.Errorf("error %v, expected %v", err, errInterrupted)
			}
			if got := out.written.String(); got != c.want {
				t.Errorf("printed %q, expected %q", got, c.want)
			}
		})
	}
}

// On a terminal a model's text can't command it.
func TestHarmless(t *testing.T) {
	for text, want := range map[string]string{
		"a\tb\nc é 東 🙂":   "a\tb\nc é 東 🙂",
		"\x1b[2J\a\x7f\r": "\uFFFD[2J\uFFFD\uFFFD\uFFFD",
		"\u009b31m":       "\uFFFD31m",
	} {
		if got := strings.Map(harmless, text); got != want {
			t.Errorf("%q is shown as %q, expected %q", text, got, want)
		}
	}
}
