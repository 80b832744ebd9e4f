package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/rapt-go/rapt/internal/quote"
	"github.com/rapt-go/rapt/model"
)

// mostLines is how many texts lines takes at a time: enough that sequences of the same length meet.
const mostLines = 4096

// lines prints the embedding of the text in every line. As many lines as have already come are taken together, so that a
// caller who waits for each answer before the next text gets it. The lines before a bad one are still answered.
func (e *embedder) lines(ctx context.Context, w io.Writer, r io.Reader) error {
	in, out := bufio.NewReaderSize(r, 1<<20), bufio.NewWriterSize(w, 1<<16)
	var lines [][]byte
	for first := 1; ; first += len(lines) {
		lines = lines[:0]
		var end error
		for len(lines) < mostLines && (len(lines) == 0 || lineWaits(in)) {
			line, err := in.ReadBytes('\n')
			if len(line) > 0 {
				lines = append(lines, line)
			}
			if end = err; err != nil {
				break
			}
		}
		if err := e.answer(ctx, out, lines, first); err != nil {
			return err
		}
		if errors.Is(end, io.EOF) {
			return nil
		}
		if end != nil {
			return fmt.Errorf("line %d: %w", first+len(lines), end)
		}
	}
}

// lineWaits reports whether a whole line has been read ahead.
func lineWaits(in *bufio.Reader) bool {
	ahead, _ := in.Peek(in.Buffered())
	return bytes.IndexByte(ahead, '\n') >= 0
}

// answer prints the embeddings of the texts in some lines, up to the first bad one. first is the number of the first line.
func (e *embedder) answer(ctx context.Context, out *bufio.Writer, lines [][]byte, first int) error {
	batch, errs := make([]model.Sequence, len(lines)), make([]error, len(lines))
	inParallel(len(lines), func(i int) { batch[i], errs[i] = e.line(lines[i]) })
	var bad error
	for i, err := range errs {
		if err != nil {
			batch, bad = batch[:i], fmt.Errorf("line %d: %w", first+i, err)
			break
		}
	}
	embeddings, err := e.model.Embed(ctx, batch)
	if err != nil {
		return err
	}
	answers := make([][]byte, len(embeddings))
	inParallel(len(embeddings), func(i int) { answers[i], errs[i] = embeddingLine(embeddings[i]) })
	for i, answer := range answers {
		if errs[i] != nil {
			return errs[i]
		}
		out.Write(answer) // a failure stays with out, and Flush returns it
	}
	if err := out.Flush(); err != nil {
		return err
	}
	e.progress.add(len(answers))
	return bad
}

// line reads one text.
func (e *embedder) line(data []byte) (model.Sequence, error) {
	text, err := parseTextLine(data)
	if err != nil {
		return model.Sequence{}, fmt.Errorf(`expected {"text": "…"}: %w`, err)
	}
	return e.sequence(text)
}

// parseTextLine reads {"text": "…"}. Any other member might mean something that embed doesn't do.
func parseTextLine(data []byte) (text string, err error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return "", err
	}
	for name := range members {
		if name != "text" {
			return "", fmt.Errorf("%s has no meaning here", quote.Text(name))
		}
	}
	var value *string
	if err := json.Unmarshal(members["text"], &value); err != nil || value == nil {
		return "", errors.New("there is no text, or it isn't a string")
	}
	return *value, nil
}

// inParallel calls do with 0, …, n−1 on all threads.
func inParallel(n int, do func(i int)) {
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		wait.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				do(int(i))
			}
		})
	}
	wait.Wait()
}
