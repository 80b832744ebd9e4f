package tokenizer

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// TestUnicode holds every code point against what the library says in testdata/unicode.txt. If it fails with a new
// version of Go or of x/text, the tables of unicode.go need what that version has added.
func TestUnicode(t *testing.T) {
	properties, rewrites := readUnicode(t)
	for name, has := range map[string]func(rune) bool{
		"removed":   func(r rune) bool { return classOf(r)&removed != 0 },
		"blank":     func(r rune) bool { return classOf(r)&blank != 0 },
		"punct":     func(r rune) bool { return classOf(r)&punct != 0 },
		"ideograph": isIdeograph,
		"nonspacing": func(r rune) bool {
			return classOf(r)&nonspacing != 0 && len(appendParts(nil, r, norm.NFD)) == 1 && decomposed(r) == string(r)
		},
		"mark": func(r rune) bool { return classOf(r)&mark != 0 },
		"word": func(r rune) bool { return classOf(r)&word != 0 },
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
		if want := rewrites["nfd"].of(r); decomposed(r) != want && (r < hangulFirst || r > hangulLast || r%97 == 0) {
			t.Errorf("%U decomposed: %+q, expected %+q", r, decomposed(r), want)
		}
	}
}

func decomposed(r rune) string {
	n := normalized{run: []traced{{char: r}}}
	n.decompose(false)
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
	f, err := os.Open("testdata/unicode.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	properties, rewrites = make(map[string]map[rune]bool), map[string]rewrite{"lower": {}, "nfd": {}}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		words := strings.Fields(lines.Text())
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
