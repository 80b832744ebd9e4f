package model_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/rapt-go/rapt/model"
)

// decoders are the causal models of testdata.
var decoders = []string{
	"gemma2", "gpt2", "gpt_oss", "llama", "llama3", "llama_bf16_shards", "mistral", "phi3", "phi3_longrope", "qwen2", "qwen3",
}

// TestGoldenPreNorm is TestGolden for models that norm before their halves.
func TestGoldenPreNorm(t *testing.T) {
	for _, name := range append([]string{"modernbert"}, decoders...) {
		for _, config := range []string{"config.json", "config.v5.json"} {
			t.Run(fmt.Sprintf("%s/%s", name, config), func(t *testing.T) {
				testRun(t, openWith(t, name, config), openGolden(t, filepath.Join("testdata", name, "golden.safetensors")), "single")
			})
		}
	}
}

// openWith opens a directory in testdata with one of its configurations as config.json.
func openWith(t testing.TB, name, config string) *model.Model {
	t.Helper()
	dir := t.TempDir()
	files, err := filepath.Glob(filepath.Join("testdata", name, "model*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(files, filepath.Join("testdata", name, config)) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Base(file)
		if to == config {
			to = "config.json"
		}
		if err := os.WriteFile(filepath.Join(dir, to), data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	m, err := model.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}
