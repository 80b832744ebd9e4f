package tokenizer

import (
	"hash/maphash"
	"sync/atomic"
)

// wordCache remembers how words were cut: most words of a text have been there before. Each word has one place, where the
// last one stays, so that the memory is bounded and no goroutine waits for another.
type wordCache struct {
	seed  maphash.Seed
	slots []wordSlot
}

const (
	cachedWords   = 1 << 15 // a power of two
	maxCachedWord = 64      // bytes; a longer word is seldom seen again
)

type wordSlot struct{ word atomic.Pointer[cachedWord] }

type cachedWord struct {
	word   string
	pieces []piece // not changed
}

func newWordCache() wordCache {
	return wordCache{maphash.MakeSeed(), make([]wordSlot, cachedWords)}
}

// find returns how a word was cut, or nil, and where to set it.
func (c *wordCache) find(word []byte) (*wordSlot, []piece) {
	if len(word) > maxCachedWord {
		return nil, nil
	}
	s := &c.slots[maphash.Bytes(c.seed, word)%cachedWords]
	if w := s.word.Load(); w != nil && w.word == string(word) {
		return s, w.pieces
	}
	return s, nil
}

// set notes how a word is cut.
func (s *wordSlot) set(word []byte, pieces []piece) {
	if s != nil {
		s.word.Store(&cachedWord{string(word), pieces})
	}
}
