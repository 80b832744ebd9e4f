package figure

import (
	"fmt"
	"io"
	"slices"

	"github.com/rapt-go/rapt/lens"
)

// A Find ranks all heads by how much one word looks at another.
type Find struct {
	Subject
	Query, Key string           // the words
	Ranking    []lens.HeadScore // all heads, best first
	Notes      []string         // what the reader has to know of the words

	Letters map[lens.Head]rune // what each head does; nil: as the view tells
}

// maxFound is how many heads the list has; the map has all.
const maxFound = 10

// Print draws the figure.
func (f *Find) Print(w io.Writer, s Screen) error {
	width := s.width()
	query, key := shorten(Printable(f.Query), width/2-4), shorten(Printable(f.Key), width/2-4)
	lines := append(f.header(width), "")
	lines = append(lines, wrap(fmt.Sprintf("%s: how much of %s's attention goes to %s, %%",
		s.Color.strong(query+" → "+key), query, key), width)...)
	for _, note := range f.Notes {
		lines = append(lines, wrap(Printable(note), width)...)
	}
	letters, best := f.Letters, f.Ranking[0].Head
	if letters == nil {
		letters = f.View.Letters()
	}
	listed := make([]lens.Head, min(maxFound, len(f.Ranking)))
	list := []string{"strongest heads"}
	for i := range listed {
		h := f.Ranking[i]
		listed[i] = h.Head
		list = append(list, fmt.Sprintf("%3d. %-7v %6.2f  %c", i+1, h.Head, 100*h.Score, letters[h.Head]))
	}
	heads, _ := f.scoreMap(s.paints()).beside(list, 4, 4, width)
	return write(w, slices.Concat(lines, []string{""}, heads,
		fold(legend(letters, listed), ", ", width),
		wrap("in the map: · under 0.5; layers and heads count from 0", width),
		wrap(fmt.Sprintf("next: rapt … --layer %d --head %d", best.Layer, best.Head), width),
	))
}

// scoreMap has every head's score, in percent.
func (f *Find) scoreMap(c paints) *headMap {
	scores := map[lens.Head]float64{}
	for _, h := range f.Ranking {
		scores[h.Head] = h.Score
	}
	best := f.Ranking[0]
	return &headMap{f.View, func(h lens.Head, width int) string {
		return c.cell(padLeft(percent(float32(scores[h])), width), scores[h]/max(best.Score, 1e-6), h == best.Head)
	}}
}
