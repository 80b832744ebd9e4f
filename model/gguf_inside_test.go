package model

import (
	"strings"
	"testing"

	"github.com/rapt-go/rapt/internal/gguf"
	"github.com/rapt-go/rapt/internal/gguf/gguftest"
)

// tinyGGUF is a Llama of one layer with two heads of two numbers.
func tinyGGUF() *gguftest.File {
	f := new(gguftest.File).Set("general.architecture", "llama")
	f.Set("llama.block_count", uint32(1)).Set("llama.attention.head_count", uint32(2))
	for _, key := range []string{"context_length", "embedding_length", "feed_forward_length"} {
		f.Set("llama."+key, uint32(4))
	}
	f.Set("llama.attention.layer_norm_rms_epsilon", float32(1e-5))
	f.Set("tokenizer.ggml.model", "gpt2").Set("tokenizer.ggml.pre", "smollm").Set("tokenizer.ggml.tokens", []string{"a", "b", "ab", "c"})
	f.Set("tokenizer.ggml.merges", []string{"a b"})
	for _, name := range []string{"token_embd", "blk.0.attn_q", "blk.0.attn_k", "blk.0.attn_v", "blk.0.attn_output", "blk.0.ffn_gate", "blk.0.ffn_up", "blk.0.ffn_down"} {
		f.Add(name+".weight", gguf.F32, []int{4, 4}, make([]byte, 64))
	}
	for _, name := range []string{"output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"} {
		f.Add(name+".weight", gguf.F32, []int{4}, make([]byte, 16))
	}
	return f
}

// Whatever the bytes, there is an error or a model, and of its tokenizer an error or one.
func FuzzLoadGGUF(f *testing.F) {
	f.Add(tinyGGUF().Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := gguf.Parse(data)
		if err != nil {
			return
		}
		m, err := loadGGUF(file)
		if err != nil {
			return
		}
		if m.Info().NumParams == 0 {
			t.Error("a model without parameters")
		}
		if tok, err := m.Tokenizer(); err == nil {
			if e, err := tok.Encode("abc ab\n→12", nil); err == nil {
				if _, err := tok.Decode(e.IDs, true); err != nil {
					t.Error("tokens of a text are no text:", err)
				}
			}
		}
		m.Close()
	})
}

// What the fuzzer begins with is a model.
func TestTinyGGUF(t *testing.T) {
	file, err := gguf.Parse(tinyGGUF().Bytes())
	if err != nil {
		t.Fatal(err)
	}
	m, err := loadGGUF(file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Tokenizer(); err != nil {
		t.Error(err)
	}
}

// The model of Gemma 2 with 46 layers divides scores by the root of what each head has of the model's width.
func TestGemmaScale(t *testing.T) {
	for layers, want := range map[uint32]string{26: "256", 46: "144"} {
		f := new(gguftest.File).Set("general.architecture", "gemma2").Set("gemma2.block_count", layers)
		for key, n := range map[string]uint32{
			"context_length": 8192, "embedding_length": 4608, "feed_forward_length": 36864, "attention.head_count": 32,
			"attention.head_count_kv": 16, "attention.key_length": 256, "attention.value_length": 256,
		} {
			f.Set("gemma2."+key, n)
		}
		f.Set("gemma2.attention.layer_norm_rms_epsilon", float32(1e-6)).Add("token_embd.weight", gguf.F32, []int{1, 1}, make([]byte, 4))
		file, err := gguf.Parse(f.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		config, _, err := readGGUF(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(config), `"query_pre_attn_scalar":`+want) {
			t.Errorf("%d layers: %s", layers, config)
		}
	}
}
