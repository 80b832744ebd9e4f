package model_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rapt-go/rapt/internal/gguf"
	"github.com/rapt-go/rapt/internal/gguf/gguftest"
	"github.com/rapt-go/rapt/internal/safetensors"
	"github.com/rapt-go/rapt/model"
)

// hfConfig is what a config.json says, as far as a GGUF file says it too.
type hfConfig struct {
	ModelType    string  `json:"model_type"`
	Layers       uint32  `json:"num_hidden_layers"`
	Heads        uint32  `json:"num_attention_heads"`
	KVHeads      uint32  `json:"num_key_value_heads"`
	HeadDim      uint32  `json:"head_dim"`
	Dim          uint32  `json:"hidden_size"`
	MLPDim       uint32  `json:"intermediate_size"`
	MaxLen       uint32  `json:"max_position_embeddings"`
	Eps          float32 `json:"rms_norm_eps"`
	Theta        float32 `json:"rope_theta"`
	Window       uint32  `json:"sliding_window"`
	UsesWindow   *bool   `json:"use_sliding_window"`
	AttentionCap float32 `json:"attn_logit_softcapping"`
	LogitCap     float32 `json:"final_logit_softcapping"`
	RopeScaling  *struct {
		Factor   float64
		Low      float64 `json:"low_freq_factor"`
		High     float64 `json:"high_freq_factor"`
		Original float64 `json:"original_max_position_embeddings"`
	} `json:"rope_scaling"`
}

// toGGUF makes of a directory in testdata the file that llama.cpp's converter makes of it, without a tokenizer.
func toGGUF(t testing.TB, name string) *gguftest.File {
	return directoryToGGUF(t, filepath.Join("testdata", name))
}

func directoryToGGUF(t testing.TB, dir string) *gguftest.File {
	t.Helper()
	var c hfConfig
	data, err := os.ReadFile(filepath.Join(dir, "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &c); err != nil {
		t.Fatal(err)
	}
	arch := c.ModelType
	if arch == "mistral" {
		arch = "llama"
	}
	if c.HeadDim == 0 {
		c.HeadDim = c.Dim / c.Heads
	}
	f := new(gguftest.File).Set("general.architecture", arch)
	for key, n := range map[string]uint32{
		"block_count": c.Layers, "context_length": c.MaxLen, "embedding_length": c.Dim, "feed_forward_length": c.MLPDim,
		"attention.head_count": c.Heads, "attention.head_count_kv": c.KVHeads, "attention.key_length": c.HeadDim,
		"attention.value_length": c.HeadDim, "rope.dimension_count": c.HeadDim,
	} {
		f.Set(arch+"."+key, n)
	}
	f.Set(arch+".attention.layer_norm_rms_epsilon", c.Eps).Set(arch+".rope.freq_base", c.Theta)
	f.Set(arch+".attention.causal", true).Set(arch+".tensor_data_layout", "any").Set(arch+".expert_count", uint32(0)) // change nothing
	if c.Window > 0 && (c.UsesWindow == nil || *c.UsesWindow) {
		f.Set(arch+".attention.sliding_window", c.Window)
	}
	if arch == "gemma2" {
		f.Set("gemma2.attn_logit_softcapping", c.AttentionCap).Set("gemma2.final_logit_softcapping", c.LogitCap)
	}
	if s := c.RopeScaling; s != nil {
		f.Add("rope_freqs.weight", gguf.F32, []int{int(c.HeadDim / 2)}, gguftest.Float32s(llama3Factors(c, s.Factor, s.Low, s.High, s.Original)...))
	}
	addTensors(t, f, dir, c)
	return f
}

// llama3Factors are what the frequencies are divided by, as the authors of Llama 3.1 write it: short waves stay, long ones
// become longer, and those between blend.
func llama3Factors(c hfConfig, factor, low, high, original float64) (list []float32) {
	for j := range c.HeadDim / 2 {
		wave := 2 * math.Pi * math.Pow(float64(c.Theta), 2*float64(j)/float64(c.HeadDim))
		switch {
		case wave < original/high:
			list = append(list, 1)
		case wave > original/low:
			list = append(list, float32(factor))
		default:
			smooth := (original/wave - low) / (high - low)
			list = append(list, float32(1/((1-smooth)/factor+smooth)))
		}
	}
	return list
}

var ggufNames = strings.NewReplacer(
	"model.embed_tokens", "token_embd", "model.norm", "output_norm", "lm_head", "output", "model.layers.", "blk.",
	"input_layernorm", "attn_norm", "post_attention_layernorm", "ffn_norm", "self_attn.q_proj", "attn_q", "self_attn.k_proj", "attn_k",
	"self_attn.v_proj", "attn_v", "self_attn.o_proj", "attn_output", "self_attn.q_norm", "attn_q_norm", "self_attn.k_norm", "attn_k_norm",
	"mlp.gate_proj", "ffn_gate", "mlp.up_proj", "ffn_up", "mlp.down_proj", "ffn_down",
)

// gemmaNames come before ggufNames: a layer of Gemma has norms behind its halves, too.
var gemmaNames = strings.NewReplacer(
	"post_attention_layernorm", "post_attention_norm", "pre_feedforward_layernorm", "ffn_norm", "post_feedforward_layernorm", "post_ffw_norm",
)

// addTensors adds the tensors of a directory, under llama.cpp's names and with the rows of q and k in its order.
func addTensors(t testing.TB, f *gguftest.File, dir string, c hfConfig) {
	t.Helper()
	open, path := safetensors.Open, filepath.Join(dir, "model.safetensors")
	if _, err := os.Stat(path); err != nil {
		open, path = safetensors.OpenIndex, path+".index.json"
	}
	file, err := open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	types := map[safetensors.DType]gguf.Type{safetensors.F32: gguf.F32, safetensors.F16: gguf.F16, safetensors.BF16: gguf.BF16}
	for _, name := range file.Names() {
		tensor, _ := file.Tensor(name)
		data := slices.Clone(tensor.Data)
		if to := ggufNames.Replace(name); c.ModelType == "llama" || c.ModelType == "mistral" {
			if strings.Contains(to, "attn_q.") || strings.Contains(to, "attn_k.") {
				row, dim := len(data)/tensor.Shape[0], int(c.HeadDim)
				for i := range tensor.Shape[0] { // of transformers: [head][2][dim/2]; of llama.cpp: [head][dim/2][2]
					head, half, pair := i/dim, i%dim/(dim/2), i%(dim/2)
					copy(data[(head*dim+2*pair+half)*row:][:row], tensor.Data[i*row:])
				}
			}
		}
		if c.ModelType == "gemma2" {
			name = gemmaNames.Replace(name)
			if strings.HasSuffix(name, "norm.weight") { // to which Gemma adds 1
				values, err := tensor.Float32s()
				if err != nil {
					t.Fatal(err)
				}
				for i := range values {
					values[i]++
				}
				data = gguftest.Float32s(values...)
			}
		}
		f.Add(ggufNames.Replace(name), types[tensor.DType], tensor.Shape, data)
	}
}

func writeGGUF(t testing.TB, f *gguftest.File) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.gguf")
	if err := os.WriteFile(path, f.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A model in a GGUF file computes what transformers does with the directory that it was made of.
func TestGoldenGGUF(t *testing.T) {
	for _, name := range []string{"llama", "llama3", "llama_bf16_shards", "mistral", "qwen2", "qwen3"} {
		t.Run(name, func(t *testing.T) {
			path := writeGGUF(t, toGGUF(t, name))
			m, err := model.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			info := m.Info()
			if size, err := os.Stat(path); err != nil || info.ParamBytes != size.Size() || info.Name != "model.gguf" {
				t.Errorf("%s has %d bytes", info.Name, info.ParamBytes)
			}
			testRun(t, m, openGolden(t, filepath.Join("testdata", name, "golden.safetensors")), "single")
		})
	}
}

// What Gemma 2 divides scores by isn't in its file; in testdata it is a number of its own. With that of files in its place the
// directory gives what the file does, to the bit.
func TestGemmaGGUF(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"config.json", "model.safetensors"} {
		data, err := os.ReadFile(filepath.Join("testdata", "gemma2", name))
		if err != nil {
			t.Fatal(err)
		}
		data = bytes.Replace(data, []byte(`"query_pre_attn_scalar": 20`), []byte(`"query_pre_attn_scalar": 12`), 1)
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var logits [2][]float32
	for i, path := range []string{dir, writeGGUF(t, directoryToGGUF(t, dir))} {
		m, err := model.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		out, err := m.Forward(context.Background(), []model.Sequence{{IDs: []int{1, 5, 100, 7, 7, 64, 2, 99, 3}}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if logits[i], err = m.Logits(out.Hidden[0]); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(logits[0], logits[1]) {
		t.Error("the logits differ")
	}
}

// quantised replaces the matrices of a file whose rows are whole blocks by Q8_0, in one file, and by the same numbers as
// float32 in the other.
func quantised(t testing.TB, f *gguftest.File) (blocks, floats *gguftest.File) {
	t.Helper()
	blocks, floats = new(gguftest.File), new(gguftest.File)
	blocks.Values, floats.Values = f.Values, f.Values
	for _, tensor := range f.Tensors {
		if len(tensor.Shape) != 2 || tensor.Shape[1]%32 != 0 {
			blocks.Tensors, floats.Tensors = append(blocks.Tensors, tensor), append(floats.Tensors, tensor)
			continue
		}
		values, err := tensor.Float32s()
		if err != nil {
			t.Fatal(err)
		}
		var data []byte
		for i := range values {
			if i%32 == 0 {
				data = append(data, 0, 0x18) // d = 2⁻⁹ as float16
			}
			q := int8(math.Round(max(-128, min(127, float64(values[i])*512))))
			data, values[i] = append(data, byte(q)), float32(q)/512
		}
		blocks.Add(tensor.Name, gguf.Q8_0, tensor.Shape, data)
		floats.Add(tensor.Name, gguf.F32, tensor.Shape, gguftest.Float32s(values...))
	}
	return blocks, floats
}

// A quantised model computes what the same numbers in float32 do, to the bit.
func TestQuantisedGGUF(t *testing.T) {
	blocks, floats := quantised(t, toGGUF(t, "llama"))
	var hidden [2][]float32
	for i, f := range []*gguftest.File{blocks, floats} {
		m, err := model.Open(writeGGUF(t, f))
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		if want := [2]string{"Q8_0", "float32"}[i]; m.Info().ParamType != want {
			t.Errorf("parameters are %s, expected %s", m.Info().ParamType, want)
		}
		out, err := m.Forward(context.Background(), []model.Sequence{{IDs: []int{1, 5, 100, 7, 7, 64, 2}}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		hidden[i] = out.Hidden[0]
	}
	if !slices.Equal(hidden[0], hidden[1]) {
		t.Error("the hidden states differ")
	}
}

// without is a file without a value or tensor.
func without(f *gguftest.File, name string) *gguftest.File {
	f.Values = slices.DeleteFunc(f.Values, func(v gguftest.Value) bool { return v.Key == name })
	f.Tensors = slices.DeleteFunc(f.Tensors, func(t gguf.Tensor) bool { return t.Name == name })
	return f
}

func TestGGUFRefuses(t *testing.T) {
	set := func(key string, value any) func(*gguftest.File) {
		return func(f *gguftest.File) { without(f, key).Set(key, value) }
	}
	drop := func(name string) func(*gguftest.File) { return func(f *gguftest.File) { without(f, name) } }
	add := func(name string, kind gguf.Type, shape ...int) func(*gguftest.File) {
		return func(f *gguftest.File) { without(f, name).Add(name, kind, shape, make([]byte, 1<<14)) }
	}
	for _, c := range []struct {
		name   string
		change func(*gguftest.File)
		want   string
	}{
		{"no architecture", drop("general.architecture"), "general.architecture is missing"},
		{"architecture", set("general.architecture", "mamba"), `general.architecture is "mamba", which isn't supported`},
		{"architecture a number", set("general.architecture", uint32(1)), "general.architecture: the value is uint32, expected string"},
		{"adapter", set("general.type", "adapter"), `general.type is "adapter"`},
		{"split", set("split.count", uint32(2)), "the model is split into 2 files"},
		{"no layers", drop("llama.block_count"), "there is no llama.block_count"},
		{"layers", set("llama.block_count", uint32(1e9)), "there is no tensor blk.3.attn_norm.weight"},
		{"too many layers", set("llama.block_count", uint64(1e10)), "llama.block_count is 10000000000"},
		{"layers of several kinds", set("llama.feed_forward_length", []uint32{56, 57}), "the value is an array of 2 uint32"},
		{"heads", set("llama.attention.head_count", uint32(0)), "llama.attention.head_count is 0"},
		{"heads of the keys", set("llama.attention.head_count_kv", uint32(3)), "num_attention_heads is 4, which can't be divided"},
		{"values of another width", set("llama.attention.value_length", uint32(9)), "llama.attention.value_length is 9, expected 8"},
		{"odd heads", func(f *gguftest.File) {
			without(f, "llama.attention.key_length")
			set("llama.attention.head_count", uint32(5))(f)
		}, "can't be divided among 5 heads"},
		{"part of a head", set("llama.rope.dimension_count", uint32(4)), "partial_rotary_factor turns 4 of 8"},
		{"no eps", drop("llama.attention.layer_norm_rms_epsilon"), "there is no llama.attention.layer_norm_rms_epsilon"},
		{"eps", set("llama.attention.layer_norm_rms_epsilon", float32(math.Inf(1))), "is +Inf"},
		{"vocabulary", set("llama.vocab_size", uint32(127)), "llama.vocab_size is 127, but token_embd.weight has 128 rows"},
		{"no embeddings", drop("token_embd.weight"), "token_embd.weight is missing"},
		{"experts", set("llama.expert_count", uint32(8)), `"llama.expert_count", 8, isn't supported`},
		{"both ways", set("llama.attention.causal", false), "llama.attention.causal is false"},
		{"scale", set("llama.residual_scale", float32(0.22)), `"llama.residual_scale", 0.2199999988079071, isn't supported`},
		{"list", set("llama.rope.dimension_sections", []int32{1, 2}), `"llama.rope.dimension_sections", which has 2 values, isn't supported`},
		{"rope", set("llama.rope.scaling.type", "longrope"), `llama.rope.scaling.type is "longrope"`},
		{"rope without factor", set("llama.rope.scaling.type", "linear"), "rope_scaling: factor"},
		{"factors", add("rope_freqs.weight", gguf.F32, 4), "rope_freqs.weight[0] is 0"},
		{"no tensor", drop("blk.2.attn_k.weight"), "layer 2 of 3: there is no tensor blk.2.attn_k.weight"},
		{"shape", add("blk.1.attn_q.weight", gguf.F32, 31, 32), "layer 1 of 3: tensor blk.1.attn_q.weight has shape [31 32]; by the configuration it is [32 32]"},
		{"empty shape", add("blk.1.attn_q.weight", gguf.F32, 1<<40, 0), "has shape [1099511627776 0]"},
		{"type", add("blk.1.ffn_up.weight", 12, 56, 32), "tensor blk.1.ffn_up.weight is Q4_K, expected F32, F16, BF16, Q8_0, Q4_0 or Q4_1"},
		{"type of tomorrow", add("blk.1.ffn_up.weight", 99, 56, 32), "tensor blk.1.ffn_up.weight is type 99"},
		{"part of a bias", add("blk.1.attn_q.bias", gguf.F32, 32), `tensor "blk.1.attn_q.bias" has no place in a model of the family llama`},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := toGGUF(t, "llama")
			c.change(f)
			m, err := model.Open(writeGGUF(t, f))
			if err == nil {
				m.Close()
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "model.gguf: ") {
				t.Errorf("error %v, expected one with %q", err, c.want)
			}
		})
	}
	path := writeGGUF(t, toGGUF(t, "llama"))
	if _, err := model.Open(filepath.Dir(path)); err == nil || !strings.Contains(err.Error(), "has no config.json, but model.gguf, which is a model by itself") {
		t.Errorf("a directory with a GGUF file: %v", err)
	}
	if _, err := model.Open(filepath.Join(t.TempDir(), "none.gguf")); !os.IsNotExist(err) {
		t.Errorf("a file that isn't there: %v", err)
	}
}

// The tokenizer comes out of the file, as long as that is open.
func TestGGUFTokenizer(t *testing.T) {
	tokens, kinds, scores := []string{"<unk>", "<s>", "</s>", "▁"}, []int32{2, 3, 3, 1}, []float32{0, 0, 0, -5}
	for i := len(tokens); i < 128; i++ {
		tokens, kinds, scores = append(tokens, string(rune('!'+i-4))), append(kinds, 1), append(scores, -9)
	}
	f := toGGUF(t, "llama").Set("tokenizer.ggml.model", "llama").Set("tokenizer.ggml.tokens", tokens).Set("tokenizer.ggml.token_type", kinds).
		Set("tokenizer.ggml.scores", scores).Set("tokenizer.ggml.bos_token_id", uint32(1)).Set("tokenizer.ggml.add_space_prefix", false)
	open := func(f *gguftest.File) *model.Model {
		m, err := model.Open(writeGGUF(t, f))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { m.Close() })
		return m
	}
	m := open(f)
	tok, err := m.Tokenizer()
	if err != nil {
		t.Fatal(err)
	}
	m.Close()
	e, err := tok.Encode("a b", nil)
	if err != nil || fmt.Sprint(e.Tokens) != "[<s> a ▁ b]" {
		t.Errorf("tokens %q: %v", e.Tokens, err)
	}
	closed := open(f)
	closed.Close()
	if _, err := closed.Tokenizer(); err != model.ErrClosed {
		t.Errorf("the tokenizer of a closed model: %v", err)
	}
	if _, err := open(toGGUF(t, "llama")).Tokenizer(); err == nil || !strings.Contains(err.Error(), "the model takes ids only") {
		t.Errorf("a file without a tokenizer: %v", err)
	}
	if _, err := open(f.Set("tokenizer.ggml.merges", "none")).Tokenizer(); err == nil || !strings.Contains(err.Error(), "tokenizer.ggml.merges: the value is string") {
		t.Errorf("merges as a string: %v", err)
	}
}
