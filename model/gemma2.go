package model

import "math"

// readGemma2 reads the configuration of Gemma 2 (Riviere et al. 2024).
func readGemma2(c *config) decoderConfig {
	d := readDecoder(c, decoderConfig{
		Info: Info{
			Family:    "gemma2",
			NumLayers: 26, NumHeads: 8, HeadDim: 256, ModelDim: 2304, MLPDim: 9216, VocabSize: 256000, MaxSeqLen: 8192,
		},
		eps:        1e-6,
		normOffset: 1,
	})
	d.act = c.activation("hidden_activation", "gelu_pytorch_tanh") // hidden_act is not looked at, as in transformers
	d.qkvBias = c.flag("attention_bias", false)
	d.outputBias = d.qkvBias
	d.rotary = c.rope(10000, d.HeadDim, d.MaxSeqLen)
	d.wholeHeads(c)
	d.readWindow(c, 4096, everySecondLayer)
	d.scoreScale = float32(1 / math.Sqrt(c.positive("query_pre_attn_scalar", 256)))
	d.scoreCap, d.headCap = c.cap("attn_logit_softcapping", 50), c.cap("final_logit_softcapping", 30)
	d.embeddingScale = float32(math.Sqrt(float64(d.ModelDim)))
	return d
}

// newGemma2 norms what the halves add, too.
func newGemma2(p *params, d decoderConfig) *network {
	return newDecoder(p, d, func(at string, i int) layer {
		return &preNormLayer{
			attentionNorm:     d.norm(p, at+"input_layernorm"),
			attention:         d.attention(p, at+"self_attn.", i),
			attentionPostNorm: d.norm(p, at+"post_attention_layernorm"),
			mlpNorm:           d.norm(p, at+"pre_feedforward_layernorm"),
			mlp:               d.mlp(p, at+"mlp."),
			mlpPostNorm:       d.norm(p, at+"post_feedforward_layernorm"),
		}
	})
}
