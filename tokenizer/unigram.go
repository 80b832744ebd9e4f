package tokenizer

import (
	"fmt"
	"math"
	"slices"
	"strconv"
)

// unigram cuts a word so that the sum of the scores of its tokens, which are logarithms of their probabilities, is the
// largest (Kudo 2018), by Viterbi's algorithm over a trie of the vocabulary.
type unigram struct {
	vocabulary
	scores []float64
	trie   trie

	unk          int32   // the token of an unknown character; none: that is an error
	unkScore     float64 // its score: 10 below the lowest one
	byteFallback bool    // spell unknown characters as <0xHH> where there are such tokens
	bytes        byteTokens

	cache wordCache
}

const (
	unkPenalty = 10

	// maxToken bounds the length of tokens, which cutting a text takes time by.
	maxToken = 10_000
)

func parseUnigram(f *fields) (model, error) {
	m := &unigram{unk: none, cache: newWordCache()}
	if f.take("unk_id").kind != nullKind {
		m.unk = int32(f.int("unk_id", 0))
	}
	m.byteFallback = f.optionalBool("byte_fallback", false)
	list := f.list("vocab")
	if err := f.end(); err != nil {
		return nil, err
	}
	if err := m.setVocab(list); err != nil {
		return nil, err
	}
	if int(m.unk) >= len(list) {
		return nil, fmt.Errorf("model.unk_id is %d, but there are %d tokens", m.unk, len(list))
	}
	m.bytes = m.byteTokens()
	return m, nil
}

// setVocab reads a list of ["token", score].
func (m *unigram) setVocab(list []member) error {
	if len(list) == 0 {
		return fmt.Errorf("model.vocab is empty")
	}
	m.ids = make(map[string]int32, len(list))
	m.tokens = make([]string, len(list))
	m.scores = make([]float64, len(list))
	m.size, m.dense = len(list), true
	lowest := math.Inf(1)
	for i, item := range list {
		pair := item.value.members()
		if item.value.kind != arrayKind || len(pair) != 2 || pair[0].value.kind != stringKind || pair[1].value.kind != numberKind {
			return fmt.Errorf("model.vocab[%d] is not a token and its score", i)
		}
		score, err := strconv.ParseFloat(pair[1].value.text, 64)
		if err != nil {
			return fmt.Errorf("model.vocab[%d] has the score %s, which is not a number of 64 bits", i, pair[1].value.text)
		}
		token := pair[0].value.text
		if len(token) > maxToken {
			return fmt.Errorf("model.vocab[%d] has %d bytes, expected at most %d", i, len(token), maxToken)
		}
		// Of a token that is there twice the last one is found.
		m.ids[token], m.tokens[i], m.scores[i] = int32(i), token, score
		lowest = min(lowest, score)
	}
	m.unkScore = lowest - unkPenalty
	var err error
	m.trie, err = newTrie(m.ids)
	return err
}

func (m *unigram) vocab() *vocabulary { return &m.vocabulary }

func (m *unigram) cut(out []piece, word []byte) ([]piece, error) {
	slot, pieces := m.cache.find(word)
	if pieces == nil {
		var err error
		if pieces, err = m.bestPieces(word); err != nil {
			return out, err
		}
		slot.set(word, pieces)
	}
	return append(out, pieces...), nil
}

// pathNode is the best way to a position in a word: the last token on it, and where that begins.
type pathNode struct {
	score float64
	start int32 // none: no way
	id    int32
}

func (m *unigram) bestPieces(word []byte) ([]piece, error) {
	var short [maxCachedWord + 1]pathNode
	best, err := m.bestPath(short[:0], word)
	if err != nil {
		return nil, err
	}
	var pieces []piece // from the last to the first
	for end := len(word); end > 0; {
		start := best[end].start
		p := piece{id: best[end].id, start: start, end: int32(end)}
		if n := len(pieces); n > 0 && p.id == m.unk && pieces[n-1].id == m.unk {
			pieces[n-1].start = start
		} else {
			pieces = append(pieces, p)
		}
		end = int(start)
	}
	return m.spelledPieces(word, pieces), nil
}

// bestPath returns the best way to each position of word, in the memory of best if that is enough.
func (m *unigram) bestPath(best []pathNode, word []byte) ([]pathNode, error) {
	best = slices.Grow(best, len(word)+1)[:len(word)+1]
	best[0].score = 0
	for i := range best {
		best[i].start = none
	}
	for start := 0; start < len(word); {
		_, size := decodeRune(word[start:])
		here, single := best[start].score, false
		reach := func(end int, score float64, id int32) bool {
			to := &best[end]
			if to.start != none && score <= to.score {
				return false
			}
			*to = pathNode{score, int32(start), id}
			return true
		}
		node := int32(0)
		for end := start; end < len(word); {
			if node = m.trie.child(node, word[end]); node == none {
				break
			}
			end++
			if id := m.trie.tokens[node]; id != none {
				reach(end, here+m.scores[id], id)
				single = single || end-start == size
			}
		}
		if !single && reach(start+size, here+m.unkScore, m.unk) && m.unk == none {
			return nil, fmt.Errorf("the text has an unknown character, but model.unk_id is null")
		}
		start += size
	}
	return best, nil
}

// spelledPieces turns pieces, which are from the last to the first, and finds out what unknown ones are.
func (m *unigram) spelledPieces(word []byte, pieces []piece) []piece {
	out := make([]piece, 0, len(pieces))
	for i := len(pieces) - 1; i >= 0; i-- {
		p := pieces[i]
		text := word[p.start:p.end]
		id, ok := p.id, true
		if id == m.unk {
			id, ok = m.ids[string(text)] // what has been fused may be a token after all
		}
		switch {
		case ok:
			out = append(out, piece{id: id, start: p.start, end: p.end})
		case m.byteFallback && m.bytes.spell(text):
			for _, b := range text {
				out = append(out, piece{id: m.bytes[b], start: p.start, end: p.end})
			}
		default:
			p.verbatim = true
			out = append(out, p)
		}
	}
	return out
}

// trie is a vocabulary as a tree by bytes. Node 0 is the root.
type trie struct {
	children *table  // of nodes: node, byte → child
	tokens   []int32 // by node: the token that ends there, or none
}

func newTrie(ids map[string]int32) (trie, error) {
	size := 1
	for token := range ids {
		size += len(token)
	}
	if size > math.MaxInt32/4 {
		return trie{}, fmt.Errorf("model.vocab has %d bytes, expected less than %d", size, math.MaxInt32/4)
	}
	t := trie{newTable(), []int32{none}}
	for token, id := range ids {
		node := int32(0)
		for i := range len(token) {
			child := t.child(node, token[i])
			if child == none {
				child = int32(len(t.tokens))
				t.children.put(node, int32(token[i]), child, 0)
				t.tokens = append(t.tokens, none)
			}
			node = child
		}
		t.tokens[node] = id
	}
	t.tokens[0] = none
	return t, nil
}

func (t *trie) child(node int32, b byte) int32 {
	child, _, ok := t.children.get(node, int32(b))
	if !ok {
		return none
	}
	return child
}
