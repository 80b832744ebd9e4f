package figure

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/rapt-go/rapt/lens"
)

// A grid is one head as a table: a row for each query, a column for each key.
type grid struct {
	view  *lens.View
	head  lens.Head
	names []string // [token], printable
	rows  []int    // the queries that are shown; all keys are
	width int
	color Color

	ceiling float64 // the weight that gets the last colour; larger ones get it too
}

// newGrid shows the rows of all tokens, or of those that aren't special.
func newGrid(l *Look, s Screen) *grid {
	g := &grid{view: l.View, head: l.Head, names: l.names(), width: s.width(), color: s.Color}
	for i, t := range g.view.Tokens {
		if l.Special || t.Kind != lens.Special {
			g.rows = append(g.rows, i)
		}
	}
	if len(g.rows) == 0 {
		for i := range g.view.Tokens {
			g.rows = append(g.rows, i)
		}
	}
	g.ceiling = g.largest(func(t lens.Token) bool { return t.Kind != lens.Special })
	if g.ceiling == 0 {
		g.ceiling = max(g.largest(func(lens.Token) bool { return true }), 1e-6)
	}
	return g
}

// largest is the largest weight that is shown in columns of such tokens. Colours are scaled to the columns of ordinary
// tokens: what goes to special ones is often so much more that the rest would look alike.
func (g *grid) largest(column func(lens.Token) bool) (w float64) {
	for _, i := range g.rows {
		for j, weight := range g.row(i) {
			if column(g.view.Tokens[j]) {
				w = max(w, float64(weight))
			}
		}
	}
	return w
}

func (g *grid) row(i int) []float32 { return g.view.Row(g.head.Layer, g.head.Head, i) }

// A layout is how wide the parts of a grid of numbers are.
type layout struct {
	label, cell int  // a label has a blank behind it
	numbered    bool // the columns are headed by their token's number, which then also stands before a row's name
}

// minLabel is the least room for the names of rows.
const minLabel = 6

// layout chooses the widest cells that fit: with the names of the columns if they can be told apart, or else with their
// numbers. It reports false if not even numbers fit.
func (g *grid) layout() (layout, bool) {
	n, digits := len(g.names), len(strconv.Itoa(len(g.names)-1))
	rows := make([]string, len(g.rows))
	for k, i := range g.rows {
		rows[k] = g.names[i]
	}
	label := widest(rows) + 1
	named := layout{label: min(label, max(minLabel, g.width-5*n))}
	if room := (g.width - named.label) / n; room >= 5 {
		named.cell = min(room, max(5, widest(g.names)+1))
		if distinct(g.names, g.columnNames(named.cell)) {
			return named, true
		}
	}
	for cell := 5; cell >= 3; cell-- {
		numbered := layout{cell: cell, numbered: true}
		numbered.label = min(digits+1+label, max(digits+1+minLabel, g.width-cell*n))
		if numbered.label+cell*n <= g.width {
			return numbered, true
		}
	}
	return layout{}, false
}

// columnNames are the names above columns so wide.
func (g *grid) columnNames(cell int) []string {
	names := make([]string, len(g.names))
	for j, name := range g.names {
		names[j] = shorten(name, cell-1)
	}
	return names
}

// lines draws the grid, and says in notes what a reader has to know about it.
func (g *grid) lines() (lines, notes []string) {
	l, ok := g.layout()
	if !ok {
		return g.blocks()
	}
	lines = append(lines, g.color.faint(g.heading(l)))
	for _, i := range g.rows {
		lines = append(lines, g.numbers(l, i))
	}
	notes = []string{"* largest of its row", "· under 0.5"}
	if l.numbered {
		notes = append(notes, "columns have the numbers of the rows"+g.hiddenNumbers())
	} else if g.shortened(l) {
		notes = append(notes, "… shortened")
	}
	if g.color != NoColor {
		notes = append(notes, fmt.Sprintf("colour: viridis, 0 to %.0f %% and above", 100*g.ceiling))
	}
	return lines, notes
}

// shortened reports whether a name in the grid ends in "…" that doesn't in the text.
func (g *grid) shortened(l layout) bool {
	shown := g.columnNames(l.cell)
	for _, i := range g.rows {
		shown = append(shown, g.rowName(i, l.label-1, l.numbered))
	}
	return slices.ContainsFunc(shown, func(s string) bool { return strings.HasSuffix(s, "…") && !slices.Contains(g.names, s) })
}

// hiddenNumbers says which columns have no row that would name them.
func (g *grid) hiddenNumbers() string {
	var hidden []string
	for i, name := range g.names {
		if !slices.Contains(g.rows, i) {
			hidden = append(hidden, fmt.Sprintf("%d is %s", i, name))
		}
	}
	if len(hidden) == 0 {
		return ""
	}
	return "; " + and(hidden)
}

func (g *grid) heading(l layout) string {
	var b strings.Builder
	b.WriteString(strings.Repeat(" ", l.label))
	for j, name := range g.columnNames(l.cell) {
		if l.numbered {
			name = strconv.Itoa(j)
		}
		b.WriteString(padLeft(name, l.cell))
	}
	return b.String()
}

// numbers is one row: the weights in percent, the largest marked.
func (g *grid) numbers(l layout, i int) string {
	row := g.row(i)
	largest := slices.Max(row)
	var b strings.Builder
	b.WriteString(padRight(g.rowName(i, l.label-1, l.numbered), l.label))
	for _, w := range row {
		text := percent(w)
		if w == largest && len(text) < l.cell {
			text = "*" + text
		}
		b.WriteString(g.color.cell(padLeft(text, l.cell), float64(w)/g.ceiling, w == largest))
	}
	return b.String()
}

// rowName is the name of row i, with its number before it if columns are numbered.
func (g *grid) rowName(i, width int, numbered bool) string {
	if !numbered {
		return shorten(g.names[i], width)
	}
	digits := len(strconv.Itoa(len(g.names) - 1))
	return padLeft(strconv.Itoa(i), digits) + " " + shorten(g.names[i], width-digits-1)
}

// percent is a weight as a whole number of hundredths. A share that rounds to 0 is a dot, so that the eye finds the rest.
func percent(w float32) string {
	p := math.Round(100 * float64(w))
	if p == 0 {
		return "·"
	}
	return strconv.FormatFloat(p, 'f', 0, 64)
}
