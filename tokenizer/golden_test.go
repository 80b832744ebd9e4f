package tokenizer

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// goldenCase is a line of a cases.jsonl; testdata/README.md says what each field is.
type goldenCase struct {
	Text       string
	Pair       *string
	IDs        []int
	TypeIDs    []int `json:"type_ids"`
	Tokens     []string
	Offsets    [][2]int
	Special    []int
	Decoded    string
	DecodedAll string `json:"decoded_all"`
}

// goldens are the folders of testdata with a tokenizer.json and its cases.jsonl.
var goldens = []string{"minilm", "cased", "gpt2", "smollm2", "roberta", "llama3", "qwen2", "stories260k", "spm", "xlmr", "t5"}

// readTestdata reads a file of testdata, which may be there with .gz behind its name.
func readTestdata(tb testing.TB, dir, name string) []byte {
	tb.Helper()
	path := filepath.Join("testdata", dir, name)
	if data, err := os.ReadFile(path); err == nil {
		return data
	}
	f, err := os.Open(path + ".gz")
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		tb.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

func open(tb testing.TB, dir string) *Tokenizer {
	tb.Helper()
	t, err := Parse(readTestdata(tb, dir, "tokenizer.json"))
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

func readCases(tb testing.TB, dir string) []goldenCase {
	tb.Helper()
	data := readTestdata(tb, dir, "cases.jsonl")
	var cases []goldenCase
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, len(data))
	for lines.Scan() {
		c := goldenCase{}
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			tb.Fatal(err)
		}
		if c.TypeIDs == nil {
			c.TypeIDs = make([]int, len(c.IDs))
		}
		if !bytes.Contains(lines.Bytes(), []byte(`"decoded_all":`)) {
			c.DecodedAll = c.Decoded
		}
		cases = append(cases, c)
	}
	if err := lines.Err(); err != nil {
		tb.Fatal(err)
	}
	return cases
}

// asGolden encodes and decodes what c says in the form of a golden case. AppendIDs must agree.
func asGolden(t *testing.T, tok *Tokenizer, c goldenCase, o *Options) (goldenCase, error) {
	var e *Encoding
	var err error
	if c.Pair == nil {
		checkIDs(t, tok, c.Text, o)
		e, err = tok.Encode(c.Text, o)
	} else {
		e, err = tok.EncodePair(c.Text, *c.Pair, o)
	}
	if err != nil {
		return c, err
	}
	got := goldenCase{Text: c.Text, Pair: c.Pair, IDs: e.IDs, TypeIDs: e.TypeIDs, Tokens: e.Tokens, Offsets: e.Offsets, Special: []int{}}
	for i, s := range e.Special {
		if s {
			got.Special = append(got.Special, i)
		}
	}
	if got.Decoded, err = tok.Decode(e.IDs, true); err != nil {
		return c, err
	}
	got.DecodedAll, err = tok.Decode(e.IDs, false)
	return got, err
}

func TestGolden(t *testing.T) {
	for _, dir := range goldens {
		t.Run(dir, func(t *testing.T) {
			tok := open(t, dir)
			cases := readCases(t, dir)
			if want := 175; len(cases) != want {
				t.Errorf("%d cases, expected %d", len(cases), want)
			}
			for _, c := range cases {
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

// TestVariants changes parts of cased/tokenizer.json.
func TestVariants(t *testing.T) {
	data, err := os.ReadFile("testdata/variants.json")
	if err != nil {
		t.Fatal(err)
	}
	var variants []struct {
		Name   string
		Change map[string]any
		Cases  []variantCase
	}
	if err := json.Unmarshal(data, &variants); err != nil {
		t.Fatal(err)
	}
	if want := 26; len(variants) != want {
		t.Errorf("%d variants, expected %d", len(variants), want)
	}
	for _, v := range variants {
		t.Run(v.Name, func(t *testing.T) {
			tok, err := Parse(changed(t, v.Change))
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range v.Cases {
				got, err := asGolden(t, tok, c.goldenCase, c.options(t))
				if c.Error != (err != nil) {
					t.Errorf("%+v: error %v, the library's: %v", c, err, c.Error)
				} else if d := cmp.Diff(c.goldenCase, got); err == nil && d != "" {
					t.Errorf("%q (-want +got):\n%s", c.Text, d)
				}
			}
		})
	}
}

// variantCase is a case of variants.json.
type variantCase struct {
	goldenCase
	Error     bool // the library refuses
	MaxLen    int  `json:"max_len"`
	Strategy  string
	Left      bool
	NoSpecial bool `json:"no_special"`
}

func (c variantCase) options(t *testing.T) *Options {
	o := &Options{MaxLen: c.MaxLen, TruncateLeft: c.Left, NoSpecial: c.NoSpecial}
	for _, s := range []Strategy{LongestFirst, OnlyFirst, OnlySecond} {
		if c.Strategy == s.String() {
			o.Strategy = s
			return o
		}
	}
	if c.Strategy != "" {
		t.Fatalf("unknown strategy %q", c.Strategy)
	}
	return o
}

// changed returns cased/tokenizer.json with members replaced; those of "model" one by one.
func changed(tb testing.TB, change map[string]any) []byte {
	tb.Helper()
	data, err := os.ReadFile("testdata/cased/tokenizer.json")
	if err != nil {
		tb.Fatal(err)
	}
	var file map[string]any
	if err := json.Unmarshal(data, &file); err != nil {
		tb.Fatal(err)
	}
	for key, value := range change {
		if members, ok := value.(map[string]any); ok && key == "model" {
			for k, v := range members {
				file["model"].(map[string]any)[k] = v
			}
		} else {
			file[key] = value
		}
	}
	if data, err = json.Marshal(file); err != nil {
		tb.Fatal(err)
	}
	return data
}
