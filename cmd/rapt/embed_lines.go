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
	"strings"
	"sync"
	"sync/atomic"

	"github.com/rapt-go/rapt/internal/quote"
	"github.com/rapt-go/rapt/model"
)

// mostLines is how many texts lines takes at a time: enough that sequences of the same length meet.
const mostLines = 4096

// batches gives the embeddings of the texts in all lines to take, in order. As many lines as have already come are taken
// together, so that a caller who waits for each answer before the next text gets it.
func (e *embedder) batches(ctx context.Context, r io.Reader, take taker) error {
	in := bufio.NewReaderSize(r, 1<<20)
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
		if err := e.batch(ctx, lines, first, take); err != nil {
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

// batch embeds the texts in some lines, up to the first bad one. first is the number of the first line.
func (e *embedder) batch(ctx context.Context, lines [][]byte, first int, take taker) error {
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
	if err := take(embeddings); err != nil {
		return err
	}
	e.progress.add(len(embeddings))
	return bad
}

// line reads one text.
func (e *embedder) line(data []byte) (model.Sequence, error) {
	text, err := e.parse(data)
	if err != nil {
		return model.Sequence{}, err
	}
	return e.sequence(text)
}

// parsePlainLine takes the end off a line.
func parsePlainLine(data []byte) (text string, err error) {
	return strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r"), nil
}

// parseTextLine reads {"text": "…"}.
func parseTextLine(data []byte) (text string, err error) {
	if text, err = textMember(data); err != nil {
		return "", fmt.Errorf(`expected {"text": "…"}: %w`, err)
	}
	return text, nil
}

// textMember is the only member of an object. Any other might mean something that embed doesn't do.
func textMember(data []byte) (text string, err error) {
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
