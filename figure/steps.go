package figure

import "fmt"

// Steps is the picture of a calculation with small matrices, an equation in each step.
type Steps struct {
	Title   string
	Caption []string // sentences
	Steps   []Step
}

// A Step is one equation.
type Step struct {
	Formula, Meaning string
	Factors          []Factor
}

// A Factor is a matrix of an equation, and the sign before it.
type Factor struct {
	Sign, Name string
	Cells      [][]string  // [row][column]: the numbers as they are to be written
	Shares     [][]float64 // [row][column]: colours from 0 to 1; nil: none
	Rows       []string    // what the rows are called; nil: nothing
}

// MostStepCells is how many rows and columns a matrix of Steps may have.
const MostStepCells = 12

const (
	stepCell   = 16.0 // height of a cell
	stepGap    = 8.0
	stepMargin = 34.0 // above the matrices of a step: its formula, and their names
)

// Picture draws the steps one below the other. A matrix with more than MostStepCells rows or columns is an error.
func (s *Steps) Picture(style Style) (*Picture, error) {
	width, height := leastWidth, 0.0
	for _, step := range s.Steps {
		rows, right := 0, margin
		for _, f := range step.Factors {
			if r, c := len(f.Cells), len(f.Cells[0]); r > MostStepCells || c > MostStepCells {
				return nil, fmt.Errorf("%s is %d × %d; a picture takes matrices up to %d × %[4]d", f.Name, r, c, MostStepCells)
			}
			rows = max(rows, len(f.Cells))
			right += f.width()
		}
		width = max(width, right+margin)
		height += stepMargin + stepCell*float64(rows) + stepGap
	}
	caption := foldText(s.Caption, captionSize, width-2*margin)
	top := margin + titleSize*lineHeight + captionSize*lineHeight*float64(len(caption)) + stepGap
	return &Picture{
		Width: width, Height: top + height + margin, Title: s.Title, Description: s.describe(), theme: style.theme(),
		draw: func(c canvas) {
			drawHead(c, style.theme(), s.Title, caption)
			y := top
			for i, step := range s.Steps {
				y = step.draw(c, style, i+1, y)
			}
		},
	}, nil
}

func (s *Steps) describe() string {
	text := ""
	for i, step := range s.Steps {
		text += fmt.Sprintf("Step %d: %s, %s. ", i+1, step.Formula, step.Meaning)
	}
	return text
}

// cellWidth is as wide as the widest number needs.
func (f *Factor) cellWidth() float64 {
	width := 0.0
	for _, row := range f.Cells {
		for _, cell := range row {
			width = max(width, textWidth(cell, labelSize, false))
		}
	}
	return width + 8
}

// before is the room before the cells, for the sign and the names of the rows.
func (f *Factor) before() float64 {
	room := stepGap
	if f.Sign != "" {
		room += textWidth(f.Sign, labelSize, false) + stepGap
	}
	names := 0.0
	for _, name := range f.Rows {
		names = max(names, min(textWidth(name, labelSize, false), mostLabel)+4)
	}
	return room + names
}

func (f *Factor) width() float64 { return f.before() + f.cellWidth()*float64(len(f.Cells[0])) }

// draw draws a step from y on, and returns where the next one begins.
func (s *Step) draw(c canvas, style Style, number int, y float64) float64 {
	t := style.theme()
	formula := fmt.Sprintf("%d  %s", number, s.Formula)
	c.text(label{x: margin, y: y + labelSize + 2, size: labelSize + 1, text: formula, bold: true, color: t.ink})
	c.text(label{x: margin + textWidth(formula, labelSize+1, true) + 10, y: y + labelSize + 2, size: captionSize, text: s.Meaning, color: t.faint})
	rows := 0
	for _, f := range s.Factors {
		rows = max(rows, len(f.Cells))
	}
	x, top := margin, y+stepMargin
	for _, f := range s.Factors {
		f.draw(c, style, x, top, top+stepCell*float64(rows)/2)
		x += f.width()
	}
	return top + stepCell*float64(rows) + stepGap
}

// draw draws a factor whose upper left corner is at x, y, its sign at the height of the middle of all factors.
func (f *Factor) draw(c canvas, style Style, x, y, middleY float64) {
	t, colors := style.theme(), style.Map
	if colors == nil {
		colors = Viridis
	}
	if f.Sign != "" {
		c.text(label{x: x + stepGap/2, y: middleY + labelSize*.35, size: labelSize, text: f.Sign, color: t.ink})
	}
	x += f.before()
	cell := f.cellWidth()
	c.text(label{x: x + 2, y: y - 4, size: captionSize, text: f.Name, color: t.faint})
	for r, row := range f.Cells {
		at := y + stepCell*float64(r)
		if f.Rows != nil {
			name := clip(Printable(f.Rows[r]), labelSize, mostLabel, false)
			c.text(label{x: x - 4, y: at + stepCell/2 + labelSize*.35, size: labelSize, text: name, anchor: end, color: t.faint})
		}
		for k, text := range row {
			ink := t.ink
			if f.Shares != nil {
				fill := colors.at(f.Shares[r][k])
				c.rect(x+cell*float64(k), at, cell+.15, stepCell+.15, fill, "")
				ink = rgb{0, 0, 0}
				if fill.dark() {
					ink = rgb{255, 255, 255}
				}
			}
			c.text(label{x: x + cell*float64(k+1) - 4, y: at + stepCell/2 + labelSize*.35, size: labelSize, text: text, anchor: end, color: ink})
		}
	}
	c.frame(x, y, cell*float64(len(f.Cells[0])), stepCell*float64(len(f.Cells)), .6, t.line)
}
