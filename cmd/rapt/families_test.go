package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rapt-go/rapt/internal/safetensors"
	"github.com/rapt-go/rapt/model"
)

// tinyWith makes a directory of a tiny model and a tokenizer, whose ids the model then has: its words are repeated.
func tinyWith(t *testing.T, name, tokenizer string, changes map[string]any) string {
	t.Helper()
	source, dir := filepath.Join("..", "..", "model", "testdata", name), t.TempDir()
	write := func(file string, data []byte) {
		if err := os.WriteFile(filepath.Join(dir, file), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tokens := gunzip(t, filepath.Join(tokenizerData, tokenizer, "tokenizer.json.gz"))
	write("tokenizer.json", tokens)
	config := map[string]any{}
	data, err := os.ReadFile(filepath.Join(source, "config.json"))
	if err == nil {
		err = json.Unmarshal(data, &config)
	}
	if err != nil {
		t.Fatal(err)
	}
	const vocab, words = 120, 2000
	config["vocab_size"] = words
	for key, value := range changes {
		config[key] = value
	}
	if data, err = json.Marshal(config); err != nil {
		t.Fatal(err)
	}
	write("config.json", data)

	file, err := safetensors.Open(filepath.Join(source, "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var tensors []safetensors.Tensor
	for _, name := range file.Names() {
		x, _ := file.Tensor(name)
		if x.Shape[0] == vocab {
			row := len(x.Data) / vocab
			x.Data = bytes.Repeat(x.Data, words/vocab+1)[:words*row]
			x.Shape = slices.Concat([]int{words}, x.Shape[1:])
		}
		tensors = append(tensors, x)
	}
	var b bytes.Buffer
	if err := safetensors.Write(&b, tensors, nil); err != nil {
		t.Fatal(err)
	}
	write("model.safetensors", b.Bytes())
	return dir
}

func gunzip(t *testing.T, path string) []byte {
	t.Helper()
	file, err := os.Open(path)
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
	return data
}

// A text goes through the tokenizers and the models of these families: what look and embed give of it is what the model
// gives of its ids.
func TestFamiliesWithTexts(t *testing.T) {
	const text = "The whale and the sea."
	for _, c := range []struct {
		family, model, tokenizer string
		first, whale             string // tokens
	}{
		{"roberta", "roberta", "roberta", "<s>", "Ġwhale"},
		{"camembert", "roberta", "xlmr", "<s>", "▁whale"},
		{"xlm-roberta", "roberta", "xlmr", "<s>", "▁whale"},
		{"mpnet", "mpnet", "roberta", "<s>", "Ġwhale"},
		{"t5", "t5", "t5", "▁the", "▁whale"},
		{"mt5", "t5_v1_1", "t5", "▁the", "▁whale"},
	} {
		t.Run(c.family, func(t *testing.T) {
			dir := tinyWith(t, c.model, c.tokenizer, map[string]any{"model_type": c.family})
			m, err := model.Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			s, err := m.Sequence(text, nil)
			if err != nil {
				t.Fatal(err)
			}
			trace, err := m.Trace(t.Context(), s, model.Want{Weights: true})
			if err != nil {
				t.Fatal(err)
			}
			got := lookNPZ(t, text, "--model", dir)
			if !slices.Equal(got["attention"].Data.([]float32), trace.Attention.Weights) {
				t.Error("the attention of the text isn't that of its ids")
			}
			stdout, err := runCommand(t, "look", text, "--model", dir, "--find", "whale:sea")
			if err != nil || !strings.Contains(stdout, "whale") {
				t.Errorf("--find whale:sea gives error %v and\n%s", err, stdout)
			}
			stdout, err = runCommand(t, "look", text, "--model", dir, "--json")
			if err != nil {
				t.Fatal(err)
			}
			var answer struct{ Tokens []struct{ Text string } }
			if err := json.Unmarshal([]byte(stdout), &answer); err != nil {
				t.Fatal(err)
			}
			if first := answer.Tokens[0].Text; first != c.first {
				t.Errorf("the first token is %q, expected %q", first, c.first)
			}
			if !slices.ContainsFunc(answer.Tokens, func(token struct{ Text string }) bool { return token.Text == c.whale }) {
				t.Errorf("there is no %q among %v", c.whale, answer.Tokens)
			}
			stdout, err = runCommand(t, "embed", "--json", text, "--model", dir)
			if err != nil {
				t.Fatal(err)
			}
			var vector struct{ Embedding []float32 }
			if err := json.Unmarshal([]byte(stdout), &vector); err != nil {
				t.Fatal(err)
			}
			want, err := m.Embed(t.Context(), []model.Sequence{s})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(vector.Embedding, want[0]) {
				t.Error("the embedding of the text isn't that of its ids")
			}
		})
	}
}

// T5 writes text: what its tokens stand for, from the first letter on.
func TestGenerateT5Text(t *testing.T) {
	dir := tinyWith(t, "t5", "t5", nil)
	stdout, err := runCommand(t, "generate", "The whale and the sea.", "--model", dir, "--tokens", "8", "--json")
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		IDs  []int
		Text string
	}
	if err := json.Unmarshal([]byte(stdout), &answer); err != nil {
		t.Fatal(err)
	}
	m, err := model.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	tok, err := m.Tokenizer()
	if err != nil {
		t.Fatal(err)
	}
	want, err := tok.Decode(answer.IDs, true)
	if err != nil {
		t.Fatal(err)
	}
	if answer.Text != want || want == "" || len(answer.IDs) == 0 {
		t.Errorf("the text of %v is %q, expected %q", answer.IDs, answer.Text, want)
	}
	stdout, err = runCommand(t, "generate", "The whale and the sea.", "--model", dir, "--tokens", "3", "--look")
	if err != nil || !strings.Contains(stdout, " whale ") {
		t.Errorf("--look gives error %v and\n%s", err, stdout)
	}
}
