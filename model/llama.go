package model

// readLlama reads the configuration of Llama (Touvron et al. 2023).
func readLlama(c *config) decoderConfig {
	d := readDecoder(c, decoderConfig{
		Info: Info{
			Family:    "llama",
			NumLayers: 32, NumHeads: 32, ModelDim: 4096, MLPDim: 11008, VocabSize: 32000, MaxSeqLen: 2048,
		},
		eps: 1e-6,
	})
	d.act = c.activation("hidden_act", "silu")
	d.qkvBias = c.flag("attention_bias", false)
	d.outputBias, d.mlpBias = d.qkvBias, c.flag("mlp_bias", false)
	d.rotary = c.rope(10000, d.HeadDim, d.MaxSeqLen)
	d.wholeHeads(c)
	return d
}

func newLlama(p *params, d decoderConfig) *network {
	return newDecoder(p, d, func(at string, i int) layer { return newLlamaLayer(p, d, at, i) })
}

func newLlamaLayer(p *params, d decoderConfig, at string, i int) *preNormLayer {
	return &preNormLayer{
		attentionNorm: d.norm(p, at+"input_layernorm"),
		attention:     d.attention(p, at+"self_attn.", i),
		mlpNorm:       d.norm(p, at+"post_attention_layernorm"),
		mlp:           d.mlp(p, at+"mlp."),
	}
}
