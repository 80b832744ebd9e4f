package figure

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// MostArcTokens is the longest text that Arcs draws.
const MostArcTokens = 128

// DefaultMass is the part of each row that Arcs shows if it isn't told otherwise.
const DefaultMass = .8

// An edge is one arc: a query, a key and the weight.
type edge struct {
	query, key int // places among the rows and columns shown
	weight     float32
}

// strongest are the edges of each row, the largest first, until they have the mass that is asked for, and what part of
// all that the rows give to the columns shown they have.
func strongest(rows [][]float32, mass float64) (edges []edge, total int, share float64) {
	var shown, all float64
	for q, row := range rows {
		order := make([]int, len(row))
		var sum float64
		for k, w := range row {
			order[k] = k
			sum += float64(w)
		}
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(row[b], row[a]) })
		var got float64
		for _, k := range order {
			if row[k] <= 0 || got >= mass*sum {
				break
			}
			edges = append(edges, edge{q, k, row[k]})
			got += float64(row[k])
		}
		shown, all, total = shown+got, all+sum, total+len(row)
	}
	if all > 0 {
		share = shown / all
	}
	return edges, total, share
}

// arcs is one head as two columns of tokens with curves between them, as wide as the weights are large.
type arcs struct {
	heatmap
	edges []edge
	far   float64 // where the keys stand
}

// Arcs draws the strongest edges of each row, until they have so much of what it gives: mass is from 0 to 1. The caption
// says how many edges that is, of how many. A difference has no arcs, and neither has a text of more than MostArcTokens.
func (l *Look) Arcs(s Style, mass float64) (*Picture, error) {
	if l.Difference {
		return nil, fmt.Errorf("a difference can't be drawn as arcs: their width can't be negative")
	}
	if !(mass > 0 && mass <= 1) {
		return nil, fmt.Errorf("mass is %v, expected a part over 0 and up to 1", mass)
	}
	if n := len(l.Names); n > MostArcTokens {
		return nil, fmt.Errorf("there are %d tokens; arcs of more than %d can't be told apart, a heatmap can", n, MostArcTokens)
	}
	a := &arcs{heatmap: heatmap{look: l, style: s, names: l.names(), Selection: l.selection(), cell: 15}}
	a.scale = l.scale(a.Rows, s.Map)
	for _, name := range a.names {
		a.label = max(a.label, textWidth(name, labelSize, true)+2)
	}
	a.label = min(max(a.label, textWidth("from (query)", labelSize, false)), mostLabel)
	rows := make([][]float32, len(a.Rows))
	a.scale.ceiling = 1e-6 // widths are true to the largest of all, special tokens or not
	for r, i := range a.Rows {
		rows[r] = a.row(r)
		for k := len(a.Columns); k > 0 && !l.seen(i, a.Columns[k-1]); k-- {
			rows[r] = rows[r][:k-1]
		}
		for _, w := range rows[r] {
			a.scale.ceiling = max(a.scale.ceiling, float64(w))
		}
	}
	var total int
	var share float64
	a.edges, total, share = strongest(rows, mass)
	width := max(leastWidth, 2*margin+2*a.label+180)
	sentences := append(l.caption(), fmt.Sprintf("showing %d of %d edges, %.0f %% of what goes to these keys, as wide as large",
		len(a.edges), total, 100*share))
	a.caption = foldText(sentences, captionSize, width-2*margin)
	a.left, a.far = margin+a.label, width-margin-a.label
	a.top = margin + titleSize*lineHeight + captionSize*lineHeight*float64(len(a.caption)) + 34
	return &Picture{
		Width: width, Height: a.top + a.cell*float64(max(len(a.Rows), len(a.Columns))) + margin,
		Title:       fmt.Sprintf("%s, %s, %s", Printable(l.Model), l.title(), l.measure().Title),
		Description: l.describe(a.Selection),
		theme:       s.theme(), draw: a.draw,
	}, nil
}

func (a *arcs) draw(c canvas) {
	t := a.style.theme()
	drawHead(c, t, a.look.title(), a.caption)
	c.text(label{x: a.left, y: a.top - 8, size: labelSize, text: "from (query)", anchor: end, color: t.faint})
	c.text(label{x: a.far, y: a.top - 8, size: labelSize, text: "to (key)", color: t.faint})
	for k, i := range a.Rows {
		c.text(label{x: a.left - 4, y: a.line(k) + labelSize*.35, size: labelSize, text: clip(a.names[i], labelSize, a.label, false), anchor: end, color: t.ink})
	}
	for k, j := range a.Columns {
		c.text(label{x: a.far + 4, y: a.line(k) + labelSize*.35, size: labelSize, text: clip(a.names[j], labelSize, a.label, false), color: t.ink})
	}
	edges := slices.Clone(a.edges)
	slices.SortStableFunc(edges, func(x, y edge) int { return cmp.Compare(x.weight, y.weight) }) // the large ones on top
	for _, e := range edges {
		from, to := point{a.left, a.line(e.query)}, point{a.far, a.line(e.key)}
		bend := (a.far - a.left) * .45
		c.curve(from, point{from.x + bend, from.y}, point{to.x - bend, to.y}, to, a.width(e.weight), a.ink(t, e.weight),
			fmt.Sprintf("%s → %s: %s", a.names[a.Rows[e.query]], a.names[a.Columns[e.key]], exact(e.weight)))
	}
}

// line is the height of token k.
func (a *arcs) line(k int) float64 { return a.top + a.cell*(float64(k)+.5) }

// width grows with the weight, up to what leaves neighbours apart.
func (a *arcs) width(w float32) float64 {
	return max(.4, 6*float64(w)/a.scale.ceiling)
}

// ink is the theme's ink for the largest weights, and lighter for smaller ones, so that arcs that cross stay apart.
func (a *arcs) ink(t *Theme, w float32) rgb {
	f := .35 + .65*math.Sqrt(float64(w)/a.scale.ceiling)
	mix := func(ink, paper uint8) uint8 { return uint8(math.Round(f*float64(ink) + (1-f)*float64(paper))) }
	return rgb{mix(t.ink.r, t.paper.r), mix(t.ink.g, t.paper.g), mix(t.ink.b, t.paper.b)}
}
