package web

import (
	"errors"
	"fmt"

	"github.com/rapt-go/rapt/lens"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/tokenizer"
)

// A Subject is what a model is run on, and what its tokens are called.
type Subject struct {
	Text string
	Pair *string // nil: there is no second text

	Sequence model.Sequence
	Names    []string     // [token], as the tokenizer spells them
	Sources  []string     // [token], the characters of the text that it stands for
	Offsets  [][2]int     // [token], code points in its text
	Special  []bool       // [token], added by the tokenizer
	Tokens   []lens.Token // [token]
}

// errTooLong is a text of more tokens than the model, or the server, takes.
var errTooLong = errors.New("too long")

// errEmpty is a text without a token of its own.
var errEmpty = errors.New("the text is empty")

// Encode cuts a text, or two, as the model's tokenizer does.
func Encode(m *model.Model, text string, pair *string) (*Subject, error) {
	t, err := m.Tokenizer()
	if err != nil {
		return nil, err
	}
	var e *tokenizer.Encoding
	if pair != nil {
		e, err = t.EncodePair(text, *pair, nil)
	} else {
		e, err = t.Encode(text, nil)
	}
	if err != nil {
		return nil, err
	}
	if n, limit := len(e.IDs), m.Info().MaxSeqLen; n > limit {
		return nil, fmt.Errorf("%w: there are %d tokens, the model takes at most %d", errTooLong, n, limit)
	}
	s := &Subject{
		Text: text, Pair: pair,
		Sequence: model.Sequence{IDs: e.IDs, TypeIDs: e.TypeIDs},
		Names:    e.Tokens, Offsets: e.Offsets, Special: e.Special,
	}
	texts := [2][]rune{[]rune(text), nil}
	if pair != nil {
		texts[1] = []rune(*pair)
	}
	pieces := make([]lens.Piece, len(e.IDs))
	ordinary := false
	for i, name := range e.Tokens {
		source := name
		if of := e.Sequence[i]; of >= 0 {
			source = string(texts[of][e.Offsets[i][0]:e.Offsets[i][1]])
		}
		s.Sources = append(s.Sources, source)
		pieces[i] = lens.Piece{ID: e.IDs[i], Text: source, Special: e.Special[i]}
		pieces[i].Follows = i > 0 && e.Offsets[i][0] > 0 && e.Offsets[i][0] == e.Offsets[i-1][1]
		ordinary = ordinary || !e.Special[i]
	}
	if !ordinary {
		return nil, errEmpty
	}
	s.Tokens = lens.Tokens(pieces)
	return s, nil
}
