package model

import "fmt"

// readDistilBERT reads the configuration of DistilBERT (Sanh et al. 2019): BERT without token types and pooler, with
// names of its own. The norms' eps is not in the configuration.
func readDistilBERT(c *config) bertConfig {
	b := bertConfig{
		Info: Info{
			Family:    "distilbert",
			NumLayers: c.alias("n_layers", "num_hidden_layers", 6),
			NumHeads:  c.alias("n_heads", "num_attention_heads", 12),
			ModelDim:  c.alias("dim", "hidden_size", 768),
			MLPDim:    c.count("hidden_dim", 3072),
			VocabSize: c.count("vocab_size", 30522),
			MaxSeqLen: c.count("max_position_embeddings", 512),
		},
		eps: 1e-12,
		act: c.activation("activation", "gelu"),
	}
	b.HeadDim = c.headDim("dim", b.ModelDim, "n_heads", b.NumHeads)
	b.NumKVHeads, b.embeddingDim = b.NumHeads, b.ModelDim
	c.encoderOnly()
	return b
}

func newDistilBERT(p *params, c bertConfig) *network {
	base := p.base("distilbert.", "embeddings.word_embeddings.weight")
	embeddings := &bertEmbeddings{
		word:     p.matrix(base+"embeddings.word_embeddings.weight", c.VocabSize, c.ModelDim),
		position: p.matrix(base+"embeddings.position_embeddings.weight", c.MaxSeqLen, c.ModelDim),
		norm:     p.layerNorm(base+"embeddings.LayerNorm", c.ModelDim, c.eps),
	}
	b := &network{
		embeddings: embeddings,
		layers: layers(p, c.NumLayers, func(i int) layer {
			at := fmt.Sprintf("%stransformer.layer.%d.", base, i)
			return &bertLayer{
				attention: selfAttention{
					qkv: p.stacked(c.ModelDim, c.ModelDim, at+"attention.q_lin", at+"attention.k_lin", at+"attention.v_lin"),
					o:   p.linear(at+"attention.out_lin", c.ModelDim, c.ModelDim),
				},
				attentionNorm: p.layerNorm(at+"sa_layer_norm", c.ModelDim, c.eps),
				up:            p.linear(at+"ffn.lin1", c.MLPDim, c.ModelDim),
				act:           c.act,
				down:          p.linear(at+"ffn.lin2", c.ModelDim, c.MLPDim),
				norm:          p.layerNorm(at+"output_layer_norm", c.ModelDim, c.eps),
			}
		}),
	}
	if p.has("vocab_transform.weight") {
		b.head = &mlmHead{
			transform: p.linear("vocab_transform", c.ModelDim, c.ModelDim),
			act:       c.act,
			norm:      p.layerNorm("vocab_layer_norm", c.ModelDim, c.eps),
			decoder: linear{
				p.tied("vocab_projector.weight", embeddings.word),
				p.vector("vocab_projector.bias", c.VocabSize),
			},
		}
	}
	return b
}
