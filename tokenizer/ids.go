package tokenizer

import (
	"encoding/binary"
	"math/bits"
)

// AppendIDs appends the ids of a text's tokens to dst: those of Encode(text, o), with the same errors, and several times as
// quickly, because nothing else is made of the text. It is what a model needs; take [Tokenizer.Encode] to know which
// characters a token stands for. Nothing is allocated if dst has room and the words are ones that t has seen, but by a regular
// expression of the file. With an error dst comes back as it was.
func (t *Tokenizer) AppendIDs(dst []int, text string, o *Options) ([]int, error) {
	if o == nil {
		o = new(Options)
	}
	if err := checkText("text", text); err != nil {
		return dst, err
	}
	c := t.cutter()
	defer t.cutters.Put(c)
	var err error
	if c.ids, err = t.appendTextIDs(c.ids[:0], c, text); err != nil {
		return dst, err
	}
	lens := [1]int{len(c.ids)}
	if err := o.truncate(lens[:], t.single); err != nil {
		return dst, err
	}
	ids := kept(c.ids, lens[0], o.TruncateLeft)
	for _, p := range t.single {
		switch {
		case p.text >= 0:
			dst = append(dst, ids...)
		case !o.NoSpecial:
			dst = append(dst, p.ids...)
		}
	}
	return dst, nil
}

// appendTextIDs appends the ids of a text without those of the post-processor. Tokenizers for which there is a short way
// (ascii, rule) take it, segment by segment.
func (t *Tokenizer) appendTextIDs(ids []int, c *cutter, text string) ([]int, error) {
	if t.ascii == nil && t.rule == nil {
		s := &c.sequences[0]
		err := t.cut(s, c, text)
		return s.appendIDs(ids), err
	}
	if c.known == nil {
		c.known = new(idCache)
	}
	c.segments[0] = t.before.split(c.segments[0][:0], text)
	for _, g := range c.segments[0] {
		part := text[g.start:g.end]
		var err error
		switch {
		case g.added != nil:
			ids = append(ids, g.added.id)
		case t.ascii != nil:
			ids, err = t.appendASCIIWords(ids, c, part)
		case t.normalizer.keeps(part):
			ids, err = t.appendKept(ids, c, part)
		default:
			ids, err = t.appendSegmentIDs(ids, c, part)
		}
		if err != nil {
			return ids, err
		}
	}
	return ids, nil
}

// appendKept appends the ids of a text between two added tokens that are searched for in the text itself, which the
// normalizer leaves as it is.
func (t *Tokenizer) appendKept(ids []int, c *cutter, text string) (_ []int, err error) {
	c.segments[1] = t.after.split(c.segments[1][:0], text)
	for _, g := range c.segments[1] {
		if g.added != nil {
			ids = append(ids, g.added.id)
		} else if ids, err = t.appendRuleWords(ids, c, text[g.start:g.end]); err != nil {
			return ids, err
		}
	}
	return ids, nil
}

// appendSegmentIDs appends the ids of a text between two added tokens the long way.
func (t *Tokenizer) appendSegmentIDs(ids []int, c *cutter, text string) ([]int, error) {
	s := &c.sequences[0]
	s.reset()
	if err := t.normalizer.normalize(&c.normalized, text, 0); err != nil {
		return ids, err
	}
	err := t.cutNormalized(s, c)
	return s.appendIDs(ids), err
}

// appendIDs appends the ids of s, which is not needed any longer.
func (s *sequence) appendIDs(ids []int) []int {
	for _, k := range s.all {
		ids = append(ids, int(k.id))
	}
	clear(s.verbatim)
	return ids
}

// padded returns text as bytes with maxKnown+1 zeros behind, until it is called again.
func (c *cutter) padded(before, text string) []byte {
	c.bytes = append(append(append(c.bytes[:0], before...), text...), make([]byte, maxKnown+1)...)
	return c.bytes
}

// idCache remembers the ids of short words that make few tokens: nearly all words of a text are such, and most have been
// there before. It belongs to one cutter, and so to one goroutine at a time. Each word may be in two places of a cache line,
// from which the older one goes.
type idCache [1 << idSetBits][2]knownWord

const (
	idSetBits = 14 // 1 MB
	maxKnown  = 15 // bytes of a word
)

type knownWord struct {
	key wordKey
	ids [4]int32 // behind the last one there is none
}

// wordKey is a word of up to maxKnown bytes: its bytes, zeros, and in the last byte its length.
type wordKey struct{ low, high uint64 }

// keyOf returns the key of the first n bytes of text, of which at least 16 are there.
func keyOf(text []byte, n int) wordKey {
	k := wordKey{binary.LittleEndian.Uint64(text), binary.LittleEndian.Uint64(text[8:])}
	if n < 8 {
		return wordKey{k.low & (1<<(8*n&63) - 1), uint64(n) << 56}
	}
	return wordKey{k.low, k.high&(1<<(8*(n-8)&63)-1) | uint64(n)<<56}
}

func (c *idCache) set(k wordKey) *[2]knownWord {
	high, low := bits.Mul64(k.low^0x9E3779B97F4A7C15, k.high^0xC2B2AE3D27D4EB4F)
	return &c[(high^low)>>(64-idSetBits)]
}

// find returns what is known of a word, or nil.
func (c *idCache) find(k wordKey) *knownWord {
	set := c.set(k)
	for i := range set {
		if set[i].key == k {
			return &set[i]
		}
	}
	return nil
}

func (w *knownWord) appendTo(ids []int) []int {
	ids = append(ids, int(w.ids[0]))
	for _, id := range w.ids[1:] {
		if id == none {
			break
		}
		ids = append(ids, int(id))
	}
	return ids
}

// put notes the ids of a word, if there aren't too many.
func (c *idCache) put(k wordKey, ids []int) {
	w := knownWord{key: k, ids: [4]int32{none, none, none, none}}
	if len(ids) == 0 || len(ids) > len(w.ids) {
		return
	}
	for i, id := range ids {
		w.ids[i] = int32(id)
	}
	set := c.set(k)
	set[0], set[1] = w, set[0]
}
