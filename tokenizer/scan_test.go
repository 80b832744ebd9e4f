package tokenizer

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// byRegex cuts a text by the expression that a rule stands for.
func byRegex(t interface{ Fatal(...any) }, p *pattern, text string) []span {
	matches, err := p.find(nil, text)
	if err != nil {
		t.Fatal(err)
	}
	return matches
}

// A rule cuts as its expression does.
func TestWordRules(t *testing.T) {
	alphabet := []rune("aZé日ǅʰ\u0301 \t\n\r\u0085\u00a0\u2028\u30001٣Ⅷ½²'sStTrReEvVmMlLdDſK.,!-_€🙂\x00\u200d\U00010D40\U000105C0")
	text := rapid.Custom(func(t *rapid.T) string {
		if rapid.Bool().Draw(t, "any characters") {
			return rapid.String().Draw(t, "text")
		}
		text := ""
		for _, r := range rapid.SliceOfN(rapid.SampledFrom(alphabet), 0, 20).Draw(t, "text") {
			if r == 'a' { // as many as go eight at a time
				text += strings.Repeat("aZ", rapid.IntRange(0, 10).Draw(t, "letters"))
			}
			text += string(r)
		}
		return text
	})
	for source, rule := range wordRules {
		t.Run(source[:20], func(t *testing.T) {
			p, err := compile(source)
			if err != nil {
				t.Fatal(err)
			}
			check := func(t interface {
				Fatal(...any)
				Fatalf(string, ...any)
			}, text string) {
				got := rule.words(nil, []byte(text), 0, len(text))
				if d := cmp.Diff(byRegex(t, p, text), got, cmp.AllowUnexported(span{})); d != "" {
					t.Fatalf("%q (-regex +rule):\n%s", text, d)
				}
			}
			for _, c := range readCases(t, "gpt2") {
				check(t, c.Text)
			}
			rapid.Check(t, func(t *rapid.T) { check(t, text.Draw(t, "text")) })
		})
	}
}

// BenchmarkWords is what the rules by hand are for.
func BenchmarkWords(b *testing.B) {
	text := strings.Repeat("Call me Ishmael. Some years ago (never mind how long precisely) having little or no money in my purse, I thought I'd sail about a little. ", 8)
	p, err := compile(llama3Pattern)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("by=regexp2", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			byRegex(b, p, text)
		}
	})
	b.Run("by=rule", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		var words []span
		for b.Loop() {
			words = p.rule.words(words[:0], []byte(text), 0, len(text))
		}
	})
}
