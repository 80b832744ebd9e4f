package tokenizer

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"
)

// withModel is a tokenizer.json of a model alone.
func withModel(model string) []byte {
	return []byte(`{"version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null, "pre_tokenizer": null,
"post_processor": null, "decoder": null, "model": ` + model + `}`)
}

func bpeJSON(vocab, merges, rest string) string {
	return `{"type": "BPE", "vocab": {` + vocab + `}, "merges": [` + merges + `]` + rest + `}`
}

func unigramJSON(vocab, rest string) string {
	return `{"type": "Unigram", "vocab": [` + vocab + `]` + rest + `}`
}

func TestModelErrors(t *testing.T) {
	ab := `"a": 0, "b": 1, "ab": 2, "c": 3`
	for _, c := range []struct{ model, want string }{
		{bpeJSON(ab, `"a b"`, `, "dropout": 0.1`), "model.dropout is 0.1: BPE with dropout is not supported"},
		{bpeJSON(ab, `"a b"`, `, "dropout": "no"`), "model.dropout is no: BPE with dropout is not supported"},
		{bpeJSON(ab, `"a b"`, `, "alpha": 1`), `unknown key "alpha" in model`},
		{bpeJSON(ab, `"a b c"`, ""), `model.merges[0] is neither "left right" nor ["left", "right"]`},
		{bpeJSON(ab, `"a b", ["a"]`, ""), `model.merges[1] is neither "left right" nor ["left", "right"]`},
		{bpeJSON(ab, `["a", 1]`, ""), `model.merges[0] is neither "left right" nor ["left", "right"]`},
		{bpeJSON(ab, `"a z"`, ""), `model.merges[0] joins "a" and "z" to "az", but not all are in model.vocab`},
		{bpeJSON(ab, `"a b", "ab c"`, ""), `model.merges[1] joins "ab" and "c" to "abc", but not all are in model.vocab`},
		{bpeJSON(ab, `"a b"`, `, "continuing_subword_prefix": "##"`), `model.merges[0]: "b" doesn't begin with the prefix "##"`},
		{bpeJSON(`"a": 2000000000`, "", ""), `model.vocab["a"] is 2000000000, expected an id below 65540 for as many tokens`},
		{bpeJSON("", "", ""), "model.vocab is empty"},
		{`{"type": "BPE", "vocab": {"a": 0}}`, "model.merges is null, expected an array"},
		{unigramJSON("", ""), "model.vocab is empty"},
		{unigramJSON(`["a", 0.0]`, `, "unk_id": 1`), "model.unk_id is 1, but there are 1 tokens"},
		{unigramJSON(`["a", 0.0]`, `, "unk_id": -1`), "model.unk_id is -1, expected an integer from 0 to 2147483647"},
		{unigramJSON(`["a", 1e999]`, ""), "model.vocab[0] has the score 1e999, which is not a number of 64 bits"},
		{unigramJSON(`["a"]`, ""), "model.vocab[0] is not a token and its score"},
		{unigramJSON(`["a", "b"]`, ""), "model.vocab[0] is not a token and its score"},
		{unigramJSON(`["`+strings.Repeat("a", 10_001)+`", 0]`, ""), "model.vocab[0] has 10001 bytes, expected at most 10000"},
	} {
		_, err := Parse(withModel(c.model))
		if want := "tokenizer.json: " + c.want; err == nil || err.Error() != want {
			t.Errorf("%.200s:\n got %v\nwant %s", c.model, err, want)
		}
	}
}

// Merges can't go round in circles, each making a longer token; ones that look so do nothing bad.
func TestOddModels(t *testing.T) {
	for _, c := range []struct {
		model, text, want string // ids, or an error
	}{
		{bpeJSON(`"a": 0, "b": 1, "ab": 2, "ba": 3, "aba": 4`, `"a b", "b a", "ab a", "a ba"`, ""), "ababab", "[2 2 2]"},
		{bpeJSON(`"": 0, "a": 1, "aa": 2`, `["", "a"], ["a", ""], ["", ""], ["a", "a"]`, ""), "aaa", "[2 1]"},
		{bpeJSON(`"a": 0, "aa": 1, "aaaa": 2`, `"a a", "aa aa"`, ""), strings.Repeat("a", 11), "[2 2 1 0]"},
		{bpeJSON(`"a": 0, "aa": 1, "aaaa": 2`, `"a a", "aa aa"`, ""), strings.Repeat("a", 8*20), "[" + strings.TrimSpace(strings.Repeat("2 ", 40)) + "]"},
		{bpeJSON(`"a": 0, "b": 1, "c": 2, "ab": 3, "bc": 4`, `"a b", "b c", "a b"`, ""), "abc", "[0 4]"}, // the last rank of a pair counts
		{bpeJSON(`"a": 0`, "", `, "unk_token": "<unk>"`), "ab", `the text has an unknown character, but model.unk_token "<unk>" is not in model.vocab`},
		{bpeJSON(`"a": 0`, "", ""), "bab", "[0]"},
		{unigramJSON(`["<unk>", 0], ["a", -1], ["aa", -1.5]`, `, "unk_id": 0`), "aaabb", "[1 2 0]"},
		{unigramJSON(`["a", -1]`, ""), "ab", "the text has an unknown character, but model.unk_id is null"},
		{unigramJSON(`["a", -1], ["a", -9], ["aa", -10]`, ""), "aa", "[2]"}, // the last of two counts
	} {
		tok, err := Parse(withModel(c.model))
		if err != nil {
			t.Errorf("%s: %v", c.model, err)
			continue
		}
		for range 2 { // the second time from the cache
			e, err := tok.Encode(c.text, nil)
			got := fmt.Sprint(err)
			if err == nil {
				got = fmt.Sprint(e.IDs)
			}
			if got != c.want {
				t.Errorf("%s: %q: got %s, expected %s", c.model, c.text, got, c.want)
			}
		}
	}
}

// charsMapJSON is a Precompiled with a trie of these units.
func charsMapJSON(size uint32, units []uint32, results string) string {
	data := binary.LittleEndian.AppendUint32(nil, size)
	for _, u := range units {
		data = binary.LittleEndian.AppendUint32(data, u)
	}
	return `{"type": "Precompiled", "precompiled_charsmap": "` + base64.StdEncoding.EncodeToString(append(data, results...)) + `"}`
}

func TestBrokenCharsMaps(t *testing.T) {
	// The root has its children at 256 on: 'a' is there, a leaf, whose value stands at its own children's place.
	trie := func(value uint32) []uint32 {
		units := make([]uint32, 1024)
		units[0] = 256 << 10
		units[256^'a'] = 'a' | 1<<8 | 256<<10
		units[256^'a'^256] = 1<<31 | value
		return units
	}
	circle := make([]uint32, 512)
	for i := range circle {
		circle[i] = uint32(i&0xFF) | 256<<10
	}
	for _, c := range []struct{ normalizer, want string }{
		{charsMapJSON(4096, trie(0), "xy\x00"), ""},
		{charsMapJSON(4096, trie(3), "xy\x00"), ""},
		{charsMapJSON(4096, trie(4), "xy\x00"), "a key has its result at 4 of 3"},
		{charsMapJSON(4096, trie(1), "é\x00"), "a key has its result at 1 of 3"},
		{charsMapJSON(4096, trie(0), "\xff"), "the results are not UTF-8 at byte 0"},
		{charsMapJSON(1<<31, trie(0), ""), "a trie of 2147483648 bytes, but 4096 are there"},
		{charsMapJSON(0, nil, ""), "a trie of 0 bytes, but 0 are there"},
		{charsMapJSON(2048, circle, ""), ""},
		{`{"type": "Precompiled", "precompiled_charsmap": ""}`, "0 bytes, expected at least 4"},
	} {
		start := time.Now()
		tok, err := Parse(with("NORMALIZER", c.normalizer))
		if want := "tokenizer.json: normalizer.precompiled_charsmap: " + c.want; c.want != "" && (err == nil || err.Error() != want) {
			t.Errorf("got %v, expected %s", err, want)
		}
		if err == nil {
			checkEncoding(t, tok, "ab \u0301a\r\n", "x")
		} else if c.want == "" {
			t.Error(err)
		}
		if d := time.Since(start); d > 20*time.Second { // a circle that is followed has no end
			t.Errorf("%s: %v", c.want, d)
		}
	}
}
