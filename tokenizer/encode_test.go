package tokenizer

import (
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestEncodeErrors(t *testing.T) {
	tok := open(t, "cased")
	for _, c := range []struct {
		text string
		pair *string
		o    *Options
		want string
	}{
		{"ab\xffcd", nil, nil, "text is not UTF-8 at byte 2"},
		{"日\xe6\x97", nil, nil, "text is not UTF-8 at byte 3"},
		{"\xed\xa0\x80", nil, nil, "text is not UTF-8 at byte 0"},
		{"a\ufffd", ptr("a\ufffd\xc0"), nil, "pair is not UTF-8 at byte 4"},
		{"a", nil, &Options{MaxLen: -1}, "MaxLen is -1, expected at least 0"},
		{"a", nil, &Options{MaxLen: 1}, "MaxLen is 1, but there are 2 special tokens"},
		{"a", ptr("b"), &Options{MaxLen: 2}, "MaxLen is 2, but there are 3 special tokens"},
		{"a", nil, &Options{Strategy: 3}, "Strategy is 3, expected LongestFirst, OnlyFirst or OnlySecond"},
		{"a b c", nil, &Options{MaxLen: 4, Strategy: OnlySecond}, "1 tokens are to be cut off the second text, but there is none"},
		{"a b c", ptr("d"), &Options{MaxLen: 4, Strategy: OnlyFirst}, "only_first can't cut 3 tokens off a text of 3"},
	} {
		_, err := tok.Encode(c.text, c.o)
		if c.pair != nil {
			_, err = tok.EncodePair(c.text, *c.pair, c.o)
		}
		if err == nil || err.Error() != c.want {
			t.Errorf("%q %+v: got %v, expected %s", c.text, c.o, err, c.want)
		}
	}
}

func ptr(s string) *string { return &s }

func TestSequenceAndCut(t *testing.T) {
	tok := open(t, "cased")
	e, err := tok.EncodePair("a b c d e", "f g [SEP]", &Options{MaxLen: 9})
	if err != nil {
		t.Fatal(err)
	}
	want := &Encoding{
		IDs:      []int{2, 54, 55, 56, 3, 59, 60, 3, 3},
		Tokens:   []string{"[CLS]", "a", "b", "c", "[SEP]", "f", "g", "[SEP]", "[SEP]"},
		TypeIDs:  []int{0, 0, 0, 0, 0, 1, 1, 1, 1},
		Offsets:  [][2]int{{0, 0}, {0, 1}, {2, 3}, {4, 5}, {0, 0}, {0, 1}, {2, 3}, {4, 9}, {0, 0}},
		Special:  []bool{true, false, false, false, true, false, false, false, true},
		Sequence: []int{-1, 0, 0, 0, -1, 1, 1, 1, -1},
		Cut:      [2]int{2, 0},
	}
	if d := cmp.Diff(want, e); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

// One Tokenizer serves many goroutines; the race detector watches.
func TestConcurrentUse(t *testing.T) {
	for _, dir := range goldens {
		tok := open(t, dir)
		text := strings.Repeat("Café [CITE] ibid <mask> 漢字 unbelievable. ", 50)
		want, err := tok.Encode(text, nil)
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 4 {
					got, err := tok.Encode(text, nil)
					if err != nil || !reflect.DeepEqual(got, want) {
						t.Errorf("another result, error %v", err)
					}
					if ids, err := tok.AppendIDs(nil, text, nil); err != nil || !slices.Equal(ids, want.IDs) {
						t.Errorf("other ids, error %v", err)
					}
					if _, err := tok.Decode(got.IDs, true); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
	}
}

// What grows when it is normalized, or is one long word, must not take time that grows with the square.
func TestLongTexts(t *testing.T) {
	for _, dir := range goldens {
		tok := open(t, dir)
		for _, s := range []string{"İ", "漢", "e\u0301\u0323", "\u0344", "[CLS]", "<s>", " ", "a", "ab", "각", "!", "▁", "\n", " \n", "1", "🙂", "'"} {
			n := 1 << 18 / len(s)
			text := strings.Repeat(s, n)
			start := time.Now()
			e, err := tok.Encode(text, &Options{NoSpecial: true})
			if err != nil {
				t.Fatal(err)
			}
			if d := time.Since(start); d > 30*time.Second { // with the square it would be minutes
				t.Errorf("%s: %d times %q took %v", dir, n, s, d)
			}
			chars := n * len([]rune(s))
			if k := len(e.Offsets); k > 0 && (e.Offsets[k-1][1] > chars || e.Offsets[k-1][1] < chars-2) && dir != "smollm2" {
				t.Errorf("%s: %d times %q: the last token ends at %d, expected %d", dir, n, s, e.Offsets[k-1][1], chars)
			}
			checkStream(t, tok, e.IDs[:min(len(e.IDs), 1000)])
		}
	}
}

// Byte-level tokenizers lose nothing, whatever the text, but for what their normalizer changes.
func TestRoundTrip(t *testing.T) {
	for _, dir := range []string{"gpt2", "roberta", "llama3"} {
		tok := open(t, dir)
		rapid.Check(t, func(t *rapid.T) {
			text := rapid.String().Draw(t, "text")
			e, err := tok.Encode(text, &Options{NoSpecial: true})
			if err != nil {
				t.Fatal(err)
			}
			if got, err := tok.Decode(e.IDs, false); err != nil || got != text {
				t.Fatalf("%s: %q decoded is %q, error %v", dir, text, got, err)
			}
		})
	}
}
