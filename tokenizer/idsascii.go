package tokenizer

import (
	"encoding/binary"
	"unicode/utf8"
)

// asciiWords is how to find the words of BERT's tokenizers in ASCII text without a normalized copy of it: they are runs of
// letters and digits, and punctuation marks. What has other characters goes the long way, from the beginning of its word to
// the next blank: it can be normalized on its own because the normalizer is local, and no word goes on behind a blank.
type asciiWords struct {
	kinds [256]asciiKind
	fold  uint64 // 0x20 in each byte if capital letters become small ones
}

type asciiKind uint8

const (
	otherChar asciiKind = iota // not ASCII, or controls
	blankChar
	punctChar
	wordChar
)

// newASCIIWords returns nil unless the words are found so.
func newASCIIWords(z *normalizer, p *preTokenizer) *asciiWords {
	if !z.local || len(p.steps) != 1 || p.steps[0].kind != bertWords {
		return nil
	}
	a := new(asciiWords)
	if z.ascii['A'] == 'a' {
		a.fold = 0x20 * eachByte
	}
	for c := range byte(utf8.RuneSelf) {
		k := classOf(rune(z.ascii[c] & 0x7F))
		switch low := c | 0x20; {
		case 'a' <= low && low <= 'z', '0' <= c && c <= '9':
			if a.kinds[c] = wordChar; uint64(z.ascii[c]) != uint64(c)|asciiLetters(uint64(c))>>2&a.fold {
				return nil
			}
		case z.ascii[c] == dropped:
		case k&blank != 0:
			a.kinds[c] = blankChar
		case k&punct != 0 && z.ascii[c] == c:
			a.kinds[c] = punctChar
		}
	}
	return a
}

// appendASCIIWords appends the ids of a text between two added tokens.
func (t *Tokenizer) appendASCIIWords(ids []int, c *cutter, text string) (_ []int, err error) {
	a := t.ascii
	bytes := c.padded("", text)
	for i, end := 0, 0; i < len(text); i = end {
		var k wordKey
		switch a.kinds[bytes[i]] {
		case blankChar:
			end = i + 1
			continue
		case punctChar:
			k, end = wordKey{uint64(bytes[i]), 1 << 56}, i+1
		case wordChar:
			k, end = a.word(bytes, i)
		}
		if k == (wordKey{}) || a.kinds[bytes[end]] == otherChar && end < len(text) {
			end = a.blank(text, i)
			if ids, err = t.appendSegmentIDs(ids, c, text[i:end]); err != nil {
				return ids, err
			}
			continue
		}
		if w := c.known.find(k); w != nil {
			ids = w.appendTo(ids)
			continue
		}
		before := len(ids)
		if ids, err = t.appendSegmentIDs(ids, c, text[i:end]); err != nil {
			return ids, err
		}
		c.known.put(k, ids[before:])
	}
	return ids, nil
}

// word returns the word of letters and digits that begins at start, normalized, and its end; no key if it is longer than
// maxKnown. text has maxKnown+1 bytes more than the word.
func (a *asciiWords) word(text []byte, start int) (k wordKey, end int) {
	low, n := a.eight(text[start:])
	if n < 8 {
		return wordKey{low & (1<<(8*n) - 1), uint64(n) << 56}, start + n
	}
	high, n := a.eight(text[start+8:])
	if n == 8 {
		return wordKey{}, start
	}
	return wordKey{low, high&(1<<(8*n)-1) | uint64(8+n)<<56}, start + 8 + n
}

// eight returns the first eight bytes of text, normalized, and how many of them are letters and digits before any other.
func (a *asciiWords) eight(text []byte) (x uint64, n int) {
	x = binary.LittleEndian.Uint64(text)
	letters := asciiLetters(x)
	n = bytesBefore(^(letters | asciiDigits(x)))
	return x | letters>>2&a.fold, n
}

// blank returns where the first blank of text from start on is.
func (a *asciiWords) blank(text string, start int) int {
	for start < len(text) && a.kinds[text[start]] != blankChar {
		start++
	}
	return start
}
