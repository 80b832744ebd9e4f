package tokenizer

import (
	"fmt"
	"slices"
	"unicode/utf8"
)

// normalizer rewrites text character by character and remembers where each one came from. It is the list of its steps,
// in order; none is no change.
type normalizer struct {
	steps []step
	local bool                // no step looks across an ASCII character, and each makes at most one ASCII character of one
	ascii [utf8.RuneSelf]byte // if local: what the steps make of an ASCII character

	keepsASCII bool // no step changes an ASCII character
}

// dropped stands in normalizer.ascii for a character that is left out.
const dropped = 0xFF

type stepKind uint8

const (
	cleanText       stepKind = iota // drop control characters and U+FFFD, make every blank a space
	spaceIdeographs                 // a space before and behind each ideograph
	decompose                       // Unicode's canonical decomposition, NFD
	dropNonspacing                  // drop category Mn
	dropMarks                       // drop category M
	lowercase

	firstGlobal // those from here on aren't local

	decomposeCompatible = iota - 1 // NFKD
	compose                        // NFC
	composeCompatible              // NFKC
	nmt                            // drop and unify controls and blanks as sentencepiece's nmt
	strip                          // drop blanks at the ends
	prepend
	replace
	mapClusters // Precompiled
	spellBytes  // ByteLevel
)

type step struct {
	kind        stepKind
	left, right bool      // strip
	content     string    // prepend, replace
	pattern     *pattern  // replace
	charsMap    *charsMap // mapClusters
}

// normalized is text on its way through the pipeline.
type normalized struct {
	text []byte

	// from has for each byte of text the code point of the original that it comes from, counted from 0. What stands for
	// nothing at all before the code point p has -1-p.
	from []int32

	start   int32    // the code point of the original at which the text begins
	run     []traced // scratch of normalize
	spare   []traced // and of transform
	parts   []part   // and of decompositions
	changes []change
	bytes   []byte // and of spelled
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
	return newNormalizer(steps)
}

func newNormalizer(steps []step) (*normalizer, error) {
	z := &normalizer{steps: steps, keepsASCII: true}
	for _, s := range steps {
		switch s.kind {
		case decompose, decomposeCompatible, compose, composeCompatible:
		default:
			z.keepsASCII = false
		}
	}
	z.local = !slices.ContainsFunc(steps, func(s step) bool { return s.kind >= firstGlobal })
	if !z.local {
		return z, nil
	}
	for c := range z.ascii {
		z.ascii[c] = dropped
		n := normalized{run: []traced{{rune(c), 0}}}
		if err := z.apply(&n); err != nil {
			return nil, err
		}
		if len(n.run) > 0 {
			z.ascii[c] = byte(n.run[0].char)
		}
	}
	return z, nil
}

// keeps reports whether z surely leaves text as it is.
func (z *normalizer) keeps(text string) bool {
	return len(z.steps) == 0 || z.keepsASCII && isASCII(text)
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func parseSteps(n node, where string) ([]step, error) {
	if n.kind == nullKind {
		return nil, nil
	}
	f := n.fields(where)
	var steps []step
	switch f.componentType("BertNormalizer", "ByteLevel", "Lowercase", "NFC", "NFD", "NFKC", "NFKD", "Nmt", "Precompiled",
		"Prepend", "Replace", "Sequence", "Strip", "StripAccents") {
	case "BertNormalizer":
		steps = parseBertNormalizer(f)
	case "ByteLevel":
		steps = []step{{kind: spellBytes}}
	case "Lowercase":
		steps = []step{{kind: lowercase}}
	case "NFC":
		steps = []step{{kind: compose}}
	case "NFD":
		steps = []step{{kind: decompose}}
	case "NFKC":
		steps = []step{{kind: composeCompatible}}
	case "NFKD":
		steps = []step{{kind: decomposeCompatible}}
	case "Nmt":
		steps = []step{{kind: nmt}}
	case "Precompiled":
		steps = []step{{kind: mapClusters, charsMap: f.charsMap("precompiled_charsmap")}}
	case "Prepend":
		steps = []step{{kind: prepend, content: f.string("prepend")}}
	case "Replace":
		steps = []step{{kind: replace, pattern: f.pattern("pattern"), content: f.string("content")}}
	case "Strip":
		steps = []step{{kind: strip, left: f.bool("strip_left"), right: f.bool("strip_right")}}
	case "StripAccents":
		steps = []step{{kind: dropMarks}}
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
		steps = append(steps, step{kind: cleanText})
	}
	if f.bool("handle_chinese_chars") {
		steps = append(steps, step{kind: spaceIdeographs})
	}
	lower := f.bool("lowercase")
	strip := lower
	if n := f.take("strip_accents"); n.kind == boolKind {
		strip = n.text == "true"
	} else if n.kind != nullKind {
		f.failf("%s is %s, expected true, false or null", f.path("strip_accents"), n.kind)
	}
	if strip {
		steps = append(steps, step{kind: decompose}, step{kind: dropNonspacing})
	}
	if lower {
		steps = append(steps, step{kind: lowercase})
	}
	return steps
}

// normalize sets out to the normalized text, whose first character is the code point from of the original.
//
// If all steps are local, runs of other characters than ASCII go through them on their own. That is exact because of the
// local steps only decompose looks at neighbours, to order combining marks, and ASCII has none.
func (z *normalizer) normalize(out *normalized, text string, from int) error {
	out.text, out.from = slices.Grow(out.text[:0], len(text)), slices.Grow(out.from[:0], len(text))
	out.start = int32(from)
	at := out.start
	if !z.local {
		out.run = slices.Grow(out.run[:0], len(text))
		for _, r := range text {
			out.run = append(out.run, traced{r, at})
			at++
		}
		err := z.apply(out)
		out.spell()
		return err
	}
	for i := 0; i < len(text); {
		if n := z.appendASCII(out, text[i:], at); n > 0 {
			i, at = i+n, at+int32(n)
			continue
		}
		out.run = out.run[:0]
		for i < len(text) && text[i] >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(text[i:])
			out.run = append(out.run, traced{r, at})
			i, at = i+size, at+1
		}
		if err := z.apply(out); err != nil {
			return err
		}
		out.spell()
	}
	return nil
}

// appendASCII appends what becomes of the ASCII characters that text begins with, whose first one is the code point at of
// the original, and returns how many there are.
func (z *normalizer) appendASCII(out *normalized, text string, at int32) int {
	n := len(out.text)
	to := slices.Grow(out.text, len(text))[:n+len(text)]
	from := slices.Grow(out.from, len(text))[:n+len(text)]
	i := 0
	for ; i < len(text) && text[i] < utf8.RuneSelf; i++ {
		to[n], from[n] = z.ascii[text[i]], at+int32(i)
		if to[n] != dropped {
			n++
		}
	}
	out.text, out.from = to[:n], from[:n]
	return i
}

// spell appends n.run to n.text.
func (n *normalized) spell() {
	for _, c := range n.run {
		if c.char < utf8.RuneSelf {
			n.text, n.from = append(n.text, byte(c.char)), append(n.from, c.from)
			continue
		}
		before := len(n.text)
		n.text = utf8.AppendRune(n.text, c.char)
		for range len(n.text) - before {
			n.from = append(n.from, c.from)
		}
	}
}

// spelled returns n.run as text, until it is called again.
func (n *normalized) spelled() []byte {
	n.bytes = n.bytes[:0]
	for _, c := range n.run {
		n.bytes = utf8.AppendRune(n.bytes, c.char)
	}
	return n.bytes
}

// apply takes n.run through all steps.
func (z *normalizer) apply(n *normalized) error {
	for _, s := range z.steps {
		switch s.kind {
		case cleanText:
			n.drop(removed)
			n.unifyBlanks()
		case spaceIdeographs:
			n.setIdeographsApart()
		case decompose:
			n.decompose(false)
		case decomposeCompatible:
			n.decompose(true)
		case compose:
			n.compose(false)
		case composeCompatible:
			n.compose(true)
		case dropNonspacing:
			n.drop(nonspacing)
		case dropMarks:
			n.drop(mark)
		case lowercase:
			n.lower()
		case nmt:
			n.nmt()
		case strip:
			n.strip(s.left, s.right)
		case prepend:
			n.prepend(s.content)
		case replace:
			if err := n.replace(s.pattern, s.content); err != nil {
				return err
			}
		case mapClusters:
			s.charsMap.apply(n)
		case spellBytes:
			n.spellBytes()
		}
	}
	return nil
}

// change is a character of a text that is rewritten. by says what it does to the one before: 0, it stands for the next
// character; 1, it is new and comes from where the character before it does; -n, it stands for the next one, and n
// more are left out. The library rewrites all texts so, and where it miscounts we do.
type change struct {
	char rune
	by   int
}

// transform rewrites n.run by n.changes, leaving out the first characters.
func (n *normalized) transform(first int) {
	at := first
	out := slices.Grow(n.spare[:0], len(n.changes))
	for _, c := range n.changes {
		from := -1 - n.start
		switch {
		case c.by <= 0 && at < len(n.run):
			from = n.run[at].from
		case at > 0:
			from = n.run[min(at, len(n.run))-1].from
		}
		out = append(out, traced{c.char, from})
		if c.by <= 0 {
			at += 1 - c.by
		}
	}
	n.run, n.spare = out, n.run
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
