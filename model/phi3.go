package model

// readPhi3 reads the configuration of Phi 3 (Abdin et al. 2024): Llama with one matrix for q, k and v and one for gate and
// up, where a part of each head may be turned.
func readPhi3(c *config) decoderConfig {
	d := readDecoder(c, decoderConfig{
		Info: Info{
			Family:    "phi3",
			NumLayers: 32, NumHeads: 32, ModelDim: 3072, MLPDim: 8192, VocabSize: 32064, MaxSeqLen: 4096,
		},
		eps: 1e-5,
	})
	d.act = c.activation("hidden_act", "silu")
	c.off("attention_bias", "mlp_bias")
	d.rotary = c.rope(10000, d.HeadDim, d.MaxSeqLen)
	d.readWindow(c, 0, everyLayer)
	d.windowEverywhere(c)
	return d
}

func newPhi3(p *params, d decoderConfig) *network {
	width, kvWidth := d.NumHeads*d.HeadDim, d.NumKVHeads*d.HeadDim
	return newDecoder(p, d, func(at string, i int) layer {
		return &preNormLayer{
			attentionNorm: d.norm(p, at+"input_layernorm"),
			attention: selfAttention{
				qkv:     p.linearOr(at+"self_attn.qkv_proj", width+2*kvWidth, d.ModelDim, false),
				o:       p.linearOr(at+"self_attn.o_proj", d.ModelDim, width, false),
				rotary:  d.rotary,
				options: d.options(i),
			},
			mlpNorm: d.norm(p, at+"post_attention_layernorm"),
			mlp: &gatedMLP{
				gateUp: p.linearOr(at+"mlp.gate_up_proj", 2*d.MLPDim, d.ModelDim, false),
				act:    d.act,
				down:   p.linearOr(at+"mlp.down_proj", d.ModelDim, d.MLPDim, false),
			},
		}
	})
}
