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
)

// A lookInput is what goes into the model, and the words that flags can name.
type lookInput struct{ *lens.Input }

// input reads the text or the ids of the command line. Warnings are what the user should know before the answer.
func (f *lookFlags) input(m *model.Model, text string) (in lookInput, warnings []string, err error) {
	if f.given("ids") {
		var unnamed error
		if in.Input, unnamed, err = lens.InputOfIDs(m, f.ids, f.typeIDs); unnamed != nil {
			warnings = append(warnings, "tokens are called by their ids: "+unnamed.Error())
		}
		return in, warnings, err
	}
	if _, err := m.Tokenizer(); err != nil {
		return in, nil, fmt.Errorf("%w; --ids works without", err)
	}
	var pair *string
	if f.given("pair") {
		pair = &f.pair
	}
	in.Input, err = lens.Encode(m, text, pair, f.truncate)
	if long := (*lens.LengthError)(nil); errors.As(err, &long) {
		return in, nil, fmt.Errorf("%w: --truncate takes the beginning", err)
	}
	if err == nil && in.Cut > 0 {
		warnings = append(warnings, fmt.Sprintf("%d tokens are cut off: the model takes at most %d", in.Cut, m.Info().MaxSeqLen))
	}
	return in, warnings, err
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
	for i := range in.Names {
		if strings.EqualFold(in.Names[i], name) || strings.EqualFold(strings.TrimLeft(in.Labels[i], "␣"), name) {
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
	for i, t := range in.Tokens {
		if i > 0 && t.Word == in.Tokens[i-1].Word {
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
		b.WriteString(in.Sources[i])
	}
	return strings.TrimSpace(b.String())
}

func (in *lookInput) namesOf(tokens []int) []string {
	names := make([]string, len(tokens))
	for k, i := range tokens {
		names[k] = in.Labels[i]
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
