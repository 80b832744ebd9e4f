package model

// A gptOSSConfig is what a configuration of gpt-oss says.
type gptOSSConfig struct {
	decoderConfig
	experts, perToken int
	alpha, limit      float64 // of the experts' activation
}

// readGPTOSS reads the configuration of gpt-oss (OpenAI 2025).
func readGPTOSS(c *config) gptOSSConfig {
	d := readDecoder(c, decoderConfig{
		Info: Info{
			Family:    "gpt_oss",
			NumLayers: 36, NumHeads: 64, HeadDim: 64, ModelDim: 2880, MLPDim: 2880, VocabSize: 201088,
			MaxSeqLen: 131072,
		},
		eps: 1e-5,
	})
	c.only("hidden_act", "silu") // which stands for the experts' own activation
	d.qkvBias = c.flag("attention_bias", true)
	d.outputBias = d.qkvBias
	if c.absent("rope_scaling") && c.absent("rope_parameters") {
		c.values["rope_parameters"] = []byte(`{"rope_type": "yarn", "factor": 32, "truncate": false, "original_max_position_embeddings": 4096}`)
	}
	d.rotary = c.rope(150000, d.HeadDim, d.MaxSeqLen)
	d.wholeHeads(c)
	d.readWindow(c, 128, everySecondLayer)
	g := gptOSSConfig{
		decoderConfig: d,
		experts:       c.alias("num_local_experts", "num_experts", 128),
		perToken:      c.alias("num_experts_per_tok", "experts_per_token", 4),
		alpha:         c.positive("swiglu_alpha", 1.702),
		limit:         c.positive("swiglu_limit", 7),
	}
	if g.perToken > g.experts {
		c.fail("num_experts_per_tok is %d, num_local_experts is %d", g.perToken, g.experts)
	}
	return g
}

// newGPTOSS has a sink for every head, and experts.
func newGPTOSS(p *params, g gptOSSConfig) *network {
	d := g.decoderConfig
	return newDecoder(p, d, func(at string, i int) layer {
		l := &preNormLayer{
			attentionNorm: d.norm(p, at+"input_layernorm"),
			attention:     d.attention(p, at+"self_attn.", i),
			mlpNorm:       d.norm(p, at+"post_attention_layernorm"),
			mlp: &experts{
				router:   p.linear(at+"mlp.router", g.experts, d.ModelDim),
				gateUp:   p.expertLinears(at+"mlp.experts.gate_up_proj", g.experts, 2*d.MLPDim, d.ModelDim),
				down:     p.expertLinears(at+"mlp.experts.down_proj", g.experts, d.ModelDim, d.MLPDim),
				perToken: g.perToken,
				alpha:    float32(g.alpha),
				limit:    float32(g.limit),
			},
		}
		l.attention.options.Sinks = p.vector(at+"self_attn.sinks", d.NumHeads)
		return l
	})
}
