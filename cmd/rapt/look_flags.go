package main

import (
	"slices"

	"github.com/spf13/cobra"

	"github.com/rapt-go/rapt/figure"
	"github.com/rapt-go/rapt/lens"
)

// pictureFlags is what the command line says of pictures in files, and of colours.
type pictureFlags struct {
	view            string
	mass            float64
	theme, colormap string
}

// The views that a picture can be of.
const (
	viewHeatmap = "heatmap"
	viewArcs    = "arcs"
	viewHeads   = "heads"
	viewRoles   = "roles"
)

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
	flags.StringVar(&f.measureName, "measure", lens.Measures[0].Name, "show this `measure`: "+measureNames())
	flags.BoolVar(&f.words, "words", false, "join the pieces of words: columns are summed, rows averaged (id -1 in files)")
	flags.StringVar(&f.compare, "compare", "", "run another `text` too, and show it less the first")
	flags.StringArrayVar(&f.off, "off", nil, "switch head `L:H` off, layer and head; may be repeated")
	flags.StringArrayVar(&f.cut, "cut", nil, "let word `a:b`, a, not see b in any head; may be repeated")
	flags.BoolVar(&f.special, "special", false, "show the rows of special tokens too")
	flags.BoolVar(&f.plain, "no-special", false, "don't show their columns either; what they get is said")
	flags.BoolVarP(&f.interactive, "interactive", "i", false, "browse the heads in the terminal")
	flags.BoolVar(&f.json, "json", false, "print all maps as a JSON object")
	flags.StringVarP(&f.output, "output", "o", "", "write all maps to `file` (.html, .json, .csv, .npz), or a picture (.svg, .png, .pdf)")
	flags.BoolVar(&f.hidden, "hidden", false, "put hidden states, and logits if there are any, in the .npz too")
	flags.StringVar(&f.picture.view, "view", viewHeatmap, "draw this `view` of a picture: heatmap, arcs, heads (all maps), roles (what heads do)")
	flags.Float64Var(&f.picture.mass, "mass", figure.DefaultMass, "draw the strongest arcs of a row until they have this `part` of it")
	flags.StringVar(&f.picture.theme, "theme", figure.Light.Name, "draw pictures on this `paper`: light or dark")
	flags.StringVar(&f.picture.colormap, "colormap", figure.Viridis.Name, "use these `colours`: viridis or cividis")
	flags.StringVar(&f.color, "color", "auto", "use colours: `when` is auto, always or never")
}

func measureNames() string {
	names := ""
	for i, m := range lens.Measures {
		if i > 0 {
			names += ", "
		}
		names += m.Name
	}
	return names
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
	case f.given("type-ids") && !f.given("ids"):
		return usagef("--type-ids goes with --ids: the types of a text's tokens come from the tokenizer")
	case f.given("type-ids") && len(f.typeIDs) != len(f.ids):
		return usagef("--type-ids has %d, expected %d as in --ids", len(f.typeIDs), len(f.ids))
	case f.given("ids") && len(f.ids) == 0:
		return usagef("--ids is empty")
	case f.given("head") && !f.given("layer"):
		return usagef("--head %d needs --layer", f.head)
	}
	for _, flag := range []string{"pair", "truncate", "compare", "words"} {
		if f.given(flag) && f.given("ids") {
			return usagef("--%s needs a text, not --ids", flag)
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
	plain := f.measure.Name == lens.Measures[0].Name
	switch {
	case f.given("head") && !f.measure.PerHead:
		return usagef("--measure %s has one map a layer: --head has no meaning with it", f.measure.Name)
	case f.words && !f.measure.Additive:
		return usagef("--measure %s of a word isn't the sum over its pieces: --words doesn't go with it", f.measure.Name)
	case f.given("find") && !plain:
		return usagef("--find ranks heads by weights: --measure has no meaning with it")
	case f.given("find") && f.words:
		return usagef("--find takes words as it is: --words has no meaning with it")
	case len(f.off) > 0 && (f.measure.Name == "rollout" || f.measure.Name == "flow"):
		return usagef("--measure %s follows weights, which a head that is off still has: --off has no meaning with it", f.measure.Name)
	case f.given("compare") && f.given("pair"):
		return usagef("--compare and --pair don't go together")
	case f.given("compare") && len(f.off)+len(f.cut) > 0:
		return usagef("--compare and --off or --cut don't go together: they would be two differences at once")
	case f.special && f.plain:
		return usagef("--special shows rows of special tokens, --no-special not even their columns: choose one")
	}
	return nil
}

// checkOutput refuses flags about what is printed that have no meaning together.
func (f *lookFlags) checkOutput() error {
	if f.output != "" {
		var err error
		if f.format, err = formatOf(f.output); err != nil {
			return err
		}
	}
	if f.format == ".html" && (f.words || len(f.cut) > 0) {
		return usagef("-o %s: the page joins words itself, and doesn't know of edges cut: --words and --cut have no meaning with it", f.output)
	}
	if f.hidden && f.format != ".npz" {
		return usagef("--hidden needs -o with a file that ends in .npz")
	}
	drawn := slices.Contains(figure.Formats, f.format)
	for _, flag := range []string{"find", "layer", "special", "no-special", "compare"} {
		if f.given(flag) && (f.json || f.output != "" && !drawn) {
			return usagef("--%s chooses what is shown, but --json and -o take all weights", flag)
		}
	}
	for _, flag := range []string{"layer", "special", "no-special", "compare"} {
		if f.given(flag) && f.given("find") {
			return usagef("--find ranks all heads: --%s has no meaning with it", flag)
		}
	}
	if f.interactive {
		for _, flag := range []string{"find", "json", "output", "compare"} {
			if f.given(flag) {
				return usagef("-i browses in the terminal: --%s has no meaning with it", flag)
			}
		}
	}
	return f.checkPicture(drawn)
}

// checkPicture refuses flags that are wrong for pictures, or mean pictures where there are none.
func (f *lookFlags) checkPicture(drawn bool) error {
	p := &f.picture
	for _, flag := range []string{"view", "mass", "theme"} {
		if f.given(flag) && !drawn {
			return usagef("--%s needs -o with a picture: .svg, .png or .pdf", flag)
		}
	}
	views := []string{viewHeatmap, viewArcs, viewHeads, viewRoles}
	switch {
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
	case f.given("find") && drawn:
		return usagef("--find prints a list: it has no picture")
	case f.given("compare") && p.view != viewHeatmap:
		return usagef("--compare has differences, which --view %s can't show", p.view)
	case !f.measure.PerHead && (p.view == viewHeads || p.view == viewRoles):
		return usagef("--view %s shows heads, and --measure %s has one map a layer", p.view, f.measure.Name)
	case p.view == viewRoles && f.measure.Name != lens.Measures[0].Name:
		return usagef("--view roles is of weights: --measure has no meaning with it")
	}
	for _, flag := range []string{"layer", "special"} {
		if f.given(flag) && (p.view == viewHeads || p.view == viewRoles) {
			return usagef("--view %s shows all heads: --%s has no meaning with it", p.view, flag)
		}
	}
	return nil
}

func (p *pictureFlags) colors() *figure.ColorMap {
	if p.colormap == figure.Cividis.Name {
		return figure.Cividis
	}
	return figure.Viridis
}

func (p *pictureFlags) style() figure.Style {
	s := figure.Style{Theme: figure.Light, Map: p.colors()}
	if p.theme == figure.Dark.Name {
		s.Theme = figure.Dark
	}
	return s
}
