package tokenizer

import (
	"encoding/binary"
	"math/bits"
)

// idCache remembers the ids of short words that make few tokens: nearly all words of a text are such, and most have been
// there before. It belongs to one cutter, and so to one goroutine at a time. A word has its place in one line of the
// processor's cache, with room for two, from which the older one goes: words made to collide are only cut anew each time.
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

// set returns where a word may be.
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

// appendTo appends the ids, of which there is at least one.
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
