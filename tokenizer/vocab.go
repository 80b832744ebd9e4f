package tokenizer

import (
	"fmt"
	"math"
	"strings"
)

// vocabulary is the tokens of a model and their ids.
type vocabulary struct {
	ids    map[string]int32
	tokens []string // by id; "" where there is none, or the empty token
	size   int      // how many the file has
	dense  bool     // every id has a token, be it an empty one
}

// idLimit bounds the ids of a vocabulary, so that a table by id is never much larger than the file it comes from.
func idLimit(tokens int) int { return 1<<16 + 4*tokens }

// parseVocabulary reads model.vocab of the form {"token": id, …}.
func parseVocabulary(n node) (v vocabulary, err error) {
	// An upper bound of the number of tokens: each has a colon, and at least the five bytes of "":0,
	most := min(strings.Count(n.text, ":"), len(n.text)/5+1)
	v.ids = make(map[string]int32, most)
	v.tokens = make([]string, 0, most)
	err = n.each(func(t member) error {
		id, err := t.value.int(0, math.MaxInt32)
		if err != nil {
			return fmt.Errorf("model.vocab[%q] is %w", t.key, err)
		}
		if limit := idLimit(most); id >= limit {
			return fmt.Errorf("model.vocab[%q] is %d, expected an id below %d for as many tokens", t.key, id, limit)
		}
		return v.set(t.key, id)
	})
	if err == nil && len(v.ids) == 0 {
		err = fmt.Errorf("model.vocab is empty")
	}
	v.size = len(v.ids)
	return v, err
}

func (v *vocabulary) set(token string, id int) error {
	if other, taken := v.token(id); taken {
		return fmt.Errorf("model.vocab gives both %q and %q the id %d", other, token, id)
	}
	before := len(v.ids)
	if v.ids[token] = int32(id); len(v.ids) == before {
		return fmt.Errorf("model.vocab has %q twice", token)
	}
	if id >= len(v.tokens) {
		v.tokens = append(v.tokens, make([]string, id+1-len(v.tokens))...)
	}
	v.tokens[id] = token
	return nil
}

// token returns the token of an id.
func (v *vocabulary) token(id int) (string, bool) {
	if id < 0 || id >= len(v.tokens) {
		return "", false
	}
	t := v.tokens[id]
	if t == "" && !v.dense {
		empty, ok := v.ids[""]
		return "", ok && int(empty) == id
	}
	return t, true
}

// byteTokens are the ids of <0x00> to <0xFF>, and none for those that there aren't.
type byteTokens [256]int32

// spell reports whether there is a token for each byte of text.
func (ids *byteTokens) spell(text []byte) bool {
	for _, b := range text {
		if ids[b] == none {
			return false
		}
	}
	return true
}

// byteTokens looks them up.
func (v *vocabulary) byteTokens() (ids byteTokens) {
	for b := range ids {
		id, ok := v.ids[fmt.Sprintf("<0x%02X>", b)]
		if ids[b] = id; !ok {
			ids[b] = none
		}
	}
	return ids
}
