package model_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rapt-go/rapt/internal/safetensors"
	"github.com/rapt-go/rapt/model"
)

// sharded writes a model's directory whose parameters are in n files.
func sharded(t *testing.T, name string, n int) (dir string, size int64) {
	t.Helper()
	file, err := safetensors.Parse(read(t, name, "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	write := func(name string, data []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	shards, shardOf := make([][]safetensors.Tensor, n), map[string]string{}
	shardName := func(i int) string { return fmt.Sprintf("model-%05d-of-%05d.safetensors", i+1, n) }
	for i, name := range file.Names() {
		tensor, _ := file.Tensor(name)
		shards[i%n], shardOf[name] = append(shards[i%n], tensor), shardName(i%n)
	}
	for i, tensors := range shards {
		var b bytes.Buffer
		if err := safetensors.Write(&b, tensors, file.Metadata()); err != nil {
			t.Fatal(err)
		}
		write(shardName(i), b.Bytes())
		size += int64(b.Len())
	}
	index, err := json.Marshal(map[string]any{"metadata": map[string]any{"total_size": 1}, "weight_map": shardOf})
	if err != nil {
		t.Fatal(err)
	}
	write("model.safetensors.index.json", index)
	write("config.json", read(t, name, "config.json"))
	return dir, size
}

// A model in three files gives what it gives in one, to the bit.
func TestOpenShards(t *testing.T) {
	dir, size := sharded(t, "bert", 3)
	m, err := model.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Info().ParamBytes; got != size {
		t.Errorf("ParamBytes is %d, want %d, the sum of the shards", got, size)
	}
	want, err := load(t, "bert", "config.json").Embed(t.Context(), inputs)
	if err != nil {
		t.Fatal(err)
	}
	got, err := m.Embed(t.Context(), inputs)
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		if !slices.Equal(got[i], want[i]) {
			t.Errorf("the embedding of sequence %d differs", i)
		}
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	if _, err := m.Embed(t.Context(), inputs); err != model.ErrClosed {
		t.Errorf("error %v after Close, expected %v", err, model.ErrClosed)
	}
}

func TestOpenShardsErrors(t *testing.T) {
	dir, _ := sharded(t, "bert", 3)
	const gone = "model-00002-of-00003.safetensors"
	if err := os.Remove(filepath.Join(dir, gone)); err != nil {
		t.Fatal(err)
	}
	_, err := model.Open(dir)
	wantError(t, err, "model.safetensors.index.json: shard", gone, "is missing")

	dir, _ = sharded(t, "bert", 2)
	config := bytes.Replace(read(t, "bert", "config.json"), []byte(`"num_hidden_layers": 3`), []byte(`"num_hidden_layers": 4`), 1)
	if err := os.WriteFile(filepath.Join(dir, "config.json"), config, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = model.Open(dir)
	wantError(t, err, dir+": model.safetensors.index.json: layer 3 of 4: there is no tensor encoder.layer.3.")
}

// A cache that was filled by half has links to files that aren't there yet.
func TestOpenBrokenLinks(t *testing.T) {
	for _, test := range []struct{ link, want string }{
		{"config.json", "has a config.json that links to a file which isn't there"},
		{"model.safetensors", "has a model.safetensors that links to a file which isn't there"},
	} {
		dir, _ := sharded(t, "bert", 1)
		for _, name := range []string{test.link, "model.safetensors.index.json"} {
			os.Remove(filepath.Join(dir, name))
		}
		if err := os.Symlink("nowhere", filepath.Join(dir, test.link)); err != nil {
			t.Skip("no links here:", err)
		}
		_, err := model.Open(dir)
		wantError(t, err, dir, test.want)
	}
}
