package figure

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"strconv"

	"github.com/rapt-go/rapt/lens"
)

// Sizes of a picture, in points.
const (
	margin      = 16.0
	titleSize   = 12.0
	captionSize = 8.0
	labelSize   = 9.0
	lineHeight  = 1.35 // of the size of the text

	mostLabel   = 90.0 // the room for the names of tokens
	numberCell  = 19.0 // cells from here on have numbers
	mostCells   = 64   // a map of more tokens is an image of pixels
	leastWidth  = 300.0
	legendWidth = 66.0 // colour bar and its numbers
)

// A heatmap is one head as a picture: a row for each query, a column for each key.
type heatmap struct {
	look  *Look
	style Style
	names []string
	lens.Selection
	scale scale

	cell, label float64 // sides of a cell; room for the names, at both sides
	left, top   float64 // where the cells begin
	caption     []string
}

// Heatmap is the picture of the head: numbers in the cells where there is room, in hundredths; a mark on the largest of
// each row where there is none.
func (l *Look) Heatmap(s Style) *Picture {
	h := &heatmap{look: l, style: s, names: l.names(), Selection: l.selection()}
	h.scale = l.scale(h.Rows, s.Map)
	n := float64(max(len(h.Columns), len(h.Rows)))
	h.scale.root = n > mostCells // weights are small where there are many keys
	h.cell = min(max(440/n, 1.5), 28)
	for i := range h.names {
		h.label = max(h.label, textWidth(h.names[i], h.labelSize(), true)+2)
	}
	h.label = min(h.label, mostLabel)
	width := max(leastWidth, 2*margin+labelSize*1.6+h.label+h.cell*float64(len(h.Columns))+legendWidth)
	h.caption = h.wrapCaption(width - 2*margin)
	h.left = margin + labelSize*1.6 + h.label
	h.top = margin + titleSize*lineHeight + captionSize*lineHeight*float64(len(h.caption)) + 12 + labelSize*1.6 + h.label
	return &Picture{
		Width: width, Height: h.top + h.cell*float64(len(h.Rows)) + margin + h.legendHeight(),
		Title:       fmt.Sprintf("%s, %s, %s", Printable(l.Model), l.title(), l.measure().Title),
		Description: l.describe(h.Selection),
		theme:       s.theme(), draw: h.draw,
	}
}

// legendHeight is what the colour bar, which has a least height, needs below the cells.
func (h *heatmap) legendHeight() float64 { return max(0, 60-h.cell*float64(len(h.Rows))) }

func (h *heatmap) labelSize() float64 { return min(labelSize, max(h.cell*.85, 5)) }

// wrapCaption is the caption in lines of so many points.
func (h *heatmap) wrapCaption(width float64) []string {
	sentences := h.look.caption()
	if h.scale.signed() {
		sentences = append(sentences, "numbers and colours are differences: + more, − less in the second")
	}
	if h.cell >= numberCell {
		sentences = append(sentences, fmt.Sprintf("numbers are %s, the %s of a row bold", h.numbers(), h.look.most()))
	} else {
		sentences = append(sentences, "a dot marks the "+h.look.most()+" of a row")
	}
	if h.scale.root {
		sentences = append(sentences, "colours by the square root")
	}
	if every := h.every(); every > 1 {
		sentences = append(sentences, fmt.Sprintf("every %s %s is named", ordinal(every), h.look.unit()))
	}
	return foldText(sentences, captionSize, width)
}

func (h *heatmap) numbers() string {
	switch {
	case h.look.measure().Unit != lens.Share:
		return "hundredths"
	case h.scale.signed():
		return "percentage points"
	}
	return "percent"
}

func ordinal(n int) string {
	switch {
	case n == 2:
		return "second"
	case n == 3:
		return "third"
	}
	return strconv.Itoa(n) + "th"
}

// every is how many rows share a name, so that names don't run into each other.
func (h *heatmap) every() int { return int(math.Ceil(h.labelSize() * 1.05 / h.cell)) }

func (h *heatmap) draw(c canvas) {
	t := h.style.theme()
	y := drawHead(c, t, h.look.title(), h.caption)
	h.drawNames(c, t, y)
	if len(h.Columns) > mostCells || len(h.Rows) > mostCells {
		c.image(h.left, h.top, h.cell*float64(len(h.Columns)), h.cell*float64(len(h.Rows)), h.pixels())
		h.drawMarks(c)
	} else {
		h.drawCells(c)
	}
	c.frame(h.left, h.top, h.cell*float64(len(h.Columns)), h.cell*float64(len(h.Rows)), .6, t.line)
	h.drawBar(c, t)
}

// drawHead draws title and caption, and returns where they end.
func drawHead(c canvas, t *Theme, title string, caption []string) (y float64) {
	y = margin + titleSize
	c.text(label{x: margin, y: y, size: titleSize, text: title, bold: true, color: t.ink})
	for _, line := range caption {
		y += captionSize * lineHeight
		c.text(label{x: margin, y: y, size: captionSize, text: line, color: t.faint})
	}
	return y
}

// drawNames draws the names of rows and columns, and what rows and columns are.
func (h *heatmap) drawNames(c canvas, t *Theme, y float64) {
	size, every := h.labelSize(), h.every()
	middleX, middleY := h.left+h.cell*float64(len(h.Columns))/2, h.top+h.cell*float64(len(h.Rows))/2
	c.text(label{x: middleX, y: y + labelSize*1.6, size: labelSize, text: "to (key)", anchor: middle, color: t.faint})
	c.text(label{x: margin + labelSize, y: middleY, size: labelSize, text: "from (query)", anchor: middle, upright: true, color: t.faint})
	for k := 0; k < len(h.Columns); k += every {
		x := h.left + h.cell*(float64(k)+.5) + size*.35
		c.text(label{x: x, y: h.top - 3, size: size, text: h.name(h.Columns[k]), upright: true, color: t.ink})
	}
	for k := 0; k < len(h.Rows); k += every {
		y := h.top + h.cell*(float64(k)+.5) + size*.35
		c.text(label{x: h.left - 4, y: y, size: size, text: h.name(h.Rows[k]), anchor: end, color: t.ink})
	}
}

func (h *heatmap) name(i int) string { return clip(h.names[i], h.labelSize(), h.label, false) }

func (h *heatmap) value(row, column int) float32 {
	return h.look.View.Weight(h.look.Head, h.Rows[row], h.Columns[column])
}

// drawCells draws a square for each weight, with its number if there is room.
func (h *heatmap) drawCells(c canvas) {
	for r := range h.Rows {
		values := h.row(r)
		most := farthest(values)
		for k, v := range values {
			if !h.look.seen(h.Rows[r], h.Columns[k]) {
				continue
			}
			x, y := h.left+h.cell*float64(k), h.top+h.cell*float64(r)
			fill := h.scale.colors.at(h.scale.place(float64(v)))
			// Cells overlap a little, so that no paper shows between them.
			c.rect(x, y, h.cell+.15, h.cell+.15, fill, fmt.Sprintf("%s → %s: %s", h.names[h.Rows[r]], h.names[h.Columns[k]], exact(v)))
			on := rgb{0, 0, 0}
			if fill.dark() {
				on = rgb{255, 255, 255}
			}
			switch {
			case h.cell >= numberCell:
				c.text(label{x: x + h.cell/2, y: y + h.cell/2 + labelSize*.34, size: labelSize, text: h.scale.text(v), anchor: middle,
					bold: k == most && v != 0, color: on})
			case k == most && v != 0 && h.cell >= 4:
				c.rect(x+h.cell*.36, y+h.cell*.36, h.cell*.28, h.cell*.28, on, "")
			}
		}
	}
}

// drawMarks draws the dots of a map that is an image.
func (h *heatmap) drawMarks(c canvas) {
	for r := range h.Rows {
		values := h.row(r)
		k := farthest(values)
		on := rgb{0, 0, 0}
		if h.scale.colors.at(h.scale.place(float64(values[k]))).dark() {
			on = rgb{255, 255, 255}
		}
		c.rect(h.left+h.cell*(float64(k)+.3), h.top+h.cell*(float64(r)+.3), h.cell*.4, h.cell*.4, on, "")
	}
}

func (h *heatmap) row(r int) []float32 {
	values := make([]float32, len(h.Columns))
	for k := range values {
		values[k] = h.value(r, k)
	}
	return values
}

// exact is a value with every digit it has.
func exact(v float32) string { return strconv.FormatFloat(float64(v), 'g', -1, 32) }

// pixels are the cells as an image, blank where nothing can be looked at.
func (h *heatmap) pixels() *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, len(h.Columns), len(h.Rows)))
	for r := range h.Rows {
		for k := range h.Columns {
			p := h.style.theme().paper
			if h.look.seen(h.Rows[r], h.Columns[k]) {
				p = h.scale.colors.at(h.scale.place(float64(h.value(r, k))))
			}
			m.SetNRGBA(k, r, color.NRGBA{p.r, p.g, p.b, 255})
		}
	}
	return m
}

// drawBar draws the colour bar to the right of the cells.
func (h *heatmap) drawBar(c canvas, t *Theme) {
	unit := h.look.measure().Unit
	drawBar(c, t, h.scale, unit, h.left+h.cell*float64(len(h.Columns))+16, h.top, min(max(h.cell*float64(len(h.Rows)), 60), 220))
}

// drawBar draws the colours of a scale from its least value, at the bottom, to its ceiling, and three numbers.
func drawBar(c canvas, t *Theme, s scale, unit lens.Unit, x, y, height float64) {
	const width, steps = 10.0, 64
	for i := range steps {
		c.rect(x, y+height*float64(i)/steps, width, height/steps+.05, s.colors.at(1-(float64(i)+.5)/steps), "")
	}
	c.frame(x, y, width, height, .6, t.line)
	marks := [3]string{"≥ " + number(s.ceiling, unit), number(s.at(.5), unit), number(0, unit)}
	if s.signed() {
		marks = [3]string{"≥ +" + number(s.ceiling, unit), number(0, unit), "≤ −" + number(s.ceiling, unit)}
	}
	for i, mark := range marks {
		c.text(label{x: x + width + 4, y: y + height*float64(i)/2 + captionSize*[3]float64{.75, .35, 0}[i], size: captionSize,
			text: mark, color: t.faint})
	}
}

// at is the value at a place of the map from 0 to 1, the inverse of place.
func (s scale) at(place float64) float64 {
	if s.signed() {
		place = 2*place - 1
	}
	if s.root {
		place *= math.Abs(place)
	}
	return place * s.ceiling
}
