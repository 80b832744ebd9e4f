package lens

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rapt-go/rapt/tokenizer"
)

func openTokenizer(t *testing.T, name string) *tokenizer.Tokenizer {
	t.Helper()
	path := filepath.Join("..", "tokenizer", "testdata", name, "tokenizer.json")
	data, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		var packed *os.File
		if packed, err = os.Open(path + ".gz"); err != nil {
			t.Fatal(err)
		}
		defer packed.Close()
		var r *gzip.Reader
		if r, err = gzip.NewReader(packed); err == nil {
			data, err = io.ReadAll(r)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	tok, err := tokenizer.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// Tokens are called so that people can read them, whatever the tokenizer makes of blanks and bytes. Words are the same
// whatever it is.
func TestInputLabels(t *testing.T) {
	for _, c := range []struct{ name, text, labels, words string }{
		{"gpt2", "The cat didn't sit.", "The ␣cat ␣didn 't ␣sit .", "The|cat|didn't|sit|."},
		{"gpt2", "🙂 ok\n\nx", "🙂₁ 🙂₂ ␣ok ⏎ ⏎ x", "🙂|ok|||x"},
		{"gpt2", "a 東京", "a ␣東₁ 東₂ 東₃ 京₁ 京₂", "a|東|京"},
		{"stories260k", "Lily saw 🙂.", "<s> ␣Lily ␣saw ␣ 🙂₁ 🙂₂ 🙂₃ 🙂₄ .", "<s>|Lily|saw||🙂|."},
		{"minilm", "The unbelievable cat didn't.", "[CLS] the unbelievable cat didn ' t . [SEP]", "[CLS]|The|unbelievable|cat|didn't|.|[SEP]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in, err := encode(openTokenizer(t, c.name), c.text, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.labels, strings.Join(in.Labels, " ")); diff != "" {
				t.Error(diff)
			}
			var words []string
			for _, group := range wordGroups(in.Tokens) {
				word := ""
				for _, i := range group {
					word += in.Sources[i]
				}
				words = append(words, strings.TrimSpace(word))
			}
			if diff := cmp.Diff(c.words, strings.Join(words, "|")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Tokens of two tokenizers have the same place where they stand for the same letters, with the blank before them or
// without.
func TestPlaces(t *testing.T) {
	const text = "The unbelievable cat sat."
	a, err := encode(openTokenizer(t, "minilm"), text, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := encode(openTokenizer(t, "gpt2"), text, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	places := func(in *Input) []string {
		groups := make([][]int, len(in.Names))
		for i := range groups {
			groups[i] = []int{i}
		}
		return in.Places(groups)
	}
	inA, inB := align(places(a), places(b))
	var pairs []string
	for k := range inA {
		pairs = append(pairs, a.Labels[inA[k]]+" "+b.Labels[inB[k]])
	}
	if diff := cmp.Diff([]string{"the The", "unbelievable ␣unbelievable", "cat ␣cat", "sat ␣sat", ". ."}, pairs); diff != "" {
		t.Errorf("tokens in common (-want +got):\n%s\n%v %v", diff, a.Labels, b.Labels)
	}
	wordsA, wordsB := a.Places(wordGroups(a.Tokens)), b.Places(wordGroups(b.Tokens))
	if diff := cmp.Diff(wordsA[1:len(wordsA)-1], wordsB); diff != "" {
		t.Errorf("words (-one tokenizer +the other):\n%s", diff)
	}
}
