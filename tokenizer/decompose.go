package tokenizer

import (
	"slices"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// part is a character of a decomposition.
type part struct {
	char  rune
	order uint8 // canonical combining class; 0: nothing moves across it
	lead  bool  // the first of its decomposition
}

// decompose decomposes n.run and orders its combining marks.
//
// What comes from where is the library's rule, which doesn't follow marks as they move: reading the result from the left,
// each leading part takes the next character of the run, every other part the same character as the part before it.
func (n *normalized) decompose(compatible bool) {
	if n.below(firstDecomposed) {
		return
	}
	n.setParts(compatible)
	n.changes = n.changes[:0]
	for _, p := range n.parts {
		n.changes = append(n.changes, p.change())
	}
	n.transform(0)
}

const (
	firstDecomposed = 0xA0  // no character below decomposes
	firstComposed   = 0x300 // no character below changes by compose, unless it is compatible
)

// below reports whether all characters are below limit.
func (n *normalized) below(limit rune) bool {
	return !slices.ContainsFunc(n.run, func(t traced) bool { return t.char >= limit })
}

// setParts sets n.parts to the decomposition of n.run.
func (n *normalized) setParts(compatible bool) {
	form := norm.NFD
	if compatible {
		form = norm.NFKD
	}
	n.parts = n.parts[:0]
	for _, t := range n.run {
		n.parts = appendParts(n.parts, t.char, form)
	}
	for i := 0; i < len(n.parts); i++ {
		start := i
		for i < len(n.parts) && n.parts[i].order != 0 {
			i++
		}
		if i-start > 1 {
			slices.SortStableFunc(n.parts[start:i], func(a, b part) int { return int(a.order) - int(b.order) })
		}
	}
}

func (p part) change() change {
	if p.lead {
		return change{char: p.char}
	}
	return change{p.char, 1}
}

// Hangul syllables decompose by arithmetic into a leading consonant, a vowel and, for 27 of 28, a trailing consonant
// (The Unicode Standard, section 3.12).
const (
	hangulFirst, hangulLast = 0xAC00, 0xD7A3
	hangulL, hangulV        = 0x1100, 0x1161
	hangulT                 = 0x11A7 // one before the first trailing consonant
	hangulVCount            = 21
	hangulTCount            = 28
)

// appendParts appends the decomposition of r, which is NFD's or NFKD's.
func appendParts(parts []part, r rune, form norm.Form) []part {
	if hangulFirst <= r && r <= hangulLast {
		s := r - hangulFirst
		parts = appendPart(parts, hangulL+s/(hangulVCount*hangulTCount), 0, true)
		parts = appendPart(parts, hangulV+s/hangulTCount%hangulVCount, 0, false)
		if t := s % hangulTCount; t != 0 {
			parts = appendPart(parts, hangulT+t, 0, false)
		}
		return parts
	}
	if r < firstDecomposed || classOf(r)&unordered != 0 || form == norm.NFKD && laterCompatible.contain(r) {
		return appendPart(parts, r, 0, true)
	}
	var buf [utf8.UTFMax]byte
	p := form.Properties(utf8.AppendRune(buf[:0], r))
	d := p.Decomposition()
	if d == nil {
		return appendPart(parts, r, p.CCC(), true)
	}
	for lead := true; len(d) > 0; lead = false {
		c, size := utf8.DecodeRune(d)
		parts = appendPart(parts, c, norm.NFD.Properties(d).CCC(), lead)
		d = d[size:]
	}
	return parts
}

func appendPart(parts []part, r rune, order uint8, lead bool) []part {
	return append(parts, part{r, order, lead})
}
