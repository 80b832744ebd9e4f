package tokenizer

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// ggufOf is what a GGUF file says about the tokenizer of a tokenizer.json: the same tokens, by id, and no more of the rest
// than names.
func ggufOf(tb testing.TB, dir, model, pre string) *GGUF {
	tb.Helper()
	var file struct {
		AddedTokens []struct {
			ID      int
			Content string
			Special bool
		} `json:"added_tokens"`
		Model struct {
			Vocab  map[string]int
			Merges []any
		}
	}
	if err := json.Unmarshal(readTestdata(tb, dir, "tokenizer.json"), &file); err != nil {
		tb.Fatal(err)
	}
	g := &GGUF{Model: model, Pre: pre, BOS: -1, EOS: -1}
	set := func(id int, token string, kind TokenType) {
		for id >= len(g.Tokens) {
			g.Tokens, g.Types = append(g.Tokens, ""), append(g.Types, UnusedToken)
		}
		g.Tokens[id], g.Types[id] = token, kind
	}
	for token, id := range file.Model.Vocab {
		set(id, token, NormalToken)
		if _, ok := bytePiece(token); ok && model == "llama" {
			set(id, token, ByteToken)
		}
	}
	for _, a := range file.AddedTokens {
		kind := UserDefinedToken
		if a.Special {
			kind = ControlToken
		}
		if a.Content == "<unk>" {
			kind = UnknownToken
		}
		set(a.ID, a.Content, kind)
		switch a.Content {
		case "<s>", "<|begin_of_text|>":
			g.BOS = a.ID
		case "</s>":
			g.EOS = a.ID
		}
	}
	if model == "llama" {
		// A tokenizer.json has no scores. sentencepiece gives the tokens of a BPE scores that fall with the id, and none to
		// single characters, which come behind the others.
		for id := range g.Tokens {
			g.Scores = append(g.Scores, -float32(max(id-259, 0)))
		}
		return g
	}
	for _, merge := range file.Model.Merges {
		if pair, ok := merge.([]any); ok {
			merge = pair[0].(string) + " " + pair[1].(string)
		}
		g.Merges = append(g.Merges, merge.(string))
	}
	return g
}

var ggufCases = []struct{ dir, model, pre string }{
	{"gpt2", "gpt2", "gpt-2"}, {"smollm2", "gpt2", "smollm"}, {"llama3", "gpt2", "llama-bpe"}, {"qwen2", "gpt2", "qwen2"},
	{"stories260k", "llama", "default"},
}

// What a GGUF file says makes the same of every golden text as the tokenizer.json.
func TestGGUFGolden(t *testing.T) {
	for _, g := range ggufCases {
		t.Run(g.dir, func(t *testing.T) {
			tok, err := FromGGUF(ggufOf(t, g.dir, g.model, g.pre))
			if err != nil {
				t.Fatal(err)
			}
			if want := open(t, g.dir).VocabSize(); tok.VocabSize() != want {
				t.Errorf("%d tokens, expected %d", tok.VocabSize(), want)
			}
			for _, c := range readCases(t, g.dir) {
				got, err := asGolden(t, tok, c, nil)
				if err != nil {
					t.Errorf("%q: %v", c.Text, err)
				} else if d := cmp.Diff(c, got); d != "" {
					t.Errorf("%q (-want +got):\n%s", c.Text, d)
				}
			}
		})
	}
}

func pointer(b bool) *bool { return &b }

// smallGGUF is a "llama" of a few tokens.
func smallGGUF() *GGUF {
	return &GGUF{
		Model:  "llama",
		Tokens: []string{"<unk>", "<s>", "</s>", "<0x41>", "a", "b", "▁", "ab", "aa", "▁a", "bb"},
		Types:  []TokenType{2, 3, 3, 6, 1, 1, 1, 1, 1, 1, 4},
		Scores: []float32{0, 0, 0, 0, -9, -9, -9, -1, -1, -3, -5},
		BOS:    1, EOS: 2,
	}
}

func TestGGUFScores(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*GGUF)
		text   string
		want   []string
	}{
		{"the higher score", func(*GGUF) {}, "ab", []string{"<s>", "▁", "ab"}},
		{"the same score, from the left", func(*GGUF) {}, "baab", []string{"<s>", "▁", "b", "aa", "b"}},
		{"no space", func(g *GGUF) { g.AddSpacePrefix = pointer(false) }, "aa a", []string{"<s>", "aa", "▁a"}},
		{"bytes", func(*GGUF) {}, "aA", []string{"<s>", "▁a", "<0x41>"}},
		{"unknown characters are one", func(*GGUF) {}, "a→→", []string{"<s>", "▁a", "<unk>"}},
		{"user-defined first", func(*GGUF) {}, "abb", []string{"<s>", "▁a", "bb"}},
		{"special tokens in the text", func(*GGUF) {}, "a</s>", []string{"<s>", "▁a", "</s>"}},
		{"flags", func(g *GGUF) { g.AddBOS, g.AddEOS = pointer(false), pointer(true) }, "a", []string{"▁a", "</s>"}},
		{"no types", func(g *GGUF) { g.Types = nil }, "a</s>", []string{"<s>", "▁a"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := smallGGUF()
			c.change(g)
			tok, err := FromGGUF(g)
			if err != nil {
				t.Fatal(err)
			}
			e, err := tok.Encode(c.text, nil)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, e.Tokens); d != "" {
				t.Errorf("%q (-want +got):\n%s", c.text, d)
			}
		})
	}
}

// llama.cpp's own way sets punctuation apart first, then words as GPT-2 has them, then runs and threes of digits.
func TestGGUFDefault(t *testing.T) {
	g := ggufOf(t, "gpt2", "gpt2", "default")
	tok, err := FromGGUF(g)
	if err != nil {
		t.Fatal(err)
	}
	e, err := tok.Encode("It's 12345 cats...", nil)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"It", "'", "s", "Ġ", "123", "45", "Ġcats", "..."}, e.Tokens); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestGGUFRefuses(t *testing.T) {
	bytes := func() *GGUF {
		return &GGUF{Model: "gpt2", Pre: "gpt-2", Tokens: []string{"a", "b", "ab"}, Merges: []string{"a b"}, BOS: -1, EOS: -1}
	}
	for _, c := range []struct {
		name   string
		of     func() *GGUF
		change func(*GGUF)
		want   string
	}{
		{"model", smallGGUF, func(g *GGUF) { g.Model = "bert" }, `tokenizer.ggml.model is "bert"`},
		{"no tokens", smallGGUF, func(g *GGUF) { g.Tokens = nil }, "tokens is empty"},
		{"token twice", smallGGUF, func(g *GGUF) { g.Tokens[5] = "a" }, `tokens[5] is "a", as tokens[4] is`},
		{"token not UTF-8", smallGGUF, func(g *GGUF) { g.Tokens[5] = "\xff" }, `tokens[5] is "\xff"`},
		{"types", smallGGUF, func(g *GGUF) { g.Types = g.Types[:3] }, "token_type has 3 elements, expected 11"},
		{"type", smallGGUF, func(g *GGUF) { g.Types[2] = 7 }, "token_type[2] is 7"},
		{"scores", smallGGUF, func(g *GGUF) { g.Scores = nil }, "scores has 0 elements, expected 11"},
		{"score", smallGGUF, func(g *GGUF) { g.Scores[4] /= 0; g.Scores[4] -= g.Scores[4] }, "scores[4] is NaN"},
		{"long token", smallGGUF, func(g *GGUF) { g.Tokens[4] = strings.Repeat("a", 257) }, "tokens[4] has 257 bytes, expected at most 256"},
		{"begins with nothing", smallGGUF, func(g *GGUF) { g.BOS = -1 }, "bos_token_id is -1"},
		{"ends with too much", smallGGUF, func(g *GGUF) { g.EOS, g.AddEOS = 11, pointer(true) }, "eos_token_id is 11, expected the id of one of 11 tokens"},
		{"no pre", bytes, func(g *GGUF) { g.Pre = "" }, "pre is missing"},
		{"pre", bytes, func(g *GGUF) { g.Pre = "tekken" }, `pre is "tekken"`},
		{"merge of one", bytes, func(g *GGUF) { g.Merges[0] = "ab" }, `merges[0] is "ab"`},
		{"merge unknown", bytes, func(g *GGUF) { g.Merges[0] = "b a" }, `merges[0] joins "b" and "a", but not all are in tokens`},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := c.of()
			c.change(g)
			_, err := FromGGUF(g)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "tokenizer.ggml.") {
				t.Errorf("error %v, expected one with %q", err, c.want)
			}
		})
	}
}
