package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rapt-go/rapt/lens"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/tokenizer"
)

// A lookInput is what goes into the model, and what its tokens are called.
type lookInput struct {
	text     string // as given
	sequence model.Sequence
	names    []string     // [token], as the tokenizer spells them; ids without a tokenizer
	source   []string     // [token], the characters of the text that it stands for
	offsets  [][2]int     // [token], code points in its text
	special  []bool       // [token], added by the tokenizer
	tokens   []lens.Token // [token]
}

// input reads the text or the ids of the command line. Warnings are what the user should know before the answer.
func (f *lookFlags) input(m *model.Model, text string) (in lookInput, warnings []string, err error) {
	if f.given("ids") {
		in, warnings = f.idsInput(m)
	} else if in, warnings, err = f.textInput(m, text); err != nil {
		return in, warnings, err
	}
	if n, limit := len(in.names), m.Info().MaxSeqLen; n > limit {
		hint := ""
		if !f.given("ids") {
			hint = ": --truncate takes the beginning"
		}
		return in, warnings, fmt.Errorf("there are %d tokens, the model takes at most %d%s", n, limit, hint)
	}
	pieces := make([]lens.Piece, len(in.names))
	for i, id := range in.sequence.IDs {
		pieces[i] = lens.Piece{ID: id, Text: in.source[i], Special: in.special[i]}
		pieces[i].Follows = i > 0 && in.offsets[i][0] > 0 && in.offsets[i][0] == in.offsets[i-1][1]
	}
	in.tokens = lens.Tokens(pieces)
	return in, warnings, nil
}

// textInput is a text, or two, as the tokenizer cuts it.
func (f *lookFlags) textInput(m *model.Model, text string) (in lookInput, warnings []string, err error) {
	t, err := m.Tokenizer()
	if err != nil {
		return in, nil, fmt.Errorf("%w; --ids works without", err)
	}
	o := &tokenizer.Options{}
	if f.truncate {
		o.MaxLen = m.Info().MaxSeqLen
	}
	var e *tokenizer.Encoding
	if f.given("pair") {
		e, err = t.EncodePair(text, f.pair, o)
	} else {
		e, err = t.Encode(text, o)
	}
	if err != nil {
		return in, nil, err
	}
	if !slices.Contains(e.Special, false) {
		return in, nil, errors.New("the text is empty")
	}
	if cut := e.Cut[0] + e.Cut[1]; cut > 0 {
		warnings = append(warnings, fmt.Sprintf("%d tokens are cut off: the model takes at most %d", cut, o.MaxLen))
	}
	in = lookInput{text: text, sequence: model.Sequence{IDs: e.IDs, TypeIDs: e.TypeIDs}, names: e.Tokens, offsets: e.Offsets, special: e.Special}
	texts := [2][]rune{[]rune(text), []rune(f.pair)}
	for i, name := range e.Tokens {
		if of := e.Sequence[i]; of >= 0 {
			name = string(texts[of][e.Offsets[i][0]:e.Offsets[i][1]])
		}
		in.source = append(in.source, name)
	}
	return in, warnings, nil
}

// idsInput is --ids. Without a tokenizer its tokens are called by their ids, and none is known to be special.
func (f *lookFlags) idsInput(m *model.Model) (in lookInput, warnings []string) {
	in.sequence = model.Sequence{IDs: f.ids, TypeIDs: f.typeIDs}
	in.offsets, in.special = make([][2]int, len(f.ids)), make([]bool, len(f.ids))
	t, err := m.Tokenizer()
	if err != nil {
		warnings = append(warnings, "tokens are called by their ids: "+err.Error())
	}
	for i, id := range f.ids {
		name := strconv.Itoa(id)
		if t != nil {
			if token, ok := t.IDToToken(id); ok {
				name = token
			}
			in.special[i] = adds(t, id)
		}
		in.names = append(in.names, name)
	}
	in.source = in.names
	return in, warnings
}

// adds reports whether the tokenizer itself puts the token around a text, as it does [CLS] and [SEP] but not [MASK].
func adds(t *tokenizer.Tokenizer, id int) bool {
	e, err := t.EncodePair("", "", nil)
	return err == nil && slices.Contains(e.IDs, id)
}

// A word is one or more tokens that the user has named.
type word struct {
	name   string
	tokens []int
	notes  []string
}

// edge reads a:b of a flag, --find or --cut. Of several colons the first one counts that has a word of the text on both
// sides.
func (in *lookInput) edge(flag, s string) (query, key word, err error) {
	for i, r := range s {
		if r != ':' || i == 0 || i == len(s)-1 {
			continue
		}
		query, queryErr := in.word(flag, s[:i])
		key, keyErr := in.word(flag, s[i+1:])
		if queryErr == nil && keyErr == nil {
			return query, key, nil
		}
		err = cmp.Or(err, queryErr, keyErr)
	}
	if err == nil {
		err = usagef("--%s is %q, expected two words: a:b", flag, s)
	}
	return word{}, word{}, err
}

// word finds the tokens that the user calls name: a word of the text in any case, or a token as the tokenizer spells
// it. The first of several counts, name#2 is the second.
func (in *lookInput) word(flag, name string) (word, error) {
	found, number := in.places(name), 1
	if base, suffix, ok := cutNumber(name); ok && len(found) == 0 {
		found, number, name = in.places(base), suffix, base
	}
	if len(found) == 0 {
		return word{}, usagef("--%s: there is no %q; there are %s", flag, name, in.listWords())
	}
	if number > len(found) {
		return word{}, usagef("--%s: there is no %s#%d; %s comes up %s", flag, name, number, name, times(len(found)))
	}
	w := word{name: name, tokens: found[number-1]}
	if number > 1 {
		w.name = fmt.Sprintf("%s#%d", name, number)
	} else if len(found) > 1 {
		w.notes = append(w.notes, fmt.Sprintf("%s comes up %s: this is the first, %s#2 the second", name, times(len(found)), name))
	}
	if len(w.tokens) > 1 {
		w.notes = append(w.notes, fmt.Sprintf("%s is %d tokens: %s", w.name, len(w.tokens), strings.Join(in.namesOf(w.tokens), " ")))
	}
	return w, nil
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// cutNumber takes "the#2" apart.
func cutNumber(s string) (base string, number int, ok bool) {
	i := strings.LastIndexByte(s, '#')
	if i <= 0 {
		return s, 0, false
	}
	number, err := strconv.Atoi(s[i+1:])
	return s[:i], number, err == nil && number > 0
}

// places are the tokens of each word that is called name or, if there is none, each token.
func (in *lookInput) places(name string) [][]int {
	var words, tokens [][]int
	for _, w := range in.words() {
		if strings.EqualFold(in.sourceOf(w), name) {
			words = append(words, w)
		}
	}
	for i := range in.names {
		if strings.EqualFold(in.names[i], name) {
			tokens = append(tokens, []int{i})
		}
	}
	if len(words) > 0 {
		return words
	}
	return tokens
}

// words groups the tokens by word.
func (in *lookInput) words() [][]int {
	var words [][]int
	for i, t := range in.tokens {
		if i > 0 && t.Word == in.tokens[i-1].Word {
			words[len(words)-1] = append(words[len(words)-1], i)
		} else {
			words = append(words, []int{i})
		}
	}
	return words
}

func (in *lookInput) sourceOf(tokens []int) string {
	var b strings.Builder
	for _, i := range tokens {
		b.WriteString(in.source[i])
	}
	return b.String()
}

func (in *lookInput) namesOf(tokens []int) []string {
	names := make([]string, len(tokens))
	for k, i := range tokens {
		names[k] = in.names[i]
	}
	return names
}

// maxListed is how many words an error lists.
const maxListed = 40

// listWords is every word once, for an error.
func (in *lookInput) listWords() string {
	var list []string
	for _, w := range in.words() {
		if name := fmt.Sprintf("%q", in.sourceOf(w)); !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	if len(list) > maxListed {
		return strings.Join(list[:maxListed], ", ") + fmt.Sprintf(" and %d more", len(list)-maxListed)
	}
	return strings.Join(list, ", ")
}
