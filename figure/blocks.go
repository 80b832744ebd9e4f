package figure

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/rapt-go/rapt/lens"
)

// shades stand for weights where a cell has one character and no colour.
var shades = [5]string{" ", "░", "▒", "▓", "█"}

// fewer stand for differences under 0.
var fewer = [5]string{" ", "⠂", "⠒", "⠶", "⠿"}

// blockName is the room for a row's name beside blocks, its number included.
const blockName = 12

// blocks draws the grid with one character a key, for long texts: half blocks, two rows in a line, where there are
// colours, and else shades. What is still too wide is pooled: a cell then has the largest of p × p weights. Weights are
// small where there are many keys, and a few large ones would leave the rest alike: the scale is that of their roots.
func (g *grid) blocks() (lines, notes []string) {
	g.scale.root = true
	label := min(blockName, g.width/3)
	room := g.width - label - 1
	pool := (len(g.Columns) + room - 1) / room
	rows := slices.Collect(slices.Chunk(g.Rows, pool))
	values := make([][]float64, len(rows)) // [row of cells][cell]
	for k, queries := range rows {
		values[k] = g.pooled(queries, pool)
	}
	lines = append(lines, g.color.faint(strings.Repeat(" ", label+1)+g.ruler(len(values[0]), pool)))
	if g.color.Color == NoColor {
		lines = append(lines, g.shaded(rows, values, label)...)
		notes = append(notes, g.shadeNote())
	} else {
		lines = append(lines, g.halved(rows, values, label)...)
		notes = append(notes, "colour: "+g.scale.describe(g.unit), "a line is two rows, and has the name of the upper one")
	}
	notes = append(notes, "columns have the numbers of the rows"+g.hiddenNumbers())
	if pool > 1 {
		notes = append(notes, fmt.Sprintf("%d %[2]ss don't fit %d columns: a cell is the largest value of %d × %[4]d %[2]ss",
			len(g.Columns), g.look.unit(), g.width, pool))
	}
	return lines, notes
}

// shadeNote says from where on a shade stands.
func (g *grid) shadeNote() string {
	unit, factor, digits := "", 1.0, 3
	if g.unit == lens.Share {
		unit, factor, digits = " %", 100, 1
	}
	from := func(i float64) float64 {
		return factor * g.scale.ceiling * (i / float64(len(shades))) * (i / float64(len(shades)))
	}
	note := fmt.Sprintf("░ from %.*f%s, ▒ %.*f, ▓ %.*f, █ %.*f", digits, from(1), unit, digits, from(2), digits, from(3), digits, from(4))
	if g.scale.signed() {
		note += fmt.Sprintf("; less: %s %s %s %s", fewer[1], fewer[2], fewer[3], fewer[4])
	}
	return note
}

// pooled is a row of cells: of each pool of keys the value farthest from 0 that any of the queries gives; NaN where none of
// them sees any of the keys.
func (g *grid) pooled(queries []int, pool int) []float64 {
	cells := make([]float64, (len(g.Columns)+pool-1)/pool)
	for c := range cells {
		cells[c] = math.NaN()
	}
	for _, i := range queries {
		for j, w := range g.row(i) {
			if g.look.seen(i, g.Columns[j]) && !(math.Abs(float64(w)) <= math.Abs(cells[j/pool])) {
				cells[j/pool] = float64(w)
			}
		}
	}
	return cells
}

// shade is the character of a value: of nothing at all, of little to much, and of less.
func (g *grid) shade(v float64) string {
	if math.IsNaN(v) {
		return " "
	}
	part := math.Sqrt(min(math.Abs(v)/g.scale.ceiling, 1))
	if v < 0 {
		return fewer[step(part, len(fewer))]
	}
	return shades[step(part, len(shades))]
}

// ruler numbers every fifth cell by the first token in it, or every tenth where the numbers are long.
func (g *grid) ruler(cells, pool int) string {
	every := 5
	if len(strconv.Itoa(len(g.names))) > 3 {
		every = 10
	}
	var b strings.Builder
	for c := 0; c < cells; c += every {
		if mark := strconv.Itoa(g.Columns[c*pool]); c+len(mark) <= cells {
			b.WriteString(padRight(mark, every))
		}
	}
	return strings.TrimRight(b.String(), " ")
}

// shaded draws one line for each row of cells and, where there is room, names the key with the row's largest weight.
func (g *grid) shaded(rows [][]int, values [][]float64, label int) []string {
	var lines []string
	for k, cells := range values {
		var b strings.Builder
		b.WriteString(padRight(g.rowName(rows[k][0], label, true), label+1))
		for _, v := range cells {
			b.WriteString(g.shade(v))
		}
		if room := g.width - displayWidth(b.String()) - len(" → 100"); room >= minLabel && len(rows[k]) == 1 {
			row := g.row(rows[k][0])
			j := farthest(row)
			fmt.Fprintf(&b, " → %s %s", shorten(g.names[g.Columns[j]], min(room-1, blockName)), percent(row[j]))
		}
		lines = append(lines, b.String())
	}
	return lines
}

// halved draws two rows of cells in each line.
func (g *grid) halved(rows [][]int, values [][]float64, label int) []string {
	place := func(v float64) float64 { // −1 is no colour
		if math.IsNaN(v) {
			return -1
		}
		return g.scale.place(v)
	}
	var lines []string
	for k := 0; k < len(values); k += 2 {
		var b strings.Builder
		b.WriteString(padRight(g.rowName(rows[k][0], label, true), label+1))
		for c, upper := range values[k] {
			lower := -1.0
			if k+1 < len(values) {
				lower = place(values[k+1][c])
			}
			b.WriteString(g.color.halves(place(upper), lower))
		}
		lines = append(lines, b.String())
	}
	return lines
}
