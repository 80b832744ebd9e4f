package tokenizer

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// wordPiece cuts a word into the longest tokens of its vocabulary, from the left (Wu et al. 2016).
type wordPiece struct {
	vocabulary
	inner map[string]int32 // the tokens that continue a word, without their prefix
	unk   int32            // the token of a word that can't be cut

	maxChars     int // a longer word is unk
	longest      int // bytes of the longest token
	longestInner int // and of the longest that continues a word
}

// maxWord bounds max_input_chars_per_word, which is 100 for BERT: the time that a word can take grows with its cube.
const maxWord = 10_000

func parseWordPiece(f *fields) (model, error) {
	unk := f.string("unk_token")
	prefix := f.string("continuing_subword_prefix")
	m := &wordPiece{maxChars: f.intBetween("max_input_chars_per_word", 1, maxWord)}
	vocab, ok := f.need("vocab", objectKind)
	if err := f.end(); err != nil || !ok {
		return nil, err
	}
	var err error
	if m.vocabulary, err = parseVocabulary(vocab); err != nil {
		return nil, err
	}
	m.inner = make(map[string]int32, len(m.ids)/4)
	for token, id := range m.ids {
		m.longest = max(m.longest, len(token))
		if rest, ok := strings.CutPrefix(token, prefix); ok {
			m.inner[rest] = id
			m.longestInner = max(m.longestInner, len(rest))
		}
	}
	if m.unk, ok = m.ids[unk]; !ok {
		return nil, fmt.Errorf("model.unk_token %q is not in model.vocab", unk)
	}
	return m, nil
}

func (m *wordPiece) vocab() *vocabulary { return &m.vocabulary }

func (m *wordPiece) cut(out []piece, word []byte) ([]piece, error) {
	before := len(out)
	if len(word) > m.maxChars && utf8.RuneCount(word) > m.maxChars {
		return append(out, piece{id: m.unk, end: int32(len(word))}), nil
	}
	vocab, longest := m.ids, m.longest
	for start := 0; start < len(word); {
		end := min(len(word), start+longest)
		id, ok := int32(0), false
		for end > start {
			if end == len(word) || utf8.RuneStart(word[end]) {
				if id, ok = vocab[string(word[start:end])]; ok {
					break
				}
			}
			end--
		}
		if !ok {
			return append(out[:before], piece{id: m.unk, end: int32(len(word))}), nil
		}
		out = append(out, piece{id: id, start: int32(start), end: int32(end)})
		start = end
		vocab, longest = m.inner, m.longestInner
	}
	return out, nil
}
