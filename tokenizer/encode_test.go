package tokenizer

import (
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
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
	tok := open(t, "cased")
	text := strings.Repeat("Café [CITE] ibid 漢字 unbelievable. ", 50)
	want, err := tok.Encode(text, nil)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				got, err := tok.Encode(text, nil)
				if err != nil || !reflect.DeepEqual(got, want) {
					t.Errorf("another result, error %v", err)
				}
				if _, err := tok.Decode(got.IDs, true); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

// What grows when it is normalized must not take time that grows with the square.
func TestLongTexts(t *testing.T) {
	uncased := open(t, "minilm")
	for _, s := range []string{"İ", "漢", "e\u0301\u0323", "\u0344", "[CLS]", " ", "a", "각", "!"} {
		n := 1 << 20 / len(s)
		e, err := uncased.Encode(strings.Repeat(s, n), &Options{NoSpecial: true})
		if err != nil {
			t.Fatal(err)
		}
		if k := len(e.Offsets); k > 0 && e.Offsets[k-1][1] != n*len([]rune(s)) && e.Offsets[k-1][1] != n*len([]rune(s))-2 {
			t.Errorf("%q: the last token ends at %d, expected %d", s, e.Offsets[k-1][1], n*len([]rune(s)))
		}
	}
}
