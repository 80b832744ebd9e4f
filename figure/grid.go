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
	look  *Look
	view  *lens.View
	head  lens.Head
	names []string // [token], printable

	lens.Selection
	width int
	color paints
	unit  lens.Unit
	most  string // what is marked in a row
	scale scale
}

// newGrid shows the rows of all tokens, or of those that aren't special.
func newGrid(l *Look, s Screen) *grid {
	g := &grid{look: l, view: l.View, head: l.Head, names: l.names(), width: s.width(), unit: l.measure().Unit, most: l.most(),
		Selection: l.selection()}
	g.scale = l.scale(g.Rows, s.Map)
	g.color = paints{s.Color, g.scale.colors}
	return g
}

// scale goes up to the largest value that is shown in columns that are no sinks: what goes to those is often so much more
// that the rest would look alike.
func (l *Look) scale(rows []int, colors *ColorMap) scale {
	s := scale{colors: colors}
	switch {
	case l.Difference:
		s.colors = RdBu
	case colors == nil:
		s.colors = Viridis
	}
	sink := make([]bool, len(l.View.Tokens))
	for _, j := range l.View.Sinks {
		sink[j] = true
	}
	var all float64
	for _, i := range rows {
		for j, w := range l.View.Row(l.Head.Layer, l.Head.Head, i) {
			size := math.Abs(float64(w))
			all = max(all, size)
			if !sink[j] {
				s.ceiling = max(s.ceiling, size)
			}
		}
	}
	if s.ceiling == 0 {
		s.ceiling = max(all, 1e-6)
	}
	return s
}

// row is what query i gives to the columns that are shown.
func (g *grid) row(i int) []float32 {
	row := g.view.Row(g.head.Layer, g.head.Head, i)
	shown := make([]float32, len(g.Columns))
	for k, j := range g.Columns {
		shown[k] = row[j]
	}
	return shown
}

// allColumns are the names of the columns.
func (g *grid) allColumns() []string {
	names := make([]string, len(g.Columns))
	for k, j := range g.Columns {
		names[k] = g.names[j]
	}
	return names
}

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
	n, digits := len(g.Columns), len(strconv.Itoa(len(g.names)-1))
	rows := make([]string, len(g.Rows))
	for k, i := range g.Rows {
		rows[k] = g.names[i]
	}
	label := widest(rows) + 1
	named := layout{label: min(label, max(minLabel, g.width-5*n))}
	if room := (g.width - named.label) / n; room >= 5 {
		named.cell = min(room, max(5, widest(g.allColumns())+1))
		if distinct(g.allColumns(), g.columnNames(named.cell)) {
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
	names := g.allColumns()
	for k, name := range names {
		names[k] = shorten(name, cell-1)
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
	for _, i := range g.Rows {
		lines = append(lines, g.numbers(l, i))
	}
	notes = []string{"* " + g.most + " of its row", "· under 0.5"}
	if l.numbered {
		notes = append(notes, "columns have the numbers of the rows"+g.hiddenNumbers())
	} else if g.shortened(l) {
		notes = append(notes, "… shortened")
	}
	if g.color.Color != NoColor {
		notes = append(notes, "colour: "+g.scale.describe(g.unit))
	}
	return lines, notes
}

// shortened reports whether a name in the grid ends in "…" that doesn't in the text.
func (g *grid) shortened(l layout) bool {
	shown := g.columnNames(l.cell)
	for _, i := range g.Rows {
		shown = append(shown, g.rowName(i, l.label-1, l.numbered))
	}
	return slices.ContainsFunc(shown, func(s string) bool { return strings.HasSuffix(s, "…") && !slices.Contains(g.names, s) })
}

// hiddenNumbers says which columns have no row that would name them.
func (g *grid) hiddenNumbers() string {
	var hidden []string
	for _, j := range g.Columns {
		if !slices.Contains(g.Rows, j) {
			hidden = append(hidden, fmt.Sprintf("%d is %s", j, g.names[j]))
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
	for k, name := range g.columnNames(l.cell) {
		if l.numbered {
			name = strconv.Itoa(g.Columns[k])
		}
		b.WriteString(padLeft(name, l.cell))
	}
	return b.String()
}

// numbers is one row: the weights in percent, the largest marked.
func (g *grid) numbers(l layout, i int) string {
	row := g.row(i)
	largest := row[farthest(row)]
	var b strings.Builder
	b.WriteString(padRight(g.rowName(i, l.label-1, l.numbered), l.label))
	for k, w := range row {
		if !g.look.seen(i, g.Columns[k]) {
			b.WriteString(strings.Repeat(" ", l.cell))
			continue
		}
		text := g.scale.text(w)
		marked := w == largest && w != 0
		if marked && displayWidth(text) < l.cell {
			text = "*" + text
		}
		b.WriteString(g.color.cell(padLeft(text, l.cell), g.scale.place(float64(w)), marked))
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

// farthest is the place of the value that is farthest from 0, the first of several.
func farthest(row []float32) (at int) {
	for j, w := range row {
		if math.Abs(float64(w)) > math.Abs(float64(row[at])) {
			at = j
		}
	}
	return at
}

// most is what the value that is marked in a row is.
func (l *Look) most() string {
	most := "largest"
	if l.Difference {
		most += " change"
	}
	if l.NoSpecial {
		most += " shown"
	}
	return most
}

// describe says what the colours go from and to.
func (s scale) describe(unit lens.Unit) string {
	name := s.colors.Name
	if s.root {
		name += ", square root"
	}
	from, to := number(0, unit), number(s.ceiling, unit)
	if s.signed() {
		return fmt.Sprintf("%s, −%s and below to +%[2]s and above", name, to)
	}
	return fmt.Sprintf("%s, %s to %s and above", name, strings.TrimSuffix(from, " %"), to)
}

// number is a value with its unit: a share in percent, a length or a distance as it is.
func number(v float64, unit lens.Unit) string {
	if unit == lens.Share {
		return strconv.FormatFloat(100*v, 'f', 0, 64) + " %"
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}

// percent is a weight as a whole number of hundredths. A share that rounds to 0 is a dot, so that the eye finds the rest.
func percent(w float32) string {
	p := math.Round(100 * float64(w))
	if p == 0 {
		return "·"
	}
	return strconv.FormatFloat(p, 'f', 0, 64)
}
