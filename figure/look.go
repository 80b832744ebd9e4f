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

	// NoSpecial leaves their columns out as well. What they get is said, and nothing is divided by the rest.
	NoSpecial bool

	// NoHints leaves out the line that says what else could be typed.
	NoHints bool

	// Difference says that the view has the difference of two maps: it may be negative.
	Difference bool
}

// The list of pairs is as long as the map of heads beside it, within these limits.
const minPairs, maxPairs = 6, 12

// Print draws the figure.
func (l *Look) Print(w io.Writer, s Screen) error {
	width := s.width()
	grid, notes := newGrid(l, s).lines()
	title := wrap(fmt.Sprintf("%s: %s", s.Color.strong(l.title()), l.axes()), width)
	top := slices.Concat(l.header(width), l.printNotes(width), []string{""}, title, l.reason(width), grid,
		fold(append(l.hidden(), notes...), "; ", width))
	if l.Difference || l.measure().Name != lens.Measures[0].Name {
		return write(w, slices.Concat(top, l.plainEnd(width)))
	}
	letters := l.View.Letters()
	pairs := l.View.Pairs(maxPairs)
	list := l.list(pairs[:min(len(pairs), max(minPairs, l.View.NumLayers))], width)
	heads, cell := l.roleMap(letters, s.Color).beside(list, 3, 1, width)
	if len(pairs) > 0 {
		heads = append(heads, wrap("excess: weight above what that word, and that distance, get in the other rows", width)...)
	}
	return write(w, slices.Concat(
		top,
		[]string{""},
		heads,
		fold(legend(letters, l.View.Heads()), ", ", width),
		wrap(fmt.Sprintf("%s%s and %s count from 0", marks[cell], span("layer", l.View.NumLayers), span("head", l.View.NumHeads)), width),
		wrap(l.specialShare(), width),
		l.hints(pairs, width),
	))
}

func (l *Look) reason(width int) []string {
	if l.Reason == "" {
		return nil
	}
	return wrap(l.Reason, width)
}

// title names the map that is shown.
func (l *Look) title() string {
	if !l.measure().PerHead {
		return fmt.Sprintf("layer %d, all heads", l.Head.Layer)
	}
	return fmt.Sprintf("layer %d head %d", l.Head.Layer, l.Head.Head)
}

// axes says what rows and columns are, and in which unit.
func (l *Look) axes() string {
	what, unit := "rows look at columns", "%"
	if l.measure().Unit != lens.Share {
		unit = "in hundredths"
	}
	if l.Difference {
		what = "how rows look at columns, second less first"
		if unit == "%" {
			unit = "percentage points"
		}
	}
	return what + ", " + unit
}

// printNotes are the notes of the subject, safe to print.
func (s *Subject) printNotes(width int) (lines []string) {
	for _, note := range s.Notes {
		lines = append(lines, wrap(Printable(note), width)...)
	}
	return lines
}

// plainEnd is what stands below a map of anything but weights: roles and pairs are of weights alone.
func (l *Look) plainEnd(width int) []string {
	lines := wrap(span("layer", l.View.NumLayers)+" count from 0", width)
	if l.measure().PerHead {
		lines = wrap(fmt.Sprintf("%s and %s count from 0", span("layer", l.View.NumLayers), span("head", l.View.NumHeads)), width)
	}
	if !l.Difference {
		lines = append(lines, wrap(l.specialShare(), width)...)
	}
	return lines
}

// selection is what is shown.
func (l *Look) selection() lens.Selection { return l.View.Select(l.Special, !l.NoSpecial) }

// hidden says which rows and columns aren't shown, and what part of the rows shown goes to hidden columns.
func (l *Look) hidden() (sentences []string) {
	selection := l.selection()
	if rows := l.missing(selection.Rows); len(rows) > 0 {
		hint := " (--special)"
		if l.NoSpecial {
			hint = "" // they don't go together
		}
		sentences = append(sentences, fmt.Sprintf("the %s shown%s", arent("row", rows), hint))
	}
	columns := l.missing(selection.Columns)
	switch {
	case len(columns) == 0:
	case l.Difference:
		sentences = append(sentences, fmt.Sprintf("the %s shown", arent("column", columns)))
	default:
		it := "they get"
		if len(columns) == 1 {
			it = "it gets"
		}
		sentences = append(sentences, fmt.Sprintf("the %s shown: %s %.1f %% of what these rows give", arent("column", columns), it,
			100*l.View.HiddenShare(l.Head, selection)))
	}
	if l.View.Causal {
		sentences = append(sentences, fmt.Sprintf("a %s sees none that come later", l.unit()))
	}
	return sentences
}

// missing are the names of the tokens that aren't shown.
func (l *Look) missing(shown []int) []string {
	var missing []int
	for i := range l.View.Tokens {
		if !slices.Contains(shown, i) {
			missing = append(missing, i)
		}
	}
	return l.called(missing)
}

// arent is "rows of a and b aren't", or of one "row of a isn't".
func arent(noun string, names []string) string {
	if len(names) == 1 {
		return fmt.Sprintf("%s of %s isn't", noun, names[0])
	}
	return fmt.Sprintf("%ss of %s aren't", noun, and(names))
}

// seen reports whether a query can look at a key.
func (l *Look) seen(query, key int) bool { return !l.View.Causal || key <= query }

// span is "layers 0–5".
func span(noun string, n int) string {
	if n == 1 {
		return noun + " 0"
	}
	return fmt.Sprintf("%ss 0–%d", noun, n-1)
}

func (l *Look) hints(pairs []lens.Pair, width int) []string {
	if l.NoHints {
		return nil
	}
	return fold(l.next(pairs), " | ", width)
}

// next suggests what to try: the head of the strongest pair that isn't shown, and all heads of the strongest pair.
func (l *Look) next(pairs []lens.Pair) []string {
	var tries []string
	for _, p := range pairs {
		if p.Head != l.Head {
			tries = append(tries, fmt.Sprintf("--layer %d --head %d", p.Head.Layer, p.Head.Head))
			break
		}
	}
	for _, p := range pairs {
		try := fmt.Sprintf("--find %s:%s", l.word(p.Query), l.word(p.Key))
		if plain(l.letters(p.Query)) && plain(l.letters(p.Key)) && displayWidth(try) < minWidth {
			tries = append(tries, try)
			break
		}
	}
	tries = append(tries, "-o x.svg", "-i")
	tries[0] = "next: rapt … " + tries[0]
	return tries
}

// word is what --find calls a token: its letters, and of several with the same letters the later ones numbered.
func (l *Look) word(token int) string {
	name, number := l.letters(token), 1
	for i := range token {
		if strings.EqualFold(l.letters(i), name) {
			number++
		}
	}
	if number > 1 {
		return fmt.Sprintf("%s#%d", name, number)
	}
	return name
}

// letters is the name of a token without the blank before it.
func (l *Look) letters(token int) string { return strings.TrimLeft(l.Names[token], "␣") }

// plain reports whether a shell takes a name as it is, and --find nothing in it for a number.
func plain(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}
