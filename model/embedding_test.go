package model_test

import (
	"context"
	"encoding/json"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/minilm"
)

// Files of sentence-transformers, as its versions have written them.
const (
	poolingBefore6 = `{"word_embedding_dimension": 32, "pooling_mode_cls_token": false, "pooling_mode_mean_tokens": true,
		"pooling_mode_max_tokens": false, "pooling_mode_mean_sqrt_len_tokens": false, "pooling_mode_weightedmean_tokens": false,
		"pooling_mode_lasttoken": false, "include_prompt": true}`
	twoModules = `[{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
		{"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}]`
	threeModules = `[{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.base.modules.transformer.Transformer"},
		{"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.sentence_transformer.modules.pooling.Pooling"},
		{"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.base.modules.normalize.Normalize"}]`
)

// withEmbedding is the tiny bert with files of sentence-transformers.
func withEmbedding(t *testing.T, files map[string]string) *model.Model {
	t.Helper()
	tree := fstest.MapFS{}
	for name, content := range files {
		tree[name] = &fstest.MapFile{Data: []byte(content)}
	}
	return loadFiles(t, model.Files{
		Name: "bert", Config: read(t, "bert", "config.json"), Params: read(t, "bert", "model.safetensors"),
		Tokenizer: minilm.Files().Tokenizer, Embedding: tree,
	})
}

// What sentence-transformers makes of the same hidden states, for every pooling and several side by side.
func TestPooling(t *testing.T) {
	var want map[string]struct{ Plain, Unit [][]float32 }
	if err := json.Unmarshal(read(t, ".", "pooling.json"), &want); err != nil {
		t.Fatal(err)
	}
	batch, _ := openGolden(t, filepath.Join("testdata", "bert", "golden.safetensors")).sequences("batch")
	// What bert's hidden states may differ by; the sum of up to 14 of them over √14 by √14 < 4 times as much.
	for _, run := range []struct {
		name, modules string
		limit         float64
	}{{"plain", twoModules, 4 * hiddenLimit}, {"unit", threeModules, hiddenLimit}} {
		for modes, values := range want {
			t.Run(run.name+"/"+modes, func(t *testing.T) {
				list, err := json.Marshal(strings.Split(modes, ","))
				if err != nil {
					t.Fatal(err)
				}
				config := `{"embedding_dimension": 32, "pooling_mode": ` + string(list) + `, "include_prompt": true}`
				m := withEmbedding(t, map[string]string{"modules.json": run.modules, "1_Pooling/config.json": config})
				got, err := m.Embed(t.Context(), batch)
				if err != nil {
					t.Fatal(err)
				}
				vectors := values.Plain
				if run.name == "unit" {
					vectors = values.Unit
				}
				for s, want := range vectors {
					if e, _ := m.EmbeddingInfo(); len(got[s]) != len(want) || e.Dim != len(want) {
						t.Fatalf("the embedding has %d numbers and should have %d, expected %d", len(got[s]), e.Dim, len(want))
					}
					for i := range want {
						if d := math.Abs(float64(got[s][i]) - float64(want[i])); !(d <= run.limit) {
							t.Fatalf("sequence %d: [%d] is %v, expected %v within %v", s, i, got[s][i], want[i], run.limit)
						}
					}
				}
			})
		}
	}
}

func TestEmbeddingInfo(t *testing.T) {
	const path = "1_Pooling/config.json"
	mean := []model.Pooling{model.PoolMean}
	for _, test := range []struct {
		name  string
		files map[string]string
		want  model.EmbeddingInfo
	}{
		{"nothing", nil, model.EmbeddingInfo{Pooling: mean, Normalize: true, Dim: 32, MaxSeqLen: 40}},
		{"files without modules", map[string]string{path: "{", "sentence_bert_config.json": "{"},
			model.EmbeddingInfo{Pooling: mean, Normalize: true, Dim: 32, MaxSeqLen: 40}},
		{"before 6", map[string]string{"modules.json": twoModules, path: poolingBefore6},
			model.EmbeddingInfo{Pooling: mean, Dim: 32, MaxSeqLen: 40}},
		{"several keys", map[string]string{"modules.json": twoModules,
			path: `{"word_embedding_dimension": 32, "pooling_mode_lasttoken": true, "pooling_mode_cls_token": true}`},
			model.EmbeddingInfo{Pooling: []model.Pooling{model.PoolCLS, model.PoolLastToken}, Dim: 64, MaxSeqLen: 40}},
		{"no key", map[string]string{"modules.json": twoModules, path: `{}`},
			model.EmbeddingInfo{Pooling: mean, Dim: 32, MaxSeqLen: 40}},
		{"a name before keys", map[string]string{"modules.json": twoModules, path: `{"pooling_mode": "max", "pooling_mode_cls_token": true}`},
			model.EmbeddingInfo{Pooling: []model.Pooling{model.PoolMax}, Dim: 32, MaxSeqLen: 40}},
		{"names in their order", map[string]string{"modules.json": threeModules, path: `{"pooling_mode": ["mean", "cls"]}`},
			model.EmbeddingInfo{Pooling: []model.Pooling{model.PoolMean, model.PoolCLS}, Normalize: true, Dim: 64, MaxSeqLen: 40}},
		{"a limit", map[string]string{"modules.json": twoModules, path: `{}`,
			"sentence_bert_config.json": `{"max_seq_length": 12, "do_lower_case": false}`, "tokenizer_config.json": `{"model_max_length": 9}`},
			model.EmbeddingInfo{Pooling: mean, Dim: 32, MaxSeqLen: 12}},
		{"a limit beyond the model's", map[string]string{"modules.json": twoModules, path: `{}`,
			"sentence_bert_config.json": `{"max_seq_length": 512}`},
			model.EmbeddingInfo{Pooling: mean, Dim: 32, MaxSeqLen: 40}},
		{"the tokenizer's limit", map[string]string{"modules.json": twoModules, path: `{}`,
			"sentence_xlnet_config.json": `{"max_seq_length": null}`, "tokenizer_config.json": `{"model_max_length": 9}`},
			model.EmbeddingInfo{Pooling: mean, Dim: 32, MaxSeqLen: 9}},
		{"no limit of the tokenizer", map[string]string{"modules.json": twoModules, path: `{}`,
			"tokenizer_config.json": `{"model_max_length": 1000000000000000019884624838656}`},
			model.EmbeddingInfo{Pooling: mean, Dim: 32, MaxSeqLen: 40}},
		{"as version 6 writes it", map[string]string{"modules.json": threeModules, path: `{"embedding_dimension": 32, "pooling_mode": "cls", "include_prompt": true}`,
			"sentence_bert_config.json": `{"transformer_task": "feature-extraction", "modality_config": {"text": {"method": "forward",
				"method_output_name": "last_hidden_state"}}, "module_output_name": "token_embeddings", "model_args": {"add_pooling_layer": false}}`,
			"2_Normalize/config.json":           `{"module_input_name": "sentence_embedding", "module_output_name": "sentence_embedding"}`,
			"config_sentence_transformers.json": `{"model_type": "SentenceTransformer", "prompts": {"query": null, "document": ""}, "default_prompt_name": null, "similarity_fn_name": "cosine"}`},
			model.EmbeddingInfo{Pooling: []model.Pooling{model.PoolCLS}, Normalize: true, Dim: 32, MaxSeqLen: 40, Prompts: map[string]string{"document": ""}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := withEmbedding(t, test.files).EmbeddingInfo()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got, cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".promptPooled" }, cmp.Ignore())); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestEmbeddingErrors(t *testing.T) {
	const pooling = "1_Pooling/config.json"
	module := func(kind, path string) string {
		return `, {"idx": 2, "name": "2", "path": "` + path + `", "type": "` + kind + `"}]`
	}
	more := func(kind string) string {
		return strings.TrimSuffix(twoModules, "]") + module(kind, "2_X")
	}
	for _, test := range []struct {
		name, file, content string
		want                []string
	}{
		{"not JSON", "modules.json", "[", []string{"how bert embeds: modules.json: not a list of modules"}},
		{"no list", "modules.json", "{}", []string{"modules.json: not a list of modules"}},
		{"empty", "modules.json", "[]", []string{"modules.json has 0 modules"}},
		{"no pooling", "modules.json", `[{"type": "sentence_transformers.models.Transformer"}]`, []string{"modules.json has 1 modules"}},
		{"no transformer", "modules.json", `[{"type": "sentence_transformers.models.WordEmbeddings"}]`, []string{"module 0 is WordEmbeddings; only Transformer"}},
		{"somebody else's", "modules.json", `[{"type": "custom_st.Transformer"}]`, []string{`module 0 is "custom_st.Transformer"; only Transformer`}},
		{"layers pooled", "modules.json", strings.Replace(twoModules, "models.Pooling", "models.WeightedLayerPooling", 1), []string{"module 1 is WeightedLayerPooling; only Pooling"}},
		{"dense", "modules.json", more("sentence_transformers.models.Dense"), []string{"module 2 is Dense, which isn't supported"}},
		{"transformer elsewhere", "modules.json", strings.Replace(twoModules, `""`, `"0_Transformer"`, 1), []string{`the transformer is in "0_Transformer"`}},
		{"outside", "modules.json", strings.Replace(twoModules, "1_Pooling", "../other", 1), []string{`path "../other" leads out`}},
		{"absolute", "modules.json", strings.Replace(twoModules, "1_Pooling", "/etc", 1), []string{`path "/etc"`}},
		{"pooling missing", "modules.json", strings.Replace(twoModules, "1_Pooling", "2_Pooling", 1), []string{`"2_Pooling/config.json", which isn't there`}},

		{"pooling no JSON", pooling, "", []string{"1_Pooling/config.json: not a JSON object"}},
		{"other width", pooling, `{"word_embedding_dimension": 384}`, []string{"1_Pooling/config.json", "384", "32"}},
		{"unknown pooling", pooling, `{"pooling_mode": "median"}`, []string{`pooling_mode is "median"`}},
		{"unknown in a list", pooling, `{"pooling_mode": ["mean", "median"]}`, []string{`pooling_mode is "median"`}},
		{"none", pooling, `{"pooling_mode": []}`, []string{"pooling_mode is empty"}},
		{"a number", pooling, `{"pooling_mode": 1}`, []string{"pooling_mode is 1, expected a string"}},
		{"unknown key", pooling, `{"pooling_mode_median_tokens": false}`, []string{`a key "pooling_mode_median_tokens"`}},

		{"lower case", "sentence_bert_config.json", `{"do_lower_case": true}`, []string{"sentence_bert_config.json: do_lower_case is true"}},
		{"a limit of 0", "sentence_bert_config.json", `{"max_seq_length": 0}`, []string{"max_seq_length is 0"}},
		{"arguments", "sentence_bert_config.json", `{"model_args": {"num_hidden_layers": 1}}`, []string{`model_args: there is a key "num_hidden_layers"`}},
		{"tokens otherwise", "sentence_bert_config.json", `{"tokenizer_args": {"add_prefix_space": true}}`, []string{"tokenizer_args is an object"}},
		{"other task", "sentence_bert_config.json", `{"transformer_task": "fill-mask"}`, []string{`transformer_task is "fill-mask"`}},
		{"other output", "sentence_bert_config.json", `{"modality_config": {"text": {"method": "forward", "method_output_name": "pooler_output"}}}`,
			[]string{`modality_config: text: method_output_name is "pooler_output"`}},
		{"tokenizer's limit", "tokenizer_config.json", `{"model_max_length": "many"}`, []string{"tokenizer_config.json: model_max_length is a string"}},

		{"prompts", "config_sentence_transformers.json", `{"prompts": ["a"]}`, []string{"config_sentence_transformers.json: prompts is a list"}},
		{"default prompt", "config_sentence_transformers.json", `{"default_prompt_name": "query"}`, []string{`default_prompt_name is "query"`}},
		{"truncated vectors", "config_sentence_transformers.json", `{"truncate_dim": 16}`, []string{"truncate_dim is 16"}},
		{"other kind", "config_sentence_transformers.json", `{"model_type": "SparseEncoder"}`, []string{`model_type is "SparseEncoder"`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			files := map[string]string{"modules.json": twoModules, pooling: poolingBefore6}
			files[test.file] = test.content
			m := withEmbedding(t, files)
			_, err := m.Embed(t.Context(), inputs)
			wantError(t, err, test.want...)
			_, err = m.EmbedTexts(t.Context(), []string{"text"}, nil)
			wantError(t, err, test.want...)
			if _, err := m.Forward(t.Context(), inputs, nil); err != nil {
				t.Error("it can be run all the same, but:", err)
			}
		})
	}
	t.Run("normalize tokens", func(t *testing.T) {
		_, err := withEmbedding(t, map[string]string{"modules.json": threeModules, pooling: "{}",
			"2_Normalize/config.json": `{"module_input_name": "token_embeddings"}`}).Embed(t.Context(), inputs)
		wantError(t, err, `2_Normalize/config.json: module_input_name is "token_embeddings"`)
	})
}

// A prompt is text before the text.
func TestPrompts(t *testing.T) {
	const prompts = `{"prompts": {"query": "query: ", "none": ""}, "default_prompt_name": "query"}`
	files := map[string]string{"modules.json": twoModules, "1_Pooling/config.json": "{}", "config_sentence_transformers.json": prompts,
		"sentence_bert_config.json": `{"max_seq_length": 6}`}
	m := withEmbedding(t, files)
	ids := func(text string, o *model.TextOptions) []int {
		t.Helper()
		s, err := m.EmbedSequence(text, o)
		if err != nil {
			t.Fatal(err)
		}
		return s.IDs
	}
	plain, err := m.Sequence("query: cat", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, text string
		options    *model.TextOptions
	}{
		{"default", "cat", nil},
		{"by name", "cat", &model.TextOptions{Prompt: "query"}},
		{"an empty one", "query: cat", &model.TextOptions{Prompt: "none"}},
	} {
		if diff := cmp.Diff(plain.IDs, ids(test.text, test.options)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
	if got := ids("cat cat cat cat", &model.TextOptions{Truncate: true}); len(got) != 6 {
		t.Errorf("%d tokens, expected 6 of them with the prompt", len(got))
	}
	_, err = m.EmbedSequence("cat cat cat", nil)
	wantError(t, err, "the text has 7 tokens, the model takes at most 6")
	_, err = m.EmbedSequence(" ", nil)
	wantError(t, err, "the text is empty")
	_, err = m.EmbedSequence("cat", &model.TextOptions{Prompt: "passage"})
	wantError(t, err, `there is no prompt "passage"; the model's are "none", "query"`)
	_, err = load(t, "bert", "config.json").EmbedSequence("cat", &model.TextOptions{Prompt: "passage"})
	wantError(t, err, `there is no prompt "passage": the model has none`)
	files["1_Pooling/config.json"] = `{"include_prompt": false}`
	m = withEmbedding(t, files)
	_, err = m.EmbedSequence("cat", nil)
	wantError(t, err, "pools without the tokens of its prompts")
	ids("cat", &model.TextOptions{Prompt: "none"})
}

// A directory's files are those of memory.
func TestOpenWithModules(t *testing.T) {
	files := map[string]string{"m/modules.json": threeModules, "m/1_Pooling/config.json": `{"pooling_mode": "cls"}`}
	bertAt(t, files, "m")
	m, err := model.Open(filepath.Join(tree(t, files), "m"))
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if e, err := m.EmbeddingInfo(); err != nil || e.Pooling[0] != model.PoolCLS {
		t.Errorf("%+v (%v), expected cls", e, err)
	}
}

// FuzzModules reads any files: they are refused, or the model embeds.
func FuzzModules(f *testing.F) {
	f.Add(threeModules, poolingBefore6, `{"max_seq_length": 256}`, `{"prompts": {"a": "b"}}`)
	f.Add(twoModules, `{"pooling_mode": ["mean", "cls"]}`, `{}`, `{}`)
	base := model.Files{Config: read(f, "bert", "config.json"), Params: read(f, "bert", "model.safetensors")}
	f.Fuzz(func(t *testing.T, modules, pooling, transformer, prompts string) {
		files := base
		files.Embedding = fstest.MapFS{
			"modules.json": {Data: []byte(modules)}, "1_Pooling/config.json": {Data: []byte(pooling)},
			"sentence_bert_config.json": {Data: []byte(transformer)}, "config_sentence_transformers.json": {Data: []byte(prompts)},
		}
		m, err := model.Load(files)
		if err != nil {
			t.Fatal(err)
		}
		e, err := m.EmbeddingInfo()
		if err != nil {
			return
		}
		got, err := m.Embed(context.Background(), inputs[:1])
		if err != nil || len(got[0]) != e.Dim {
			t.Errorf("%d numbers (%v), expected %d", len(got[0]), err, e.Dim)
		}
	})
}
