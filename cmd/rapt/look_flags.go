package main

import (
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
	flags.IntSliceVar(&f.decoderIDs, "decoder-ids", nil, "run the decoder of an encoder–decoder model on `0,5,6`: --json and .npz have its attention too")
	flags.BoolVar(&f.truncate, "truncate", false, "of a text that is too long for the model take the beginning")
	flags.IntVar(&f.layer, "layer", 0, "show a head of layer `N`")
	flags.IntVar(&f.head, "head", 0, "show head `N` of --layer")
	flags.StringVar(&f.find, "find", "", "rank all heads by how much word `a:b`, a, looks at b; the#2 is the second \"the\"")
	flags.BoolVar(&f.stats, "stats", false, "keep statistics of the weights in place of weights, as for texts of thousands of tokens")
	flags.StringVar(&f.measureName, "measure", lens.Measures[0].Name, "show this `measure`: "+measureNames())
	flags.BoolVar(&f.words, "words", false, "join the pieces of words: columns are summed, rows averaged (id -1 in files)")
	flags.StringVar(&f.compare, "compare", "", "run another `text` too, and show it less the first")
	flags.StringVar(&f.compareModel, "compare-model", "", "run another `model` on the text too, and show it less the first")
	flags.StringArrayVar(&f.off, "off", nil, "switch head `L:H` off, layer and head; may be repeated")
	flags.StringArrayVar(&f.cut, "cut", nil, "let word `a:b`, a, not see b in any head; may be repeated")
	flags.BoolVar(&f.special, "special", false, "show the rows of special tokens too")
	flags.BoolVar(&f.plain, "no-special", false, "don't show their columns either; what they get is said")
	flags.BoolVarP(&f.interactive, "interactive", "i", false, "browse the heads in the terminal")
	flags.BoolVar(&f.json, "json", false, "print all maps as a JSON object")
	flags.StringVarP(&f.output, "output", "o", "", "write all maps to `file` (.json, .csv, .npz), a page (.html) or a picture (.svg, .png, .pdf)")
	flags.BoolVar(&f.hidden, "hidden", false, "put hidden states, and logits if there are any, in the .npz too")
	flags.StringVar(&f.picture.view, "view", viewHeatmap, "draw this `view` of a picture: heatmap, arcs, heads (all maps), roles (what heads do); of a page: heatmap, arcs")
	flags.Float64Var(&f.picture.mass, "mass", figure.DefaultMass, "draw the strongest arcs of a row until they have this `part` of it")
	flags.StringVar(&f.picture.theme, "theme", figure.Light.Name, "draw pictures and pages on this `paper`: light or dark")
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
