package model_test

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rapt-go/rapt/internal/safetensors"
	"github.com/rapt-go/rapt/model"
)

// edited is testdata/NAME/config.json with some keys changed; the value remove takes a key out.
func edited(t *testing.T, name string, changes map[string]any) []byte {
	t.Helper()
	var config map[string]any
	if err := json.Unmarshal(read(t, name, "config.json"), &config); err != nil {
		t.Fatal(err)
	}
	maps.Copy(config, changes)
	maps.DeleteFunc(config, func(_ string, v any) bool { return v == remove })
	data, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

const remove = "remove this key"

func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, expected one with %q", parts)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q, expected %q in it", err, part)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("error %q has more than one line", err)
	}
}

func TestConfigErrors(t *testing.T) {
	for _, test := range []struct {
		name, model string
		changes     map[string]any
		want        []string
	}{
		{"no family", "bert", map[string]any{"model_type": remove}, []string{"config.json: model_type is missing"}},
		{"unknown family", "bert", map[string]any{"model_type": "mamba"}, []string{`"mamba"`, "bert, ", ", electra"}},
		{"family not a string", "bert", map[string]any{"model_type": 3}, []string{"model_type is 3, expected a string"}},
		{"negative", "bert", map[string]any{"hidden_size": -32}, []string{"hidden_size is -32"}},
		{"zero", "bert", map[string]any{"num_attention_heads": 0}, []string{"num_attention_heads is 0"}},
		{"not whole", "bert", map[string]any{"vocab_size": 1.5}, []string{"vocab_size is 1.5, expected a whole number"}},
		{"beyond an int", "bert", map[string]any{"vocab_size": 1e30}, []string{"vocab_size is 1e+30"}},
		{"a string", "bert", map[string]any{"num_hidden_layers": "3"}, []string{"num_hidden_layers is a string, expected a whole number"}},
		{"not divisible", "bert", map[string]any{"num_attention_heads": 5}, []string{"hidden_size is 32", "num_attention_heads 5"}},
		{"not divisible", "distilbert", map[string]any{"n_heads": 7}, []string{"dim is 32", "n_heads 7"}},
		{"two names", "distilbert", map[string]any{"num_hidden_layers": 2}, []string{"n_layers is 3 and num_hidden_layers is 2"}},
		{"eps", "bert", map[string]any{"layer_norm_eps": 0}, []string{"layer_norm_eps is 0, expected a positive number"}},
		{"activation", "bert", map[string]any{"hidden_act": "gelu_10"}, []string{`hidden_act is "gelu_10"`, "gelu_new", "silu"}},
		{"activation", "distilbert", map[string]any{"activation": "mish"}, []string{`activation is "mish"`}},
		{"positions", "bert", map[string]any{"position_embedding_type": "relative_key"}, []string{"position_embedding_type", "relative_key", "absolute"}},
		{"decoder", "bert", map[string]any{"is_decoder": true}, []string{"is_decoder is true"}},
		{"decoder", "electra", map[string]any{"is_decoder": true}, []string{"is_decoder is true"}},
		{"cross attention", "bert", map[string]any{"add_cross_attention": true}, []string{"add_cross_attention is true"}},
		{"pruned heads", "bert", map[string]any{"pruned_heads": map[string]any{"1": []int{0}}}, []string{"pruned_heads is an object"}},
		{"quantised", "bert", map[string]any{"quantization_config": map[string]any{"bits": 4}}, []string{"quantization_config is an object"}},
		{"more layers than there are", "bert", map[string]any{"num_hidden_layers": 1000000000},
			[]string{"model.safetensors: layer 3 of 1000000000", "encoder.layer.3.attention.self.query.weight"}},
		{"wider than it is", "bert", map[string]any{"hidden_size": 2000000000, "num_attention_heads": 1},
			[]string{"embeddings.word_embeddings.weight", "[120 32]", "[120 2000000000]"}},
		{"other vocabulary", "bert", map[string]any{"vocab_size": 121}, []string{"[120 32]", "[121 32]"}},
		{"other positions", "bert", map[string]any{"max_position_embeddings": 41}, []string{"position_embeddings", "[40 32]", "[41 32]"}},
		{"other MLP", "bert", map[string]any{"intermediate_size": 65}, []string{"layer 0", "intermediate.dense.weight", "[64 32]", "[65 32]"}},
		{"padding", "roberta", map[string]any{"pad_token_id": -1}, []string{"pad_token_id is -1"}},
		{"padding", "roberta", map[string]any{"pad_token_id": 41}, []string{"max_position_embeddings is 42", "begin with 42"}},
		{"other padding", "roberta", map[string]any{"max_position_embeddings": 41}, []string{"position_embeddings", "[42 32]", "[41 32]"}},
		{"decoder", "roberta", map[string]any{"model_type": "xlm-roberta", "is_decoder": true}, []string{"is_decoder is true"}},
		{"fewer buckets", "mpnet", map[string]any{"relative_attention_num_buckets": 16}, []string{"relative_attention_num_buckets is 16", "32"}},
		{"more buckets", "mpnet", map[string]any{"relative_attention_num_buckets": 33},
			[]string{"relative_attention_bias", "[32 4]", "[33 4]"}},
		{"other heads", "mpnet", map[string]any{"num_attention_heads": 2}, []string{"relative_attention_bias", "[32 4]", "[32 2]"}},
		{"one position", "mpnet", map[string]any{"max_position_embeddings": 2}, []string{"max_position_embeddings is 2", "begin with 2"}},
		{"feed-forward", "t5", map[string]any{"feed_forward_proj": "gated-mish"}, []string{`feed_forward_proj is "gated-mish"`, "gelu_new"}},
		{"feed-forward", "t5", map[string]any{"feed_forward_proj": "gated-relu"}, []string{"layer 0", "DenseReluDense.wi_0.weight"}},
		{"activation", "t5", map[string]any{"dense_act_fn": "mish"}, []string{`dense_act_fn is "mish"`}},
		{"not gated", "t5_v1_1", map[string]any{"is_gated_act": false}, []string{"layer 0", "DenseReluDense.wi.weight"}},
		{"few buckets", "t5", map[string]any{"relative_attention_num_buckets": 3}, []string{"relative_attention_num_buckets is 3"}},
		{"other buckets", "t5", map[string]any{"relative_attention_num_buckets": 10}, []string{"relative_attention_bias", "[8 4]", "[10 4]"}},
		{"near", "t5", map[string]any{"relative_attention_max_distance": 4}, []string{"relative_attention_max_distance is 4", "8"}},
		{"far", "t5", map[string]any{"relative_attention_max_distance": 1000000000}, []string{"relative_attention_max_distance is 1000000000", "65536"}},
		{"heads", "t5", map[string]any{"num_heads": 1000000000}, []string{"1000000000 heads"}},
		{"heads", "t5", map[string]any{"num_heads": 5}, []string{"[8 4]", "[8 5]"}},
		{"width of a head", "t5", map[string]any{"d_kv": 16}, []string{"SelfAttention.q.weight", "[32 32]", "[64 32]"}},
		{"two names", "t5", map[string]any{"head_dim": 16}, []string{"d_kv is 8 and head_dim is 16"}},
		{"more decoder layers", "t5", map[string]any{"num_decoder_layers": 3}, []string{"layer 2 of 3", "decoder.block.2"}},
		{"more layers", "t5", map[string]any{"num_layers": 1000000000}, []string{"layer 2 of 1000000000", "encoder.block.2"}},
		{"start", "t5", map[string]any{"decoder_start_token_id": 120}, []string{"decoder_start_token_id is 120", "vocabulary of 120"}},
		{"decoder", "t5", map[string]any{"is_decoder": true}, []string{"is_decoder is true"}},
		{"quantised", "t5", map[string]any{"quantization_config": map[string]any{"bits": 4}}, []string{"quantization_config is an object"}},
		{"other embeddings", "electra", map[string]any{"embedding_size": 32}, []string{"[120 16]", "[120 32]"}},
	} {
		t.Run(test.model+"/"+test.name, func(t *testing.T) {
			_, err := model.Load(model.Files{
				Config: edited(t, test.model, test.changes),
				Params: read(t, test.model, "model.safetensors"),
			})
			wantError(t, err, test.want...)
		})
	}
	t.Run("not JSON", func(t *testing.T) {
		_, err := model.Load(model.Files{Config: []byte("[1]"), Params: read(t, "bert", "model.safetensors")})
		wantError(t, err, "config.json", "not a JSON object")
	})
}

// TestConfigHarmless changes what has no effect on inference.
func TestConfigHarmless(t *testing.T) {
	for name, changes := range map[string]map[string]any{
		"bert": {
			"hidden_dropout_prob": 0.5, "initializer_range": 1, "use_cache": false, "id2label": map[string]string{"0": "x"},
			"is_decoder": nil, "pruned_heads": map[string]any{}, "position_embedding_type": nil, "my_own_key": "x",
			"chunk_size_feed_forward": 4, "type_vocab_size": remove, "layer_norm_eps": remove, "hidden_act": remove,
		},
		"distilbert": {"sinusoidal_pos_embds": true, "num_hidden_layers": 3, "n_layers": remove},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := model.Load(model.Files{Config: edited(t, name, changes), Params: read(t, name, "model.safetensors")})
			if err != nil {
				t.Fatal(err)
			}
			testRun(t, m, openGolden(t, filepath.Join("testdata", name, "golden.safetensors")), "batch")
		})
	}
}

// rewritten is a file of parameters with one tensor changed, or taken out where change gives no name.
func rewritten(t *testing.T, data []byte, change func(safetensors.Tensor) safetensors.Tensor) []byte {
	t.Helper()
	file, err := safetensors.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	var tensors []safetensors.Tensor
	for _, name := range file.Names() {
		tensor, _ := file.Tensor(name)
		if tensor = change(tensor); tensor.Name != "" {
			tensors = append(tensors, tensor)
		}
	}
	var b bytes.Buffer
	if err := safetensors.Write(&b, tensors, file.Metadata()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestParamsErrors(t *testing.T) {
	const query = "encoder.layer.1.attention.self.query."
	for _, test := range []struct {
		name, tensor string
		change       func(*safetensors.Tensor)
		want         []string
	}{
		{"missing", query + "weight", func(x *safetensors.Tensor) { x.Name = "" },
			[]string{"layer 1 of 3", "there is no tensor " + query + "weight"}},
		{"transposed", "encoder.layer.0.output.dense.weight", func(x *safetensors.Tensor) { x.Shape = []int{64, 32} },
			[]string{"encoder.layer.0.output.dense.weight", "[64 32]", "[32 64]"}},
		{"flat", query + "weight", func(x *safetensors.Tensor) { x.Shape = []int{1024} }, []string{"[1024]", "[32 32]"}},
		{"integers", query + "bias", func(x *safetensors.Tensor) { x.DType = safetensors.I32 },
			[]string{query + "bias is I32, expected F32, F16 or BF16"}},
		{"norm missing", "embeddings.LayerNorm.weight", func(x *safetensors.Tensor) { x.Name = "" },
			[]string{"embeddings.LayerNorm.weight"}},
		{"no embeddings", "embeddings.word_embeddings.weight", func(x *safetensors.Tensor) { x.Name = "" },
			[]string{"embeddings.word_embeddings.weight"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			data := rewritten(t, read(t, "bert", "model.safetensors"), func(x safetensors.Tensor) safetensors.Tensor {
				if x.Name == test.tensor {
					test.change(&x)
				}
				return x
			})
			_, err := model.Load(model.Files{Config: read(t, "bert", "config.json"), Params: data})
			wantError(t, err, append(test.want, "model.safetensors")...)
		})
	}
	t.Run("truncated", func(t *testing.T) {
		data := read(t, "bert", "model.safetensors")
		_, err := model.Load(model.Files{Config: read(t, "bert", "config.json"), Params: data[:len(data)-1]})
		wantError(t, err, "model.safetensors")
	})
}

func TestSequenceErrors(t *testing.T) {
	bert, distilbert, t5 := load(t, "bert", "config.json"), load(t, "distilbert", "config.json"), load(t, "t5", "config.json")
	for _, test := range []struct {
		name  string
		model *model.Model
		batch []model.Sequence
		want  []string
	}{
		{"empty", bert, []model.Sequence{{}}, []string{"the sequence is empty"}},
		{"too long", bert, []model.Sequence{{IDs: make([]int, 41)}}, []string{"41 tokens", "at most 40"}},
		{"id too large", bert, []model.Sequence{{IDs: []int{5, 120}}}, []string{"id 120 at position 1", "vocabulary of 120"}},
		{"id negative", bert, []model.Sequence{{IDs: []int{-1}}}, []string{"id -1 at position 0"}},
		{"type too large", bert, []model.Sequence{{IDs: []int{5, 6}, TypeIDs: []int{0, 2}}}, []string{"type id 2 at position 1", "2 types"}},
		{"fewer types", bert, []model.Sequence{{IDs: []int{5, 6}, TypeIDs: []int{0}}}, []string{"1 type ids for 2 ids"}},
		{"ids for a decoder", bert, []model.Sequence{{IDs: []int{5, 6}, DecoderIDs: []int{0}}}, []string{"ids for a decoder", "the model has none"}},
		{"decoder id", t5, []model.Sequence{{IDs: []int{5, 6}, DecoderIDs: []int{0, 120}}}, []string{"decoder id 120 at position 1"}},
		{"empty decoder", t5, []model.Sequence{{IDs: []int{5, 6}, DecoderIDs: []int{}}}, []string{"the decoder's sequence is empty"}},
		{"decoder of some", t5, []model.Sequence{{IDs: []int{5}}, {IDs: []int{5}, DecoderIDs: []int{0}}}, []string{"sequences 0 and 1"}},
		{"no types", distilbert, []model.Sequence{{IDs: []int{5, 6}, TypeIDs: []int{0, 1}}}, []string{"type id 1", "no token types"}},
		{"which of a batch", bert, []model.Sequence{{IDs: []int{5}}, {}}, []string{"sequence 1: the sequence is empty"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := test.model.Forward(context.Background(), test.batch, nil)
			wantError(t, err, test.want...)
		})
	}
	t.Run("types of 0 where there are none", func(t *testing.T) {
		s := model.Sequence{IDs: []int{5, 6}, TypeIDs: []int{0, 0}}
		if _, err := distilbert.Forward(context.Background(), []model.Sequence{s}, nil); err != nil {
			t.Error(err)
		}
	})
}

func TestOpen(t *testing.T) {
	m, err := model.Open("testdata/bert_mlm")
	if err != nil {
		t.Fatal(err)
	}
	want := model.Info{
		Name: "bert_mlm", Family: "bert",
		NumLayers: 2, NumHeads: 4, NumKVHeads: 4, HeadDim: 8, ModelDim: 32, MLPDim: 64, VocabSize: 120, MaxSeqLen: 40, NumTypes: 2,
		HasPooler: true, HasHead: true, ParamType: "float32", ParamBytes: 119072,
		NumParams: 28472,
	}
	if info := m.Info(); info != want {
		t.Errorf("Info is %+v, expected %+v", info, want)
	}
	_, err = m.Tokenizer()
	wantError(t, err, "bert_mlm has no tokenizer.json")
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	if _, err := m.Trace(context.Background(), model.Sequence{IDs: []int{1}}, model.Want{}); err != model.ErrClosed {
		t.Errorf("error %v after Close, expected %v", err, model.ErrClosed)
	}
	if err := m.Close(); err != nil {
		t.Error("second Close:", err)
	}
}

func TestOpenErrors(t *testing.T) {
	for _, test := range []struct {
		name  string
		files []string
		want  []string
	}{
		{"empty directory", nil, []string{"has no config.json"}},
		{"config only", []string{"config.json"}, []string{"has no model.safetensors"}},
		{"other formats", []string{"config.json", "pytorch_model.bin", "tf_model.h5", "README.md"},
			[]string{"has no model.safetensors, only pytorch_model.bin, tf_model.h5"}},
		{"several files", []string{"config.json", "model.safetensors.index.json", "model-00001-of-00002.safetensors"},
			[]string{"model.safetensors.index.json: the JSON ends too early"}},
		{"shards without an index", []string{"config.json", "model-00001-of-00002.safetensors"},
			[]string{"has no model.safetensors, only model-00001-of-00002.safetensors"}},
		{"empty file", []string{"config.json", "model.safetensors"}, []string{"model.safetensors"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			for _, name := range test.files {
				var content []byte
				if name == "config.json" {
					content = read(t, "bert", name)
				}
				if err := os.WriteFile(filepath.Join(dir, name), content, 0o666); err != nil {
					t.Fatal(err)
				}
			}
			_, err := model.Open(dir)
			wantError(t, err, append(slices.Clone(test.want), dir)...)
		})
	}
	t.Run("no such directory", func(t *testing.T) {
		_, err := model.Open("testdata/nowhere")
		wantError(t, err, "testdata/nowhere")
	})
}
