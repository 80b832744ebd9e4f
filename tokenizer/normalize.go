package tokenizer

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// normalizer rewrites text character by character and remembers where each one came from. It is the list of its steps,
// in order; none is no change.
type normalizer struct {
	steps []step
	ascii [utf8.RuneSelf]byte // what the steps make of an ASCII character: never more than one, and it is ASCII
}

// dropped stands in normalizer.ascii for a character that is left out.
const dropped = 0xFF

type step uint8

const (
	cleanText       step = iota // drop control characters and U+FFFD, make every blank a space
	spaceIdeographs             // a space before and behind each ideograph
	decompose                   // Unicode's canonical decomposition, NFD
	dropNonspacing              // drop category Mn
	dropMarks                   // drop category M
	lowercase
)

// normalized is text on its way through the pipeline.
type normalized struct {
	text []byte
	from []int32 // for each byte of text: the code point of the original that it comes from, counted from 0

	run   []traced // scratch of normalize
	parts []part   // and of decompose
}

// traced is a character and the code point of the original that it comes from.
type traced struct {
	char rune
	from int32
}

func parseNormalizer(n node, where string) (*normalizer, error) {
	steps, err := parseSteps(n, where)
	if err != nil {
		return nil, err
	}
	z := &normalizer{steps: steps}
	for c := range z.ascii {
		z.ascii[c] = dropped
		n := normalized{run: []traced{{rune(c), 0}}}
		if z.apply(&n); len(n.run) > 0 {
			z.ascii[c] = byte(n.run[0].char)
		}
	}
	return z, nil
}

func parseSteps(n node, where string) ([]step, error) {
	if n.kind == nullKind {
		return nil, nil
	}
	f := n.fields(where)
	var steps []step
	switch f.componentType("BertNormalizer", "Lowercase", "NFD", "StripAccents", "Sequence") {
	case "BertNormalizer":
		steps = parseBertNormalizer(f)
	case "Lowercase":
		steps = []step{lowercase}
	case "NFD":
		steps = []step{decompose}
	case "StripAccents":
		steps = []step{dropMarks}
	case "Sequence":
		for i, m := range f.list("normalizers") {
			more, err := parseSteps(m.value, fmt.Sprintf("%s.normalizers[%d]", where, i))
			if err != nil {
				return nil, err
			}
			steps = append(steps, more...)
		}
	}
	return steps, f.end()
}

func parseBertNormalizer(f *fields) []step {
	var steps []step
	if f.bool("clean_text") {
		steps = append(steps, cleanText)
	}
	if f.bool("handle_chinese_chars") {
		steps = append(steps, spaceIdeographs)
	}
	lower := f.bool("lowercase")
	strip := lower
	if n := f.take("strip_accents"); n.kind == boolKind {
		strip = n.text == "true"
	} else if n.kind != nullKind {
		f.failf("%s is %s, expected true, false or null", f.path("strip_accents"), n.kind)
	}
	if strip {
		steps = append(steps, decompose, dropNonspacing)
	}
	if lower {
		steps = append(steps, lowercase)
	}
	return steps
}

// normalize sets out to the normalized text, whose first character is the code point from of the original.
//
// Runs of other characters than ASCII go through the steps on their own. That is exact because no step looks across
// an ASCII character: only decompose looks at neighbours, to order combining marks, and ASCII has none.
func (z *normalizer) normalize(out *normalized, text string, from int) {
	out.text, out.from = slices.Grow(out.text[:0], len(text)), slices.Grow(out.from[:0], len(text))
	at := int32(from)
	for i := 0; i < len(text); {
		if c := text[i]; c < utf8.RuneSelf {
			if a := z.ascii[c]; a != dropped {
				out.text, out.from = append(out.text, a), append(out.from, at)
			}
			i, at = i+1, at+1
			continue
		}
		out.run = out.run[:0]
		for i < len(text) && text[i] >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(text[i:])
			out.run = append(out.run, traced{r, at})
			i, at = i+size, at+1
		}
		z.apply(out)
		for _, c := range out.run {
			before := len(out.text)
			out.text = utf8.AppendRune(out.text, c.char)
			for range len(out.text) - before {
				out.from = append(out.from, c.from)
			}
		}
	}
}

// apply takes n.run through all steps.
func (z *normalizer) apply(n *normalized) {
	for _, s := range z.steps {
		switch s {
		case cleanText:
			n.drop(removed)
			n.unifyBlanks()
		case spaceIdeographs:
			n.setIdeographsApart()
		case decompose:
			n.decompose()
		case dropNonspacing:
			n.drop(nonspacing)
		case dropMarks:
			n.drop(mark)
		case lowercase:
			n.lower()
		}
	}
}

func (n *normalized) drop(c class) {
	n.run = slices.DeleteFunc(n.run, func(t traced) bool { return classOf(t.char)&c != 0 })
}

func (n *normalized) unifyBlanks() {
	for i, t := range n.run {
		if classOf(t.char)&blank != 0 {
			n.run[i].char = ' '
		}
	}
}

func (n *normalized) setIdeographsApart() {
	n.expand(isIdeograph, func(out []traced, t traced) []traced {
		return append(out, traced{' ', t.from}, t, traced{' ', t.from})
	})
}

// lower makes letters small. İ is the only one that becomes two characters, and neither changes again.
func (n *normalized) lower() {
	isDottedI := func(r rune) bool { return r == 'İ' }
	n.expand(isDottedI, func(out []traced, t traced) []traced {
		return append(out, traced{'i', t.from}, traced{'\u0307', t.from})
	})
	for i, t := range n.run {
		n.run[i].char = lower(t.char)
	}
}

// expand puts what by appends in the place of each character that is of a kind.
func (n *normalized) expand(is func(rune) bool, by func(out []traced, t traced) []traced) {
	if !slices.ContainsFunc(n.run, func(t traced) bool { return is(t.char) }) {
		return
	}
	out := make([]traced, 0, 2*len(n.run))
	for _, t := range n.run {
		if is(t.char) {
			out = by(out, t)
		} else {
			out = append(out, t)
		}
	}
	n.run = out
}

// part is a character of a decomposition.
type part struct {
	traced
	order uint8 // canonical combining class; 0: nothing moves across it
	lead  bool  // the first of its decomposition
}

// decompose decomposes n.run and orders its combining marks.
//
// What comes from where is the library's rule, which doesn't follow marks as they move: reading the result from the left,
// each leading part takes the next character of the run, every other part the same character as the part before it.
func (n *normalized) decompose() {
	n.parts = n.parts[:0]
	for _, t := range n.run {
		n.parts = appendParts(n.parts, t.char)
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
	taken := 0
	for i, p := range n.parts {
		if p.lead {
			taken++
		}
		n.parts[i].from = n.run[taken-1].from
	}
	n.run = n.run[:0]
	for _, p := range n.parts {
		n.run = append(n.run, p.traced)
	}
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

// appendParts appends the decomposition of r, without where it is from.
func appendParts(parts []part, r rune) []part {
	if hangulFirst <= r && r <= hangulLast {
		s := r - hangulFirst
		parts = appendPart(parts, hangulL+s/(hangulVCount*hangulTCount), 0, true)
		parts = appendPart(parts, hangulV+s/hangulTCount%hangulVCount, 0, false)
		if t := s % hangulTCount; t != 0 {
			parts = appendPart(parts, hangulT+t, 0, false)
		}
		return parts
	}
	if r < utf8.RuneSelf || classOf(r)&unordered != 0 {
		return appendPart(parts, r, 0, true)
	}
	var buf [utf8.UTFMax]byte
	p := norm.NFD.Properties(utf8.AppendRune(buf[:0], r))
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
	return append(parts, part{traced{char: r}, order, lead})
}
