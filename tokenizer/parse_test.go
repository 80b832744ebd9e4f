package tokenizer

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
)

// small is a tokenizer.json whose parts the tests replace. VOCAB, ADDED and so on are where.
const small = `{"version": "1.0", "truncation": TRUNCATION, "padding": PADDING, "added_tokens": [ADDED],
"normalizer": NORMALIZER, "pre_tokenizer": PRETOKENIZER, "post_processor": POSTPROCESSOR, "decoder": DECODER,
"model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": MAX,
"vocab": {VOCAB}}REST}`

var smallParts = map[string]string{
	"TRUNCATION": "null", "PADDING": "null", "NORMALIZER": "null", "POSTPROCESSOR": "null", "DECODER": "null", "REST": "", "MAX": "100",
	"PRETOKENIZER": `{"type": "BertPreTokenizer"}`,
	"VOCAB":        `"[UNK]": 0, "a": 1, "##b": 2`,
	"ADDED":        `{"id": 3, "content": "[X]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}`,
}

// with returns small with the parts given as pairs of name and text.
func with(parts ...string) []byte {
	s := small
	for i := 0; i < len(parts); i += 2 {
		s = strings.Replace(s, parts[i], parts[i+1], 1)
	}
	for name, text := range smallParts {
		s = strings.Replace(s, name, text, 1)
	}
	return []byte(s)
}

func addedJSON(id int, content string, rest string) string {
	flags := map[string]any{"id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": false}
	if rest != "" {
		if err := json.Unmarshal([]byte(rest), &flags); err != nil {
			panic(err)
		}
	}
	data, err := json.Marshal(flags)
	if err != nil {
		panic(err)
	}
	return string(data)
}

const normalizerTypes = "BertNormalizer, ByteLevel, Lowercase, NFC, NFD, NFKC, NFKD, Nmt, Precompiled, Prepend, Replace, Sequence, Strip, StripAccents"

func TestParseErrors(t *testing.T) {
	lowercase := `{"type": "Lowercase"}`
	template := func(single, pair, tokens string) string {
		return `{"type": "TemplateProcessing", "single": ` + single + `, "pair": ` + pair + `, "special_tokens": ` + tokens + `}`
	}
	split := func(pattern, behavior string) string {
		return `{"type": "Split", "pattern": ` + pattern + `, "behavior": "` + behavior + `", "invert": false}`
	}
	a := `[{"Sequence": {"id": "A", "type_id": 0}}]`
	for _, c := range []struct {
		file []byte
		want string // the error, after "tokenizer.json: "
	}{
		{nil, "byte 0: the file ends where a value is expected"},
		{[]byte(`{"model": `), "byte 10: the file ends where a value is expected"},
		{[]byte(`[]`), "the file is an array, expected an object"},
		{[]byte(`{}`), "model is null, expected an object"},
		{[]byte("{\"a\xff\": 1}"), "invalid UTF-8 at byte 3"},
		{[]byte(`{"a": "\ud800"}`), "byte 13: half a surrogate pair in a string"},
		{[]byte(strings.Repeat("[", 1000)), "byte 65: more than 64 levels of nesting"},
		{with("REST", `, "extra": 1`), `unknown key "extra" in the file`},
		{with("REST", `, "version": "1.0"`), `the file has the key "version" twice`},
		{with(`"1.0"`, `"2.0"`), `version is "2.0", expected one of: 1.0`},

		{with(`"WordPiece"`, `"Hologram"`), `model type "Hologram" is not supported; supported: BPE, Unigram, WordPiece`},
		{with(`"type": "WordPiece", "unk`, `"unk`, `_word": MAX`, `_words": 1`), "model has no type and isn't a BPE, Unigram or WordPiece"},
		{with(`"vocab"`, `"dropout": 0.5, "vocab"`), `unknown key "dropout" in model`},
		{with("VOCAB", ""), "model.vocab is empty"},
		{with("VOCAB", `"a": 0`), `model.unk_token "[UNK]" is not in model.vocab`},
		{with("VOCAB", `"a": 0, "b": 0`), `model.vocab gives both "a" and "b" the id 0`},
		{with("VOCAB", `"a": 0, "a": 1`), `model.vocab has "a" twice`},
		{with("VOCAB", `"a": -1`), `model.vocab["a"] is -1, expected an integer from 0 to 2147483647`},
		{with("VOCAB", `"a": 1.5`), `model.vocab["a"] is 1.5, expected an integer from 0 to 2147483647`},
		{with("VOCAB", `"a": "1"`), `model.vocab["a"] is a string, expected a number`},
		{with("VOCAB", `"a": 1000000000`), `model.vocab["a"] is 1000000000, expected an id below 65540 for as many tokens`},
		{with("VOCAB", `"a": 99999999999999999999`), `model.vocab["a"] is 99999999999999999999, expected an integer from 0 to 2147483647`},
		{with("MAX", "0"), "model.max_input_chars_per_word is 0, expected an integer from 1 to 10000"},
		{with("MAX", "-5"), "model.max_input_chars_per_word is -5, expected an integer from 1 to 10000"},
		{with("MAX", "1e9"), "model.max_input_chars_per_word is 1e9, expected an integer from 1 to 10000"},
		{with("MAX", "10001"), "model.max_input_chars_per_word is 10001, expected an integer from 1 to 10000"},
		{with("MAX", "null"), "model.max_input_chars_per_word is null, expected a number"},

		{with("NORMALIZER", `{"type": "NFE"}`), `normalizer type "NFE" is not supported; supported: ` + normalizerTypes},
		{with("NORMALIZER", `{"type": "Sequence", "normalizers": [{"type": "NFE"}]}`),
			`normalizer.normalizers[0] type "NFE" is not supported; supported: ` + normalizerTypes},
		{with("NORMALIZER", `{"type": "BertNormalizer", "clean_text": 1}`), "normalizer.clean_text is a number, expected true or false"},
		{with("NORMALIZER", `{"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "lowercase": true, "strip_accents": "no"}`),
			"normalizer.strip_accents is a string, expected true, false or null"},
		{with("NORMALIZER", `{"type": "Lowercase", "locale": "tr"}`), `unknown key "locale" in normalizer`},
		{with("PRETOKENIZER", `{"type": "UnicodeScripts"}`), `pre_tokenizer type "UnicodeScripts" is not supported; supported: BertPreTokenizer, ByteLevel, ` +
			`CharDelimiterSplit, Digits, Metaspace, Punctuation, Sequence, Split, Whitespace, WhitespaceSplit`},
		{with("PRETOKENIZER", `{"type": "Metaspace", "replacement": "ab"}`), `pre_tokenizer.replacement is "ab", expected one character`},
		{with("PRETOKENIZER", `{"type": "Metaspace", "replacement": "_", "add_prefix_space": false, "prepend_scheme": "first"}`),
			"pre_tokenizer.add_prefix_space is false, but prepend_scheme is not never"},
		{with("PRETOKENIZER", `{"type": "Metaspace", "replacement": "_", "prepend_scheme": "often"}`),
			`pre_tokenizer.prepend_scheme is "often", expected one of: always, first, never`},
		{with("PRETOKENIZER", split(`{"Regex": "(a"}`, "Isolated")), `pre_tokenizer.pattern: pattern "(a", byte 2: missing )`},
		{with("PRETOKENIZER", split(`{"Regex": "a", "String": "a"}`, "Isolated")), `pre_tokenizer.pattern is not one String or Regex`},
		{with("PRETOKENIZER", split(`{"Glob": "a"}`, "Isolated")), `unknown key "Glob" in pre_tokenizer.pattern`},
		{with("PRETOKENIZER", split(`{"String": ""}`, "Isolated")), `pre_tokenizer.pattern is an empty string`},
		{with("PRETOKENIZER", split(`{"String": "a"}`, "Doubled")),
			`pre_tokenizer.behavior is "Doubled", expected one of: Removed, Isolated, MergedWithPrevious, MergedWithNext, Contiguous`},
		{with("NORMALIZER", `{"type": "Precompiled", "precompiled_charsmap": "*"}`),
			"normalizer.precompiled_charsmap is not base64: illegal base64 data at input byte 0"},
		{with("NORMALIZER", `{"type": "Precompiled", "precompiled_charsmap": "/////w=="}`),
			"normalizer.precompiled_charsmap: a trie of 4294967295 bytes, but 0 are there"},
		{with("NORMALIZER", `{"type": "Precompiled", "precompiled_charsmap": "BAAAAP////8="}`),
			"normalizer.precompiled_charsmap: a node of the trie has its children at 1073741823 of 1"},
		{with("PRETOKENIZER", `[]`), "pre_tokenizer is an array, expected an object"},
		{with("PRETOKENIZER", `{"type": "BertPreTokenizer", "x": 0}`), `unknown key "x" in pre_tokenizer`},
		{with("DECODER", `{"type": "CTC"}`), `decoder type "CTC" is not supported; supported: BPEDecoder, ByteFallback, ByteLevel, Fuse, ` +
			`Metaspace, Replace, Sequence, Strip, WordPiece`},

		{with("ADDED", addedJSON(3, "", "")), "added_tokens[0] has an empty content"},
		{with("ADDED", addedJSON(4, "[X]", "")), `added_tokens[0] "[X]" has the id 4, expected 3`},
		{with("ADDED", addedJSON(3, "a", "")), `added_tokens[0] "a" has the id 3, expected 1`},
		{with("ADDED", addedJSON(3, "x", "")+","+addedJSON(4, "x", "")), `added_tokens[1] is "x" again`},
		{with("ADDED", addedJSON(3, "x", `{"colour": 1}`)), `unknown key "colour" in added_tokens[0]`},
		{with("ADDED", addedJSON(3, " ", `{"lstrip": true}`)), `added_tokens[0] " " is blank and takes blanks on its left`},
		{with("ADDED", addedJSON(3, "\u0301", `{"normalized": true}`), "NORMALIZER", `{"type": "StripAccents"}`),
			`added_tokens[0] "́" is nothing once it is normalized`},
		{with("ADDED", addedJSON(3, "x", `{"normalized": true}`)+","+addedJSON(4, "X", `{"normalized": true}`), "NORMALIZER", lowercase),
			`added_tokens: "x" and "X" are both "x" once they are normalized`},
		{with("ADDED", addedJSON(2, "x", ""), "VOCAB", `"[UNK]": 0, "a": 2`), `added_tokens[0] "x" would have the id 2 of token "a"`},

		{with("POSTPROCESSOR", `{"type": "PairProcessing"}`), `post_processor type "PairProcessing" is not supported; supported: BertProcessing, ByteLevel, ` +
			`RobertaProcessing, Sequence, TemplateProcessing`},
		{with("POSTPROCESSOR", `{"type": "RobertaProcessing"}`), "post_processor.add_prefix_space is null, expected true or false"},
		{with("POSTPROCESSOR", `{"type": "Sequence", "processors": [{"type": "BertProcessing", "cls": ["a", 1], "sep": ["a", 1]}, {"type": "BertProcessing"}]}`),
			"post_processor.processors[1] is BertProcessing, but BertProcessing adds tokens already, and only one is supported"},
		{with("POSTPROCESSOR", `{"type": "BertProcessing", "cls": ["a", 1], "sep": ["a"]}`), "post_processor.sep is not a token and its id"},
		{with("POSTPROCESSOR", `{"type": "BertProcessing", "cls": ["a", 1], "sep": ["a", 99]}`), "post_processor.sep is 99, which is not in the vocabulary"},
		{with("POSTPROCESSOR", template(`[{"SpecialToken": {"id": "[Y]", "type_id": 0}}]`, a, "{}")),
			`post_processor.single[0].SpecialToken.id is "[Y]", which is not in special_tokens`},
		{with("POSTPROCESSOR", template(`[{"Sequence": {"id": "B", "type_id": 0}}]`, a, "{}")),
			"post_processor.single[0].Sequence.id is B, but there is one text only"},
		{with("POSTPROCESSOR", template(`[{"Sequence": {"id": "C", "type_id": 0}}]`, a, "{}")),
			`post_processor.single[0].Sequence.id is "C", expected one of: A, B`},
		{with("POSTPROCESSOR", template(`[{"Picture": {}}]`, a, "{}")), `unknown key "Picture" in post_processor.single[0]`},
		{with("POSTPROCESSOR", template(a, a, `{"z": {"id": "z", "ids": [0, 1], "tokens": ["z"]}}`)),
			`post_processor.special_tokens["z"] has 2 ids, but 1 tokens`},
		{with("POSTPROCESSOR", template(a, a, `{"z": {"id": "y", "ids": [0], "tokens": ["z"]}}`)),
			`post_processor.special_tokens["z"].id is "y", expected "z"`},

		{with("POSTPROCESSOR", template("["+strings.Repeat(a[1:len(a)-1]+",", 1000)+a[1:], a, "{}")),
			"post_processor.single makes more than 1000 tokens of any text"},

		{with("TRUNCATION", `{"max_length": -1, "strategy": "LongestFirst", "stride": 0}`), "truncation.max_length is -1, expected an integer from 0 to 2147483647"},
		{with("TRUNCATION", `{"max_length": 1, "strategy": "Middle", "stride": 0}`), `truncation.strategy is "Middle", expected one of: LongestFirst, OnlyFirst, OnlySecond`},
		{with("PADDING", `{"strategy": {"Fixed": 1, "Loose": 2}, "direction": "Right", "pad_id": 0, "pad_type_id": 0, "pad_token": "", "pad_to_multiple_of": null}`),
			`unknown key "Loose" in padding.strategy`},
	} {
		_, err := Parse(c.file)
		if want := "tokenizer.json: " + c.want; err == nil || err.Error() != want {
			t.Errorf("%.300s:\n got %v\nwant %s", c.file, err, want)
		}
	}
}

func TestOpenErrors(t *testing.T) {
	path := t.TempDir() + "/tokenizer.json"
	if _, err := Open(path); !os.IsNotExist(err) {
		t.Errorf("got %v, expected that there is no such file", err)
	}
	if err := os.WriteFile(path, []byte("{}"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); err == nil || err.Error() != path+": model is null, expected an object" {
		t.Errorf("got %v, expected an error that names the file", err)
	}
}

func TestTruncationAndPaddingOfFile(t *testing.T) {
	tok := open(t, "minilm")
	if got, ok := tok.Truncation(); !ok || got != (Truncation{MaxLen: 128}) {
		t.Errorf("truncation %+v, %v", got, ok)
	}
	if got, ok := tok.Padding(); !ok || got != (Padding{Len: 128, Token: "[PAD]"}) {
		t.Errorf("padding %+v, %v", got, ok)
	}
	tok, err := Parse(with(
		"TRUNCATION", `{"direction": "Left", "max_length": 7, "strategy": "OnlySecond", "stride": 2}`,
		"PADDING", `{"strategy": "BatchLongest", "direction": "Left", "pad_to_multiple_of": 8, "pad_id": 1, "pad_type_id": 2, "pad_token": "p"}`))
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := tok.Truncation(); !ok || got != (Truncation{MaxLen: 7, Strategy: OnlySecond, Stride: 2, Left: true}) {
		t.Errorf("truncation %+v, %v", got, ok)
	}
	if got, ok := tok.Padding(); !ok || got != (Padding{MultipleOf: 8, Left: true, ID: 1, TypeID: 2, Token: "p"}) {
		t.Errorf("padding %+v, %v", got, ok)
	}
	cased := open(t, "cased")
	if _, ok := cased.Truncation(); ok {
		t.Error("truncation in a file without")
	}
	if _, ok := cased.Padding(); ok {
		t.Error("padding in a file without")
	}
}

func TestVocabulary(t *testing.T) {
	tok, err := Parse(with("VOCAB", `"[UNK]": 0, "a": 1, "##b": 6, "": 7`, "ADDED", addedJSON(4, "[X]", `{"special": true}`)+","+addedJSON(1, "a", "")))
	if err != nil {
		t.Fatal(err)
	}
	if n := tok.VocabSize(); n != 5 {
		t.Errorf("VocabSize %d, expected 5", n)
	}
	for id, want := range map[int]string{0: "[UNK]", 1: "a", 4: "[X]", 6: "##b", 7: ""} {
		if token, ok := tok.IDToToken(id); !ok || token != want {
			t.Errorf("IDToToken(%d) = %q, %v, expected %q", id, token, ok, want)
		}
		if got, ok := tok.TokenToID(want); !ok || got != id {
			t.Errorf("TokenToID(%q) = %d, %v, expected %d", want, got, ok, id)
		}
		if got := tok.IsSpecial(id); got != (id == 4) {
			t.Errorf("IsSpecial(%d) = %v", id, got)
		}
	}
	for _, id := range []int{-1, 2, 3, 5, 8, 1 << 40} {
		if token, ok := tok.IDToToken(id); ok {
			t.Errorf("IDToToken(%d) = %q, expected none", id, token)
		}
	}
	if id, ok := tok.TokenToID("##nothing"); ok {
		t.Errorf("TokenToID of an unknown token is %d", id)
	}
	if _, err := tok.Decode([]int{1, 5}, true); err == nil || err.Error() != "ids[1] is 5, which is not in the vocabulary" {
		t.Errorf("got %v", err)
	}
}

// The type of the model is missing from files of old versions.
func TestModelWithoutType(t *testing.T) {
	tok, err := Parse(with(`"type": "WordPiece", `, ""))
	if err != nil {
		t.Fatal(err)
	}
	if e, err := tok.Encode("ab", nil); err != nil || fmt.Sprint(e.IDs) != "[1 2]" {
		t.Errorf("%v, %v, expected ids [1 2]", e, err)
	}
}
