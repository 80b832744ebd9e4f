package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/rapt-go/rapt/model"
)

func newEmbedCommand() *cobra.Command {
	var name string
	var asJSON, jsonl bool
	var options model.TextOptions
	cmd := &cobra.Command{
		Use:   "embed [--json] TEXT | embed --jsonl <TEXTS",
		Short: "Turn a text into a vector that says what it is about",
		Long: `Turn a text into a vector, as the sentence-transformers library does: the model's
last hidden states are pooled (cls, mean, max, …) and scaled as its modules.json and
the files that belong to it say, which rapt model info shows. A model without them
gets the mean, scaled to length 1. The dot product of two vectors of length 1 says how
alike the texts are.

Some models want another text before a text to be searched for than before one to be
found: --prompt takes one of those that the model names.

A text prints its numbers on one line, or with --json {"dim", "embedding"}.
--jsonl reads a {"text"} from each line of standard input and prints a
{"dim", "embedding"} for it, in order. Lines that have already come are computed
together, up to 4096 of them: that is many times faster than one by one.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkEmbedArgs(args, asJSON, jsonl); err != nil {
				return err
			}
			if err := refuseEmpty(cmd, "model", "prompt"); err != nil {
				return err
			}
			m, err := openModel(name)
			if err != nil {
				return err
			}
			defer m.Close()
			if _, err := m.Tokenizer(); err != nil {
				return err
			}
			if _, err := m.EmbeddingInfo(); err != nil {
				return err
			}
			e := &embedder{model: m, options: options}
			if jsonl {
				e.progress = newProgress(cmd.ErrOrStderr(), cmd.OutOrStdout())
				defer e.progress.end()
				return e.lines(cmd.Context(), cmd.OutOrStdout(), cmd.InOrStdin())
			}
			return e.one(cmd.Context(), cmd.OutOrStdout(), args[0], asJSON)
		},
	}
	modelFlag(cmd, &name)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON object")
	cmd.Flags().BoolVar(&jsonl, "jsonl", false, "read a JSON object from each line of standard input")
	cmd.Flags().StringVar(&options.Prompt, "prompt", "", "put the model's prompt of this `name` before each text (default: the one that the model says, or none)")
	cmd.Flags().BoolVar(&options.Truncate, "truncate", false, "of a text that is too long for the model take the beginning")
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
	model    *model.Model
	options  model.TextOptions
	progress *progress
}

// sequence is a text as the model's input.
func (e *embedder) sequence(text string) (model.Sequence, error) {
	s, err := e.model.EmbedSequence(text, &e.options)
	var long *model.TooLongError
	if errors.As(err, &long) {
		return s, fmt.Errorf("%w: --truncate takes the beginning", err)
	}
	return s, err
}

// one prints the embedding of one text.
func (e *embedder) one(ctx context.Context, w io.Writer, text string, asJSON bool) error {
	s, err := e.sequence(text)
	if err != nil {
		return err
	}
	embeddings, err := e.model.Embed(ctx, []model.Sequence{s})
	if err != nil {
		return err
	}
	if asJSON {
		line, err := embeddingLine(embeddings[0])
		if err != nil {
			return err
		}
		_, err = w.Write(line)
		return err
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

// embeddingLine is what is printed for a text in JSON.
func embeddingLine(embedding []float32) ([]byte, error) {
	line, err := json.Marshal(struct {
		Dim       int       `json:"dim"`
		Embedding []float32 `json:"embedding"`
	}{len(embedding), embedding})
	return append(line, '\n'), err
}
