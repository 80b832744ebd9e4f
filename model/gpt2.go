package model

import (
	"fmt"
	"math"

	"github.com/rapt-go/rapt"
)

// A gpt2Config is what a configuration of GPT-2 says.
type gpt2Config struct {
	Info
	eps      float64
	act      activation
	unscaled bool // scores aren't divided by √headDim
	byLayer  bool // but by the number of their layer, which counts from 1 here
}

// readGPT2 reads the configuration of GPT-2 (Radford et al. 2019).
func readGPT2(c *config) gpt2Config {
	g := gpt2Config{
		Info: Info{
			Family:    "gpt2",
			NumLayers: c.alias("n_layer", "num_hidden_layers", 12),
			NumHeads:  c.alias("n_head", "num_attention_heads", 12),
			ModelDim:  c.alias("n_embd", "hidden_size", 768),
			VocabSize: c.count("vocab_size", 50257),
			MaxSeqLen: c.alias("n_positions", "max_position_embeddings", 1024),
			Causal:    true,
		},
		eps: c.positive("layer_norm_epsilon", 1e-5),
		act: c.activation("activation_function", "gelu_new"),
	}
	g.MLPDim = c.count("n_inner", 4*g.ModelDim)
	g.HeadDim = c.headDim("n_embd", g.ModelDim, "n_head", g.NumHeads)
	g.NumKVHeads = g.NumHeads
	g.unscaled = !c.flag("scale_attn_weights", true)
	g.byLayer = c.flag("scale_attn_by_inverse_layer_idx", false)
	c.flag("tie_word_embeddings", true)
	c.decoderOnly()
	return g
}

// scoreScale is what the scores of a layer are multiplied by.
func (g *gpt2Config) scoreScale(layer int) float32 {
	scale := 1.0
	if !g.unscaled {
		scale /= math.Sqrt(float64(g.HeadDim))
	}
	if g.byLayer {
		scale /= float64(layer + 1)
	}
	return float32(scale)
}

// newGPT2 has learned positions, a layer norm before each half, and a head that shares the word embeddings.
func newGPT2(p *params, g gpt2Config) *network {
	base := p.base("transformer.", "wte.weight")
	position := p.matrix(base+"wpe.weight", g.MaxSeqLen, g.ModelDim)
	embeddings := &wordEmbeddings{word: p.matrix(base+"wte.weight", g.VocabSize, g.ModelDim), position: &position}
	norm := func(name string) norm {
		n := p.layerNorm(name, g.ModelDim, g.eps)
		return &n
	}
	return &network{
		embeddings: embeddings,
		layers: layers(p, g.NumLayers, func(i int) layer {
			at := fmt.Sprintf("%sh.%d.", base, i)
			return &preNormLayer{
				attentionNorm: norm(at + "ln_1"),
				attention: selfAttention{
					qkv:     p.transposed(at+"attn.c_attn", 3*g.ModelDim, g.ModelDim),
					o:       p.transposed(at+"attn.c_proj", g.ModelDim, g.ModelDim),
					options: rapt.Options{Causal: true, Scale: g.scoreScale(i)},
				},
				mlpNorm: norm(at + "ln_2"),
				mlp: &plainMLP{
					up:   p.transposed(at+"mlp.c_fc", g.MLPDim, g.ModelDim),
					act:  g.act,
					down: p.transposed(at+"mlp.c_proj", g.ModelDim, g.MLPDim),
				},
			}
		}),
		norm: norm(base + "ln_f"),
		head: &lmHead{linear: linear{weight: p.tied("lm_head.weight", embeddings.word)}},
	}
}
