package tokenizer

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

type errorer interface {
	Helper()
	Errorf(format string, args ...any)
}

// checkIDs compares AppendIDs with Encode, twice, since what it knows by then takes another way.
func checkIDs(t errorer, tok *Tokenizer, text string, o *Options) {
	t.Helper()
	e, wantErr := tok.Encode(text, o)
	for range 2 {
		before := []int{-1, -2}
		got, err := tok.AppendIDs(before, text, o)
		switch {
		case (err == nil) != (wantErr == nil) || err != nil && err.Error() != wantErr.Error():
			t.Errorf("%q: error %v, Encode's %v", text, err, wantErr)
		case len(got) < 2 || !slices.Equal(got[:2], before):
			t.Errorf("%q: what was there is now %v", text, got)
		case err != nil && len(got) > 2:
			t.Errorf("%q: %v beside the error %v", text, got[2:], err)
		case err == nil && !slices.Equal(got[2:], e.IDs):
			t.Errorf("%q: got %v, expected %v", text, got[2:], e.IDs)
		}
	}
}

func TestAppendIDs(t *testing.T) {
	for _, dir := range goldens {
		t.Run(dir, func(t *testing.T) {
			tok := open(t, dir)
			for _, c := range readCases(t, dir) {
				for _, o := range []*Options{nil, {NoSpecial: true}, {MaxLen: 5}, {MaxLen: 4, TruncateLeft: true}, {MaxLen: 1}, {MaxLen: 3, Strategy: OnlyFirst},
					{MaxLen: 3, Strategy: OnlySecond}, {Strategy: -1}} {
					checkIDs(t, tok, c.Text, o)
				}
				checkIDs(t, tok, c.Text+"\xff", nil)
			}
		})
	}
}

// Words of all lengths, with the characters that end the short ways at every place.
func TestAppendIDsOfWords(t *testing.T) {
	piece := rapid.OneOf(
		rapid.StringMatching(`[a-zA-Z0-9]{1,18}`),
		rapid.SampledFrom([]string{" ", "  ", "\n", "\t", "\r\n", "\x00", "\x01", "\x7f", "'s", "'LL", "!", "...", "-", "@", "[", "{", "`", "/", ":", "é", "e\u0301", "\u0301",
			"İ", "漢", "\u00a0", "\u2028", "ſ", "K", "🙂", "▁", "Ġ", "\u200b", "\ufffd", "[CLS]", "<|endoftext|>", "[MASK]", "<mask>", "</s>", "the", "The", "ing"}),
	)
	for _, dir := range goldens {
		t.Run(dir, func(t *testing.T) {
			tok := open(t, dir)
			rapid.Check(t, func(t *rapid.T) {
				checkIDs(t, tok, strings.Join(rapid.SliceOfN(piece, 0, 12).Draw(t, "pieces"), ""), nil)
			})
		})
	}
}

// Nothing is allocated for known words: neither by the short ways nor, without added tokens in the text, by the long one. (The
// normalizer of t5 has a regular expression.)
func TestAppendIDsAllocates(t *testing.T) {
	if raceDetector {
		t.Skip("pools lose what they hold under the race detector")
	}
	text := strings.Repeat("Call me Ishmael. Some years ago I thought I would sail about a little, unbelievably. ", 10)
	for _, dir := range goldens {
		if dir == "t5" {
			continue
		}
		t.Run(dir, func(t *testing.T) {
			tok := open(t, dir)
			ids, err := tok.AppendIDs(nil, text, nil)
			if err != nil {
				t.Fatal(err)
			}
			n := testing.AllocsPerRun(100, func() {
				if ids, err = tok.AppendIDs(ids[:0], text, nil); err != nil {
					t.Fatal(err)
				}
			})
			if n > 0 {
				t.Errorf("%v allocations", n)
			}
		})
	}
}

// The short ways are there for the tokenizers that they are meant for.
func TestShortWays(t *testing.T) {
	for dir, want := range map[string][2]bool{
		"minilm": {true, false}, "cased": {true, false}, "gpt2": {false, true}, "roberta": {false, true}, "llama3": {false, true}, "qwen2": {false, true}, "xlmr": {},
	} {
		if tok := open(t, dir); (tok.ascii != nil) != want[0] || (tok.rule != nil) != want[1] {
			t.Errorf("%s: ascii %v, rule %v, expected %v", dir, tok.ascii != nil, tok.rule != nil, want)
		}
	}
}
