package figure

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"strconv"

	"github.com/rapt-go/rapt/lens"
)

// Heads is the picture of all heads at a glance: a row for each layer, in each cell the head's map, small, and its letter.
type Heads struct {
	Subject
	NoSpecial bool // leave the columns of special tokens out
}

// thumbnail is the side of a small map, in points.
const thumbnail = 44.0

// Picture draws the thumbnails. Each has its own scale, by the square root: they show patterns, not sizes.
func (h *Heads) Picture(s Style) *Picture {
	v := h.View
	width := max(leastWidth, 2*margin+30+thumbnail*1.12*float64(v.NumHeads))
	selection := v.Select(false, !h.NoSpecial)
	sentences := append(h.headsCaption(), "each map has its own scale, by the square root")
	sentences = append(sentences, legend(v.Letters(), v.Heads())...)
	caption := foldText(sentences, captionSize, width-2*margin)
	top := margin + titleSize*lineHeight + captionSize*lineHeight*float64(len(caption)) + 26
	return &Picture{
		Width: width, Height: top + (thumbnail+14)*float64(v.NumLayers) + margin,
		Title:       fmt.Sprintf("%s, all heads, %s", Printable(h.Model), h.measure().Title),
		Description: h.describeHeads(),
		theme:       s.theme(),
		draw: func(c canvas) {
			drawHead(c, s.theme(), "all heads", caption)
			h.drawThumbnails(c, s, selection, top)
		},
	}
}

// headsCaption says what all pictures of all heads have to say.
func (s *Subject) headsCaption() []string {
	sentences := []string{Printable(s.Model), s.measure().Title, s.tokens()}
	for _, note := range s.Notes {
		sentences = append(sentences, Printable(note))
	}
	return append(sentences, s.specialShare(), "layers and heads count from 0")
}

// describeHeads lists the letters, layer by layer.
func (s *Subject) describeHeads() string {
	text := "A table with a row for each layer and a column for each head, with a letter for what a head does."
	letters := s.View.Letters()
	for l := range s.View.NumLayers {
		text += fmt.Sprintf(" Layer %d:", l)
		for h := range s.View.NumHeads {
			text += " " + string(letters[lens.Head{Layer: l, Head: h}])
		}
		text += "."
	}
	return text
}

func (h *Heads) drawThumbnails(c canvas, s Style, selection lens.Selection, top float64) {
	t, v, letters := s.theme(), h.View, h.View.Letters()
	left := margin + 30.0
	for head := range v.NumHeads {
		x := left + thumbnail*(1.12*float64(head)+.5)
		c.text(label{x: x, y: top - 6, size: captionSize, text: "H" + strconv.Itoa(head), anchor: middle, color: t.faint})
	}
	for _, at := range v.Heads() {
		x, y := left+thumbnail*1.12*float64(at.Head), top+(thumbnail+14)*float64(at.Layer)
		if at.Head == 0 {
			c.text(label{x: left - 6, y: y + thumbnail/2 + 3, size: captionSize, text: "L" + strconv.Itoa(at.Layer), anchor: end, color: t.faint})
		}
		look := &Look{Subject: h.Subject, Head: at}
		colors := look.scale(selection.Rows, s.Map)
		colors.root = true
		c.image(x, y, thumbnail, thumbnail, small(look, selection, colors, t.paper))
		c.frame(x, y, thumbnail, thumbnail, .5, t.line)
		c.text(label{x: x + thumbnail/2, y: y + thumbnail + 9, size: captionSize, text: string(letters[at]), anchor: middle, bold: true, color: t.ink})
	}
}

// mostPixels is the side of a thumbnail in pixels; of longer texts it shows the largest value of several.
const mostPixels = 64

// small is a map as pixels.
func small(l *Look, s lens.Selection, colors scale, paper rgb) *image.NRGBA {
	pool := (max(len(s.Rows), len(s.Columns)) + mostPixels - 1) / mostPixels
	w, h := (len(s.Columns)+pool-1)/pool, (len(s.Rows)+pool-1)/pool
	values, seen := make([]float64, w*h), make([]bool, w*h)
	for r, i := range s.Rows {
		row := l.View.Row(l.Head.Layer, l.Head.Head, i)
		for k, j := range s.Columns {
			at := r/pool*w + k/pool
			seen[at] = seen[at] || l.seen(i, j)
			if math.Abs(float64(row[j])) > math.Abs(values[at]) {
				values[at] = float64(row[j])
			}
		}
	}
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for at, v := range values {
		p := paper
		if seen[at] {
			p = colors.colors.at(colors.place(v))
		}
		m.SetNRGBA(at%w, at/w, color.NRGBA{p.r, p.g, p.b, 255})
	}
	return m
}

// Roles is the picture of what every head does: its letter, and in colour how much its rows differ.
type Roles struct{ Subject }

// Picture draws the table.
func (r *Roles) Picture(s Style) *Picture {
	v := r.View
	const cell = 30.0
	relation := map[lens.Head]float64{}
	most := 0.0
	for _, h := range v.Heads() {
		relation[h] = v.Roles(h).Relation
		most = max(most, relation[h])
	}
	colors := scale{colors: s.Map, ceiling: max(most, 1e-6)}
	if colors.colors == nil {
		colors.colors = Viridis
	}
	width := max(leastWidth, 2*margin+30+cell*float64(v.NumHeads)+legendWidth+20)
	sentences := append(r.headsCaption(), "colour: relation, how much the rows of a head differ (mean Jensen–Shannon divergence, bits)")
	sentences = append(sentences, legend(v.Letters(), v.Heads())...)
	caption := foldText(sentences, captionSize, width-2*margin)
	top := margin + titleSize*lineHeight + captionSize*lineHeight*float64(len(caption)) + 26
	return &Picture{
		Width: width, Height: top + max(cell*float64(v.NumLayers), 60) + margin,
		Title: Printable(r.Model) + ", what the heads do", Description: r.describeHeads(), theme: s.theme(),
		draw: func(c canvas) {
			drawHead(c, s.theme(), "what the heads do", caption)
			r.drawTable(c, s.theme(), colors, relation, cell, top)
		},
	}
}

func (r *Roles) drawTable(c canvas, t *Theme, colors scale, relation map[lens.Head]float64, cell, top float64) {
	v, letters, left := r.View, r.View.Letters(), margin+30.0
	for head := range v.NumHeads {
		c.text(label{x: left + cell*(float64(head)+.5), y: top - 6, size: captionSize, text: "H" + strconv.Itoa(head), anchor: middle, color: t.faint})
	}
	for _, h := range v.Heads() {
		x, y := left+cell*float64(h.Head), top+cell*float64(h.Layer)
		if h.Head == 0 {
			c.text(label{x: left - 6, y: y + cell/2 + 3, size: captionSize, text: "L" + strconv.Itoa(h.Layer), anchor: end, color: t.faint})
		}
		fill := colors.colors.at(colors.place(relation[h]))
		c.rect(x, y, cell, cell, fill, fmt.Sprintf("%v: %c, relation %.2f bits", h, letters[h], relation[h]))
		on := rgb{0, 0, 0}
		if fill.dark() {
			on = rgb{255, 255, 255}
		}
		c.text(label{x: x + cell/2, y: y + cell/2 + 4, size: 12, text: string(letters[h]), anchor: middle, bold: true, color: on})
	}
	width := cell * float64(v.NumHeads)
	c.frame(left, top, width, cell*float64(v.NumLayers), .6, t.line)
	drawBar(c, t, colors, lens.Distance, left+width+16, top, max(cell*float64(v.NumLayers), 60))
}
