package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

// textWidth is how many columns a line may have: those of the terminal, or 80 where w is none.
func textWidth(w io.Writer) int {
	if file, ok := w.(*os.File); ok {
		if width, _, err := term.GetSize(int(file.Fd())); err == nil && width > 0 {
			return width
		}
	}
	return 80
}

// A page is text under construction.
type page struct {
	width     int  // columns of a line
	shortened bool // an equation didn't fit
	text      strings.Builder
}

func (p *page) line(format string, args ...any) {
	fmt.Fprintf(&p.text, format, args...)
	p.text.WriteByte('\n')
}

// paragraph writes text in lines of the page's width, each behind the same margin.
func (p *page) paragraph(margin, text string) {
	line := margin
	for _, word := range strings.Fields(text) {
		if line != margin && columns(line)+1+columns(word) > p.width {
			p.line("%s", line)
			line = margin
		}
		if line != margin {
			line += " "
		}
		line += word
	}
	p.line("%s", line)
}

// step begins one of the seven steps: its formula, and what it means.
func (p *page) step(number int, formula, meaning string) {
	p.line("")
	p.line("%d  %s  %s", number, pad(formula, 25), meaning)
}

// A factor is one matrix of an equation and the sign before it.
type factor struct {
	sign, name string
	m          [][]float64
}

const indent = "  "

// equation writes matrices side by side, their names above them; where they don't fit, only the last one, the result.
func (p *page) equation(factors ...factor) {
	height := 0
	for _, f := range factors {
		height = max(height, len(f.m))
	}
	lines := make([]string, 1+height)
	for i := range lines {
		lines[i] = indent
	}
	for i, f := range factors {
		f.appendTo(lines, i > 0)
	}
	if columns(lines[0]) > p.width {
		p.result(factors[len(factors)-1])
		return
	}
	for _, line := range lines {
		p.line("%s", strings.TrimRight(line, " "))
	}
}

// appendTo writes the factor behind what is in lines: its name, then its rows. The sign stands at half the height.
func (f factor) appendTo(lines []string, space bool) {
	block := append([]string{f.name}, matrixRows(f.m, len(f.m[0]))...)
	width := max(columns(f.name), columns(block[1]))
	for i := range lines {
		sign, row := "", ""
		if i == len(lines)/2 {
			sign = f.sign
		}
		if i < len(block) {
			row = block[i]
		}
		if space {
			lines[i] += " "
		}
		if f.sign != "" {
			lines[i] += pad(sign, columns(f.sign)) + " "
		}
		lines[i] += pad(row, width)
	}
}

// result writes a matrix alone, without the columns that don't fit, and says how many those are.
func (p *page) result(f factor) {
	p.shortened = true
	_, width := numberFormat(f.m)
	all, room := len(f.m[0]), p.width-columns(indent+"[]")
	shown := all
	if all*(width+1)-1 > room {
		shown = max(1, (room-columns("…"))/(width+1))
	}
	p.line("%s%s", indent, f.name)
	for _, row := range matrixRows(f.m, shown) {
		p.line("%s%s", indent, row)
	}
	if shown < all {
		p.line("%s(%d of %d columns are left out)", indent, all-shown, all)
	}
}

// matrixRows writes the first n numbers of each row in brackets, those of a column below each other.
func matrixRows(m [][]float64, n int) []string {
	format, width := numberFormat(m)
	rows := make([]string, len(m))
	for i, row := range m {
		cells := make([]string, n, n+1)
		for j, x := range row[:n] {
			cells[j] = fmt.Sprintf("%*s", width, number(format, x))
		}
		if n < len(row) {
			cells = append(cells, "…")
		}
		rows[i] = "[" + strings.Join(cells, " ") + "]"
	}
	return rows
}

// numberFormat shows the numbers of a matrix to four decimals, or to as few as all of them need; with an exponent where
// four decimals would be too many digits or show nothing. Width is how many columns the widest number takes.
func numberFormat(m [][]float64) (format string, width int) {
	const decimals = 4
	largest, need := 0.0, 0
	for _, row := range m {
		for _, x := range row {
			largest = max(largest, math.Abs(x))
			for need < decimals && !isWhole(x*math.Pow10(need)) {
				need++
			}
		}
	}
	format = fmt.Sprintf("%%.%df", need)
	if largest >= 1e6 || largest > 0 && largest < 1e-3 {
		format = "%.4e"
	}
	for _, row := range m {
		for _, x := range row {
			width = max(width, len(number(format, x)))
		}
	}
	return format, width
}

// number is x in that format, without the minus of a negative number that rounds to 0.
func number(format string, x float64) string {
	s := fmt.Sprintf(format, x)
	if strings.Trim(s, "-0.") == "" {
		return strings.TrimPrefix(s, "-")
	}
	return s
}

// isWhole allows for the rounding of a few additions and products.
func isWhole(x float64) bool {
	return math.Abs(x-math.Round(x)) <= 1e-9*math.Abs(x)
}

// columns is how many columns s takes.
func columns(s string) int { return utf8.RuneCountInString(s) }

// pad fills s up with blanks to n columns.
func pad(s string, n int) string {
	return s + strings.Repeat(" ", max(0, n-columns(s)))
}
