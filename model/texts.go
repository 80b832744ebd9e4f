package model

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/rapt-go/rapt/tokenizer"
)

// TextOptions says how texts become sequences.
type TextOptions struct {
	Truncate bool   // of a text that is too long for the model take the beginning; else it is an error
	Prompt   string // for embeddings: the name of one of EmbeddingInfo.Prompts; "": EmbeddingInfo.DefaultPrompt
}

// Sequence is a text as the model's input, cut by its tokenizer. nil options are the zero value. A text without a token of
// its own is an error.
func (m *Model) Sequence(text string, o *TextOptions) (Sequence, error) {
	return m.sequence(text, m.info.MaxSeqLen, o)
}

// EmbedSequence is a text as the model's input for Embed: with a prompt before it, and at most EmbeddingInfo.MaxSeqLen tokens.
func (m *Model) EmbedSequence(text string, o *TextOptions) (Sequence, error) {
	e, err := m.EmbeddingInfo()
	if err != nil {
		return Sequence{}, err
	}
	if o == nil {
		o = &TextOptions{}
	}
	prompt, err := e.prompt(o.Prompt)
	if err != nil {
		return Sequence{}, err
	}
	if prompt != "" && strings.TrimSpace(text) == "" {
		return Sequence{}, errEmpty
	}
	return m.sequence(prompt+text, e.MaxSeqLen, o)
}

var errEmpty = errors.New("the text is empty")

// sequence cuts a text, which may have up to limit tokens.
func (m *Model) sequence(text string, limit int, o *TextOptions) (Sequence, error) {
	t, err := m.Tokenizer()
	if err != nil {
		return Sequence{}, err
	}
	var cut tokenizer.Options
	if o != nil && o.Truncate {
		cut.MaxLen = limit
	}
	e, err := t.Encode(text, &cut)
	if err != nil {
		return Sequence{}, err
	}
	if !slices.Contains(e.Special, false) {
		return Sequence{}, errEmpty
	}
	if n := len(e.IDs); n > limit {
		return Sequence{}, &TooLongError{Tokens: n, Limit: limit}
	}
	return Sequence{IDs: e.IDs, TypeIDs: e.TypeIDs}, nil
}

// A TooLongError is a text of more tokens than the model takes.
type TooLongError struct{ Tokens, Limit int }

func (e *TooLongError) Error() string {
	return fmt.Sprintf("the text has %d tokens, the model takes at most %d", e.Tokens, e.Limit)
}

// EmbedTexts is Embed of texts, each by EmbedSequence, which are cut on all threads too. An error says which text it is
// about.
func (m *Model) EmbedTexts(ctx context.Context, texts []string, o *TextOptions) ([][]float32, error) { // [texts][dim]
	if _, err := m.Tokenizer(); err != nil { // built once, before the threads want it
		return nil, err
	}
	if _, err := m.EmbeddingInfo(); err != nil {
		return nil, err
	}
	batch, errs := make([]Sequence, len(texts)), make([]error, len(texts))
	inParallel(len(texts), func(i int) {
		if errs[i] = ctx.Err(); errs[i] == nil {
			batch[i], errs[i] = m.EmbedSequence(texts[i], o)
		}
	})
	for i, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("text %d: %w", i, err)
		}
	}
	return m.Embed(ctx, batch)
}

// inParallel calls do with 0, …, n−1 on up to GOMAXPROCS goroutines.
func inParallel(n int, do func(i int)) {
	var next atomic.Int64
	work := func() {
		for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
			do(int(i))
		}
	}
	var wait sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) - 1 {
		wait.Go(work)
	}
	work()
	wait.Wait()
}
