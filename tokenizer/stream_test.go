package tokenizer

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
)

// streamed decodes ids one by one.
func streamed(t *testing.T, tok *Tokenizer, ids []int, skipSpecial bool) string {
	t.Helper()
	var b strings.Builder
	s := tok.Stream(skipSpecial)
	add := func(text string, err error) {
		if err != nil {
			t.Fatal(err)
		}
		if !utf8.ValidString(text) {
			t.Fatalf("%d: half a character: %q", ids, text)
		}
		b.WriteString(text)
	}
	for _, id := range ids {
		add(s.Next(id))
	}
	add(s.Flush())
	return b.String()
}

// checkStream compares a stream with Decode.
func checkStream(t *testing.T, tok *Tokenizer, ids []int) {
	t.Helper()
	for _, skip := range []bool{true, false} {
		want, err := tok.Decode(ids, skip)
		if err != nil {
			t.Fatal(err)
		}
		if got := streamed(t, tok, ids, skip); got != want {
			t.Fatalf("%d streamed: %q, expected %q", ids, got, want)
		}
	}
}

func TestStream(t *testing.T) {
	for _, dir := range goldens {
		t.Run(dir, func(t *testing.T) {
			tok := open(t, dir)
			for _, c := range readCases(t, dir) {
				checkStream(t, tok, c.IDs)
			}
			r := rand.New(rand.NewPCG(1, 2))
			for range 200 {
				ids := make([]int, r.IntN(12))
				for i := range ids {
					for _, ok := tok.IDToToken(ids[i]); !ok || i == 0 || r.IntN(8) > 0; {
						ids[i] = r.IntN(min(len(tok.vocab.tokens), 600))
						if _, ok = tok.IDToToken(ids[i]); ok {
							break
						}
					}
				}
				checkStream(t, tok, ids)
			}
		})
	}
}

// A text comes as soon as it is certain.
func TestStreamIsPrompt(t *testing.T) {
	for _, c := range []struct {
		dir, text string
		want      string // the text of each token, and then Flush's
	}{
		{"gpt2", " naïve 🙂, 🤖", `[" naïve" " 🙂" "," " " "" "🤖" ""]`},
		{"stories260k", "a🙂b", `["a" "" "" "" "" "🙂b" ""]`}, // one more byte would spoil the four
		{"xlmr", "the cat", `["the" " c" "at" ""]`},
		{"minilm", "unbelievable understatements", `["unbelievable" " under" "sta" "tem" "ents" ""]`},
	} {
		tok := open(t, c.dir)
		e, err := tok.Encode(c.text, &Options{NoSpecial: true})
		if err != nil {
			t.Fatal(err)
		}
		s := tok.Stream(true)
		var got []string
		for _, id := range e.IDs {
			text, err := s.Next(id)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, text)
		}
		rest, err := s.Flush()
		if got := fmt.Sprintf("%q", append(got, rest)); got != c.want || err != nil {
			t.Errorf("%s: %q: got %s, error %v, expected %s", c.dir, e.Tokens, got, err, c.want)
		}
	}
	tok := open(t, "gpt2")
	if _, err := tok.Stream(true).Next(-1); err == nil || err.Error() != "id is -1, which is not in the vocabulary" {
		t.Errorf("got %v", err)
	}
}
