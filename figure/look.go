package figure

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"github.com/rapt-go/rapt/lens"
)

// A Look shows one head in full and the others at a glance.
type Look struct {
	Subject
	Head    lens.Head
	Reason  string // why this head
	Special bool   // show the rows of special tokens too
}

// The list of pairs is as long as the map of heads beside it, within these limits.
const minPairs, maxPairs = 6, 12

// Print draws the figure.
func (l *Look) Print(w io.Writer, s Screen) error {
	width := s.width()
	grid, notes := newGrid(l, s).lines()
	letters := l.View.Letters()
	pairs := l.View.Pairs(maxPairs)
	list := l.list(pairs[:min(len(pairs), max(minPairs, l.View.NumLayers))], width)
	heads, cell := l.roleMap(letters, s.Color).beside(list, 3, 1, width)
	if len(pairs) > 0 {
		heads = append(heads, wrap("excess: weight above what that word, and that distance, get in the other rows", width)...)
	}
	title := s.Color.strong(fmt.Sprintf("layer %d head %d", l.Head.Layer, l.Head.Head))
	return write(w, slices.Concat(
		l.header(width),
		[]string{""},
		wrap(title+": rows look at columns, %", width),
		wrap(l.Reason, width),
		grid,
		fold(append(l.hidden(), notes...), "; ", width),
		[]string{""},
		heads,
		fold(legend(letters, l.View.Heads()), ", ", width),
		wrap(fmt.Sprintf("%s%s and %s count from 0", marks[cell], span("layer", l.View.NumLayers), span("head", l.View.NumHeads)), width),
		wrap(l.specialShare(), width),
		fold(l.next(pairs), " | ", width),
	))
}

// hidden says which rows aren't shown.
func (l *Look) hidden() []string {
	specials := 0
	for _, t := range l.View.Tokens {
		if t.Kind == lens.Special {
			specials++
		}
	}
	switch {
	case l.Special || specials == 0 || specials == len(l.Names):
		return nil
	case specials == 1:
		return []string{fmt.Sprintf("the row of %s isn't shown (--special)", and(l.specials()))}
	}
	return []string{fmt.Sprintf("the rows of %s aren't shown (--special)", and(l.specials()))}
}

// span is "layers 0–5".
func span(noun string, n int) string {
	if n == 1 {
		return noun + " 0"
	}
	return fmt.Sprintf("%ss 0–%d", noun, n-1)
}

// next suggests what to try: the head of the strongest pair that isn't shown, and all heads of the strongest pair.
func (l *Look) next(pairs []lens.Pair) []string {
	var tries []string
	names := l.places()
	for _, p := range pairs {
		if p.Head != l.Head {
			tries = append(tries, fmt.Sprintf("--layer %d --head %d", p.Head.Layer, p.Head.Head))
			break
		}
	}
	for _, p := range pairs {
		if try := fmt.Sprintf("--find %s:%s", names[p.Query], names[p.Key]); plain(names[p.Query]) && plain(names[p.Key]) &&
			displayWidth(try) < minWidth {
			tries = append(tries, try)
			break
		}
	}
	tries = append(tries, "-o x.json")
	tries[0] = "next: rapt … " + tries[0]
	return tries
}

// plain reports whether a shell takes s as it is.
func plain(s string) bool {
	name, _, _ := strings.Cut(s, "#")
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}
