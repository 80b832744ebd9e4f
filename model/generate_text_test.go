package model

import (
	"compress/gzip"
	"io"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapt-go/rapt/tokenizer"
)

func TestStopStrings(t *testing.T) {
	for _, c := range []struct {
		name   string
		stops  []string
		pieces []string
		want   []string // what add returns; a stop string was found in the last
		found  bool
	}{
		{"none", nil, []string{"ab", "c"}, []string{"ab", "c"}, false},
		{"in one piece", []string{"b"}, []string{"abc"}, []string{"a"}, true},
		{"over pieces", []string{"end."}, []string{"an e", "n", "d", ".x"}, []string{"an ", "", "", ""}, true},
		{"a beginning that isn't one", []string{"end"}, []string{"an e", "nx", "y"}, []string{"an ", "enx", "y"}, false},
		{"a beginning in a beginning", []string{"aab"}, []string{"a", "a", "a", "b"}, []string{"", "", "a", ""}, true},
		{"the first that is complete", []string{"abcd", "c"}, []string{"xabcd"}, []string{"xab"}, true},
		{"the longest of those", []string{"c", "abc"}, []string{"xabcd"}, []string{"x"}, true},
		{"characters of several bytes", []string{"é!"}, []string{"caf", "é", "?", "é", "!"}, []string{"caf", "", "é?", "", ""}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := stopStrings{list: c.stops}
			for i, piece := range c.pieces {
				text, found := s.add(piece)
				if text != c.want[i] {
					t.Errorf("piece %d, %q: %q, expected %q", i, piece, text, c.want[i])
				}
				if want := c.found && i == len(c.pieces)-1; found != want {
					t.Fatalf("piece %d, %q: found %v, expected %v", i, piece, found, want)
				}
			}
		})
	}
}

// However a text is cut, what is given out is the text up to the stop string that is complete first.
func TestStopStringsProperties(t *testing.T) {
	letters := rapid.SampledFrom([]rune("abé"))
	rapid.Check(t, func(t *rapid.T) {
		stops := rapid.SliceOfN(rapid.StringOfN(letters, 1, 4, -1), 0, 3).Draw(t, "stops")
		pieces := rapid.SliceOf(rapid.StringOfN(letters, 0, 5, -1)).Draw(t, "pieces")
		whole := strings.Join(pieces, "")
		want, wantFound := whole, false
		for n := range len(whole) + 1 {
			for _, stop := range stops {
				if before, ok := strings.CutSuffix(whole[:n], stop); ok && (!wantFound || len(before) < len(want)) {
					want, wantFound = before, true
				}
			}
			if wantFound {
				break
			}
		}
		s := stopStrings{list: stops}
		got, found := "", false
		for _, piece := range pieces {
			var text string
			text, found = s.add(piece)
			got += text
			if found {
				break
			}
			if !strings.HasPrefix(want, got) {
				t.Fatalf("gave out %q, expected the beginning of %q", got, want)
			}
		}
		if !found {
			got += s.held
		}
		if got != want || found != wantFound {
			t.Fatalf("%q, found %v; expected %q, %v", got, found, want, wantFound)
		}
	})
}

// The text of a prompt and the new texts are together the text of all tokens, wherever the prompt ends, and no new text
// has a part of a character.
func TestTextWriterAfterPrompt(t *testing.T) {
	for _, name := range []string{"stories260k", "llama3", "xlmr"} {
		tok := tokenizerNamed(t, name)
		for _, text := range []string{"Once upon a time, Lily said: hello.", "naïve 🙂🙂 Łódź 東京!", "a  b\n c"} {
			t.Run(name+"/"+text, func(t *testing.T) {
				e, err := tok.Encode(text, nil)
				if err != nil {
					t.Fatal(err)
				}
				whole := decode(t, tok, e.IDs)
				for n := 1; n < len(e.IDs); n++ {
					// What a prompt has of a character is part of the new text.
					before := strings.TrimRight(decode(t, tok, e.IDs[:n]), "\uFFFD")
					if after := newText(t, tok, e.IDs[:n], e.IDs[n:]); before+after != whole {
						t.Errorf("after %d tokens: %q and %q, expected together %q", n, before, after, whole)
					}
				}
			})
		}
	}
}

func decode(t *testing.T, tok *tokenizer.Tokenizer, ids []int) string {
	t.Helper()
	text, err := tok.Decode(ids, true)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// newText is the text of new tokens after a prompt.
func newText(t *testing.T, tok *tokenizer.Tokenizer, prompt, ids []int) string {
	t.Helper()
	w, err := newTextWriter(tok, nil, prompt)
	if err != nil {
		t.Fatal(err)
	}
	all := ""
	for i, id := range ids {
		text, _, err := w.add(id, i == len(ids)-1)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(text, "\uFFFD") {
			t.Errorf("token %d of %v after %v has a part of a character: %q", i, ids, prompt, text)
		}
		all += text
	}
	return all
}

// The last token gives what was kept: an unfinished character, and what might have become a stop string. A stop string at
// the very end is one all the same. Ids that only the model knows have no text.
func TestTextWriterAtTheEnd(t *testing.T) {
	tok := tokenizerNamed(t, "llama3")
	e, err := tok.Encode("so 🙂", nil)
	if err != nil {
		t.Fatal(err)
	}
	ids := e.IDs[1:] // without <|begin_of_text|>
	for _, c := range []struct {
		name  string
		stops []string
		ids   []int
		want  string
		found bool
	}{
		{"an unfinished character", nil, ids[:len(ids)-1], "so \uFFFD", false},
		{"an unfinished stop string", []string{"🙂🙂"}, ids, "so 🙂", false},
		{"a stop string", []string{"🙂"}, ids, "so ", true},
		{"unknown ids", nil, append([]int{1 << 30}, ids...), "so 🙂", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, err := newTextWriter(tok, c.stops, []int{e.IDs[0], 1 << 30})
			if err != nil {
				t.Fatal(err)
			}
			got, found := "", false
			for i, id := range c.ids {
				var text string
				if text, found, err = w.add(id, i == len(c.ids)-1); err != nil {
					t.Fatal(err)
				}
				got += text
			}
			if got != c.want || found != c.found {
				t.Errorf("%q, found %v; expected %q, %v", got, found, c.want, c.found)
			}
		})
	}
}

// tokenizerNamed is one of those in the testdata of package tokenizer.
func tokenizerNamed(t testing.TB, name string) *tokenizer.Tokenizer {
	t.Helper()
	file, err := os.Open("../tokenizer/testdata/" + name + "/tokenizer.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(unzipped)
	if err != nil {
		t.Fatal(err)
	}
	tok, err := tokenizer.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}
