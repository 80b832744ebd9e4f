package tokenizer

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dlclark/regexp2/v2"
)

// pattern is what Split and Replace look for: a string, or a regular expression.
type pattern struct {
	literal string
	regex   *regexp2.Regexp // nil: literal
	rule    *wordRule       // the same as regex, by hand, where it is one that we know
	source  string
}

const (
	// patternTimeout bounds the search for one match, for expressions that take exponential time.
	patternTimeout = time.Second

	// maxPattern bounds the length of a regular expression. Those of tokenizers have less than 1,000 bytes.
	maxPattern = 10_000

	// maxBacktrack bounds the memory of a search, in integers.
	maxBacktrack = 1 << 22
)

// pattern reads {"String": …} or {"Regex": …}.
func (f *fields) pattern(key string) *pattern {
	n, ok := f.need(key, objectKind)
	if !ok {
		return nil
	}
	members := n.members()
	if len(members) != 1 || members[0].value.kind != stringKind {
		f.failf("%s is not one String or Regex", f.path(key))
		return nil
	}
	text := members[0].value.text
	switch members[0].key {
	case "String":
		if text == "" {
			f.failf("%s is an empty string", f.path(key))
		}
		return &pattern{literal: text}
	case "Regex":
		p, err := compile(text)
		if err != nil {
			f.failf("%s: %w", f.path(key), err)
		}
		return p
	}
	f.failf("unknown key %q in %s", members[0].key, f.path(key))
	return nil
}

func compile(source string) (*pattern, error) {
	if len(source) > maxPattern {
		return nil, fmt.Errorf("a pattern of %d bytes, expected at most %d", len(source), maxPattern)
	}
	translated, err := translate(source)
	if err != nil {
		return nil, err
	}
	re, err := regexp2.Compile(translated, regexp2.OptionMaxBacktrackingStackSize(maxBacktrack))
	if err != nil {
		return nil, fmt.Errorf("pattern %q: %w", source, err)
	}
	re.MatchTimeout = patternTimeout
	return &pattern{regex: re, rule: wordRules[source], source: source}, nil
}

// find appends the matches in text to out: first byte, and one behind the last.
func (p *pattern) find(out []span, text string) ([]span, error) {
	if p.regex == nil {
		for from := 0; ; {
			i := strings.Index(text[from:], p.literal)
			if i < 0 {
				return out, nil
			}
			start := from + i
			from = start + len(p.literal)
			out = append(out, span{start, from})
		}
	}
	// regexp2 counts code points. at is how many lie before the byte pos.
	pos, at := 0, 0
	advance := func(to int) int {
		for ; at < to; at++ {
			_, size := utf8.DecodeRuneInString(text[pos:])
			pos += size
		}
		return pos
	}
	last := -1
	err := p.regex.FindRunesMatches([]rune(text), 0, func(m regexp2.MatchView) bool {
		index, length, _ := m.GroupRange(0)
		// The library drops an empty match at the end of the one before.
		if length > 0 || index != last {
			start := advance(index)
			out = append(out, span{start, advance(index + length)})
		}
		last = index + length
		return true
	})
	if err != nil {
		return out, fmt.Errorf("pattern %q: %w", p.source, err)
	}
	return out, nil
}

// span is a part of a text, in bytes.
type span struct{ start, end int }
