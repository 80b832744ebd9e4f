package tokenizer

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// bpe joins neighbouring characters of a word by a list of merges, always the pair that stands first in the list, from
// the left (Sennrich et al. 2016).
type bpe struct {
	vocabulary
	merges *table // of ids: left, right → rank, joined

	unk          int32  // the token of a character that isn't in the vocabulary; none: it is left out
	unkToken     string // as the file spells it, though it may not be in the vocabulary
	fuseUnk      bool   // unknown characters side by side are one token
	byteFallback bool   // spell unknown characters as <0xHH> where there are such tokens
	bytes        byteTokens
	prefix       string // of tokens that don't begin a word
	suffix       string // of tokens that end a word
	ignoreMerges bool   // a word that is in the vocabulary is that token

	// Words of a byte-level tokenizer come as their bytes, if rawWords is set, and not as the characters that spell them.
	rawWords bool
	raw      map[string]int32 // the vocabulary by the bytes that it spells, for ignoreMerges
	byByte   [256]int32       // the token of each byte, or none

	byASCII [utf8.RuneSelf]int32 // the token of each ASCII character; none: look it up with prefix and suffix

	apart map[rune]bool // what no merge can join with a ▁ behind it; nil: nobody knows
	cache wordCache
}

// none is no token.
const none = -1

func parseBPE(f *fields) (model, error) {
	m := &bpe{unk: none, cache: newWordCache()}
	if d := f.take("dropout"); d.kind != nullKind && (d.kind != numberKind || strings.Trim(d.text, "0.") != "") {
		f.failf("model.dropout is %s: BPE with dropout is not supported", d.text)
	}
	m.unkToken = f.optionalString("unk_token")
	m.prefix = f.optionalString("continuing_subword_prefix")
	m.suffix = f.optionalString("end_of_word_suffix")
	m.fuseUnk = f.optionalBool("fuse_unk", false)
	m.byteFallback = f.optionalBool("byte_fallback", false)
	m.ignoreMerges = f.optionalBool("ignore_merges", false)
	vocab, ok := f.need("vocab", objectKind)
	merges, ok2 := f.need("merges", arrayKind)
	if err := f.end(); err != nil || !ok || !ok2 {
		return nil, err
	}
	var err error
	if m.vocabulary, err = parseVocabulary(vocab); err != nil {
		return nil, err
	}
	if id, ok := m.ids[m.unkToken]; ok {
		m.unk = id
	}
	m.setCharacters()
	if err := m.setMerges(merges); err != nil {
		return nil, err
	}
	return m, nil
}

// setCharacters finds the tokens of bytes and of ASCII characters.
func (m *bpe) setCharacters() {
	m.bytes = m.byteTokens()
	for c := range m.byASCII {
		id, ok := m.ids[string(rune(c))]
		if m.byASCII[c] = id; !ok || m.prefix != "" || m.suffix != "" {
			m.byASCII[c] = none
		}
	}
}

func (m *bpe) vocab() *vocabulary { return &m.vocabulary }

// setMerges reads a list of "left right" or ["left", "right"].
func (m *bpe) setMerges(n node) error {
	m.merges = newTable()
	joins := make(map[rune]bool) // what tokens that merges make have before a ▁
	var buf []byte
	rank := int32(0)
	err := n.each(func(item member) error {
		if strings.HasPrefix(item.value.text, "#version") && item.value.kind == stringKind {
			return nil
		}
		left, right, err := parseMerge(item.value, rank)
		if err != nil {
			return err
		}
		rest, ok := strings.CutPrefix(right, m.prefix)
		if !ok {
			return fmt.Errorf("model.merges[%d]: %q doesn't begin with the prefix %q", rank, right, m.prefix)
		}
		buf = append(append(buf[:0], left...), rest...)
		a, okLeft := m.ids[left]
		b, okRight := m.ids[right]
		joined, ok := m.ids[string(buf)]
		if !okLeft || !okRight || !ok {
			return fmt.Errorf("model.merges[%d] joins %q and %q to %q, but not all are in model.vocab", rank, left, right, buf)
		}
		m.merges.put(a, b, rank, joined)
		addJoins(joins, m.tokens[joined])
		rank++
		return nil
	})
	m.setApart(joins)
	return err
}

func parseMerge(n node, rank int32) (left, right string, err error) {
	switch n.kind {
	case stringKind:
		left, right, ok := strings.Cut(n.text, " ")
		if ok && !strings.Contains(right, " ") {
			return left, right, nil
		}
	case arrayKind:
		if l := n.members(); len(l) == 2 && l[0].value.kind == stringKind && l[1].value.kind == stringKind {
			return l[0].value.text, l[1].value.text, nil
		}
	}
	return "", "", fmt.Errorf(`model.merges[%d] is neither "left right" nor ["left", "right"]`, rank)
}

// wordMark stands for the blank before a word in vocabularies of sentencepiece.
const wordMark = '▁'

// addJoins notes what stands before a ▁ within a token.
func addJoins(joins map[rune]bool, token string) {
	if !strings.ContainsRune(token, wordMark) {
		return
	}
	last := rune(-1)
	for _, r := range token {
		if r == wordMark && last >= 0 {
			joins[last] = true
		}
		last = r
	}
}

// setApart finds the characters that stand apart from a ▁ behind them: no token that a merge makes has the two side by
// side, and both are tokens, so that neither becomes one with its neighbours for being unknown.
func (m *bpe) setApart(joins map[rune]bool) {
	if _, ok := m.ids[string(wordMark)]; !ok || m.prefix != "" || m.suffix != "" {
		return
	}
	m.apart = make(map[rune]bool)
	for token := range m.ids {
		if r, size := utf8.DecodeRuneInString(token); size == len(token) && size > 0 && !joins[r] {
			m.apart[r] = true
		}
	}
}

// takeRawWords makes cut expect the bytes of words. It reports whether that is possible.
func (m *bpe) takeRawWords() bool {
	if m.prefix != "" || m.suffix != "" || m.byteFallback {
		return false
	}
	m.rawWords = true
	m.raw = make(map[string]int32)
	for b := range m.byByte {
		id, ok := m.ids[string(byteChars[b])]
		if m.byByte[b] = id; !ok {
			m.byByte[b] = none
		}
	}
	if m.ignoreMerges {
		var buf []byte
		for token, id := range m.ids {
			if bytes, ok := appendBytes(buf[:0], token); ok {
				m.raw[string(bytes)] = id
				buf = bytes
			}
		}
	}
	return true
}

// whole returns the token that a word is, if the vocabulary has one and merges are to be ignored then.
func (m *bpe) whole(word []byte) (id int32, ok bool) {
	switch {
	case !m.ignoreMerges:
		return none, false
	case m.rawWords:
		id, ok = m.raw[string(word)]
	default:
		id, ok = m.ids[string(word)]
	}
	return id, ok
}

// cut cuts a word at each ▁ that no merge joins with what is before it, and cuts the parts on their own: without a
// pre-tokenizer a word is a whole text, which would never be seen again.
func (m *bpe) cut(out []piece, word []byte) ([]piece, error) {
	if m.rawWords || m.apart == nil {
		return m.cutPart(out, word, true)
	}
	if id, ok := m.whole(word); ok {
		return append(out, piece{id: id, end: int32(len(word))}), nil
	}
	start, last := 0, utf8.RuneError
	var err error
	for i := 0; i < len(word); {
		r, size := decodeRune(word[i:])
		if r == wordMark && i > start && m.apart[last] {
			if out, err = m.cutPart(out, word[start:i], false); err != nil {
				return out, err
			}
			start = i
		}
		last = r
		i += size
	}
	return m.cutPart(out, word[start:], false)
}

// cutPart appends the tokens of a part of a word to out, behind those of the parts before.
func (m *bpe) cutPart(out []piece, part []byte, isWord bool) (_ []piece, err error) {
	base := int32(0)
	if n := len(out); n > 0 {
		base = out[n-1].end
	}
	slot, pieces := m.cache.find(part)
	if pieces == nil {
		id, ok := int32(none), false
		if isWord {
			id, ok = m.whole(part)
		}
		if ok {
			pieces = []piece{{id: id, end: int32(len(part))}}
		} else if pieces, err = m.merge(part); err != nil {
			return out, err
		}
		slot.set(part, pieces)
	}
	for _, p := range pieces {
		p.start += base
		p.end += base
		out = append(out, p)
	}
	return out, nil
}
