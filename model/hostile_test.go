package model_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/rapt-go/rapt/internal/safetensors"
	"github.com/rapt-go/rapt/model"
)

// tinyModels are the directories of testdata that have a model in one file.
func tinyModels(t *testing.T) (names []string) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", "*", "model.safetensors"))
	if err != nil || len(paths) < 6 {
		t.Fatalf("%d models in testdata (%v)", len(paths), err)
	}
	if testing.Short() {
		paths = slices.DeleteFunc(paths, func(path string) bool {
			return !slices.Contains([]string{"bert_mlm", "gpt_oss", "t5"}, filepath.Base(filepath.Dir(path)))
		})
	}
	for _, path := range paths {
		names = append(names, filepath.Base(filepath.Dir(path)))
	}
	return names
}

// few are ids that every tiny model has.
var few = []model.Sequence{{IDs: []int{5, 3, 8, 9}}}

// fewFor are they, with some for a decoder beside an encoder.
func fewFor(m *model.Model) []model.Sequence {
	if m.Info().NumDecoderLayers == 0 {
		return few
	}
	return []model.Sequence{{IDs: few[0].IDs, DecoderIDs: []int{0, 4, 7}}}
}

// everything runs the model and its heads, and gives all results.
func everything(m *model.Model) ([]float32, error) {
	out, err := m.Forward(context.Background(), fewFor(m), nil)
	if err != nil {
		return nil, err
	}
	all, last := slices.Clone(out.Hidden[0]), out.Hidden[0]
	if out.DecoderHidden != nil {
		last = out.DecoderHidden[0]
		all = append(all, last...)
	}
	if out.Pooled != nil {
		all = append(all, out.Pooled[0]...)
	}
	if m.Info().HasHead {
		logits, err := m.Logits(last)
		if err != nil {
			return nil, err
		}
		all = append(all, logits...)
	}
	return all, nil
}

// allocated is the number of bytes that a call allocates.
func allocated(call func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	call()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// numbersIn are the paths of all numbers in a configuration, and those of lists of numbers.
func numbersIn(config map[string]any, at []string) (paths [][]string) {
	for key, value := range config {
		path := append(slices.Clone(at), key)
		switch v := value.(type) {
		case float64:
			paths = append(paths, path)
		case map[string]any:
			paths = append(paths, numbersIn(v, path)...)
		}
	}
	return paths
}

// A number of a configuration is enormous, zero or negative: the model is refused, or it is what its file says and runs. Nothing
// is allocated that only the configuration asks for.
func TestHostileConfig(t *testing.T) {
	const most = 8 << 20 // bytes; no tiny model needs a tenth of it
	for _, name := range tinyModels(t) {
		t.Run(name, func(t *testing.T) {
			params := read(t, name, "model.safetensors")
			files, err := filepath.Glob(filepath.Join("testdata", name, "config*.json"))
			if err != nil || files == nil {
				t.Fatalf("no configuration (%v)", err)
			}
			for _, path := range files {
				file := filepath.Base(path)
				var config map[string]any
				if err := json.Unmarshal(read(t, name, file), &config); err != nil {
					t.Fatal(err)
				}
				for _, path := range numbersIn(config, nil) {
					for _, value := range []float64{1e9, math.MaxInt32, 1e300, 0, -1} {
						data := withNumber(t, config, path, value)
						var err error
						bytes := allocated(func() {
							var m *model.Model
							if m, err = model.Load(model.Files{Config: data, Params: params}); err == nil {
								_, err = everything(m)
							}
						})
						if bytes > most {
							t.Errorf("%s: %s = %v: %d bytes were allocated (%v)", file, strings.Join(path, "."), value, bytes, err)
						}
						if err != nil && (len(err.Error()) > 400 || strings.Contains(err.Error(), "\n")) {
							t.Errorf("%s: %s = %v: not a short line: %v", file, strings.Join(path, "."), value, err)
						}
					}
				}
			}
		})
	}
}

// withNumber is a configuration with another number at a path.
func withNumber(t *testing.T, config map[string]any, path []string, value float64) []byte {
	t.Helper()
	object := config
	for _, key := range path[:len(path)-1] {
		object = object[key].(map[string]any)
	}
	key := path[len(path)-1]
	before := object[key]
	object[key] = value
	data, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	object[key] = before
	return data
}

// A tensor is missing, or has another shape: the error names it, or nobody needs it.
func TestHostileTensors(t *testing.T) {
	for _, name := range tinyModels(t) {
		t.Run(name, func(t *testing.T) {
			config, params := read(t, name, "config.json"), read(t, name, "model.safetensors")
			for _, tensor := range tensorNames(t, params) {
				for _, change := range []struct {
					what   string
					change func(*safetensors.Tensor)
				}{
					{"missing", func(x *safetensors.Tensor) { x.Name = "" }},
					{"with an axis more", func(x *safetensors.Tensor) { x.Shape = append([]int{1}, x.Shape...) }},
					{"empty", func(x *safetensors.Tensor) { x.Shape, x.Data = append([]int{0}, x.Shape[1:]...), nil }},
					{"integers", func(x *safetensors.Tensor) { x.DType = safetensors.I32 }},
				} {
					data := rewritten(t, params, func(x safetensors.Tensor) safetensors.Tensor {
						if x.Name == tensor {
							change.change(&x)
						}
						return x
					})
					m, err := model.Load(model.Files{Config: config, Params: data})
					if err == nil {
						_, err = everything(m)
					}
					last := tensor[strings.LastIndexByte(tensor[:strings.LastIndexByte("."+tensor, '.')], '.')+1:]
					if err != nil && !strings.Contains(err.Error(), last) && change.what != "missing" {
						t.Errorf("%s %s: error %v doesn't name it", tensor, change.what, err)
					}
				}
			}
		})
	}
}

func tensorNames(t *testing.T, params []byte) []string {
	t.Helper()
	file, err := safetensors.Parse(params)
	if err != nil {
		t.Fatal(err)
	}
	return file.Names()
}

// All of a tensor is NaN or infinite, or one number of it is NaN: that is an error, or it has no part in the results, which
// are those of before.
func TestNotFinite(t *testing.T) {
	for _, name := range tinyModels(t) {
		t.Run(name, func(t *testing.T) {
			config, params := read(t, name, "config.json"), read(t, name, "model.safetensors")
			want, err := everything(load(t, name, "config.json"))
			if err != nil {
				t.Fatal(err)
			}
			unused := 0
			for _, tensor := range tensorNames(t, params) {
				for _, bad := range []struct {
					value float64
					all   bool
				}{{math.NaN(), true}, {math.NaN(), false}, {math.Inf(1), true}, {math.Inf(-1), true}} {
					data := rewritten(t, params, func(x safetensors.Tensor) safetensors.Tensor {
						if x.Name == tensor {
							x = filled(x, bad.value, bad.all)
						}
						return x
					})
					m, err := model.Load(model.Files{Config: config, Params: data})
					var got []float32
					if err == nil {
						got, err = everything(m)
					}
					switch {
					case err == nil && !slices.Equal(got, want):
						t.Errorf("%s is %v (all of it: %v): no error, and other results", tensor, bad.value, bad.all)
					case err == nil:
						unused++
					case !strings.Contains(err.Error(), "finite"):
						t.Errorf("%s is %v (all of it: %v): error %v", tensor, bad.value, bad.all, err)
					}
				}
			}
			t.Logf("%d times a tensor had no part in the results", unused)
		})
	}
}

// filled is a tensor with a value everywhere, or in the middle. Positions and masks, which are integers, stay as they are.
func filled(x safetensors.Tensor, value float64, all bool) safetensors.Tensor {
	if x.DType != safetensors.F32 {
		return x
	}
	x.Data = slices.Clone(x.Data)
	middle := len(x.Data) / 8 * 4
	for i := 0; i < len(x.Data); i += 4 {
		if !all && i != middle {
			continue
		}
		binary.LittleEndian.PutUint32(x.Data[i:], math.Float32bits(float32(value)))
	}
	return x
}

// The layer is named, and vectors are by name when the model is loaded.
func TestNotFiniteIsNamed(t *testing.T) {
	for _, test := range []struct {
		tensor string
		want   []string
	}{
		{"encoder.layer.1.attention.self.query.weight", []string{"layer 1 of the model makes numbers that aren't finite"}},
		{"embeddings.word_embeddings.weight", []string{"the embedding of the model"}},
		{"pooler.dense.weight", []string{"the pooler of the model"}},
		{"encoder.layer.1.output.LayerNorm.weight",
			[]string{"model.safetensors", "layer 1", "tensor encoder.layer.1.output.LayerNorm.weight has NaN at 0, expected finite numbers"}},
	} {
		data := rewritten(t, read(t, "bert", "model.safetensors"), func(x safetensors.Tensor) safetensors.Tensor {
			if x.Name == test.tensor {
				x = filled(x, math.NaN(), true)
			}
			return x
		})
		m, err := model.Load(model.Files{Config: read(t, "bert", "config.json"), Params: data})
		if err == nil {
			_, err = m.Embed(t.Context(), few)
			if err == nil {
				_, err = m.Forward(t.Context(), few, nil)
			}
		}
		wantError(t, err, test.want...)
	}
}

// Files of a directory are empty, of another kind, or lead in a circle.
func TestHostileDirectory(t *testing.T) {
	good := map[string]string{}
	bertAt(t, good, "m")
	good["m/tokenizer.json"] = "{}"
	for _, file := range []string{"config.json", "model.safetensors", "tokenizer.json", "modules.json"} {
		for _, bad := range []struct{ what, content string }{
			{"empty", ""},
			{"a directory", "a directory"},
			{"a link to itself", "-> " + file},
			{"endless", "-> /dev/zero"},
			{"deep", strings.Repeat("[", 1e6)},
			{"NULs", strings.Repeat("\x00", 1e6)},
		} {
			t.Run(file+"/"+bad.what, func(t *testing.T) {
				files := map[string]string{}
				for name, content := range good {
					files[name] = content
				}
				delete(files, "m/"+file)
				if bad.what == "a directory" {
					files["m/"+file+"/"] = ""
				} else {
					files["m/"+file] = bad.content
				}
				if _, err := os.Stat("/dev/zero"); err != nil && bad.what == "endless" {
					t.Skip("there is no /dev/zero")
				}
				err := openAndEmbed(filepath.Join(tree(t, files), "m"))
				if err == nil || !strings.Contains(err.Error(), file) {
					t.Errorf("error %v, expected one about %s", err, file)
				} else if len(err.Error()) > 400 || strings.Contains(err.Error(), "\n") {
					t.Errorf("not a short line: %v", err)
				}
			})
		}
	}
}

// openAndEmbed uses all files of a directory.
func openAndEmbed(dir string) error {
	m, err := model.Open(dir)
	if err != nil {
		return err
	}
	_, err = m.EmbeddingInfo()
	_, tokenizerErr := m.Tokenizer()
	return errors.Join(err, m.Close(), func() error {
		if err != nil {
			return nil
		}
		return tokenizerErr
	}())
}

// Merges of a tokenizer that make each other again and again end all the same: every merge leaves a token less.
func TestHostileMerges(t *testing.T) {
	files := map[string]string{"m/tokenizer.json": `{"version": "1.0", "added_tokens": [], "pre_tokenizer": null, "model": {"type": "BPE",
		"vocab": {"": 0, "a": 1, "b": 2, "ab": 3, "ba": 4, "aba": 5, "bab": 6},
		"merges": [["a", "b"], ["b", "a"], ["ab", "a"], ["a", "ba"], ["ba", "b"], ["b", "ab"], ["", "a"], ["a", ""], ["", ""]]}}`}
	bertAt(t, files, "m")
	m, err := model.Open(filepath.Join(tree(t, files), "m"))
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	const most = 16 << 20 // bytes, for 4,000 characters
	bytes := allocated(func() { _, err = m.Sequence(strings.Repeat("abba", 1000), &model.TextOptions{Truncate: true}) })
	if err != nil || bytes > most {
		t.Errorf("%d bytes were allocated (%v)", bytes, err)
	}
}
