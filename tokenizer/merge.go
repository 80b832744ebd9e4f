package tokenizer

import (
	"fmt"
	"unicode/utf8"
)

// symbol is a token of a word, on the way from its characters to their merges.
type symbol struct {
	id         int32
	len        int32 // bytes of the word
	prev, next int32 // the symbols beside it; none at the ends
}

// merge cuts a word, or a part of one, into its characters and joins them.
func (m *bpe) merge(word []byte) ([]piece, error) {
	var short [shortWord]symbol
	symbols, err := m.symbols(short[:0], word)
	if err != nil {
		return nil, err
	}
	// What is left out leaves no gap: the pieces behind it seem to be where it was. So it is in the library, which counts
	// in the characters that spell the bytes.
	var spelled []int32
	if m.rawWords && len(symbols) < len(word) && m.unk == none {
		spelled = spelledPositions(word)
		for i := range symbols {
			symbols[i].len = int32(utf8.RuneLen([]rune(m.tokens[symbols[i].id])[0]))
		}
	}
	if len(symbols) <= shortWord {
		symbols = m.mergeShort(symbols)
	} else {
		m.mergeLong(symbols)
	}
	pieces := make([]piece, 0, len(symbols))
	at := int32(0)
	for _, s := range symbols {
		if s.len == 0 {
			continue
		}
		p := piece{id: s.id, start: at, end: at + s.len}
		at = p.end
		if spelled != nil {
			p.start, p.end = spelled[p.start], spelled[p.end-1]+1
		}
		pieces = append(pieces, p)
	}
	return pieces, nil
}

// spelledPositions returns, for each byte of the characters that spell word, the byte of word that it belongs to.
func spelledPositions(word []byte) []int32 {
	var at []int32
	for i, b := range word {
		for range spelledLen(b) {
			at = append(at, int32(i))
		}
	}
	return at
}

// symbols appends the characters of a word as tokens.
func (m *bpe) symbols(symbols []symbol, word []byte) ([]symbol, error) {
	if m.rawWords {
		return m.byteSymbols(symbols, word)
	}
	unknown := symbol{id: none} // waits for more to be fused with
	var buf []byte
	for i := 0; i < len(word); {
		r, size := decodeRune(word[i:])
		if r < utf8.RuneSelf && m.byASCII[r] != none {
			symbols = appendKnown(symbols, &unknown)
			symbols = append(symbols, symbol{id: m.byASCII[r], len: 1})
			i++
			continue
		}
		buf = buf[:0]
		if i > 0 {
			buf = append(buf, m.prefix...)
		}
		char := word[i : i+size]
		buf = append(buf, char...)
		if i += size; i == len(word) {
			buf = append(buf, m.suffix...)
		}
		if id, ok := m.ids[string(buf)]; ok {
			symbols = appendKnown(symbols, &unknown)
			symbols = append(symbols, symbol{id: id, len: int32(size)})
		} else if m.byteFallback && m.bytes.spell(buf) {
			for _, b := range buf {
				symbols = append(symbols, symbol{id: m.bytes[b], len: 1})
			}
		} else if err := m.addUnknown(&symbols, &unknown, size); err != nil {
			return nil, err
		}
	}
	return appendKnown(symbols, &unknown), nil
}

func (m *bpe) byteSymbols(symbols []symbol, word []byte) ([]symbol, error) {
	unknown := symbol{id: none}
	for _, b := range word {
		if id := m.byByte[b]; id != none {
			symbols = appendKnown(symbols, &unknown)
			symbols = append(symbols, symbol{id: id, len: 1})
		} else if err := m.addUnknown(&symbols, &unknown, 1); err != nil {
			return nil, err
		}
	}
	return appendKnown(symbols, &unknown), nil
}

// appendKnown appends the unknown symbol that waits, if any.
func appendKnown(symbols []symbol, unknown *symbol) []symbol {
	if unknown.id != none {
		symbols = append(symbols, *unknown)
		unknown.id = none
	}
	return symbols
}

// addUnknown adds an unknown character to the unknown symbol that waits, or makes it wait in its place.
func (m *bpe) addUnknown(symbols *[]symbol, unknown *symbol, size int) error {
	switch {
	case m.unkToken == "":
		return nil // left out
	case m.unk == none:
		return fmt.Errorf("the text has an unknown character, but model.unk_token %q is not in model.vocab", m.unkToken)
	case unknown.id != none && m.fuseUnk:
		unknown.len += int32(size)
		return nil
	}
	*symbols = appendKnown(*symbols, unknown)
	*unknown = symbol{id: m.unk, len: int32(size)}
	return nil
}

// shortWord is the number of symbols up to which it is quicker to look at all pairs before each merge than to keep them
// in order.
const shortWord = 32

// noRank is behind all ranks.
const noRank = 1<<31 - 1

// mergeShort joins symbols, looking for the first merge in all pairs each time.
func (m *bpe) mergeShort(symbols []symbol) []symbol {
	var ranks, joined [shortWord]int32 // of each symbol and the next
	for i := range len(symbols) - 1 {
		ranks[i], joined[i] = m.rank(symbols[i].id, symbols[i+1].id)
	}
	for n := len(symbols); n > 1; n-- {
		best, at := int32(noRank), 0
		for i, r := range ranks[:n-1] {
			if r < best {
				best, at = r, i
			}
		}
		if best == noRank {
			break
		}
		symbols[at].id = joined[at]
		symbols[at].len += symbols[at+1].len
		copy(symbols[at+1:], symbols[at+2:])
		copy(ranks[at:], ranks[at+1:n-1])
		copy(joined[at:], joined[at+1:n-1])
		symbols = symbols[:n-1]
		if at+1 < len(symbols) {
			ranks[at], joined[at] = m.rank(symbols[at].id, symbols[at+1].id)
		}
		if at > 0 {
			ranks[at-1], joined[at-1] = m.rank(symbols[at-1].id, symbols[at].id)
		}
	}
	return symbols
}

func (m *bpe) rank(a, b int32) (rank, joined int32) {
	rank, joined, ok := m.merges.get(a, b)
	if !ok {
		return noRank, none
	}
	return rank, joined
}

// mergeLong joins symbols by a heap of all pairs that can be joined. A symbol that is joined with the one before it gets
// the length 0.
func (m *bpe) mergeLong(symbols []symbol) {
	var heap mergeHeap
	for i := range symbols {
		symbols[i].prev, symbols[i].next = int32(i)-1, int32(i)+1
	}
	symbols[len(symbols)-1].next = none
	push := func(left int32) {
		if left == none || symbols[left].next == none {
			return
		}
		if rank, _ := m.rank(symbols[left].id, symbols[symbols[left].next].id); rank != noRank {
			heap.push(uint64(rank)<<32 | uint64(left))
		}
	}
	for i := range symbols {
		push(int32(i))
	}
	for len(heap) > 0 {
		top := heap.pop()
		left := &symbols[int32(top)]
		if left.len == 0 || left.next == none {
			continue
		}
		right := &symbols[left.next]
		rank, joined := m.rank(left.id, right.id)
		if uint64(rank) != top>>32 {
			continue // one of the two has been joined with another since
		}
		left.id, left.len, left.next = joined, left.len+right.len, right.next
		right.len = 0
		if left.next != none {
			symbols[left.next].prev = int32(top)
		}
		push(left.prev)
		push(int32(top))
	}
}

// mergeHeap is a heap of merges, the first on top: rank, then position, as one number.
type mergeHeap []uint64

func (h *mergeHeap) push(v uint64) {
	s := append(*h, v)
	i := len(s) - 1
	for i > 0 && s[(i-1)/2] > v {
		s[i] = s[(i-1)/2]
		i = (i - 1) / 2
	}
	s[i] = v
	*h = s
}

func (h *mergeHeap) pop() uint64 {
	s := *h
	top, v := s[0], s[len(s)-1]
	s = s[:len(s)-1]
	i := 0
	for child := 1; child < len(s); child = 2*i + 1 {
		if child+1 < len(s) && s[child+1] < s[child] {
			child++
		}
		if s[child] >= v {
			break
		}
		s[i] = s[child]
		i = child
	}
	if len(s) > 0 {
		s[i] = v
	}
	*h = s
	return top
}
