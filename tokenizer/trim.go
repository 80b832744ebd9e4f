package tokenizer

import (
	"strings"
	"unicode/utf8"
)

// offsetTrim takes the blanks at the ends of tokens out of their offsets.
type offsetTrim struct {
	addPrefixSpace bool // the space of the first token may be one that was added, so leave it
	behindSpecial  bool // a special token has been put before the first one, so that it isn't the first
}

// addTrim reads the settings of it in a post-processor. before is the type of the one that adds tokens before it, if any:
// to those that a template adds the text isn't joined yet.
func (t *Tokenizer) addTrim(f *fields, before string) {
	trim := offsetTrim{f.bool("add_prefix_space"), before == "BertProcessing" || before == "RobertaProcessing"}
	if f.bool("trim_offsets") {
		t.trims = append(t.trims, trim)
	}
}

func (t *Tokenizer) trim(s *sequence, noSpecial bool) {
	for _, trim := range t.trims {
		for i := range s.tokens {
			first := i == 0 && (noSpecial || !trim.behindSpecial)
			trim.apply(&s.tokens[i], t.spell(s, s.tokens[i]), first)
		}
	}
}

// apply trims a token. The library counts the blanks at both ends of a token that is blank altogether twice.
func (o offsetTrim) apply(k *token, spelled string, first bool) {
	isSpace := func(r rune) bool { return r == byteChars[' '] || isBlank(r) }
	left := strings.TrimLeftFunc(spelled, isSpace)
	leading := int32(utf8.RuneCountInString(spelled[:len(spelled)-len(left)]))
	right := strings.TrimRightFunc(spelled, isSpace)
	trailing := int32(utf8.RuneCountInString(spelled[len(right):]))
	if leading > 0 {
		if (first || k.start == 0) && o.addPrefixSpace && leading == 1 {
			leading = 0
		}
		k.start = min(k.start+leading, k.end)
	}
	if trailing > 0 && k.end >= trailing {
		k.end = max(k.end-trailing, k.start)
	}
}
