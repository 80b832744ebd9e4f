package model

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/rapt-go/rapt/internal/gguf"
	"github.com/rapt-go/rapt/internal/quote"
)

// A ggufConfig translates metadata to the keys of a config.json.
type ggufConfig struct {
	metadata
	arch   string         // general.architecture, which the keys of the architecture begin with
	values map[string]any // of the config.json
}

// readGGUF reads what a file says of its architecture, as a config.json, and makes a source of its tensors.
func readGGUF(file *gguf.File) (config []byte, s *ggufSource, err error) {
	g := &ggufConfig{metadata: metadata{file: file, read: map[string]bool{}}, values: map[string]any{}}
	s = &ggufSource{File: file, asked: map[string]bool{}}
	g.readWhole()
	switch g.arch = getOr(&g.metadata, "general.architecture", gguf.Value.Text, ""); g.arch {
	case "llama":
		g.values["model_type"] = "llama"
		s.turned = true
		g.readLlama()
	case "qwen2", "qwen3":
		g.values["model_type"] = g.arch
		if window := getOr(&g.metadata, g.arch+".attention.sliding_window", gguf.Value.Int, 0); window != 0 {
			g.fail("%s.attention.sliding_window is %d, which isn't supported", g.arch, window)
		}
	case "gemma2":
		g.values["model_type"] = "gemma2"
		s.gemma = true
	case "":
		g.fail("general.architecture is missing")
	default:
		g.fail("general.architecture is %s, which isn't supported; these are: gemma2, llama, qwen2, qwen3", quote.Text(g.arch))
	}
	s.headDim = g.readDecoder()
	if s.gemma {
		g.readGemma(s.headDim)
	}
	g.readRope(s)
	g.refuseRest()
	if g.err != nil {
		return nil, nil, g.err
	}
	config, err = json.Marshal(g.values)
	return config, s, err
}

// readWhole refuses files that are no whole model.
func (g *ggufConfig) readWhole() {
	if kind := getOr(&g.metadata, "general.type", gguf.Value.Text, "model"); kind != "model" {
		g.fail("general.type is %s, expected \"model\"", quote.Text(kind))
	}
	if parts := getOr(&g.metadata, "split.count", gguf.Value.Int, 1); parts > 1 {
		g.fail("the model is split into %d files (split.count), which isn't supported", parts)
	}
}

// count is a positive number of the architecture.
func (g *ggufConfig) count(key string) (n int64, ok bool) {
	n, ok = get(&g.metadata, g.arch+"."+key, gguf.Value.Int)
	if ok && (n < 1 || n > math.MaxInt32) {
		g.fail("%s.%s is %d, expected a number from 1 to %d", g.arch, key, n, math.MaxInt32)
		return 1, false
	}
	return n, ok
}

// need is a count that has to be there.
func (g *ggufConfig) need(key string) int64 {
	n, ok := g.count(key)
	if !ok {
		g.fail("there is no %s.%s", g.arch, key)
		return 1
	}
	return n
}

// number is a finite number of the architecture.
func (g *ggufConfig) number(key string) (x float64, ok bool) {
	x, ok = get(&g.metadata, g.arch+"."+key, gguf.Value.Float)
	if ok && (math.IsNaN(x) || math.IsInf(x, 0)) {
		g.fail("%s.%s is %v", g.arch, key, x)
		return 1, false
	}
	return x, ok
}

// readDecoder reads what all architectures have in common, and returns the width of a head.
func (g *ggufConfig) readDecoder() (headDim int) {
	heads, dim := g.need("attention.head_count"), g.need("embedding_length")
	kvHeads, ok := g.count("attention.head_count_kv")
	if !ok {
		kvHeads = heads
	}
	width, ok := g.count("attention.key_length")
	if !ok {
		if width = dim / heads; dim%heads != 0 {
			g.fail("%s.embedding_length is %d, which can't be divided among %d heads", g.arch, dim, heads)
		}
	}
	if values, ok := g.count("attention.value_length"); ok && values != width {
		g.fail("%s.attention.value_length is %d, expected %d as keys have", g.arch, values, width)
	}
	maps.Copy(g.values, map[string]any{
		"num_hidden_layers": g.need("block_count"), "num_attention_heads": heads, "num_key_value_heads": kvHeads, "head_dim": width,
		"hidden_size": dim, "intermediate_size": g.need("feed_forward_length"), "max_position_embeddings": g.need("context_length"),
	})
	if turned, ok := g.count("rope.dimension_count"); ok && turned != width {
		g.values["partial_rotary_factor"] = float64(turned) / float64(width)
	}
	eps, ok := g.number("attention.layer_norm_rms_epsilon")
	if !ok {
		g.fail("there is no %s.attention.layer_norm_rms_epsilon", g.arch)
	}
	g.values["rms_norm_eps"] = eps
	g.readVocab()
	return int(width)
}

// readVocab takes the number of tokens from the embeddings: not all files say it.
func (g *ggufConfig) readVocab() {
	said, ok := g.count("vocab_size")
	t, _ := g.file.Tensor("token_embd.weight")
	if len(t.Shape) != 2 {
		g.fail("tensor token_embd.weight is missing or no matrix")
		return
	}
	if ok && said != int64(t.Shape[0]) {
		g.fail("%s.vocab_size is %d, but token_embd.weight has %d rows", g.arch, said, t.Shape[0])
	}
	g.values["vocab_size"] = t.Shape[0]
	for _, key := range []string{"bos_token_id", "eos_token_id"} {
		if id, ok := get(&g.metadata, "tokenizer.ggml."+key, gguf.Value.Int); ok {
			g.values[key] = id
		}
	}
}

// readLlama reads what llama alone has. Files of Mistral call themselves llama, too.
func (g *ggufConfig) readLlama() {
	if window, ok := get(&g.metadata, "llama.attention.sliding_window", gguf.Value.Int); ok && window > 0 {
		g.values["model_type"], g.values["sliding_window"] = "mistral", window
		return
	}
	_, g.values["attention_bias"] = g.file.Tensor("blk.0.attn_q.bias")
	_, g.values["mlp_bias"] = g.file.Tensor("blk.0.ffn_gate.bias")
}

// readGemma reads what Gemma 2 alone has. What its scores are divided by is not in the file: as llama.cpp knows, it is the
// root of the width of a head, but of the model of 46 layers the root of what each head has of the model's width.
func (g *ggufConfig) readGemma(headDim int) {
	const layersOf27B = 46
	g.values["query_pre_attn_scalar"] = headDim
	if g.values["num_hidden_layers"] == int64(layersOf27B) {
		g.values["query_pre_attn_scalar"] = float64(g.need("embedding_length")) / float64(g.need("attention.head_count"))
	}
	for _, key := range []string{"attn_logit_softcapping", "final_logit_softcapping"} {
		if x, ok := g.number(key); ok {
			g.values[key] = x
		}
	}
	if window, ok := g.count("attention.sliding_window"); ok {
		g.values["sliding_window"] = window
	}
}

// readRope reads the parameters of rotary embeddings.
func (g *ggufConfig) readRope(s *ggufSource) {
	if base, ok := g.number("rope.freq_base"); ok {
		g.values["rope_theta"] = base
	}
	const at = "rope.scaling."
	rope := map[string]any{}
	copyNumber := func(key, from string) {
		if x, ok := g.number(from); ok {
			rope[key] = x
		}
	}
	kind := getOr(&g.metadata, g.arch+"."+at+"type", gguf.Value.Text, "none")
	get(&g.metadata, g.arch+"."+at+"finetuned", gguf.Value.Bool) // changes nothing
	copyNumber("factor", "rope.scale_linear")                    // as the first files have it
	if len(rope) > 0 && kind == "none" {
		kind = "linear"
	}
	copyNumber("factor", at+"factor")
	original, hasOriginal := g.count(at + "original_context_length")
	switch kind {
	case "none":
		clear(rope)
	case "linear":
		rope["rope_type"] = "linear"
	case "yarn":
		rope["rope_type"] = "yarn"
		copyNumber("beta_fast", at+"yarn_beta_fast")
		copyNumber("beta_slow", at+"yarn_beta_slow")
		if hasOriginal {
			rope["original_max_position_embeddings"] = original
		}
	default:
		g.fail("%s.%stype is %s, which isn't supported; these are: none, linear, yarn", g.arch, at, quote.Text(kind))
	}
	g.readRopeFactors(s, rope)
	if len(rope) > 0 {
		g.values["rope_scaling"] = rope
	}
}

// readRopeFactors reads the tensor of numbers that divide frequencies, one each, which a file has in the place of the
// parameters that Llama 3.1 computes them from. Of the kinds of a config.json, longrope is that which divides by numbers of
// its own: the same for sequences of any length here, and without its scale.
func (g *ggufConfig) readRopeFactors(s *ggufSource, rope map[string]any) {
	const name = "rope_freqs.weight"
	t, ok := g.file.Tensor(name)
	if !ok {
		return
	}
	s.asked[name] = true
	factors, err := t.Float32s()
	switch {
	case err != nil:
		g.fail("%w", err)
	case len(rope) > 0:
		g.fail("there are both a tensor %s and %s.rope.scaling", name, g.arch)
	}
	for i, x := range factors {
		if !(x > 0) || math.IsInf(float64(x), 1) {
			g.fail("%s[%d] is %v, expected a positive number", name, i, x)
			return
		}
	}
	maps.Copy(rope, map[string]any{"rope_type": "longrope", "short_factor": factors, "long_factor": factors, "factor": 1, "attention_factor": 1})
}

// refuseRest refuses what the file says of its architecture and nobody asked for: it may change the result.
func (g *ggufConfig) refuseRest() {
	if causal := getOr(&g.metadata, g.arch+".attention.causal", gguf.Value.Bool, true); !causal {
		g.fail("%s.attention.causal is false, which isn't supported", g.arch)
	}
	for _, key := range slices.DeleteFunc(g.file.Keys(), func(key string) bool { return g.read[key] }) {
		rest, ok := strings.CutPrefix(key, g.arch+".")
		if v, _ := g.file.Value(key); ok && !isOff(v) && !slices.Contains(ggufWithoutEffect, rest) {
			g.fail("%s, %s, isn't supported", quote.Text(key), describeValue(v))
		}
	}
}

// ggufWithoutEffect are keys of an architecture that say what doesn't change the result.
var ggufWithoutEffect = []string{"tensor_data_layout"}

// isOff reports whether a value says that there is none of something, as llama.expert_count does with 0.
func isOff(v gguf.Value) bool {
	n, err := v.Int()
	on, errBool := v.Bool()
	return err == nil && n == 0 || errBool == nil && !on
}

// describeValue is a value on one line.
func describeValue(v gguf.Value) string {
	if n, err := v.Int(); err == nil {
		return fmt.Sprint(n)
	}
	if x, err := v.Float(); err == nil {
		return fmt.Sprint(x)
	}
	if on, err := v.Bool(); err == nil {
		return fmt.Sprint(on)
	}
	if text, err := v.Text(); err == nil {
		return quote.Text(text)
	}
	return "which has " + fmt.Sprint(v.Len()) + " values"
}
