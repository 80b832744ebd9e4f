package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/rapt-go/rapt/internal/quote"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/tokenizer"
)

func newEmbedCommand() *cobra.Command {
	var dir string
	var asJSON, jsonl, truncate bool
	cmd := &cobra.Command{
		Use:   "embed [--json] TEXT | embed --jsonl <TEXTS",
		Short: "Turn a text into a vector that says what it is about",
		Long: `Turn a text into a vector of length 1: the mean of the model's last hidden states.
The dot product of two such vectors says how alike the texts are.

A text prints its numbers on one line, or with --json {"dim", "embedding"}.
--jsonl reads a {"text"} from each line of standard input and prints a
{"dim", "embedding"} for it, in order.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkEmbedArgs(args, asJSON, jsonl); err != nil {
				return err
			}
			e, err := newEmbedder(dir, truncate)
			if err != nil {
				return err
			}
			defer e.model.Close()
			if jsonl {
				return e.lines(cmd.Context(), cmd.OutOrStdout(), cmd.InOrStdin())
			}
			return e.one(cmd.Context(), cmd.OutOrStdout(), args[0], asJSON)
		},
	}
	modelFlag(cmd, &dir)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON object")
	cmd.Flags().BoolVar(&jsonl, "jsonl", false, "read a JSON object from each line of standard input")
	cmd.Flags().BoolVar(&truncate, "truncate", false, "of a text that is too long for the model take the beginning")
	return cmd
}

func checkEmbedArgs(args []string, asJSON, jsonl bool) error {
	switch {
	case jsonl && asJSON:
		return usagef("--json and --jsonl don't go together")
	case jsonl && len(args) > 0:
		return usagef("--jsonl reads texts from standard input, but %q is there too", args[0])
	case !jsonl && len(args) != 1:
		return usagef("rapt embed takes one text, not %d: put it in quotes, or use --jsonl for many", len(args))
	}
	return nil
}

// An embedder turns texts into embeddings.
type embedder struct {
	model     *model.Model
	tokenizer *tokenizer.Tokenizer
	truncate  bool
}

func newEmbedder(dir string, truncate bool) (*embedder, error) {
	m, err := openModel(dir)
	if err != nil {
		return nil, err
	}
	t, err := m.Tokenizer()
	if err != nil {
		m.Close()
		return nil, err
	}
	return &embedder{m, t, truncate}, nil
}

// encode is a text as the model's input. A text without a token of its own is an error, as is one that is longer than
// the model can take, unless it may be cut.
func (e *embedder) encode(text string) (model.Sequence, error) {
	limit := e.model.Info().MaxSeqLen
	o := &tokenizer.Options{}
	if e.truncate {
		o.MaxLen = limit
	}
	encoding, err := e.tokenizer.Encode(text, o)
	if err != nil {
		return model.Sequence{}, err
	}
	if !slices.Contains(encoding.Special, false) {
		return model.Sequence{}, errors.New("the text is empty")
	}
	if n := len(encoding.IDs); n > limit {
		return model.Sequence{}, fmt.Errorf("the text has %d tokens, the model takes at most %d: --truncate takes the beginning", n, limit)
	}
	return model.Sequence{IDs: encoding.IDs, TypeIDs: encoding.TypeIDs}, nil
}

// one prints the embedding of one text.
func (e *embedder) one(ctx context.Context, w io.Writer, text string, asJSON bool) error {
	s, err := e.encode(text)
	if err != nil {
		return err
	}
	embeddings, err := e.model.Embed(ctx, []model.Sequence{s})
	if err != nil {
		return err
	}
	if asJSON {
		return writeEmbedding(w, embeddings[0])
	}
	var line []byte
	for i, x := range embeddings[0] {
		if i > 0 {
			line = append(line, ' ')
		}
		line = fmt.Append(line, x)
	}
	_, err = w.Write(append(line, '\n'))
	return err
}

func writeEmbedding(w io.Writer, embedding []float32) error {
	return json.NewEncoder(w).Encode(struct {
		Dim       int       `json:"dim"`
		Embedding []float32 `json:"embedding"`
	}{len(embedding), embedding})
}

// maxBatch is how many texts lines gives the model at a time.
const maxBatch = 32

// lines prints the embedding of the text in every line. As many lines as have already come make a batch, so that a
// caller who waits for each answer before the next text gets it. The lines before a bad one are still answered.
func (e *embedder) lines(ctx context.Context, w io.Writer, r io.Reader) error {
	in, out := bufio.NewReaderSize(r, 1<<16), bufio.NewWriter(w)
	var batch []model.Sequence
	for number := 1; ; number++ {
		s, err := e.line(in)
		if err == nil {
			batch = append(batch, s)
		}
		if err != nil || len(batch) == maxBatch || !lineWaits(in) {
			if flushErr := e.answer(ctx, out, batch); flushErr != nil {
				return flushErr
			}
			batch = batch[:0]
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
	}
}

// lineWaits reports whether a whole line has been read ahead.
func lineWaits(in *bufio.Reader) bool {
	ahead, _ := in.Peek(in.Buffered())
	return bytes.IndexByte(ahead, '\n') >= 0
}

// line reads one text. The error is io.EOF after the last line.
func (e *embedder) line(in *bufio.Reader) (model.Sequence, error) {
	data, err := in.ReadBytes('\n')
	if err != nil && !(errors.Is(err, io.EOF) && len(data) > 0) {
		return model.Sequence{}, err
	}
	text, err := parseTextLine(data)
	if err != nil {
		return model.Sequence{}, fmt.Errorf(`expected {"text": "…"}: %w`, err)
	}
	return e.encode(text)
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

// answer prints the embeddings of a batch.
func (e *embedder) answer(ctx context.Context, out *bufio.Writer, batch []model.Sequence) error {
	embeddings, err := e.model.Embed(ctx, batch)
	if err != nil {
		return err
	}
	for _, embedding := range embeddings {
		if err := writeEmbedding(out, embedding); err != nil {
			return err
		}
	}
	return out.Flush()
}
