package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rapt-go/rapt/figure"
	"github.com/rapt-go/rapt/lens"
	"github.com/rapt-go/rapt/model"
)

// lookFlags is what the command line says.
type lookFlags struct {
	dir            string
	pair           string
	compare        string // another text
	compareModel   string // another model
	ids, typeIDs   []int
	decoderIDs     []int
	truncate       bool
	layer, head    int
	find           string
	stats          bool // of the weights, in place of them
	measureName    string
	words          bool
	off, cut       []string
	special, plain bool // rows of special tokens shown; their columns not shown
	json, hidden   bool
	output, format string // a file, and its ending
	interactive    bool
	color          string
	picture        pictureFlags

	measure lens.Measure           // of that name
	given   func(flag string) bool // whether a flag was on the command line
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
is between the two words. Function words and punctuation don't count.

--measure says what the maps are of: weights; norm, weights times the length of
what is fetched (‖A v W_O‖), and norm-sum, that of all heads together; rollout
and flow, weights followed through the layers; alti-layer and alti, what a token
is made of after one layer and after all; value-zeroing, how far a layer's output
turns without a token's value. All but weights and norm have one map a layer.

Of a text of thousands of tokens no maps are kept, but exact statistics of their
weights, gathered while the model runs: a map of its segments, the strongest
pairs among the 8 largest weights of each token, and what kind each head is of.
--stats does that with any text; -o x.npz then has what attend --stats writes,
-o x.html the page, with the largest weights of each token, and -i walks through
heads and tokens, and runs the model once more for the exact row of each token
that it stops at.`,
		Example: `  rapt look "The cat sat on the mat."
  rapt look "The cat sat on the mat." --find sat:cat
  rapt look "The cat sat on the mat." --layer 3 --head 1 -o cat.svg
  rapt look "The cat sat on the mat." --measure alti
  rapt look "The cat sat on the mat." --compare "The dog sat on the mat."
  rapt look "The cat sat on the mat." --compare-model ./my-bert
  rapt look "The cat sat on the mat." --off 3:1 --cut sat:cat
  rapt look "The cat sat on the mat." -o cat.html
  rapt look "The cat sat on the mat." -i`,
		RunE: f.run,
	}
	f.define(cmd)
	return cmd
}

func (f *lookFlags) run(cmd *cobra.Command, args []string) error {
	f.given = cmd.Flags().Changed
	if err := f.check(cmd, args); err != nil {
		return err
	}
	if f.interactive {
		if err := needTerminal(cmd.InOrStdin(), cmd.OutOrStdout()); err != nil {
			return err
		}
	}
	screen, err := screenOf(cmd.OutOrStdout(), f.color)
	if err != nil {
		return err
	}
	screen.Map = f.picture.colors()
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
	in.Sequence.DecoderIDs = f.decoderIDs
	l, err := f.look(cmd.Context(), m, in)
	if cmd.Context().Err() != nil {
		return errInterrupted
	}
	if err != nil {
		return err
	}
	return l.deliver(cmd, screen)
}

// deliver prints, draws or writes what was asked for.
func (l *looking) deliver(cmd *cobra.Command, screen figure.Screen) error {
	f := l.flags
	if l.survey != nil {
		return l.deliverSurvey(cmd, screen)
	}
	if f.interactive {
		return l.browse(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout(), screen)
	}
	if !f.json && f.output == "" {
		return l.print(cmd.OutOrStdout(), screen)
	}
	if f.output != "" {
		if err := l.writeFile(cmd.Context(), cmd.ErrOrStderr()); err != nil {
			return err
		}
	}
	if f.json {
		return l.writeJSON(cmd.OutOrStdout())
	}
	return nil
}

// A looking is what a model does with an input, measured, and what was asked about it.
type looking struct {
	flags *lookFlags
	input *lookInput
	model *model.Model
	info  model.Info
	*reading

	survey   *survey     // of a long text, in place of the reading
	edit     *model.Edit // with --off or --cut; nil: nothing
	compared *comparison // with --compare: the reading is the difference
	effect   *effect     // with --off or --cut
	notes    []string    // what the reader has to know
}

// look checks what the flags name against model and text, and runs the model.
func (f *lookFlags) look(ctx context.Context, m *model.Model, in lookInput) (*looking, error) {
	l := &looking{flags: f, input: &in, model: m, info: m.Info()}
	if f.given("layer") && (f.layer < 0 || f.layer >= l.info.NumLayers) {
		return nil, usagef("layer %d: the model has %d, 0 to %d", f.layer, l.info.NumLayers, l.info.NumLayers-1)
	}
	if f.given("decoder-ids") && l.info.NumDecoderLayers == 0 {
		return nil, usagef("--decoder-ids: %s has no decoder beside an encoder", l.info.Name)
	}
	if f.given("head") && (f.head < 0 || f.head >= l.info.NumHeads) {
		return nil, usagef("head %d: a layer has %d, 0 to %d", f.head, l.info.NumHeads, l.info.NumHeads-1)
	}
	if f.given("find") {
		if _, _, err := in.edge("find", f.find); err != nil {
			return nil, err
		}
	}
	var notes []string
	var err error
	if l.edit, notes, err = f.edit(l.info, &in); err != nil {
		return nil, err
	}
	surveys, err := f.surveys(l.info, len(in.Sequence.IDs))
	if err != nil {
		return nil, err
	}
	if surveys {
		err = l.takeSurvey(ctx)
	} else {
		l.reading, err = f.read(ctx, m, &in, l.edit)
	}
	if err != nil {
		return nil, err
	}
	if l.edit != nil {
		if l.effect, err = effectOf(ctx, m, &in, l.edit); err != nil {
			return nil, err
		}
		l.notes = append(notes, l.effect.notes(in.Labels)...)
	}
	if f.given("compare") || f.given("compare-model") {
		return l, l.addSecond(ctx, m)
	}
	return l, nil
}

// addSecond runs the text of --compare, or the model of --compare-model, too, and makes the reading the difference.
func (l *looking) addSecond(ctx context.Context, m *model.Model) error {
	f, flag, text := l.flags, "compare", l.flags.compare
	if f.given("compare-model") {
		flag, text = "compare-model", l.input.Text
		other, err := openModel(f.compareModel)
		if err != nil {
			return fmt.Errorf("--compare-model: %w", err)
		}
		defer other.Close()
		m = other
	}
	in, _, err := f.input(m, text)
	if err != nil {
		return fmt.Errorf("--%s: %w", flag, err)
	}
	second, err := f.read(ctx, m, &in, nil)
	if err != nil {
		return err
	}
	l.compared = &comparison{first: l.reading, second: second, names: [2]string{l.input.Text, text}}
	if flag == "compare-model" {
		l.compared.names = [2]string{l.info.Name, m.Info().Name}
		l.info.Name += " and " + m.Info().Name
		err = l.compared.align(l.reading.places, second.places)
	} else {
		err = l.compared.align(l.reading.names(), second.names())
	}
	if err != nil {
		return fmt.Errorf("--%s: %w", flag, err)
	}
	l.reading, err = l.compared.reading()
	return err
}

// figure is the head to show.
func (l *looking) figure() *figure.Look {
	look := &figure.Look{Subject: l.subject(), Special: l.flags.special, NoSpecial: l.flags.plain, Difference: l.compared != nil}
	look.Head, look.Reason = l.pick()
	if l.compared != nil {
		noun := "tokens"
		if l.flags.words {
			noun = "words"
		}
		look.Notes = l.compared.notes(look.Head, noun)
	}
	return look
}

func (l *looking) subject() figure.Subject {
	return figure.Subject{View: l.view, Names: l.labels, Model: l.info.Name, Took: l.took, Measure: l.flags.measure,
		Words: l.flags.words, Notes: l.notes}
}

// print draws the picture that was asked for.
func (l *looking) print(w io.Writer, s figure.Screen) error {
	if l.flags.given("find") {
		query, key, err := l.input.edge("find", l.flags.find)
		if err != nil {
			return err
		}
		find := figure.Find{Subject: l.subject(), Query: query.name, Key: key.name, Ranking: l.view.Find(query.tokens, key.tokens),
			Notes: slices.Concat(l.notes, query.notes, key.notes)}
		return find.Print(w, s)
	}
	return l.figure().Print(w, s)
}

// pick is the head to show, and why that one.
func (l *looking) pick() (lens.Head, string) {
	f := l.flags
	switch {
	case f.given("head"):
		return lens.Head{Layer: f.layer, Head: f.head}, "asked for with --layer and --head"
	case !f.measure.PerHead && f.given("layer"):
		return lens.Head{Layer: f.layer}, "asked for with --layer"
	case !f.measure.PerHead:
		return lens.Head{Layer: l.maps.NumLayers - 1}, "the last layer; --layer shows another"
	case l.compared != nil:
		return l.compared.pick(l.view, f), "picked: the two differ most here"
	}
	where, best := "", lens.HeadScore{}
	if f.given("layer") {
		where, best = fmt.Sprintf(" of layer %d", f.layer), l.picker.PickIn(f.layer)
	} else {
		best = l.picker.Pick()
	}
	switch {
	case best.Score == 0:
		return best.Head, "picked: the first" + where + ", as there aren't two words to relate"
	case f.measure.Name != lens.Measures[0].Name:
		return best.Head, "picked" + where + ": by weights, content words have most excess here"
	}
	return best.Head, fmt.Sprintf("picked%s: content words have most excess here, %.0f %% of their attention", where, 100*best.Score)
}
