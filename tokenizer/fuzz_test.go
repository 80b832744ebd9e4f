package tokenizer

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzParse(f *testing.F) {
	f.Add(with())
	f.Add(with("NORMALIZER", `{"type": "Sequence", "normalizers": [{"type": "NFD"}, {"type": "StripAccents"}]}`))
	f.Add(with("POSTPROCESSOR", `{"type": "BertProcessing", "cls": ["a", 1], "sep": ["[X]", 3]}`))
	f.Add(with("DECODER", `{"type": "WordPiece", "prefix": "##", "cleanup": true}`, "VOCAB", `"[UNK]": 0, "\ud83d\ude00": 5`))
	f.Add(with("NORMALIZER", `{"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Prepend", "prepend": "x"},
		{"type": "Replace", "pattern": {"Regex": "a*"}, "content": "b"}, {"type": "Strip", "strip_left": true, "strip_right": false}]}`))
	f.Add(with("NORMALIZER", charsMapJSON(8, []uint32{1 << 10, 2}, "x\x00")))
	f.Add(with("PRETOKENIZER", `{"type": "Sequence", "pretokenizers": [{"type": "Split", "pattern": {"Regex": "\\p{L}+|(?<=a)[^\\s]?"},
		"behavior": "MergedWithNext", "invert": true}, {"type": "Metaspace", "replacement": "_", "prepend_scheme": "first", "split": true},
		{"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true}]}`))
	f.Add(with("POSTPROCESSOR", `{"type": "RobertaProcessing", "cls": ["a", 1], "sep": ["a", 1], "trim_offsets": true, "add_prefix_space": true}`))
	f.Add(with("DECODER", `{"type": "Sequence", "decoders": [{"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 1}]}`))
	f.Add(withModel(bpeJSON(`"a": 0, "b": 1, "ab": 2, "<0xC4>": 3`, `"a b"`, `, "byte_fallback": true, "unk_token": "a", "end_of_word_suffix": "b"`)))
	f.Add(withModel(unigramJSON(`["<unk>", 0.0], ["a", -1.5], ["ab", -2.5]`, `, "unk_id": 0, "byte_fallback": true`)))
	f.Add(withModel(unigramJSON(`["", 0.0], ["", 0.0]`, `, "unk_id": 0`))) // the unknown token, an empty one, is there twice
	f.Fuzz(func(t *testing.T, file []byte) {
		_, jsonErr := parseJSON(file)
		if jsonErr == nil && !json.Valid(file) {
			t.Errorf("parseJSON takes %q, which isn't JSON", file)
		}
		tok, err := Parse(file)
		if err != nil {
			return
		}
		checkEncoding(t, tok, "ab [X]\u0301 İ日 [UNK]aab", "b [X]")
	})
}

// FuzzJSON looks for texts on which parseJSON and encoding/json differ. Ours refuses more: invalid UTF-8, halves of
// surrogate pairs, and nesting.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"a": [1, -0.5e+3, "\u00e9\n", null, true, {}]}`, "01", `"\ud83d\ude00"`, "[,]", "1 2", "-", `{"a":1,}`, "\t\"\\/\" "} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := parseJSON([]byte(s))
		if valid := json.Valid([]byte(s)); (err == nil) != valid {
			stricter := !utf8.ValidString(s) || strings.Contains(s, `\u`) || strings.Count(s, "[")+strings.Count(s, "{") > maxDepth
			if !valid || !stricter {
				t.Errorf("%q: error %v, but encoding/json says valid: %v", s, err, valid)
			}
			return
		}
		var want string
		if err == nil && n.kind == stringKind && (json.Unmarshal([]byte(s), &want) != nil || n.text != want) {
			t.Errorf("%q: got %q, expected %q", s, n.text, want)
		}
	})
}

func FuzzEncode(f *testing.F) {
	var tokenizers []*Tokenizer
	for _, dir := range goldens {
		tokenizers = append(tokenizers, open(f, dir))
		for _, c := range readCases(f, dir) {
			f.Add(c.Text, "a [CITE] b")
		}
	}
	f.Fuzz(func(t *testing.T, text, pair string) {
		for _, tok := range tokenizers {
			checkEncoding(t, tok, text, pair)
		}
		checkSlices(t, tokenizers[1], text)
		for _, i := range []int{2, 5} { // gpt2, llama3
			checkRoundTrip(t, tokenizers[i], text)
		}
	})
}

// checkEncoding encodes a pair and checks what holds for every encoding.
func checkEncoding(t *testing.T, tok *Tokenizer, texts ...string) {
	t.Helper()
	checkIDs(t, tok, texts[0], nil)
	e, err := tok.EncodePair(texts[0], texts[1], nil)
	valid := utf8.ValidString(texts[0]) && utf8.ValidString(texts[1])
	if err != nil && valid && !strings.Contains(err.Error(), "unknown character") && !strings.Contains(err.Error(), "pattern") || err == nil && !valid {
		t.Fatalf("%q: error %v, valid UTF-8: %v", texts, err, valid)
	}
	if err != nil {
		return
	}
	// What trims, or replaces nothing by something, makes tokens that stand for no character.
	mayBeEmpty := len(tok.trims) > 0 || !tok.normalizer.local
	n := len(e.IDs)
	if len(e.Tokens) != n || len(e.TypeIDs) != n || len(e.Offsets) != n || len(e.Special) != n || len(e.Sequence) != n {
		t.Fatalf("%q: slices of different lengths: %+v", texts, e)
	}
	for i, o := range e.Offsets {
		if e.Special[i] != (e.Sequence[i] < 0) || e.Special[i] && o != [2]int{} {
			t.Fatalf("%q: token %d %q: special %v, sequence %d, offsets %v", texts, i, e.Tokens[i], e.Special[i], e.Sequence[i], o)
		}
		if s := e.Sequence[i]; s >= 0 && (o[0] < 0 || o[0] > o[1] || o[0] == o[1] && !mayBeEmpty || o[1] > utf8.RuneCountInString(texts[s])) {
			t.Fatalf("%q: token %d %q has the offsets %v", texts, i, e.Tokens[i], o)
		}
		if i > 0 && e.Sequence[i] >= 0 && e.Sequence[i] == e.Sequence[i-1] {
			if before := e.Offsets[i-1]; o[0] < before[0] || o[1] < before[1] {
				t.Fatalf("%q: token %d %q at %v, behind one at %v", texts, i, e.Tokens[i], o, before)
			}
		}
	}
	checkStream(t, tok, e.IDs)
	for _, n := range []int{countSpecial(tok.pair), countSpecial(tok.pair) + 3} {
		short, err := tok.EncodePair(texts[0], texts[1], &Options{MaxLen: n})
		if n > 0 && (err != nil || len(short.IDs) > n || len(short.IDs)+short.Cut[0]+short.Cut[1] != len(e.IDs)) {
			t.Fatalf("%q: %d tokens cut to %d: %+v, error %v", texts, len(e.IDs), n, short, err)
		}
	}
}

// checkRoundTrip decodes what a byte-level tokenizer without a normalizer makes of a text.
func checkRoundTrip(t *testing.T, tok *Tokenizer, text string) {
	t.Helper()
	e, err := tok.Encode(text, &Options{NoSpecial: true})
	if err != nil {
		return
	}
	if got, err := tok.Decode(e.IDs, false); err != nil || got != text {
		t.Fatalf("%q decoded is %q, error %v", text, got, err)
	}
}

// checkSlices compares the tokens of a cased text, which are spelled as in the text, with the slices that their offsets
// cut out of it.
func checkSlices(t *testing.T, tok *Tokenizer, text string) {
	t.Helper()
	e, err := tok.Encode(text, &Options{NoSpecial: true})
	if err != nil {
		return
	}
	runes := []rune(text)
	for i, o := range e.Offsets {
		slice := string(runes[o[0]:o[1]])
		if id := e.IDs[i]; e.Tokens[i] == "[UNK]" || slice == e.Tokens[i] && tok.byID[id] != nil {
			continue
		}
		var n normalized
		tok.normalizer.normalize(&n, slice, 0)
		if got, want := strings.TrimSpace(string(n.text)), strings.TrimPrefix(e.Tokens[i], "##"); got != want && got != e.Tokens[i] {
			t.Fatalf("%q: token %d %q is %q in the text", text, i, e.Tokens[i], slice)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	data, err := os.ReadFile("testdata/minilm/tokenizer.json")
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := Parse(data); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkEncode encodes paragraphs, one at a time.
func BenchmarkEncode(b *testing.B) {
	benchmarkTexts(b, func(tok *Tokenizer, text string) error {
		_, err := tok.Encode(text, nil)
		return err
	})
}

func BenchmarkAppendIDs(b *testing.B) {
	var ids []int
	benchmarkTexts(b, func(tok *Tokenizer, text string) (err error) {
		ids, err = tok.AppendIDs(ids[:0], text, nil)
		return err
	})
}

func benchmarkTexts(b *testing.B, encode func(*Tokenizer, string) error) {
	for _, dir := range goldens {
		tok := open(b, dir)
		for _, c := range []struct{ name, text string }{
			{"english", "Call me Ishmael. Some years ago (never mind how long precisely) having little or no money in my purse, I thought I would sail about a little. "},
			{"russian", "Все люди рождаются свободными и равными в своём достоинстве и правах. Они наделены разумом и совестью. "},
			{"chinese", "人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神相对待。"},
		} {
			text := strings.Repeat(c.text, 1<<11/len(c.text))
			b.Run("tokenizer="+dir+"/text="+c.name, func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					if err := encode(tok, text); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
