package tokenizer

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// wordPiece cuts a word into the longest tokens of its vocabulary, from the left (Wu et al. 2016).
type wordPiece struct {
	vocab  map[string]int32 // every token
	inner  map[string]int32 // those that continue a word, without their prefix
	tokens []string         // by id; "" where there is none, or the empty token
	unk    int32            // the token of a word that can't be cut

	maxChars     int // a longer word is unk
	longest      int // bytes of the longest token of vocab
	longestInner int // and of inner
}

// idLimit bounds the ids of a vocabulary, so that a table by id is never much larger than the file it comes from.
func idLimit(tokens int) int { return 1<<16 + 4*tokens }

// maxWord bounds max_input_chars_per_word, which is 100 for BERT: the time that a word can take grows with its cube.
const maxWord = 10_000

func parseModel(n node) (*wordPiece, error) {
	f := n.fields("model")
	// The type is missing from old files.
	if f.take("type").kind != nullKind {
		f.componentType("WordPiece")
	} else if f.take("max_input_chars_per_word").kind == nullKind {
		f.failf("model has no type and isn't a WordPiece")
	}
	unk := f.string("unk_token")
	prefix := f.string("continuing_subword_prefix")
	m := &wordPiece{maxChars: f.intBetween("max_input_chars_per_word", 1, maxWord)}
	vocab, ok := f.need("vocab", objectKind)
	if err := f.end(); err != nil || !ok {
		return nil, err
	}
	if err := m.setVocab(vocab, prefix); err != nil {
		return nil, err
	}
	id, ok := m.vocab[unk]
	if !ok {
		return nil, fmt.Errorf("model.unk_token %q is not in model.vocab", unk)
	}
	m.unk = id
	return m, nil
}

func (m *wordPiece) setVocab(vocab node, prefix string) error {
	// An upper bound of the number of tokens: each has a colon, and at least the five bytes of "":0,
	n := min(strings.Count(vocab.text, ":"), len(vocab.text)/5+1)
	m.vocab = make(map[string]int32, n)
	m.inner = make(map[string]int32, n/4)
	m.tokens = make([]string, 0, n)
	err := vocab.each(func(t member) error {
		id, err := t.value.int(0, math.MaxInt32)
		if err != nil {
			return fmt.Errorf("model.vocab[%q] is %w", t.key, err)
		}
		if limit := idLimit(n); id >= limit {
			return fmt.Errorf("model.vocab[%q] is %d, expected an id below %d for as many tokens", t.key, id, limit)
		}
		return m.setToken(t.key, id, prefix)
	})
	if err == nil && len(m.vocab) == 0 {
		return fmt.Errorf("model.vocab is empty")
	}
	return err
}

func (m *wordPiece) setToken(token string, id int, prefix string) error {
	if other, taken := m.token(id); taken {
		return fmt.Errorf("model.vocab gives both %q and %q the id %d", other, token, id)
	}
	before := len(m.vocab)
	if m.vocab[token] = int32(id); len(m.vocab) == before {
		return fmt.Errorf("model.vocab has %q twice", token)
	}
	m.longest = max(m.longest, len(token))
	if id >= len(m.tokens) {
		m.tokens = append(m.tokens, make([]string, id+1-len(m.tokens))...)
	}
	m.tokens[id] = token
	if rest, ok := strings.CutPrefix(token, prefix); ok {
		m.inner[rest] = int32(id)
		m.longestInner = max(m.longestInner, len(rest))
	}
	return nil
}

// token returns the token of an id.
func (m *wordPiece) token(id int) (string, bool) {
	if id < 0 || id >= len(m.tokens) {
		return "", false
	}
	t := m.tokens[id]
	if t == "" {
		empty, ok := m.vocab[""]
		return "", ok && int(empty) == id
	}
	return t, true
}

// piece is a token of a word: the bytes from start to end.
type piece struct {
	id         int32
	start, end int
}

// cut appends the tokens of a word to out.
func (m *wordPiece) cut(out []piece, word []byte) []piece {
	before := len(out)
	if len(word) > m.maxChars && utf8.RuneCount(word) > m.maxChars {
		return append(out, piece{m.unk, 0, len(word)})
	}
	vocab, longest := m.vocab, m.longest
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
			return append(out[:before], piece{m.unk, 0, len(word)})
		}
		out = append(out, piece{id, start, end})
		start = end
		vocab, longest = m.inner, m.longestInner
	}
	return out
}
