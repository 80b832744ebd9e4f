package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rapt-go/rapt/figure"
	"github.com/rapt-go/rapt/lens"
	"github.com/rapt-go/rapt/model"
)

// lookFlags is what the command line says.
type lookFlags struct {
	dir            string
	pair           string
	ids, typeIDs   []int
	truncate       bool
	layer, head    int
	find           string
	special        bool
	json, hidden   bool
	output, format string // a file, and its ending
	color          string

	given func(flag string) bool // whether a flag was on the command line
}

func newLookCommand() *cobra.Command {
	var f lookFlags
	cmd := &cobra.Command{
		Use:   "look TEXT…",
		Short: "Run a model on a text and show which word looks at which",
		Long: `Look runs a model on a text and shows its attention: one head in full, the
strongest pairs of words in any head, and what kind each head is of. The words
of the text may be one argument or many. Layers and heads count from 0.

Without --layer and --head it shows the head with most excess among content
words. Excess is how much more a word looks at another than that one gets from
the other rows, and than a word at that distance gets on average: what is left
is between the two words. Function words and punctuation don't count.`,
		Example: `  rapt look "The cat sat on the mat."
  rapt look "The cat sat on the mat." --find sat:cat
  rapt look "The cat sat on the mat." -o cat.npz`,
		RunE: f.run,
	}
	f.define(cmd)
	return cmd
}

func (f *lookFlags) define(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.SortFlags = false
	modelFlag(cmd, &f.dir)
	flags.StringVar(&f.pair, "pair", "", "second `text`, for models that take two")
	flags.IntSliceVar(&f.ids, "ids", nil, "token ids, such as `5,6,7`, in place of a text")
	flags.IntSliceVar(&f.typeIDs, "type-ids", nil, "token types for --ids, such as `0,0,1` (default 0)")
	flags.BoolVar(&f.truncate, "truncate", false, "of a text that is too long for the model take the beginning")
	flags.IntVar(&f.layer, "layer", 0, "show a head of layer `N`")
	flags.IntVar(&f.head, "head", 0, "show head `N` of --layer")
	flags.StringVar(&f.find, "find", "", "rank all heads by how much word `a:b`, a, looks at b; the#2 is the second \"the\"")
	flags.BoolVar(&f.special, "special", false, "show the rows of special tokens too")
	flags.BoolVar(&f.json, "json", false, "print all weights as a JSON object")
	flags.StringVarP(&f.output, "output", "o", "", "write all weights to `file`: .json, .csv or .npz")
	flags.BoolVar(&f.hidden, "hidden", false, "put hidden states, and logits if there are any, in the .npz too")
	flags.StringVar(&f.color, "color", "auto", "use colours: `when` is auto, always or never")
}

func (f *lookFlags) run(cmd *cobra.Command, args []string) error {
	f.given = cmd.Flags().Changed
	if err := f.check(cmd, args); err != nil {
		return err
	}
	screen, err := screenOf(cmd.OutOrStdout(), f.color)
	if err != nil {
		return err
	}
	m, err := openModel(f.dir)
	if err != nil {
		return err
	}
	defer m.Close()
	in, warnings, err := f.input(m, strings.Join(args, " "))
	if err != nil {
		return err
	}
	for _, warning := range warnings {
		fmt.Fprintln(cmd.ErrOrStderr(), "rapt:", warning)
	}
	l, err := f.look(cmd.Context(), m, in)
	if err != nil {
		return err
	}
	if !f.json && f.output == "" {
		return l.print(cmd.OutOrStdout(), screen)
	}
	if f.output != "" {
		if err := l.writeFile(cmd.ErrOrStderr()); err != nil {
			return err
		}
	}
	if f.json {
		return l.writeJSON(cmd.OutOrStdout())
	}
	return nil
}

// check refuses a command line that is wrong whatever the model.
func (f *lookFlags) check(cmd *cobra.Command, args []string) error {
	if err := refuseEmpty(cmd, "model", "output"); err != nil {
		return err
	}
	switch {
	case len(args) == 0 && !f.given("ids"):
		return usagef("there is no text: rapt look TEXT, or --ids")
	case len(args) > 0 && f.given("ids"):
		return usagef("--ids stands in place of a text, but there is one: %q", args[0])
	case f.given("pair") && f.given("ids"):
		return usagef("--pair needs a text, not --ids")
	case f.given("truncate") && f.given("ids"):
		return usagef("--truncate needs a text, not --ids")
	case f.given("type-ids") && !f.given("ids"):
		return usagef("--type-ids goes with --ids: the types of a text's tokens come from the tokenizer")
	case f.given("type-ids") && len(f.typeIDs) != len(f.ids):
		return usagef("--type-ids has %d, expected %d as in --ids", len(f.typeIDs), len(f.ids))
	case f.given("ids") && len(f.ids) == 0:
		return usagef("--ids is empty")
	case f.given("head") && !f.given("layer"):
		return usagef("--head %d needs --layer", f.head)
	}
	return f.checkOutput()
}

// checkOutput refuses flags about what is printed that have no meaning together.
func (f *lookFlags) checkOutput() error {
	if f.output != "" {
		var err error
		if f.format, err = formatOf(f.output); err != nil {
			return err
		}
	}
	if f.hidden && f.format != ".npz" {
		return usagef("--hidden needs -o with a file that ends in .npz")
	}
	for _, flag := range []string{"find", "layer", "special"} {
		if f.given(flag) && (f.json || f.output != "") {
			return usagef("--%s chooses what is shown, but --json and -o take all weights", flag)
		}
	}
	for _, flag := range []string{"layer", "special"} {
		if f.given(flag) && f.given("find") {
			return usagef("--find ranks all heads: --%s has no meaning with it", flag)
		}
	}
	return nil
}

// A looking is a model's attention on one input, and what was asked about it.
type looking struct {
	flags *lookFlags
	input *lookInput
	info  model.Info
	trace *model.Trace
	view  *lens.View
	took  time.Duration
}

// look checks what the flags name against model and text, and runs the model.
func (f *lookFlags) look(ctx context.Context, m *model.Model, in lookInput) (*looking, error) {
	l := &looking{flags: f, input: &in, info: m.Info()}
	if f.given("layer") && (f.layer < 0 || f.layer >= l.info.NumLayers) {
		return nil, usagef("layer %d: the model has %d, 0 to %d", f.layer, l.info.NumLayers, l.info.NumLayers-1)
	}
	if f.given("head") && (f.head < 0 || f.head >= l.info.NumHeads) {
		return nil, usagef("head %d: a layer has %d, 0 to %d", f.head, l.info.NumHeads, l.info.NumHeads-1)
	}
	if f.given("find") {
		if _, _, err := in.edge(f.find); err != nil {
			return nil, err
		}
	}
	start := time.Now()
	var err error
	l.trace, err = m.Trace(ctx, in.sequence, model.Want{Weights: true, Hidden: f.hidden, Logits: f.hidden})
	if ctx.Err() != nil {
		return nil, errInterrupted
	}
	if err != nil {
		return nil, err
	}
	l.took = time.Since(start)
	l.view, err = lens.NewView(l.trace.Attention, in.tokens)
	return l, err
}

// print draws the picture that was asked for.
func (l *looking) print(w io.Writer, s figure.Screen) error {
	subject := figure.Subject{View: l.view, Names: l.input.names, Model: l.info.Name, Took: l.took}
	if l.flags.given("find") {
		query, key, err := l.input.edge(l.flags.find)
		if err != nil {
			return err
		}
		find := figure.Find{Subject: subject, Query: query.name, Key: key.name, Ranking: l.view.Find(query.tokens, key.tokens),
			Notes: slices.Concat(query.notes, key.notes)}
		return find.Print(w, s)
	}
	look := figure.Look{Subject: subject, Special: l.flags.special}
	look.Head, look.Reason = l.pick()
	return look.Print(w, s)
}

// pick is the head to show, and why that one.
func (l *looking) pick() (lens.Head, string) {
	if l.flags.given("head") {
		return lens.Head{Layer: l.flags.layer, Head: l.flags.head}, "asked for with --layer and --head"
	}
	where, best := "", lens.HeadScore{}
	if l.flags.given("layer") {
		where, best = fmt.Sprintf(" of layer %d", l.flags.layer), l.view.PickIn(l.flags.layer)
	} else {
		best = l.view.Pick()
	}
	if best.Score == 0 {
		return best.Head, "picked: the first" + where + ", as there aren't two words to relate"
	}
	return best.Head, fmt.Sprintf("picked%s: content words have most excess here, %.0f %% of their attention", where, 100*best.Score)
}
