package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rapt-go/rapt/figure"
	"github.com/rapt-go/rapt/lens"
)

// An output is a way for the answer to come out; several are a set.
type output uint8

const (
	toScreen  output = 1 << iota
	toBrowser        // -i
	toNumbers        // --json, and files of numbers
	toPicture
	toPage

	toEyes = toScreen | toBrowser | toPicture | toPage
)

// takers are the outputs in which a flag has a meaning. A flag that isn't here has one in all of them.
var takers = []struct {
	flag string
	by   output
}{
	{"layer", toEyes}, {"head", toEyes}, {"special", toEyes}, {"no-special", toEyes},
	{"find", toScreen | toPage},
	{"compare", toScreen | toPicture}, {"compare-model", toScreen | toPicture},
	{"view", toPicture | toPage}, {"mass", toPicture | toPage}, {"theme", toPicture | toPage},
	{"colormap", toScreen | toBrowser | toPicture}, {"color", toScreen | toBrowser},
}

// opposites don't go together, whatever the output.
var opposites = []struct{ a, b, why string }{
	{"compare", "pair", "each side of a comparison has one text"},
	{"compare", "compare-model", twoDifferences},
	{"compare", "off", twoDifferences}, {"compare", "cut", twoDifferences},
	{"compare-model", "off", twoDifferences}, {"compare-model", "cut", twoDifferences},
	{"pair", "ids", needsText}, {"truncate", "ids", needsText}, {"words", "ids", needsText},
	{"compare", "ids", needsText}, {"compare-model", "ids", needsText},
	{"decoder-ids", "measure", "the decoder's maps are of weights"}, {"decoder-ids", "words", "the decoder's maps are of tokens"},
	{"special", "no-special", "the one shows rows of special tokens, the other not even their columns"},
	{"interactive", "json", "the terminal is for one of them"}, {"interactive", "output", "the terminal is for looking"},
}

const (
	twoDifferences = "they would be two differences at once"
	needsText      = "it needs a text"
)

// check refuses a command line that is wrong whatever the model. What doesn't go together is named on both sides.
func (f *lookFlags) check(cmd *cobra.Command, args []string) error {
	if err := refuseEmpty(cmd, "model", "compare-model", "output"); err != nil {
		return err
	}
	switch {
	case len(args) == 0 && !f.given("ids"):
		return usagef("there is no text: rapt look TEXT, or --ids")
	case len(args) > 0 && f.given("ids"):
		return usagef("--ids stands in place of a text, but there is one: %q", args[0])
	case f.given("type-ids") && !f.given("ids"):
		return usagef("--type-ids goes with --ids: the types of a text's tokens come from the tokenizer")
	case f.given("type-ids") && len(f.typeIDs) != len(f.ids):
		return usagef("--type-ids has %d, expected %d as in --ids", len(f.typeIDs), len(f.ids))
	case f.given("ids") && len(f.ids) == 0:
		return usagef("--ids is empty")
	case f.given("head") && !f.given("layer"):
		return usagef("--head %d needs --layer", f.head)
	}
	for _, o := range opposites {
		if f.given(o.a) && f.given(o.b) {
			return usagef("--%s and --%s don't go together: %s", o.a, o.b, o.why)
		}
	}
	if err := f.checkMeasure(); err != nil {
		return err
	}
	return f.checkOutput()
}

// checkMeasure finds the measure, and refuses what it can't be used for.
func (f *lookFlags) checkMeasure() error {
	var err error
	if f.measure, err = lens.MeasureNamed(f.measureName); err != nil {
		return usagef("--measure: %w", err)
	}
	switch name := f.measure.Name; {
	case f.given("head") && !f.measure.PerHead:
		return usagef("--measure %s has one map a layer: --head has no meaning with it", name)
	case f.words && !f.measure.Additive:
		return usagef("--measure %s of a word isn't the sum over its pieces: --words doesn't go with it", name)
	case f.given("find") && name != lens.Measures[0].Name:
		return usagef("--find ranks heads by weights: --measure has no meaning with it")
	case len(f.off) > 0 && (name == "rollout" || name == "flow"):
		return usagef("--measure %s follows weights, which a head that is off still has: --off has no meaning with it", name)
	}
	return nil
}

// outputs are the ways in which the answer comes out, and what asks for each.
func (f *lookFlags) outputs() (all output, asked []string) {
	if f.json {
		all, asked = toNumbers, append(asked, "--json")
	}
	if f.output != "" {
		asked = append(asked, "-o "+f.output)
		switch {
		case f.format == ".html":
			all |= toPage
		case slices.Contains(figure.Formats, f.format):
			all |= toPicture
		default:
			all |= toNumbers
		}
	}
	if f.interactive {
		all, asked = toBrowser, []string{"-i"}
	}
	if all == 0 {
		all = toScreen
	}
	return all, asked
}

// checkOutput refuses flags that have no meaning in what comes out.
func (f *lookFlags) checkOutput() error {
	var err error
	if f.output != "" {
		if f.format, err = formatOf(f.output); err != nil {
			return err
		}
	}
	if f.given("decoder-ids") && !f.json && f.format != ".json" && f.format != ".npz" {
		return usagef("--decoder-ids needs --json, or -o with a file that ends in .json or .npz")
	}
	if f.hidden && f.format != ".npz" {
		return usagef("--hidden needs -o with a file that ends in .npz")
	}
	all, asked := f.outputs()
	if f.words && all == toNumbers|toPage {
		return usagef("--json and -o %s don't go together with --words: the page joins words itself, and has the pieces", f.output)
	}
	for _, t := range takers {
		switch {
		case !f.given(t.flag) || all&t.by != 0:
		case all == toScreen:
			return usagef("--%s needs -o with a picture (.svg, .png, .pdf) or a page (.html)", t.flag)
		case all == toNumbers:
			return usagef("--%s chooses what is shown, but %s takes all numbers", t.flag, strings.Join(asked, " "))
		default:
			return usagef("--%s has no meaning with %s", t.flag, strings.Join(asked, " "))
		}
	}
	for _, flag := range []string{"layer", "words", "special", "no-special", "compare", "compare-model"} {
		if f.given(flag) && f.given("find") && all == toScreen {
			return usagef("--find ranks all heads: --%s has no meaning with it", flag)
		}
	}
	if err := f.checkPicture(); err != nil {
		return err
	}
	return f.checkView(all)
}

// checkPicture refuses values that a picture can't have.
func (f *lookFlags) checkPicture() error {
	p := &f.picture
	switch views := []string{viewHeatmap, viewArcs, viewHeads, viewRoles}; {
	case !slices.Contains(views, p.view):
		return usagef("--view is %q, expected heatmap, arcs, heads or roles", p.view)
	case f.given("mass") && p.view != viewArcs:
		return usagef("--mass is for --view arcs")
	case !(p.mass > 0 && p.mass <= 1):
		return usagef("--mass is %v, expected a part over 0 and up to 1", p.mass)
	case p.theme != figure.Light.Name && p.theme != figure.Dark.Name:
		return usagef("--theme is %q, expected light or dark", p.theme)
	case p.colormap != figure.Viridis.Name && p.colormap != figure.Cividis.Name:
		return usagef("--colormap is %q, expected viridis or cividis", p.colormap)
	}
	return nil
}

// checkView refuses flags that have no meaning in the view of a picture.
func (f *lookFlags) checkView(all output) error {
	view, ofHeads := f.picture.view, f.picture.view == viewHeads || f.picture.view == viewRoles
	var compare string
	for _, flag := range []string{"compare", "compare-model"} {
		if f.given(flag) {
			compare = flag
		}
	}
	switch {
	case ofHeads && all&toPage != 0:
		return usagef("--view %s has no meaning with -o %s: a page has all heads beside each view", view, f.output)
	case compare != "" && view != viewHeatmap:
		return usagef("--%s has differences, which --view %s can't show", compare, view)
	case compare != "" && f.given("colormap"):
		return usagef("--%s has colours of its own, for differences: --colormap has no meaning with it", compare)
	case !f.measure.PerHead && ofHeads:
		return usagef("--view %s shows heads, and --measure %s has one map a layer", view, f.measure.Name)
	case view == viewRoles && f.measure.Name != lens.Measures[0].Name:
		return usagef("--view roles is of weights: --measure has no meaning with it")
	case view == viewRoles && f.given("no-special"):
		return usagef("--view roles shows no maps: --no-special has no meaning with it")
	case view == viewArcs && f.given("colormap"):
		return usagef("--view arcs has no colours: --colormap has no meaning with it")
	}
	for _, flag := range []string{"layer", "special"} {
		if f.given(flag) && ofHeads {
			return usagef("--view %s shows all heads: --%s has no meaning with it", view, flag)
		}
	}
	return nil
}
