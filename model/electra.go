package model

// readELECTRA reads the configuration of ELECTRA (Clark et al. 2020): BERT's, with a width of its own for embeddings.
func readELECTRA(c *config) bertConfig {
	b := bertConfig{
		Info: Info{
			Family:    "electra",
			NumLayers: c.count("num_hidden_layers", 12),
			NumHeads:  c.count("num_attention_heads", 4),
			ModelDim:  c.count("hidden_size", 256),
			MLPDim:    c.count("intermediate_size", 1024),
			VocabSize: c.count("vocab_size", 30522),
			MaxSeqLen: c.count("max_position_embeddings", 512),
			NumTypes:  c.count("type_vocab_size", 2),
		},
		embeddingDim: c.count("embedding_size", 128),
		eps:          c.positive("layer_norm_eps", 1e-12),
		act:          c.activation("hidden_act", "gelu"),
	}
	b.HeadDim = c.headDim("hidden_size", b.ModelDim, "num_attention_heads", b.NumHeads)
	b.NumKVHeads = b.NumHeads
	c.encoderOnly()
	return b
}

// newELECTRA is BERT with the embeddings projected where their width differs, without a pooler; its head, which only
// generators have, works at the width of the embeddings and always with gelu.
func newELECTRA(p *params, c bertConfig) *network {
	base := p.base("electra.", "embeddings.word_embeddings.weight")
	embeddings := newBERTEmbeddings(p, base+"embeddings.", c)
	b := &network{embeddings: embeddings, layers: newBERTLayers(p, base+"encoder.layer.", c)}
	if c.embeddingDim != c.ModelDim {
		project := p.linear(base+"embeddings_project", c.ModelDim, c.embeddingDim)
		embeddings.project = &project
	}
	if p.has("generator_predictions.dense.weight") {
		b.head = &mlmHead{
			transform: p.linear("generator_predictions.dense", c.embeddingDim, c.ModelDim),
			act:       activations["gelu"],
			norm:      p.layerNorm("generator_predictions.LayerNorm", c.embeddingDim, c.eps),
			decoder: linear{
				p.tied("generator_lm_head.weight", embeddings.word),
				p.vector("generator_lm_head.bias", c.VocabSize),
			},
		}
	}
	return b
}
