package model

import (
	"fmt"

	"github.com/rapt-go/rapt"
	"github.com/rapt-go/rapt/internal/quote"
)

// A decoderConfig is what configurations of Llama's kind say.
type decoderConfig struct {
	Info
	eps      float64
	act      activation
	rotary   *rotary
	windowed func(layer int) bool // whether a layer has the window; nil: none has
	window   int                  // how many keys a query sees there, its own included

	qkvBias, outputBias, mlpBias bool

	scoreScale, scoreCap float32 // what scores are multiplied by and bent to; 0: 1/√headDim, none
	headCap              float32 // what logits are bent to; 0: none
	embeddingScale       float32 // what word embeddings are multiplied by; 0: 1
	normOffset           float32 // added to the weights of the norms
}

// readDecoder reads what all of these configurations have in common; d has the defaults of the family.
func readDecoder(c *config, d decoderConfig) decoderConfig {
	d.NumLayers = c.count("num_hidden_layers", d.NumLayers)
	d.NumHeads = c.count("num_attention_heads", d.NumHeads)
	d.NumKVHeads = c.count("num_key_value_heads", d.NumHeads)
	d.ModelDim = c.count("hidden_size", d.ModelDim)
	d.MLPDim = c.count("intermediate_size", d.MLPDim)
	d.VocabSize = c.count("vocab_size", d.VocabSize)
	d.MaxSeqLen = c.count("max_position_embeddings", d.MaxSeqLen)
	d.Causal = true
	if c.err == nil && d.NumHeads%d.NumKVHeads != 0 {
		c.fail("num_attention_heads is %d, which can't be divided among num_key_value_heads %d", d.NumHeads, d.NumKVHeads)
	}
	d.readHeadDim(c)
	d.eps = c.positive("rms_norm_eps", d.eps)
	c.flag("tie_word_embeddings", false) // the file says whether the head has a matrix of its own
	c.decoderOnly()
	return d
}

// What no model comes near, so that products of these sizes don't overflow.
const (
	maxHeads   = 1 << 14
	maxHeadDim = 1 << 14
)

// readHeadDim reads the width of a head, which by itself is what each has of the model's.
func (d *decoderConfig) readHeadDim(c *config) {
	if c.isNull("head_dim") || d.HeadDim == 0 && c.absent("head_dim") {
		d.HeadDim = c.headDim("hidden_size", d.ModelDim, "num_attention_heads", d.NumHeads)
	} else {
		d.HeadDim = c.count("head_dim", d.HeadDim)
	}
	if d.HeadDim > maxHeadDim || d.NumHeads > maxHeads {
		c.fail("there are %d heads of %d numbers, expected at most %d of at most %d", d.NumHeads, d.HeadDim, maxHeads, maxHeadDim)
	}
}

// wholeHeads refuses rotary embeddings of a part of each head, in families that turn all of it.
func (d *decoderConfig) wholeHeads(c *config) {
	if c.err == nil && d.rotary.dim != d.HeadDim {
		c.fail("partial_rotary_factor turns %d of %d numbers of a head, which isn't supported in %s", d.rotary.dim, d.HeadDim, d.Family)
	}
}

// readWindow reads which layers have the window of sliding_window: those that layer_types names, or by default those that
// windowed gives.
func (d *decoderConfig) readWindow(c *config, absent int, windowed func(layer int) bool) {
	if !c.isNull("sliding_window") {
		d.window = c.count("sliding_window", absent)
	}
	d.windowed = c.layerTypes(d.NumLayers, windowed)
	if d.window == 0 {
		d.withoutWindow(c)
	}
}

// withoutWindow is for models whose window is off.
func (d *decoderConfig) withoutWindow(c *config) {
	if windowed := c.layerTypes(d.NumLayers, nil); windowed != nil {
		for i := range d.NumLayers {
			if windowed(i) {
				c.fail("layer_types has %q for layer %d, but there is no window", slidingAttention, i)
				break
			}
		}
	}
	d.windowed = nil
}

// windowEverywhere refuses layer types that the family doesn't have.
func (d *decoderConfig) windowEverywhere(c *config) {
	if d.windowed == nil || c.absent("layer_types") || c.err != nil {
		return
	}
	for i := range d.NumLayers { // as many as layer_types has
		if !d.windowed(i) {
			c.fail("layer_types has %q for layer %d and there is a window, which %s has in every layer", fullAttention, i, d.Family)
			return
		}
	}
}

// The kinds of layers that layer_types names.
const (
	fullAttention    = "full_attention"
	slidingAttention = "sliding_attention"
)

// layerTypes says which layers have a window, by layer_types or, where that is absent, as windowed says.
func (c *config) layerTypes(layers int, windowed func(layer int) bool) func(layer int) bool {
	var types []string
	if !c.read("layer_types", &types, "a list of strings") {
		return windowed
	}
	if len(types) != layers {
		c.fail("layer_types has %d layers, num_hidden_layers is %d", len(types), layers)
		return windowed
	}
	for i, kind := range types {
		if kind != fullAttention && kind != slidingAttention {
			c.fail("layer_types has %s for layer %d; %q and %q are supported", quote.Text(kind), i, fullAttention, slidingAttention)
		}
	}
	return func(layer int) bool { return types[layer] == slidingAttention }
}

func everyLayer(int) bool { return true }

// everySecondLayer is the first and every second one after it.
func everySecondLayer(layer int) bool { return layer%2 == 0 }

// decoderOnly refuses what turns a decoder into something else, or its parameters into something that has to be decoded.
func (c *config) decoderOnly() {
	c.off("add_cross_attention", "is_encoder_decoder", "use_bidirectional_attention")
	c.empty("pruned_heads", "quantization_config", "per_layer_config")
}

// architecture is that of a family with such a configuration.
func (d decoderConfig) architecture(build func(*params, decoderConfig) *network) architecture {
	return architecture{d.Info, func(p *params) *network { return build(p, d) }}
}

// options are those of a layer's attention.
func (d *decoderConfig) options(layer int) rapt.Options {
	o := rapt.Options{Causal: true, Scale: d.scoreScale, Softcap: d.scoreCap}
	if d.windowed != nil && d.windowed(layer) {
		o.Window = &rapt.Window{Left: d.window - 1, Right: rapt.Open}
	}
	return o
}

// newDecoder puts a network together of layers whose tensors' names begin with at.
func newDecoder(p *params, d decoderConfig, newLayer func(at string, i int) layer) *network {
	const word = "embed_tokens.weight"
	base := p.base("model.", word)
	embeddings := &wordEmbeddings{word: p.matrix(base+word, d.VocabSize, d.ModelDim), scale: d.embeddingScale}
	return &network{
		embeddings: embeddings,
		layers:     layers(p, d.NumLayers, func(i int) layer { return newLayer(fmt.Sprintf("%slayers.%d.", base, i), i) }),
		norm:       d.norm(p, base+"norm"),
		head:       &lmHead{linear: linear{weight: p.tied("lm_head.weight", embeddings.word)}, cap: d.headCap},
		original:   d.rotary.original,
	}
}

// norm is a norm of the model's width.
func (d *decoderConfig) norm(p *params, name string) norm {
	n := p.rmsNorm(name, d.ModelDim, d.eps)
	for i := range n.scale {
		n.scale[i] += d.normOffset
	}
	return n
}

// attention is self-attention with matrices for q, k and v each.
func (d *decoderConfig) attention(p *params, at string, layer int) selfAttention {
	width, kvWidth := d.NumHeads*d.HeadDim, d.NumKVHeads*d.HeadDim
	return selfAttention{
		qkv: p.stack(
			p.linearOr(at+"q_proj", width, d.ModelDim, d.qkvBias),
			p.linearOr(at+"k_proj", kvWidth, d.ModelDim, d.qkvBias),
			p.linearOr(at+"v_proj", kvWidth, d.ModelDim, d.qkvBias),
		),
		o:       p.linearOr(at+"o_proj", d.ModelDim, width, d.outputBias),
		rotary:  d.rotary,
		options: d.options(layer),
	}
}

// mlp is the gated feed-forward half with matrices for gate and up each.
func (d *decoderConfig) mlp(p *params, at string) *gatedMLP {
	return &gatedMLP{
		gateUp: p.stack(
			p.linearOr(at+"gate_proj", d.MLPDim, d.ModelDim, d.mlpBias),
			p.linearOr(at+"up_proj", d.MLPDim, d.ModelDim, d.mlpBias),
		),
		act:  d.act,
		down: p.linearOr(at+"down_proj", d.ModelDim, d.MLPDim, d.mlpBias),
	}
}
