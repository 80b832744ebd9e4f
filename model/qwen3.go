package model

// readQwen3 reads the configuration of Qwen 3 (Yang et al. 2025).
func readQwen3(c *config) decoderConfig {
	d := readDecoder(c, decoderConfig{
		Info: Info{
			Family:    "qwen3",
			NumLayers: 32, NumHeads: 32, NumKVHeads: 32, HeadDim: 128, ModelDim: 4096, MLPDim: 22016, VocabSize: 151936,
			MaxSeqLen: 32768,
		},
		eps: 1e-6,
	})
	d.act = c.activation("hidden_act", "silu")
	d.qkvBias = c.flag("attention_bias", false)
	d.outputBias = d.qkvBias
	d.rotary = c.rope(10000, d.HeadDim, d.MaxSeqLen)
	d.wholeHeads(c)
	d.readQwenWindow(c)
	return d
}

// newQwen3 is Llama with the heads of q and k normed before they are turned.
func newQwen3(p *params, d decoderConfig) *network {
	return newDecoder(p, d, func(at string, i int) layer {
		l := newLlamaLayer(p, d, at, i)
		l.attention.qNorm = p.rmsNorm(at+"self_attn.q_norm", d.HeadDim, d.eps)
		l.attention.kNorm = p.rmsNorm(at+"self_attn.k_norm", d.HeadDim, d.eps)
		return l
	})
}
