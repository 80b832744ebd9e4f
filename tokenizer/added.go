package tokenizer

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// An addedToken is found in the text itself, before the model cuts what is between.
type addedToken struct {
	id      int
	content string
	form    string // the content as it is searched for and decoded: normalized if the token is

	singleWord bool // only where no letter, digit or the like is beside it
	lstrip     bool // takes the blanks on its left
	rstrip     bool // takes the blanks on its right
	normalized bool // searched for in the normalized text
	special    bool // left out when decoding
}

func parseAddedTokens(list []member, m *vocabulary, z *normalizer) ([]addedToken, error) {
	tokens := make([]addedToken, 0, len(list))
	next := m.size
	seen := make(map[string]bool, len(list))
	for i, item := range list {
		a, err := parseAddedToken(item.value, fmt.Sprintf("added_tokens[%d]", i), z)
		if err != nil {
			return nil, err
		}
		if seen[a.content] {
			return nil, fmt.Errorf("added_tokens[%d] is %q again", i, a.content)
		}
		seen[a.content] = true
		// The library doesn't read the id of an added token. It takes the one that the model has for it, or the next.
		want, inModel := m.ids[a.content]
		if !inModel {
			want = int32(next)
			if t, taken := m.token(next); taken {
				return nil, fmt.Errorf("added_tokens[%d] %q would have the id %d of token %q", i, a.content, next, t)
			}
			next++
		}
		if a.id != int(want) {
			return nil, fmt.Errorf("added_tokens[%d] %q has the id %d, expected %d", i, a.content, a.id, want)
		}
		tokens = append(tokens, a)
	}
	return tokens, nil
}

func parseAddedToken(n node, where string, z *normalizer) (addedToken, error) {
	f := n.fields(where)
	a := addedToken{
		id:         f.int("id", 0),
		content:    f.string("content"),
		singleWord: f.bool("single_word"),
		lstrip:     f.bool("lstrip"),
		rstrip:     f.bool("rstrip"),
		normalized: f.bool("normalized"),
		special:    f.bool("special"),
	}
	if err := f.end(); err != nil {
		return a, err
	}
	if a.form = a.content; a.normalized {
		var out normalized
		if err := z.normalize(&out, a.content, 0); err != nil {
			return a, fmt.Errorf("%s: %w", where, err)
		}
		a.form = string(out.text)
	}
	switch {
	case a.content == "":
		return a, fmt.Errorf("%s has an empty content", where)
	case a.form == "":
		return a, fmt.Errorf("%s %q is nothing once it is normalized", where, a.content)
	case a.lstrip && trimBlanksLeft(a.form) == "":
		return a, fmt.Errorf("%s %q is blank and takes blanks on its left", where, a.content)
	}
	return a, nil
}

// matcher finds added tokens in a text: the longest of those that begin first, then on behind it.
type matcher struct {
	tokens  map[string]*addedToken
	lengths [256][]int // by first byte: the lengths of the tokens that begin with it, in bytes, longest first
	first   string     // the byte that all of them begin with; "": there are several
}

// newMatcher finds those of tokens that are searched for before normalizing, or those that are after.
func newMatcher(tokens []addedToken, normalized bool) (*matcher, error) {
	m := &matcher{tokens: make(map[string]*addedToken)}
	for i := range tokens {
		a := &tokens[i]
		if a.normalized != normalized {
			continue
		}
		if b := m.tokens[a.form]; b != nil {
			return nil, fmt.Errorf("added_tokens: %q and %q are both %q once they are normalized", b.content, a.content, a.form)
		}
		m.tokens[a.form] = a
		l := &m.lengths[a.form[0]]
		*l = append(*l, len(a.form))
	}
	for i := range m.lengths {
		l := m.lengths[i]
		slices.Sort(l)
		slices.Reverse(l)
		m.lengths[i] = slices.Compact(l)
	}
	m.first = m.commonFirst()
	return m, nil
}

func (m *matcher) commonFirst() string {
	first := ""
	for form := range m.tokens {
		if first != "" && first != form[:1] {
			return ""
		}
		first = form[:1]
	}
	return first
}

// next returns the first match in text at or behind start.
func (m *matcher) next(text string, start int) (a *addedToken, at int) {
	if len(m.tokens) == 0 {
		return nil, len(text)
	}
	for i := start; i < len(text); i++ {
		if m.first != "" {
			skip := strings.IndexByte(text[i:], m.first[0])
			if skip < 0 {
				break
			}
			i += skip
		}
		for _, n := range m.lengths[text[i]] {
			if i+n <= len(text) {
				if a := m.tokens[text[i:i+n]]; a != nil {
					return a, i
				}
			}
		}
	}
	return nil, len(text)
}

// segment is a piece of a text, in bytes: an added token with the blanks that it takes, or what is between (added nil).
type segment struct {
	start, end int
	added      *addedToken
}

// split appends the segments of text to out. Like the library's they may overlap where a token that begins with blanks
// stands behind one that takes blanks.
func (m *matcher) split(out []segment, text string) []segment {
	done := 0
	for pos := 0; ; {
		a, start := m.next(text, pos)
		if a == nil {
			break
		}
		end := start + len(a.form)
		pos = end
		if a.singleWord && (endsInWord(text[:start]) || beginsWithWord(text[end:])) {
			continue
		}
		if a.lstrip {
			start = max(len(trimBlanksRight(text[:start])), done)
		}
		if a.rstrip {
			end = len(text) - len(trimBlanksLeft(text[end:]))
		}
		if done < start {
			out = append(out, segment{done, start, nil})
		}
		out = append(out, segment{start, end, a})
		done = end
	}
	if done < len(text) {
		out = append(out, segment{done, len(text), nil})
	}
	return out
}

func endsInWord(s string) bool {
	r, size := utf8.DecodeLastRuneInString(s)
	return size > 0 && classOf(r)&word != 0
}

func beginsWithWord(s string) bool {
	r, size := utf8.DecodeRuneInString(s)
	return size > 0 && classOf(r)&word != 0
}

func isBlank(r rune) bool { return classOf(r)&blank != 0 }

func trimBlanksLeft(s string) string { return strings.TrimLeftFunc(s, isBlank) }

func trimBlanksRight(s string) string { return strings.TrimRightFunc(s, isBlank) }
