package model

import (
	"strings"

	"github.com/rapt-go/rapt/internal/gguf"
	"github.com/rapt-go/rapt/internal/matmul"
)

// A ggufSource is a GGUF file as a source.
type ggufSource struct {
	*gguf.File
	turned  bool // the rows of q and k are in llama.cpp's order
	headDim int
	gemma   bool            // norms are called otherwise, and have the 1 in them that Gemma adds to their weights
	asked   map[string]bool // tensors that somebody asked for
}

var ggufFormats = map[gguf.Type]matmul.Format{
	gguf.F32: matmul.F32, gguf.F16: matmul.F16, gguf.BF16: matmul.BF16,
	gguf.Q8_0: matmul.Q8_0, gguf.Q4_0: matmul.Q4_0, gguf.Q4_1: matmul.Q4_1,
}

func (s *ggufSource) tensor(name string) (tensor, bool) {
	name = s.ggufName(name)
	s.asked[name] = true
	t, ok := s.Tensor(name)
	format, known := ggufFormats[t.Type]
	found := tensor{name: name, kind: t.Type.String(), format: format, known: known, shape: t.Shape, data: t.Data}
	if s.turned && (strings.Contains(name, ".attn_q.") || strings.Contains(name, ".attn_k.")) && len(t.Data) > 0 {
		found.order = turnedRows(t.Shape[0], s.headDim)
	}
	if s.gemma && strings.HasSuffix(name, "_norm.weight") {
		found.less = 1
	}
	return found, ok
}

func (s *ggufSource) types() string { return "F32, F16, BF16, Q8_0, Q4_0 or Q4_1" }

// turnedRows is the order of the rows of q or k in a file, for heads of a width. Rotary embeddings turn pairs of numbers of a
// head: transformers those that are half a head apart, llama.cpp neighbours, so that its files have the rows of a pair side
// by side. It is nil if the rows are no whole heads, which is an error elsewhere.
func turnedRows(rows, headDim int) []int {
	if rows%headDim != 0 || headDim%2 != 0 {
		return nil
	}
	order := make([]int, 0, rows)
	for head := 0; head < rows; head += headDim {
		for i := range headDim {
			half, pair := i/(headDim/2), i%(headDim/2)
			order = append(order, head+2*pair+half)
		}
	}
	return order
}

// ggufParts are the names of the parts of a layer, by transformers' names.
var ggufParts = map[string]string{
	"input_layernorm":          "attn_norm",
	"self_attn.q_proj":         "attn_q",
	"self_attn.k_proj":         "attn_k",
	"self_attn.v_proj":         "attn_v",
	"self_attn.o_proj":         "attn_output",
	"self_attn.q_norm":         "attn_q_norm",
	"self_attn.k_norm":         "attn_k_norm",
	"post_attention_layernorm": "ffn_norm",
	"mlp.gate_proj":            "ffn_gate",
	"mlp.up_proj":              "ffn_up",
	"mlp.down_proj":            "ffn_down",
}

// gemmaParts are the names of Gemma's norms, of which a layer has more.
var gemmaParts = map[string]string{
	"post_attention_layernorm":   "post_attention_norm",
	"pre_feedforward_layernorm":  "ffn_norm",
	"post_feedforward_layernorm": "post_ffw_norm",
}

// ggufName is what a GGUF file calls a tensor. A name that it has nothing for stays as it is.
func (s *ggufSource) ggufName(name string) string {
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 {
		return name
	}
	of, kind := name[:dot], name[dot:] // .weight, .bias
	switch of {
	case "model.embed_tokens":
		return "token_embd" + kind
	case "model.norm":
		return "output_norm" + kind
	case "lm_head":
		return "output" + kind
	}
	if rest, ok := strings.CutPrefix(of, "model.layers."); ok {
		layer, part, _ := strings.Cut(rest, ".")
		called := ggufParts[part]
		if s.gemma && gemmaParts[part] != "" {
			called = gemmaParts[part]
		}
		if called != "" {
			return "blk." + layer + "." + called + kind
		}
	}
	return name
}
