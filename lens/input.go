package lens

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/tokenizer"
)

// An Input is what a model is run on, and what its tokens are called. Make it with Encode or InputOfIDs.
type Input struct {
	Text string
	Pair *string // nil: there is no second text

	Sequence model.Sequence
	Names    []string // [token], as the tokenizer spells them
	Labels   []string // [token], as people can read them: ␣ for a blank, letters for their bytes
	Sources  []string // [token], the characters of the text that it stands for and that none before it does
	Offsets  [][2]int // [token], code points in its text
	TextOf   []int    // [token], 0 for the text, 1 for the pair, −1 if the tokenizer has added it
	Special  []bool   // [token], added by the tokenizer
	Tokens   []Token  // [token]

	Cut int // tokens that are cut off because the model can't take more
}

// ErrEmpty is a text without a token of its own.
var ErrEmpty = errors.New("the text is empty")

// A LengthError is a text of more tokens than the model takes.
type LengthError struct{ Tokens, Limit int }

func (e *LengthError) Error() string {
	return fmt.Sprintf("there are %d tokens, the model takes at most %d", e.Tokens, e.Limit)
}

// Encode cuts a text, or two, as the model's tokenizer does. One that is too long for the model is a *LengthError or, if
// truncate is set, loses its end.
func Encode(m *model.Model, text string, pair *string, truncate bool) (*Input, error) {
	t, err := m.Tokenizer()
	if err != nil {
		return nil, err
	}
	limit, o := m.Info().MaxSeqLen, &tokenizer.Options{}
	if truncate {
		o.MaxLen = limit
	}
	in, err := encode(t, text, pair, o)
	if err == nil && len(in.Names) > limit {
		return nil, &LengthError{len(in.Names), limit}
	}
	return in, err
}

func encode(t *tokenizer.Tokenizer, text string, pair *string, o *tokenizer.Options) (*Input, error) {
	var e *tokenizer.Encoding
	var err error
	texts := [2][]rune{[]rune(text), nil}
	if pair != nil {
		texts[1] = []rune(*pair)
		e, err = t.EncodePair(text, *pair, o)
	} else {
		e, err = t.Encode(text, o)
	}
	if err != nil {
		return nil, err
	}
	if !slices.Contains(e.Special, false) {
		return nil, ErrEmpty
	}
	in := &Input{Text: text, Pair: pair, Sequence: model.Sequence{IDs: e.IDs, TypeIDs: e.TypeIDs},
		Names: e.Tokens, Offsets: e.Offsets, TextOf: e.Sequence, Special: e.Special, Cut: e.Cut[0] + e.Cut[1]}
	in.find(t, texts)
	return in, nil
}

// find sets what the tokens are called, and which are words together.
func (in *Input) find(t *tokenizer.Tokenizer, texts [2][]rune) {
	isBytes := spellsBytes(t)
	pieces := make([]Piece, len(in.Names))
	for i, id := range in.Sequence.IDs {
		of, at := in.TextOf[i], in.Offsets[i]
		end := 0 // of what the tokens before stand for
		if i > 0 && in.TextOf[i-1] == of {
			end = in.Offsets[i-1][1]
		}
		source, label := in.Names[i], readable(t, isBytes, id, in.Names[i])
		within := of >= 0 && at[0] < end
		if of >= 0 {
			source = string(texts[of][min(max(at[0], end), at[1]):at[1]])
			if strings.ContainsRune(label, utf8.RuneError) || isByte(in.Names[i]) {
				label = marks.Replace(string(texts[of][at[0]:at[1]])) + subscript(in.partOf(i))
			}
		}
		in.Sources, in.Labels = append(in.Sources, source), append(in.Labels, label)
		pieces[i] = Piece{ID: id, Text: strings.TrimSpace(source), Special: in.Special[i], Within: within,
			Follows: at[0] > 0 && at[0] == end && strings.TrimLeft(source, " \t\n\r") == source}
		if within && source == "" {
			pieces[i].Text = pieces[i-1].Text
		}
	}
	in.Tokens = Tokens(pieces)
}

// Places names every token by where it is: one that stands for letters by which they are, in which text, and one that the
// tokenizer has added by its name. Of one text cut by two tokenizers, tokens that stand for the same letters have the same
// place. With groups of tokens in place of tokens it is the place of the letters of the group.
func (in *Input) Places(groups [][]int) []string {
	texts := [2][]rune{[]rune(in.Text), nil}
	if in.Pair != nil {
		texts[1] = []rune(*in.Pair)
	}
	places := make([]string, len(groups))
	for g, group := range groups {
		first, last := group[0], group[len(group)-1]
		of := in.TextOf[first]
		if of < 0 {
			places[g] = in.Names[first]
			continue
		}
		start, end := in.Offsets[first][0], in.Offsets[last][1]
		for start < end && unicode.IsSpace(texts[of][start]) {
			start++ // which tokenizers count to the letters, or don't
		}
		places[g] = fmt.Sprintf("%d:%d-%d", of, start, end)
	}
	return places
}

// partOf counts the tokens, up to i, that end in the same letter.
func (in *Input) partOf(i int) int {
	first := i
	for first > 0 && in.TextOf[first-1] == in.TextOf[i] && in.Offsets[first-1][1] == in.Offsets[i][1] {
		first--
	}
	return i - first + 1
}

// isByte reports whether a token is named for a byte, as in <0xE6>.
func isByte(name string) bool {
	return len(name) == len("<0xE6>") && strings.HasPrefix(name, "<0x") && strings.HasSuffix(name, ">")
}

// subscript is a number below the line.
func subscript(n int) string {
	var b strings.Builder
	for _, digit := range strconv.Itoa(n) {
		b.WriteRune('₀' + digit - '0')
	}
	return b.String()
}

// InputOfIDs is an input that isn't a text. What its tokens stand for is taken from their names. Without a tokenizer they
// are called by their ids, none is known to be special, and unnamed says why there is none.
func InputOfIDs(m *model.Model, ids, typeIDs []int) (in *Input, unnamed, err error) {
	if n, limit := len(ids), m.Info().MaxSeqLen; n > limit {
		return nil, nil, &LengthError{n, limit}
	}
	in = &Input{Sequence: model.Sequence{IDs: ids, TypeIDs: typeIDs}, Offsets: make([][2]int, len(ids)),
		TextOf: make([]int, len(ids)), Special: make([]bool, len(ids))}
	t, unnamed := m.Tokenizer()
	isBytes, added := false, []int(nil)
	if unnamed == nil {
		isBytes, added = spellsBytes(t), addedBy(t)
	}
	pieces := make([]Piece, len(ids))
	for i, id := range ids {
		name, label, follows := strconv.Itoa(id), strconv.Itoa(id), false
		if unnamed == nil {
			if token, ok := t.IDToToken(id); ok {
				name, label = token, readable(t, isBytes, id, token)
				follows = strings.HasPrefix(name, "##") || (isBytes && !strings.HasPrefix(label, blankMark))
			}
		}
		in.Special[i] = slices.Contains(added, id)
		source := strings.TrimLeft(strings.TrimPrefix(label, "##"), blankMark)
		in.Names, in.Labels, in.Sources = append(in.Names, name), append(in.Labels, label), append(in.Sources, source)
		pieces[i] = Piece{ID: id, Text: source, Special: in.Special[i], Follows: i > 0 && follows}
	}
	in.Tokens = Tokens(pieces)
	in.Text = strings.Join(in.Labels, " ")
	return in, unnamed, nil
}

// addedBy lists the tokens that a tokenizer itself puts around a text, such as [CLS] and [SEP], but not [MASK].
func addedBy(t *tokenizer.Tokenizer) []int {
	e, err := t.EncodePair("", "", nil)
	if err != nil {
		return nil
	}
	return e.IDs
}

// blankMark stands for a blank.
const blankMark = "␣"

// spellsBytes reports whether the tokens of a tokenizer spell bytes, as those of GPT-2 do: its decoder makes a blank of Ġ.
func spellsBytes(t *tokenizer.Tokenizer) bool {
	id, ok := t.TokenToID("Ġ")
	if !ok {
		return false
	}
	s, err := t.Decode([]int{id}, false)
	return err == nil && s == " "
}

// marks makes blanks visible.
var marks = strings.NewReplacer(" ", blankMark, "▁", blankMark, "\n", "⏎", "\r", "⏎", "\t", "⇥")

// readable is a token's name with blanks that can be seen and letters in place of their bytes. A part of a letter's bytes
// has U+FFFD in it.
func readable(t *tokenizer.Tokenizer, isBytes bool, id int, name string) string {
	if isBytes && !t.IsSpecial(id) {
		if s, err := t.Decode([]int{id}, false); err == nil {
			name = s
		}
	}
	return marks.Replace(name)
}
