package model_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rapt-go/rapt/model"
)

// setConfig changes a key of a config.json.
func setConfig(t *testing.T, path, key, value string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var values map[string]json.RawMessage
	if err := json.Unmarshal(data, &values); err != nil {
		t.Fatal(err)
	}
	values[key] = json.RawMessage(value)
	if data, err = json.Marshal(values); err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, data)
}

// Ends are read from generation_config.json, and else from config.json.
func TestEnds(t *testing.T) {
	for i, c := range []struct {
		config, generation string
		want               []int
		err                string
	}{
		{`2`, ``, []int{2}, ""},
		{`[2, 3]`, ``, []int{2, 3}, ""},
		{`null`, ``, nil, ""},
		{`2`, `{"eos_token_id": [5, 6]}`, []int{5, 6}, ""},
		{`2`, `{"eos_token_id": 7, "temperature": 0.3}`, []int{7}, ""},
		{`2`, `{"eos_token_id": null}`, []int{2}, ""},
		{`2`, `{}`, []int{2}, ""},
		{`"x"`, ``, nil, "config.json: eos_token_id is a string, expected an id or a list of ids"},
		{`2`, `{"eos_token_id": 1.5}`, nil, "generation_config.json: eos_token_id is 1.5, expected an id or a list of ids"},
		{`2`, `[`, nil, "generation_config.json: not a JSON object"},
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			dir := copyModel(t, "llama")
			setConfig(t, filepath.Join(dir, "config.json"), "eos_token_id", c.config)
			if c.generation != "" {
				writeFile(t, filepath.Join(dir, "generation_config.json"), []byte(c.generation))
			}
			m, err := model.Open(dir)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Fatalf("error %v, expected one with %q", err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			if got := m.Ends(); !slices.Equal(got, c.want) {
				t.Errorf("the ends are %v, expected %v", got, c.want)
			}
		})
	}
}

// A GGUF file has the ends of a text and of a turn beside its tokenizer.
func TestEndsGGUF(t *testing.T) {
	f := toGGUF(t, "llama").Set("tokenizer.ggml.eos_token_id", uint32(5)).Set("tokenizer.ggml.eot_token_id", uint32(7))
	m, err := model.Open(writeGGUF(t, f))
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if got := m.Ends(); !slices.Equal(got, []int{5, 7}) {
		t.Errorf("the ends are %v, expected 5 and 7", got)
	}
	if _, err := model.Open(writeGGUF(t, f.Set("tokenizer.ggml.eom_token_id", "x"))); err == nil || !strings.Contains(err.Error(), "tokenizer.ggml.eom_token_id") {
		t.Errorf("error %v, expected one about tokenizer.ggml.eom_token_id", err)
	}
}

// copyModel is a directory with what one in testdata has.
func copyModel(t *testing.T, name string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", name))); err != nil {
		t.Fatal(err)
	}
	return dir
}

func writeFile(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
}
