package model

import (
	"fmt"
	"math"
	"strings"

	"github.com/rapt-go/rapt"
	"github.com/rapt-go/rapt/internal/quote"
)

// A t5Config is what a configuration of T5 says.
type t5Config struct {
	Info
	eps     float64
	act     activation
	gated   bool
	buckets buckets
	scaled  bool // the decoder's last hidden states are multiplied by 1/√dim before the head
}

// readT5 reads the configuration of T5 (Raffel et al. 2020) and of T5 1.1, which gates its feed-forward halves, and that of
// mT5 (Xue et al. 2021), which is T5 1.1 with other defaults.
func readT5(c *config, family string) t5Config {
	t := t5Config{
		Info: Info{
			Family:    family,
			NumLayers: c.alias("num_layers", "num_hidden_layers", 6),
			NumHeads:  c.alias("num_heads", "num_attention_heads", 8),
			HeadDim:   c.alias("d_kv", "head_dim", 64),
			ModelDim:  c.alias("d_model", "hidden_size", 512),
			MLPDim:    c.count("d_ff", 2048),
			VocabSize: c.count("vocab_size", 32128),
			MaxSeqLen: AnyLen,
		},
		eps: c.positive("layer_norm_epsilon", 1e-6),
		buckets: buckets{
			count:       c.count("relative_attention_num_buckets", 32),
			maxDistance: c.count("relative_attention_max_distance", 128),
		},
	}
	t.NumKVHeads = t.NumHeads
	t.NumDecoderLayers = c.count("num_decoder_layers", t.NumLayers)
	t.DecoderStart = c.index("decoder_start_token_id", c.index("pad_token_id", 0))
	t.readMLP(c)
	t.readScaled(c)
	t.check(c)
	c.off("is_decoder")
	c.empty("pruned_heads", "quantization_config")
	return t
}

// readMLP reads feed_forward_proj, ACT or gated-ACT, and the two keys that say the same in files that transformers has
// written.
func (t *t5Config) readMLP(c *config) {
	absent := "relu"
	if t.Family == "mt5" {
		absent = "gated-gelu"
	}
	kind := c.text("feed_forward_proj", absent)
	name, gated := strings.CutPrefix(kind, "gated-")
	if kind == "gated-gelu" {
		name = "gelu_new"
	}
	if _, ok := activations[name]; !ok {
		c.fail("feed_forward_proj is %s, which isn't supported; it is one of these, or gated- and one of these: %s", quote.Text(kind), activationNames())
	}
	t.act, t.gated = c.activation("dense_act_fn", name), c.flag("is_gated_act", gated)
}

// readScaled reads whether the head is preceded by a factor. In T5 the key that says so is by itself that the head shares
// its matrix with the embeddings; mT5 never has it.
func (t *t5Config) readScaled(c *config) {
	tied := c.flag("tie_word_embeddings", true)
	t.scaled = t.Family == "t5" && c.flag("scale_decoder_outputs", tied)
}

// maxReach is the largest distance for which a table of relative positions is made.
const maxReach = 1 << 16

// check refuses sizes that have no meaning, or that nothing comes near.
func (t *t5Config) check(c *config) {
	b := t.buckets
	switch {
	case b.count < 4:
		c.fail("relative_attention_num_buckets is %d, expected at least 4", b.count)
	case b.maxDistance <= b.count/2:
		c.fail("relative_attention_max_distance is %d, expected more than half of relative_attention_num_buckets %d", b.maxDistance, b.count)
	case b.maxDistance > maxReach:
		c.fail("relative_attention_max_distance is %d, expected at most %d", b.maxDistance, maxReach)
	case t.NumHeads > maxHeads || t.HeadDim > maxHeadDim:
		c.fail("there are %d heads of %d numbers, expected at most %d of at most %d", t.NumHeads, t.HeadDim, maxHeads, maxHeadDim)
	case t.DecoderStart >= t.VocabSize:
		c.fail("decoder_start_token_id is %d, outside the vocabulary of %d", t.DecoderStart, t.VocabSize)
	}
}

// newT5 has a decoder and its head where the file has them: there are encoders alone too.
func newT5(p *params, c t5Config) *network {
	words := &wordEmbeddings{word: p.matrix(p.first("shared.weight", "encoder.embed_tokens.weight"), c.VocabSize, c.ModelDim)}
	bias := c.bias(p, "encoder.", true)
	n := &network{
		embeddings: words,
		layers:     layers(p, c.NumLayers, func(i int) layer { return c.encoderLayer(p, i, bias) }),
		norm:       p.rmsNorm("encoder.final_layer_norm", c.ModelDim, c.eps),
	}
	if !p.has("decoder.final_layer_norm.weight") && !p.has("decoder.block.0.layer.0.SelfAttention.q.weight") {
		return n
	}
	decoderBias := c.bias(p, "decoder.", false)
	n.decoder = &network{
		embeddings: words,
		layers:     layers(p, c.NumDecoderLayers, func(i int) layer { return c.decoderLayer(p, i, decoderBias) }),
		norm:       p.rmsNorm("decoder.final_layer_norm", c.ModelDim, c.eps),
	}
	head := &lmHead{linear: linear{weight: p.tied("lm_head.weight", words.word)}}
	if c.scaled {
		head.scale = float32(1 / math.Sqrt(float64(c.ModelDim)))
	}
	n.head = head
	return n
}

// bias is that of all layers of a stack, which its first layer has.
func (c *t5Config) bias(p *params, stack string, bothSides bool) *relativeBias {
	b := c.buckets
	b.bothSides = bothSides
	return p.relativeBias(stack+"block.0.layer.0.SelfAttention.relative_attention_bias.weight", b.count, c.NumHeads, b)
}

// encoderLayer is x = x + attention(norm(x)), x = x + mlp(norm(x)), with scores that aren't scaled.
func (c *t5Config) encoderLayer(p *params, i int, bias *relativeBias) layer {
	at := fmt.Sprintf("encoder.block.%d.layer.", i)
	return &preNormLayer{
		attentionNorm: p.rmsNorm(at+"0.layer_norm", c.ModelDim, c.eps),
		attention:     c.attention(p, at+"0.SelfAttention.", bias),
		mlpNorm:       p.rmsNorm(at+"1.layer_norm", c.ModelDim, c.eps),
		mlp:           c.mlp(p, at+"1.DenseReluDense."),
	}
}

// decoderLayer has attention to earlier tokens, and between the halves attention to what the encoder gave.
func (c *t5Config) decoderLayer(p *params, i int, bias *relativeBias) layer {
	at := fmt.Sprintf("decoder.block.%d.layer.", i)
	attention := c.attention(p, at+"0.SelfAttention.", bias)
	attention.options.Causal = true
	cross := at + "1.EncDecAttention."
	width := c.NumHeads * c.HeadDim
	return &crossLayer{
		attentionNorm: p.rmsNorm(at+"0.layer_norm", c.ModelDim, c.eps),
		attention:     attention,
		crossNorm:     p.rmsNorm(at+"1.layer_norm", c.ModelDim, c.eps),
		cross: crossAttention{
			q:       p.linearOr(cross+"q", width, c.ModelDim, false),
			kv:      p.stack(p.linearOr(cross+"k", width, c.ModelDim, false), p.linearOr(cross+"v", width, c.ModelDim, false)),
			o:       p.linearOr(cross+"o", c.ModelDim, width, false),
			options: rapt.Options{Scale: 1},
		},
		mlpNorm: p.rmsNorm(at+"2.layer_norm", c.ModelDim, c.eps),
		mlp:     c.mlp(p, at+"2.DenseReluDense."),
	}
}

func (c *t5Config) attention(p *params, at string, bias *relativeBias) selfAttention {
	width := c.NumHeads * c.HeadDim
	return selfAttention{
		qkv: p.stack(
			p.linearOr(at+"q", width, c.ModelDim, false),
			p.linearOr(at+"k", width, c.ModelDim, false),
			p.linearOr(at+"v", width, c.ModelDim, false),
		),
		o:       p.linearOr(at+"o", c.ModelDim, width, false),
		bias:    bias,
		options: rapt.Options{Scale: 1},
	}
}

func (c *t5Config) mlp(p *params, at string) mlp {
	down := p.linearOr(at+"wo", c.ModelDim, c.MLPDim, false)
	if !c.gated {
		return &plainMLP{p.linearOr(at+"wi", c.MLPDim, c.ModelDim, false), c.act, down}
	}
	gateUp := p.stack(p.linearOr(at+"wi_0", c.MLPDim, c.ModelDim, false), p.linearOr(at+"wi_1", c.MLPDim, c.ModelDim, false))
	return &gatedMLP{gateUp, c.act, down}
}
