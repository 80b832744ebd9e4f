package model

// readRoBERTa reads the configuration of RoBERTa (Liu et al. 2019), which XLM-RoBERTa (Conneau et al. 2020) and CamemBERT
// (Martin et al. 2020) share: that of BERT, with positions that begin behind that of padding.
func readRoBERTa(c *config, family string) bertConfig {
	b := bertConfig{
		Info: Info{
			Family:    family,
			NumLayers: c.count("num_hidden_layers", 12),
			NumHeads:  c.count("num_attention_heads", 12),
			ModelDim:  c.count("hidden_size", 768),
			MLPDim:    c.count("intermediate_size", 3072),
			VocabSize: c.count("vocab_size", 50265),
			NumTypes:  c.count("type_vocab_size", 2),
		},
		eps:           c.positive("layer_norm_eps", 1e-12),
		act:           c.activation("hidden_act", "gelu"),
		firstPosition: c.index("pad_token_id", 1) + 1,
	}
	b.MaxSeqLen = c.positionsFrom(b.firstPosition)
	b.HeadDim = c.headDim("hidden_size", b.ModelDim, "num_attention_heads", b.NumHeads)
	b.NumKVHeads, b.embeddingDim = b.NumHeads, b.ModelDim
	c.encoderOnly()
	return b
}

// positionsFrom is the number of tokens that max_position_embeddings has room for if the first of them has that position.
func (c *config) positionsFrom(first int) int {
	n := c.count("max_position_embeddings", 512)
	if n <= first {
		c.fail("max_position_embeddings is %d, too few for positions that begin with %d", n, first)
	}
	return n - first
}

// newRoBERTa is BERT with a head of its own naming, which always has gelu.
func newRoBERTa(p *params, c bertConfig) *network {
	base := p.base("roberta.", "embeddings.word_embeddings.weight")
	embeddings := newBERTEmbeddings(p, base+"embeddings.", c)
	return &network{
		embeddings: embeddings,
		layers:     newBERTLayers(p, base+"encoder.layer.", c),
		pooler:     newPooler(p, base, c),
		head:       newRoBERTaHead(p, c, embeddings),
	}
}

// newRoBERTaHead is the head for masked tokens, or nil where the file has none.
func newRoBERTaHead(p *params, c bertConfig, e *bertEmbeddings) head {
	if !p.has("lm_head.dense.weight") {
		return nil
	}
	return &mlmHead{
		transform: p.linear("lm_head.dense", c.ModelDim, c.ModelDim),
		act:       activations["gelu"],
		norm:      p.layerNorm("lm_head.layer_norm", c.ModelDim, c.eps),
		decoder: linear{
			p.tied("lm_head.decoder.weight", e.word),
			p.vector(p.first("lm_head.bias", "lm_head.decoder.bias"), c.VocabSize),
		},
	}
}
