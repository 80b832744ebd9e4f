package tokenizer

import (
	"strings"
	"testing"
	"time"
)

func TestPatternErrors(t *testing.T) {
	for _, c := range []struct{ pattern, want string }{
		{`a)`, "byte 1: unmatched )"},
		{`(a`, "byte 2: missing )"},
		{`(?P<x>a)`, "byte 2: a group (?P is not supported"},
		{`(?i)a`, "byte 2: a group (?i is not supported"},
		{`*a`, "byte 0: nothing for * to repeat"},
		{`a|+`, "byte 2: nothing for + to repeat"},
		{`^*`, "byte 1: nothing for * to repeat"},
		{`a{2,1}`, "byte 1: expected {n}, {n,} or {n,m} with numbers up to 1000"},
		{`a{1,2000}`, "byte 1: expected {n}, {n,} or {n,m} with numbers up to 1000"},
		{`a{`, "byte 1: expected {n}, {n,} or {n,m} with numbers up to 1000"},
		{`a{x}`, "byte 1: expected {n}, {n,} or {n,m} with numbers up to 1000"},
		{`\`, "byte 1: the pattern ends with a backslash"},
		{`\b`, `byte 2: the escape \b is not supported`},
		{`\1`, `byte 2: the escape \1 is not supported`},
		{`\p{Klingon}`, `byte 2: \p{Klingon} is not supported`},
		{`\pL`, `byte 2: expected \p{…}`},
		{`\p{L`, `byte 2: expected \p{…}`},
		{`\xe9`, `byte 4: \xe9 is not a code point`},
		{`\x{110000}`, `byte 10: \x110000 is not a code point`},
		{`\x{`, `byte 3: \x is not a code point`},
		{`\ud800`, `byte 6: \ud800 is not a code point`},
		{`\u12`, `byte 4: \u12 is not a code point`},
		{`[a`, "byte 2: missing ]"},
		{`[`, "byte 1: missing ]"},
		{`[a-`, "byte 3: missing ]"},
		{`[]`, "byte 1: a class in a class, an empty class or && is not supported"},
		{`[a[b]]`, "byte 2: a class in a class, an empty class or && is not supported"},
		{`[[:alpha:]]`, "byte 1: a class in a class, an empty class or && is not supported"},
		{`[a&&b]`, "byte 4: a class in a class, an empty class or && is not supported"},
		{`[b-a]`, "byte 4: the range b-a is empty"},
		{`[a-\s]`, "byte 5: a range that ends with a set is not supported"},
		{strings.Repeat("(", 200), "byte 101: more than 100 groups in each other"},
	} {
		_, err := compile(c.pattern)
		if err == nil || !strings.HasSuffix(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "pattern ") {
			t.Errorf("%q: got %v, expected %s", c.pattern, err, c.want)
		}
	}
	if _, err := compile(strings.Repeat("a", 20_000)); err == nil || err.Error() != "a pattern of 20000 bytes, expected at most 10000" {
		t.Errorf("a long pattern: %v", err)
	}
}

// No pattern takes for ever to compile: unbounded, some of these would take hours, and none takes a second on a machine that
// has nothing else to do. What is held here leaves room for a busy one under the race detector.
func TestHostilePatterns(t *testing.T) {
	for _, p := range []string{
		strings.Repeat(`\p{L}`, 40), strings.Repeat(`\p{L}`, 1900), strings.Repeat(`[\W\w]`, 1400), "(?i:" + strings.Repeat(`[\x{0}-\x{10ffff}]`, 500) + ")",
		strings.Repeat("(?:", 99) + "a" + strings.Repeat("){1000}", 99), strings.Repeat("a?", 4000), "(?:" + strings.Repeat("a|", 4000) + "b)*",
		"a{1000}{1000}{1000}", "(?i:" + strings.Repeat("s", 9000) + ")",
	} {
		start := time.Now()
		_, err := compile(p)
		if d := time.Since(start); d > 20*time.Second {
			t.Errorf("%.40s… took %v, error %.100v", p, d, err)
		}
	}
}

// A pattern that would take for ever is an error of Encode.
func TestPatternTimeout(t *testing.T) {
	if testing.Short() {
		t.Skip("takes as long as a pattern may")
	}
	tok, err := Parse(with("PRETOKENIZER", `{"type": "Split", "pattern": {"Regex": "(?:a|a|aa)*b"}, "behavior": "Isolated", "invert": false}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tok.Encode(strings.Repeat("a", 200), nil); err == nil || !strings.HasPrefix(err.Error(), `pattern "(?:a|a|aa)*b": `) {
		t.Errorf("got %v, expected that the pattern takes too long", err)
	}
}
