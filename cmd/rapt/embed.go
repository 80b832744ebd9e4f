package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rapt-go/rapt/model"
)

// embedFlags are the flags of rapt embed.
type embedFlags struct {
	model, input, output string
	json, jsonl          bool
	options              model.TextOptions
}

func newEmbedCommand() *cobra.Command {
	var f embedFlags
	cmd := &cobra.Command{
		Use:   "embed [--json] TEXT | embed --input FILE | embed --jsonl <TEXTS",
		Short: "Turn a text into a vector that says what it is about",
		Long: `Turn a text into a vector, as the sentence-transformers library does: the model's
last hidden states are pooled (cls, mean, max, …) and scaled as its modules.json and
the files that belong to it say, which rapt model info shows. A model without them
gets the mean, scaled to length 1. The dot product of two vectors of length 1 says how
alike the texts are.

Some models want another text before a text to be searched for than before one to be
found: --prompt takes one of those that the model names.

A text prints its numbers on one line, or with --json {"dim", "embedding"}.
--input reads a text from each line of a file, or a {"text"} where the name ends in
.jsonl; --jsonl reads those from standard input. Of many texts a {"dim", "embedding"}
is printed for each, in order. Lines that have already come are computed together, up
to 4096 of them: that is many times faster than one by one.

-o writes them to a file instead: .jsonl, or .npy with an array of float32,
(texts, dim). A file is written whole or not at all.`,
		RunE: f.run,
	}
	flags := cmd.Flags()
	modelFlag(cmd, &f.model)
	flags.StringVar(&f.input, "input", "", "read texts from this `file`, a text in each line, or a JSON object if it ends in .jsonl")
	flags.StringVarP(&f.output, "output", "o", "", "write to this `file`, which ends in .npy or .jsonl")
	flags.BoolVar(&f.json, "json", false, "print a JSON object")
	flags.BoolVar(&f.jsonl, "jsonl", false, "read a JSON object from each line of standard input")
	flags.StringVar(&f.options.Prompt, "prompt", "", "put the model's prompt of this `name` before each text (default: the one that the model says, or none)")
	flags.BoolVar(&f.options.Truncate, "truncate", false, "of a text that is too long for the model take the beginning")
	return cmd
}

func (f *embedFlags) check(cmd *cobra.Command, args []string) error {
	if err := refuseEmpty(cmd, "model", "prompt", "input", "output"); err != nil {
		return err
	}
	switch {
	case f.jsonl && f.json:
		return usagef("--json and --jsonl don't go together")
	case f.jsonl && f.input != "":
		return usagef("--jsonl reads texts from standard input, but --input is there too")
	case f.jsonl && len(args) > 0:
		return usagef("--jsonl reads texts from standard input, but %q is there too", args[0])
	case f.input != "" && len(args) > 0:
		return usagef("--input reads texts from a file, but %q is there too", args[0])
	case f.json && f.input != "":
		return usagef("--json is for one text: --input prints a JSON object for each anyway")
	case f.json && f.output != "":
		return usagef("--json prints, but -o writes to a file")
	case !f.jsonl && f.input == "" && len(args) != 1:
		return usagef("rapt embed takes one text, not %d: put it in quotes, or use --input or --jsonl for many", len(args))
	}
	if ending := strings.ToLower(filepath.Ext(f.output)); f.output != "" && ending != ".npy" && ending != ".jsonl" {
		return usagef("-o %s: the name must end in .npy or .jsonl", f.output)
	}
	return nil
}

func (f *embedFlags) run(cmd *cobra.Command, args []string) error {
	if err := f.check(cmd, args); err != nil {
		return err
	}
	m, err := openModel(f.model)
	if err != nil {
		return err
	}
	defer m.Close()
	if _, err := m.Tokenizer(); err != nil {
		return err
	}
	info, err := m.EmbeddingInfo()
	if err != nil {
		return err
	}
	e := &embedder{model: m, options: f.options, progress: &progress{}}
	in, err := f.lines(cmd, e)
	if err != nil {
		return err
	}
	defer in.Close()
	each := func(take taker) error { return e.batches(cmd.Context(), in, take) }
	if len(args) > 0 {
		each = func(take taker) error { return e.one(cmd.Context(), args[0], take) }
	}
	if f.output != "" {
		e.progress = newProgress(cmd.ErrOrStderr(), nil)
		defer e.progress.end()
		return writeEmbeddings(f.output, info.Dim, each)
	}
	out := bufio.NewWriter(cmd.OutOrStdout())
	if len(args) > 0 && !f.json {
		return each(printNumbers(out))
	}
	e.progress = newProgress(cmd.ErrOrStderr(), cmd.OutOrStdout())
	defer e.progress.end()
	return each(printObjects(out))
}

// lines opens what has a text in each line, and says how to read it. For a text as an argument it is empty.
func (f *embedFlags) lines(cmd *cobra.Command, e *embedder) (io.ReadCloser, error) {
	e.parse = parseTextLine
	switch {
	case f.jsonl:
		return io.NopCloser(cmd.InOrStdin()), nil
	case f.input == "":
		return io.NopCloser(strings.NewReader("")), nil
	case !strings.EqualFold(filepath.Ext(f.input), ".jsonl"):
		e.parse = parsePlainLine
	}
	return os.Open(f.input)
}

// A taker takes embeddings, which come in the order of their texts.
type taker func(embeddings [][]float32) error

// An embedder turns texts into embeddings.
type embedder struct {
	model    *model.Model
	options  model.TextOptions
	parse    func(line []byte) (text string, err error)
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

// one gives the embedding of one text to take.
func (e *embedder) one(ctx context.Context, text string, take taker) error {
	s, err := e.sequence(text)
	if err != nil {
		return err
	}
	embeddings, err := e.model.Embed(ctx, []model.Sequence{s})
	if err != nil {
		return err
	}
	return take(embeddings)
}
