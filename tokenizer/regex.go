package tokenizer

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The library's patterns are Oniguruma's in Ruby's syntax. They run here on regexp2, whose syntax is .NET's: translate
// rewrites the one as the other. It goes through a pattern item by item, so that what it doesn't know is an error rather
// than another match. What differs:
//
//   - possessive quantifiers: x++ is (?>x+)
//   - ^ and $ stand at lines; $ doesn't stand before a last line break only
//   - \s, \d, \w and \p{…} are those of Unicode 16, so they are spelled out
//   - (?i:…) folds case as Unicode does, one character to one: (?i:s) has ſ
type translator struct {
	src string
	pos int
	out strings.Builder
	err error
}

const (
	// maxGroups bounds the nesting of groups.
	maxGroups = 100

	// maxTranslated bounds the length of what a pattern becomes with its sets of characters spelled out, the largest of
	// which takes 8,000 bytes.
	maxTranslated = 400_000
)

// translate rewrites a pattern of the library for regexp2.
func translate(pattern string) (string, error) {
	t := translator{src: pattern}
	t.alternatives(false, 0)
	if t.err == nil && t.pos < len(t.src) {
		t.failf("unmatched )")
	}
	return t.out.String(), t.err
}

func (t *translator) failf(format string, args ...any) {
	if t.err == nil {
		t.err = fmt.Errorf("pattern %q, byte %d: "+format, append([]any{t.src, t.pos}, args...)...)
	}
	t.pos = len(t.src)
}

// accept takes s if it comes next.
func (t *translator) accept(s string) bool {
	if strings.HasPrefix(t.src[t.pos:], s) {
		t.pos += len(s)
		return true
	}
	return false
}

func (t *translator) rune() rune {
	r, size := utf8.DecodeRuneInString(t.src[t.pos:])
	t.pos += size
	return r
}

// alternatives takes everything up to the end of a group. fold is the flag i.
func (t *translator) alternatives(fold bool, depth int) {
	if depth > maxGroups {
		t.failf("more than %d groups in each other", maxGroups)
	}
	for t.pos < len(t.src) && t.src[t.pos] != ')' {
		if t.accept("|") {
			t.out.WriteByte('|')
			continue
		}
		item, repeatable := t.item(fold, depth)
		if repeatable {
			item = t.quantified(item)
		}
		if t.out.WriteString(item); t.out.Len() > maxTranslated {
			t.failf("too many sets of characters")
		}
	}
}

// item takes one item without its quantifier.
func (t *translator) item(fold bool, depth int) (item string, repeatable bool) {
	switch c := t.src[t.pos]; c {
	case '(':
		return t.group(fold, depth)
	case '[':
		return t.class(fold), true
	case '\\':
		return t.escape(fold), true
	case '^':
		t.pos++
		return `(?:\A|(?<=\n)(?!\z))`, false
	case '$':
		t.pos++
		return `(?=\n|\z)`, false
	case '.':
		t.pos++
		return `[^\n]`, true
	case '*', '+', '?':
		t.failf("nothing for %c to repeat", c)
		return "", false
	}
	return literal(t.rune(), fold), true
}

// group takes a group with its parentheses.
func (t *translator) group(fold bool, depth int) (item string, repeatable bool) {
	open := ""
	for _, kind := range [...]string{"(?:", "(?i:", "(?-i:", "(?=", "(?!", "(?<=", "(?<!", "(?>"} {
		if t.accept(kind) {
			open = kind
			break
		}
	}
	switch {
	case open == "(?i:":
		open, fold = "(?:", true
	case open == "(?-i:":
		open, fold = "(?:", false
	case open == "" && t.accept("(?"):
		t.failf("a group (?%s is not supported", firstRune(t.src[t.pos:]))
	case open == "":
		t.pos++
		open = "(?:" // nobody asks for what a group has matched
	}
	inner := translator{src: t.src, pos: t.pos}
	inner.alternatives(fold, depth+1)
	if t.pos = inner.pos; inner.err != nil {
		t.err = inner.err
	} else if t.err == nil && !t.accept(")") {
		t.failf("missing )")
	}
	return open + inner.out.String() + ")", open == "(?:" || open == "(?>"
}

func firstRune(s string) string {
	_, size := utf8.DecodeRuneInString(s)
	return s[:size]
}

// quantified takes the quantifiers behind an item.
func (t *translator) quantified(item string) string {
	for n := 0; t.pos < len(t.src); n++ {
		q := t.quantifier()
		if q == "" {
			return item
		}
		if n > 0 {
			item = "(?:" + item + ")"
		}
		switch {
		case q[0] == '{' && t.accept("+"):
			item = "(?:" + item + q + ")+" // no possessive form of {…} in Ruby's syntax
		case t.accept("+"):
			item = "(?>" + item + q + ")"
		case t.accept("?"):
			item += q + "?"
		default:
			item += q
		}
	}
	return item
}

// quantifier takes *, +, ?, {n}, {n,} or {n,m}; {,m} is {0,m}.
func (t *translator) quantifier() string {
	for _, q := range [...]string{"*", "+", "?"} {
		if t.accept(q) {
			return q
		}
	}
	if t.src[t.pos] != '{' {
		return ""
	}
	bounds, _, ok := strings.Cut(t.src[t.pos+1:], "}")
	low, high, isRange := strings.Cut(bounds, ",")
	const most = 1000
	if low == "" && high != "" {
		low = "0"
	}
	n, err := strconv.ParseUint(low, 10, 16)
	m := n
	if err == nil && high != "" {
		m, err = strconv.ParseUint(high, 10, 16)
	}
	if !ok || err != nil || n > m || m > most {
		t.failf("expected {n}, {n,} or {n,m} with numbers up to %d", most)
		return ""
	}
	t.pos += len(bounds) + 2
	switch {
	case !isRange:
		return fmt.Sprintf("{%d}", n)
	case high == "":
		return fmt.Sprintf("{%d,}", n)
	}
	return fmt.Sprintf("{%d,%d}", n, m)
}

// escape takes an escape outside of a class.
func (t *translator) escape(fold bool) string {
	for _, anchor := range [...]string{`\A`, `\z`} {
		if t.accept(anchor) {
			return anchor
		}
	}
	if set, ok := t.set(); ok {
		return "[" + set.String() + "]"
	}
	return literal(t.escapedRune(), fold)
}

// literal is a character, with all that it is folded to if fold is set.
func literal(r rune, fold bool) string {
	if !fold || unicode.SimpleFold(r) == r {
		return hexRune(r)
	}
	s := "[" + hexRune(r)
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		s += hexRune(f)
	}
	return s + "]"
}

// hexRune spells a character so that it has no other meaning, in a class or outside.
func hexRune(r rune) string {
	if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' {
		return string(r)
	}
	if r < utf8.RuneSelf {
		return fmt.Sprintf(`\x%02X`, r)
	}
	return string(r)
}

// escapedRune takes an escape that stands for one character.
func (t *translator) escapedRune() rune {
	t.pos++
	if t.pos == len(t.src) {
		t.failf("the pattern ends with a backslash")
		return 0
	}
	r := t.rune()
	switch r {
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case 'f':
		return '\f'
	case 'v':
		return '\v'
	case 'x', 'u':
		return t.hex(r)
	}
	if r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
		t.failf(`the escape \%c is not supported`, r)
	}
	return r
}

// hex takes the digits of \xHH, \x{H…} or \uHHHH.
func (t *translator) hex(kind rune) rune {
	length, most := 4, rune(unicode.MaxRune)
	if kind == 'x' {
		length, most = 2, unicode.MaxASCII // \xHH is a byte
	}
	digits := t.src[t.pos:min(t.pos+length, len(t.src))]
	if kind == 'x' && t.accept("{") {
		digits, _, _ = strings.Cut(t.src[t.pos:], "}")
		length, most = len(digits), unicode.MaxRune
		t.pos = min(t.pos+1, len(t.src)) // the brace
	}
	t.pos = min(t.pos+len(digits), len(t.src))
	v, err := strconv.ParseUint(digits, 16, 31)
	if err != nil || len(digits) < length || rune(v) > most || !utf8.ValidRune(rune(v)) {
		t.failf(`\%c%s is not a code point`, kind, digits)
	}
	return rune(v)
}
