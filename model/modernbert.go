package model

import (
	"fmt"

	"github.com/rapt-go/rapt"
)

// A modernBERTConfig is what a configuration of ModernBERT says.
type modernBERTConfig struct {
	Info
	eps                       float64
	act, headAct              activation
	local                     func(layer int) bool // whether a layer sees only what is near
	near                      int                  // the farthest key that it sees, on either side
	globalRotary, localRotary *rotary              // of the other layers and of those

	attentionBias, mlpBias, normBias, headBias, decoderBias bool
}

// readModernBERT reads the configuration of ModernBERT (Warner et al. 2024).
func readModernBERT(c *config) modernBERTConfig {
	m := modernBERTConfig{
		Info: Info{
			Family:    "modernbert",
			NumLayers: c.count("num_hidden_layers", 22),
			NumHeads:  c.count("num_attention_heads", 12),
			ModelDim:  c.count("hidden_size", 768),
			MLPDim:    c.count("intermediate_size", 1152),
			VocabSize: c.count("vocab_size", 50368),
			MaxSeqLen: c.count("max_position_embeddings", 8192),
		},
		eps:           c.positive("norm_eps", 1e-5),
		act:           c.activation("hidden_activation", "gelu"),
		headAct:       c.activation("classifier_activation", "gelu"),
		near:          c.count("local_attention", 128) / 2,
		attentionBias: c.flag("attention_bias", false),
		mlpBias:       c.flag("mlp_bias", false),
		normBias:      c.flag("norm_bias", false),
		headBias:      c.flag("classifier_bias", false),
		decoderBias:   c.flag("decoder_bias", true),
	}
	m.HeadDim = c.headDim("hidden_size", m.ModelDim, "num_attention_heads", m.NumHeads)
	m.NumKVHeads = m.NumHeads
	every := c.count("global_attn_every_n_layers", 3)
	if window := c.count("sliding_window", m.near); window != m.near {
		c.fail("sliding_window is %d, local_attention is %d, which is twice of it", window, 2*m.near)
	}
	m.local = c.layerTypes(m.NumLayers, func(layer int) bool { return layer%every != 0 })
	m.readRope(c)
	c.encoderOnly()
	return m
}

// readRope reads two rotary embeddings: those of transformers 5 for each kind of layer, or bases alone.
func (m *modernBERTConfig) readRope(c *config) {
	c.empty("rope_scaling")
	global := ropeConfig{base: c.positive("global_rope_theta", 160000), part: 1}
	local := ropeConfig{base: c.positive("local_rope_theta", 10000), part: 1}
	c.inside("rope_parameters", func(in *config) {
		in.known(fullAttention, slidingAttention)
		m.globalRotary = in.ropeAt(fullAttention, global, m.HeadDim, m.MaxSeqLen)
		m.localRotary = in.ropeAt(slidingAttention, local, m.HeadDim, m.MaxSeqLen)
	})
}

// newModernBERT is an encoder of pre-norm layers of two kinds, with a head for masked tokens where the file has one. Its
// first layer doesn't norm what enters attention: the embeddings are normed.
func newModernBERT(p *params, m modernBERTConfig) *network {
	base := p.base("model.", "embeddings.tok_embeddings.weight")
	norm := func(name string) *layerNorm { return p.layerNormOr(name, m.ModelDim, m.eps, m.normBias) }
	embeddings := &wordEmbeddings{
		word: p.matrix(base+"embeddings.tok_embeddings.weight", m.VocabSize, m.ModelDim),
		norm: norm(base + "embeddings.norm"),
	}
	b := &network{
		embeddings: embeddings,
		layers: layers(p, m.NumLayers, func(i int) layer {
			at := fmt.Sprintf("%slayers.%d.", base, i)
			l := &preNormLayer{
				attention: selfAttention{
					qkv:    p.linearOr(at+"attn.Wqkv", 3*m.ModelDim, m.ModelDim, m.attentionBias),
					o:      p.linearOr(at+"attn.Wo", m.ModelDim, m.ModelDim, m.attentionBias),
					rotary: m.globalRotary,
				},
				mlpNorm: norm(at + "mlp_norm"),
				mlp: &gatedMLP{
					gateUp: p.linearOr(at+"mlp.Wi", 2*m.MLPDim, m.ModelDim, m.mlpBias),
					act:    m.act,
					down:   p.linearOr(at+"mlp.Wo", m.ModelDim, m.MLPDim, m.mlpBias),
				},
			}
			if i > 0 {
				l.attentionNorm = norm(at + "attn_norm")
			}
			if m.local(i) {
				l.attention.rotary = m.localRotary
				l.attention.options.Window = &rapt.Window{Left: m.near, Right: m.near}
			}
			return l
		}),
		norm: norm(base + "final_norm"),
	}
	if p.has("head.dense.weight") {
		head := &mlmHead{
			transform: p.linearOr("head.dense", m.ModelDim, m.ModelDim, m.headBias),
			act:       m.headAct,
			norm:      *norm("head.norm"),
			decoder:   linear{weight: p.tied("decoder.weight", embeddings.word)},
		}
		if m.decoderBias {
			head.decoder.bias = p.vector("decoder.bias", m.VocabSize)
		}
		b.head = head
	}
	return b
}
