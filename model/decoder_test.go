package model_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
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

// storiesDir has stories260K, a small real Llama.
var storiesDir = filepath.Join("testdata", "stories260K")

// checkStory holds what m writes, always the likeliest token, against what transformers and llama2.c write.
func checkStory(t *testing.T, m *model.Model) {
	t.Helper()
	var want struct {
		PromptIDs    []int `json:"prompt_ids"`
		GeneratedIDs []int `json:"generated_ids"`
	}
	data, err := os.ReadFile(filepath.Join(storiesDir, "golden.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	if got := greedy(t, m, want.PromptIDs, len(want.GeneratedIDs)); !slices.Equal(got, want.GeneratedIDs) {
		t.Errorf("generated %v, expected %v", got, want.GeneratedIDs)
	}
}

// A small real Llama, stories260K of llama2.c, writes the 100 tokens that transformers writes, and computes what it does.
func TestStories(t *testing.T) {
	m, err := model.Open(storiesDir)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	checkStory(t, m)
	g := openGolden(t, filepath.Join(storiesDir, "golden.safetensors"))
	ids, _ := g.ints("input_ids")
	trace, err := m.Trace(context.Background(), model.Sequence{IDs: ids}, model.Want{Weights: true, Hidden: true, Logits: true})
	if err != nil {
		t.Fatal(err)
	}
	attentions, _ := g.floats("attentions")
	(&worst{t, "weights", 1e-4, 0}).compare("of all layers", trace.Attention.Weights, attentions)
	hidden, _ := g.floats("hidden_states")
	(&worst{t, "hidden", 1e-4, 0}).compare("of all layers", slices.Concat(trace.Hidden...), hidden)
	logits, _ := g.floats("logits")
	(&worst{t, "logits", 1e-3, 0}).compare("of all tokens", trace.Logits, logits)
}
