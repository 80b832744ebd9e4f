package tokenizer

import (
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// TestUnicode holds every code point against what the library says in testdata/unicode.txt.gz. If it fails with a new
// version of Go or of x/text, the tables of unicode.go need what that version has added.
func TestUnicode(t *testing.T) {
	properties, rewrites := readUnicode(t)
	for name, has := range map[string]func(rune) bool{
		"removed":   func(r rune) bool { return classOf(r)&removed != 0 },
		"blank":     func(r rune) bool { return classOf(r)&blank != 0 },
		"punct":     func(r rune) bool { return classOf(r)&punct != 0 },
		"ideograph": isIdeograph,
		"nonspacing": func(r rune) bool {
			return classOf(r)&nonspacing != 0 && len(appendParts(nil, r, norm.NFD)) == 1 && decomposed(r, false) == string(r)
		},
		"mark":    func(r rune) bool { return classOf(r)&mark != 0 },
		"word":    func(r rune) bool { return classOf(r)&word != 0 },
		"numeric": func(r rune) bool { return classOf(r)&numeric != 0 },
		`\p{L}`:   func(r rune) bool { return classOf(r)&letter != 0 },
		`\p{N}`:   func(r rune) bool { return classOf(r)&number != 0 },
		"ordered": func(r rune) bool {
			p := appendParts(nil, r, norm.NFD)
			return len(p) == 1 && p[0].char == r && p[0].order != 0
		},
	} {
		want, ok := properties[name]
		if !ok {
			t.Errorf("no property %q in unicode.txt", name)
		}
		for r := rune(0); r <= unicode.MaxRune; r++ {
			if utf8.ValidRune(r) && has(r) != want[r] {
				t.Errorf("%U %s: %v, expected %v", r, name, has(r), want[r])
			}
		}
	}
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		n := normalized{run: []traced{{char: r}}}
		n.lower()
		if got, want := spelled(n.run), rewrites["lower"].of(r); got != want {
			t.Errorf("%U in lower case: %+q, expected %+q", r, got, want)
		}
		// unicode.txt has only some of the Hangul syllables.
		if hangulFirst <= r && r <= hangulLast && r%97 != 0 {
			continue
		}
		if got, want := decomposed(r, false), rewrites["nfd"].of(r); got != want {
			t.Errorf("%U decomposed: %+q, expected %+q", r, got, want)
		}
		if got, want := decomposed(r, true), rewrites["nfkd"].of(r); got != want {
			t.Errorf("%U decomposed by compatibility: %+q, expected %+q", r, got, want)
		}
	}
}

// TestPatternSets holds the sets of characters that patterns can name against the library's.
func TestPatternSets(t *testing.T) {
	sets, _ := readUnicode(t)
	n := 0
	for name, want := range sets {
		if name[0] != '\\' {
			continue
		}
		n++
		tr := translator{src: name}
		set, ok := tr.set()
		if !ok || tr.err != nil || tr.pos != len(name) {
			t.Errorf("%s: %v", name, tr.err)
			continue
		}
		negated := translator{src: strings.ToUpper(name[:2]) + name[2:]}
		others, _ := negated.set()
		in, out := make([]bool, unicode.MaxRune+1), make([]bool, unicode.MaxRune+1)
		set.each(func(r rune) { in[r] = true })
		others.each(func(r rune) { out[r] = true })
		for r := rune(0); r <= unicode.MaxRune; r++ {
			if utf8.ValidRune(r) && (in[r] != want[r] || out[r] == want[r]) {
				t.Fatalf("%U %s: %v, negated %v, expected %v", r, name, in[r], out[r], want[r])
			}
		}
	}
	if want := 3 + len(properties); n != want {
		t.Errorf("%d sets, expected %d", n, want)
	}
}

func decomposed(r rune, compatible bool) string {
	n := normalized{run: []traced{{char: r}}}
	n.decompose(compatible)
	return spelled(n.run)
}

func spelled(run []traced) string {
	var s strings.Builder
	for _, t := range run {
		s.WriteRune(t.char)
	}
	return s.String()
}

type rewrite map[rune]string

func (w rewrite) of(r rune) string {
	if s, ok := w[r]; ok {
		return s
	}
	return string(r)
}

// readUnicode reads lines such as "blank 0009-000D 0020-0020" and "lower 0130 0069 0307".
func readUnicode(t *testing.T) (properties map[string]map[rune]bool, rewrites map[string]rewrite) {
	properties, rewrites = make(map[string]map[rune]bool), map[string]rewrite{"lower": {}, "nfd": {}, "nfkd": {}}
	for line := range strings.Lines(string(readTestdata(t, ".", "unicode.txt"))) {
		words := strings.Fields(line)
		if w := rewrites[words[0]]; w != nil {
			var to string
			for _, c := range words[2:] {
				to += string(parseRune(t, c))
			}
			w[parseRune(t, words[1])] = to
			continue
		}
		set := make(map[rune]bool)
		for _, pair := range words[1:] {
			first, last, _ := strings.Cut(pair, "-")
			for r := parseRune(t, first); r <= parseRune(t, last); r++ {
				set[r] = true
			}
		}
		properties[words[0]] = set
	}
	return properties, rewrites
}

func parseRune(t *testing.T, hex string) rune {
	v, err := strconv.ParseInt(hex, 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	return rune(v)
}
