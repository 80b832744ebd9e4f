package figure

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// shades stand for weights where a cell has one character and no colour.
var shades = [5]string{" ", "░", "▒", "▓", "█"}

// blockName is the room for a row's name beside blocks, its number included.
const blockName = 12

// blocks draws the grid with one character a key, for long texts: half blocks, two rows in a line, where there are
// colours, and else shades. What is still too wide is pooled: a cell then has the largest of p × p weights. Weights are
// small where there are many keys, and a few large ones would leave the rest alike: the scale is that of their roots.
func (g *grid) blocks() (lines, notes []string) {
	label := min(blockName, g.width/3)
	room := g.width - label - 1
	pool := (len(g.names) + room - 1) / room
	rows := slices.Collect(slices.Chunk(g.rows, pool))
	values := make([][]float64, len(rows)) // [row of cells][cell]
	for k, queries := range rows {
		values[k] = g.pooled(queries, pool)
	}
	lines = append(lines, g.color.faint(strings.Repeat(" ", label+1)+ruler(len(values[0]), pool)))
	if g.color == NoColor {
		lines = append(lines, g.shaded(rows, values, label)...)
		from := func(i float64) float64 {
			return 100 * g.ceiling * (i / float64(len(shades))) * (i / float64(len(shades)))
		}
		notes = append(notes, fmt.Sprintf("░ from %.1f %%, ▒ %.1f, ▓ %.1f, █ %.1f", from(1), from(2), from(3), from(4)))
	} else {
		lines = append(lines, g.halved(rows, values, label)...)
		notes = append(notes, fmt.Sprintf("colour: viridis, square root, 0 to %.0f %% and above", 100*g.ceiling),
			"a line is two rows, and has the name of the upper one")
	}
	notes = append(notes, "columns have the numbers of the rows"+g.hiddenNumbers())
	if pool > 1 {
		notes = append(notes, fmt.Sprintf("%d tokens don't fit %d columns: a cell is the largest weight of %d × %[3]d tokens",
			len(g.names), g.width, pool))
	}
	return lines, notes
}

// pooled is a row of cells: of each pool of keys the largest weight that any of the queries gives.
func (g *grid) pooled(queries []int, pool int) []float64 {
	cells := make([]float64, (len(g.names)+pool-1)/pool)
	for _, i := range queries {
		for j, w := range g.row(i) {
			cells[j/pool] = max(cells[j/pool], math.Sqrt(float64(w)/g.ceiling))
		}
	}
	return cells
}

// ruler numbers every fifth cell by the first token in it, or every tenth where the numbers are long.
func ruler(cells, pool int) string {
	every := 5
	if len(strconv.Itoa(cells*pool)) > 3 {
		every = 10
	}
	var b strings.Builder
	for c := 0; c < cells; c += every {
		if mark := strconv.Itoa(c * pool); c+len(mark) <= cells {
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
			b.WriteString(shades[step(v, len(shades))])
		}
		if room := g.width - displayWidth(b.String()) - len(" → 100"); room >= minLabel && len(rows[k]) == 1 {
			row := g.row(rows[k][0])
			j := slices.Index(row, slices.Max(row))
			fmt.Fprintf(&b, " → %s %s", shorten(g.names[j], min(room-1, blockName)), percent(row[j]))
		}
		lines = append(lines, b.String())
	}
	return lines
}

// halved draws two rows of cells in each line.
func (g *grid) halved(rows [][]int, values [][]float64, label int) []string {
	var lines []string
	for k := 0; k < len(values); k += 2 {
		var b strings.Builder
		b.WriteString(padRight(g.rowName(rows[k][0], label, true), label+1))
		for c, upper := range values[k] {
			lower := -1.0
			if k+1 < len(values) {
				lower = values[k+1][c]
			}
			b.WriteString(g.color.halves(upper, lower))
		}
		lines = append(lines, b.String())
	}
	return lines
}
