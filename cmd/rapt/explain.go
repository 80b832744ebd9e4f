package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rapt-go/rapt/textbook"
)

// What explain takes at most: beyond that nobody reads the numbers, and the textbook's plain loops take long.
const (
	maxExplainWords   = 256
	maxExplainColumns = 512
)

func newExplainCommand() *cobra.Command {
	var o explainOptions
	cmd := &cobra.Command{
		Use:   "explain",
		Short: "Work attention out in seven steps, with every number",
		Long: fmt.Sprintf(`Explain takes a few words, each a row of numbers, and works self-attention out
in seven steps: queries, keys and values, scores, scaled scores, weights,
output. It shows the matrices of every step beside their formula.

Without flags it does the lesson's example: three words of three numbers. A
matrix comes from the file that its flag names (.npy, .csv or .json); those of
the model that have none are drawn with --seed, or else the lesson's. Drawn
numbers have the standard normal distribution, in matrices as high and wide as
X is wide, unless --wq or --wk asks for another width. The same seed draws the
same on every machine: math/rand/v2, PCG with the seed and 1 for W_q, 2 for W_k,
3 for W_v, row by row.

Numbers are shown to four decimals, or to fewer where a whole matrix needs no
more; --json has them in full. At most %d words and %d columns.`, maxExplainWords, maxExplainColumns),
		Example: `  rapt explain
  rapt explain --x words.csv --words the,cat,sat --seed 1
  rapt explain -o steps.svg
  rapt explain --x x.npy --wq wq.npy --wk wk.npy --wv wv.npy --json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := refuseEmpty(cmd, "x", "wq", "wk", "wv", "output"); err != nil {
				return err
			}
			o.seeded = cmd.Flags().Changed("seed")
			e, err := o.explain()
			if err != nil {
				return err
			}
			if o.output != "" {
				if err := e.writePicture(o.output, cmd.ErrOrStderr()); err != nil || !o.json {
					return err
				}
			}
			if o.json {
				encoder := json.NewEncoder(cmd.OutOrStdout())
				encoder.SetEscapeHTML(false)
				return encoder.Encode(e)
			}
			return e.print(cmd.OutOrStdout(), textWidth(cmd.OutOrStdout()))
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.x, "x", "", "`file` with X: a row of numbers for each word")
	flags.StringVar(&o.wq, "wq", "", "`file` with W_q: a row for each column of X")
	flags.StringVar(&o.wk, "wk", "", "`file` with W_k: a row for each column of X, as wide as W_q")
	flags.StringVar(&o.wv, "wv", "", "`file` with W_v: a row for each column of X")
	flags.Uint64Var(&o.seed, "seed", 0, "draw the matrices of the model that aren't given, with this seed")
	flags.StringSliceVar(&o.words, "words", nil, "what to call the rows of X: `a,b,c`")
	flags.StringVarP(&o.output, "output", "o", "", "draw the steps into `file`: .svg, .png or .pdf")
	flags.BoolVar(&o.json, "json", false, "print everything as JSON, in full precision")
	return cmd
}

// refuseEmpty refuses a flag that is given but names no file, as an unset variable of a shell makes it.
func refuseEmpty(cmd *cobra.Command, flags ...string) error {
	for _, name := range flags {
		if flag := cmd.Flags().Lookup(name); flag.Changed && flag.Value.String() == "" {
			return usagef("--%s is empty, expected a file", name)
		}
	}
	return nil
}

type explainOptions struct {
	x, wq, wk, wv string // files; "": not given
	seed          uint64
	seeded        bool
	words         []string
	output        string // file of a picture; "": none
	json          bool
}

// An explanation is everything that explain shows, under the names that --json gives it.
type explanation struct {
	Words []string `json:"words"` // [n]

	X  [][]float64 `json:"x"`  // [n][d]
	WQ [][]float64 `json:"wq"` // [d][dk]
	WK [][]float64 `json:"wk"` // [d][dk]
	WV [][]float64 `json:"wv"` // [d][dv]

	Q       [][]float64 `json:"q"`       // [n][dk]
	K       [][]float64 `json:"k"`       // [n][dk]
	V       [][]float64 `json:"v"`       // [n][dv]
	Scores  [][]float64 `json:"scores"`  // [n][n]
	Scaled  [][]float64 `json:"scaled"`  // [n][n]
	Weights [][]float64 `json:"weights"` // [n][n]
	Output  [][]float64 `json:"output"`  // [n][dv]

	named   bool   // the words have names of their own
	sources string // where the matrices come from; "": the lesson
}

// explain reads, draws or takes the matrices, and works the steps out.
func (o explainOptions) explain() (*explanation, error) {
	in, err := o.inputs()
	if err != nil {
		return nil, err
	}
	words, err := wordsOf(in.x.rows, o.words)
	if err != nil {
		return nil, err
	}
	s, err := textbook.SelfAttention(in.x.rows, in.wq.rows, in.wk.rows, in.wv.rows)
	if err != nil {
		return nil, err
	}
	for _, m := range [][][]float64{s.Scores, s.Output} {
		if i, _, found := notFinite(m); found {
			return nil, fmt.Errorf("the numbers are too large: those of %s go beyond what a float64 holds", words[i])
		}
	}
	return &explanation{
		Words: words,
		X:     in.x.rows, WQ: in.wq.rows, WK: in.wk.rows, WV: in.wv.rows,
		Q: s.Q, K: s.K, V: s.V, Scores: s.Scores, Scaled: s.Scaled, Weights: s.Weights, Output: s.Output,
		named: o.words != nil, sources: in.sources(),
	}, nil
}

// wordsOf names the rows of x.
func wordsOf(x [][]float64, names []string) ([]string, error) {
	words := make([]string, len(x))
	if names == nil {
		for i := range words {
			words[i] = fmt.Sprintf("word %d", i+1)
		}
		return words, nil
	}
	if len(names) != len(x) {
		return nil, usagef("--words has %d names, expected %d, one for each row of X", len(names), len(x))
	}
	for i, name := range names {
		words[i] = strings.Join(strings.Fields(name), " ")
	}
	return words, nil
}
