package tokenizer

import (
	"sync"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// compose decomposes n.run and composes it again (The Unicode Standard, section 3.11). A character that others have
// joined comes from where the first of them does; what comes behind goes by the counts of transform.
func (n *normalized) compose(compatible bool) {
	if limit := rune(firstComposed); n.below(firstDecomposed) || !compatible && n.below(limit) {
		return
	}
	n.setParts(compatible)
	out := n.changes[:0]
	starter := -1             // where in out the last character of order 0 is
	last, between := 0, false // the order of the part before that hasn't joined the starter; whether there is one
	for _, p := range n.parts {
		if starter >= 0 && (!between || last < int(p.order)) {
			if c, ok := composed(out[starter].char, p.char); ok {
				out[starter].char = c
				out[starter].by += p.change().by - 1
				continue
			}
		}
		if p.order == 0 {
			starter, between = len(out), false
		} else if starter >= 0 {
			last, between = int(p.order), true
		}
		out = append(out, p.change())
	}
	n.changes = out
	n.transform(0)
}

// composed returns the character that two make together.
func composed(a, b rune) (rune, bool) {
	const syllables = hangulVCount * hangulTCount
	switch l, v, t := a-hangulL, b-hangulV, b-hangulT; {
	case 0 <= l && l < (hangulLast+1-hangulFirst)/syllables && 0 <= v && v < hangulVCount:
		return hangulFirst + (l*hangulVCount+v)*hangulTCount, true
	case hangulFirst <= a && a <= hangulLast && (a-hangulFirst)%hangulTCount == 0 && 0 < t && t < hangulTCount:
		return a + t, true
	}
	c, ok := compositions()[[2]rune{a, b}]
	return c, ok
}

// compositions has the characters, other than Hangul, that two make together.
var compositions = sync.OnceValue(func() map[[2]rune]rune {
	const end = 0x1E000 // nothing that is composed is behind
	m := make(map[[2]rune]rune)
	var buf [utf8.UTFMax]byte
	for r := rune(firstDecomposed); r < end; r++ {
		if r == hangulFirst {
			r = hangulLast
			continue
		}
		s := utf8.AppendRune(buf[:0], r)
		d := norm.NFD.Properties(s).Decomposition()
		if d == nil || !norm.NFC.IsNormal(s) || classOf(r)&unordered != 0 {
			continue
		}
		// The decomposition is all the way; the first of the two is what all but the last part of it make.
		b, size := utf8.DecodeLastRune(d)
		a, _ := utf8.DecodeRune(norm.NFC.Bytes(d[:len(d)-size]))
		m[[2]rune{a, b}] = r
	}
	return m
})
