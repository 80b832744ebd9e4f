package figure

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/rapt-go/rapt/lens"
)

// A Card is what one head does, in numbers and words: shares, entropy, the heads that are like it, its strongest edges.
type Card struct{ Look }

// maxSimilar and maxEdges are how many similar heads and strongest edges a card has.
const maxSimilar, maxEdges = 3, 10

// Print draws the card.
func (c *Card) Print(w io.Writer, s Screen) error {
	width := s.width()
	r := c.View.Roles(c.Head)
	lines := append(c.header(width), "")
	lines = append(lines, wrap(fmt.Sprintf("%s: %c %s", s.Color.strong(c.title()), r.Letter(), letterName(r.Letter())), width)...)
	lines = append(lines, "")
	for _, share := range []struct {
		name string
		part float64
	}{
		{"previous token", r.Previous}, {"next token", r.Next}, {"itself", r.Self}, {"first token", r.First},
		{"special tokens", r.Special}, {"punctuation", r.Punctuation}, {"same token elsewhere", r.SameToken},
		{"after an earlier copy", r.Induction}, {"the key that gets most", r.Largest},
	} {
		lines = append(lines, fmt.Sprintf("%s %5.1f %%", padRight(share.name, 22), 100*share.part))
	}
	lines = append(lines, "",
		fmt.Sprintf("%s %5.2f nats, %.0f %% of what is possible", padRight("entropy", 22), r.Entropy, 100*r.Evenness),
		fmt.Sprintf("%s %5.1f %%, mean of the rows' largest", padRight("confidence", 22), 100*r.Confidence),
		fmt.Sprintf("%s %5.1f tokens", padRight("distance", 22), r.Distance),
		fmt.Sprintf("%s %5.2f bits, how much rows differ", padRight("relation", 22), r.Relation),
		fmt.Sprintf("%s %5.2f bits, what they have in common", padRight("salience", 22), r.Salience))
	lines = slices.Concat(lines, []string{""}, c.similar(), []string{""}, c.edges())
	var fitted []string
	for _, line := range lines {
		if displayWidth(line) > width {
			fitted = append(fitted, wrap(line, width)...)
		} else {
			fitted = append(fitted, line)
		}
	}
	return write(w, fitted)
}

func letterName(letter rune) string {
	for _, l := range lens.Letters {
		if l.Letter == letter {
			return l.Name
		}
	}
	return ""
}

func (c *Card) similar() []string {
	lines := []string{"most alike (mean Jensen–Shannon divergence of rows, bits)"}
	for i, h := range c.View.Similar(c.Head) {
		if i == maxSimilar {
			break
		}
		lines = append(lines, fmt.Sprintf("  %-7v %.2f", h.Head, h.Score))
	}
	return lines
}

// edges lists the largest weights between the tokens shown.
func (c *Card) edges() []string {
	selection := c.selection()
	places := c.places()
	var edges []edge
	for _, i := range selection.Rows {
		row := c.View.Row(c.Head.Layer, c.Head.Head, i)
		for _, j := range selection.Columns {
			edges = append(edges, edge{i, j, row[j]})
		}
	}
	slices.SortStableFunc(edges, func(a, b edge) int { return cmp.Compare(b.weight, a.weight) })
	lines := []string{"strongest edges of this head, from → to, %"}
	for _, e := range edges[:min(maxEdges, len(edges))] {
		lines = append(lines, fmt.Sprintf("  %s → %s %s", padLeft(shorten(places[e.query], 12), 12), padRight(shorten(places[e.key], 12), 12),
			padLeft(strconv.FormatFloat(100*float64(e.weight), 'f', 1, 64), 5)))
	}
	return lines
}
