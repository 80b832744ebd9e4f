package model

import "fmt"

// readMPNet reads the configuration of MPNet (Song et al. 2020): that of RoBERTa without token types, and the number of
// rows of the table of relative positions. Padding is always token 1 here, whatever the configuration says.
func readMPNet(c *config) mpnetConfig {
	const padding = 1
	m := mpnetConfig{
		bertConfig: bertConfig{
			Info: Info{
				Family:    "mpnet",
				NumLayers: c.count("num_hidden_layers", 12),
				NumHeads:  c.count("num_attention_heads", 12),
				ModelDim:  c.count("hidden_size", 768),
				MLPDim:    c.count("intermediate_size", 3072),
				VocabSize: c.count("vocab_size", 30527),
				MaxSeqLen: c.positionsFrom(padding + 1),
			},
			eps:           c.positive("layer_norm_eps", 1e-12),
			act:           c.activation("hidden_act", "gelu"),
			firstPosition: padding + 1,
		},
		rows: c.count("relative_attention_num_buckets", 32),
	}
	m.HeadDim = c.headDim("hidden_size", m.ModelDim, "num_attention_heads", m.NumHeads)
	m.NumKVHeads, m.embeddingDim = m.NumHeads, m.ModelDim
	if m.rows < mpnetBuckets.count {
		c.fail("relative_attention_num_buckets is %d; MPNet always uses %d", m.rows, mpnetBuckets.count)
	}
	c.encoderOnly()
	return m
}

type mpnetConfig struct {
	bertConfig
	rows int // of the table of relative positions
}

// mpnetBuckets are those of every MPNet.
var mpnetBuckets = buckets{count: 32, maxDistance: 128, bothSides: true}

// newMPNet is BERT with a bias that depends on the distance of query and key, the same in all layers.
func newMPNet(p *params, c mpnetConfig) *network {
	base := p.base("mpnet.", "embeddings.word_embeddings.weight")
	embeddings := &bertEmbeddings{
		word:          p.matrix(base+"embeddings.word_embeddings.weight", c.VocabSize, c.ModelDim),
		position:      p.matrix(base+"embeddings.position_embeddings.weight", c.firstPosition+c.MaxSeqLen, c.ModelDim),
		firstPosition: c.firstPosition,
		norm:          p.layerNorm(base+"embeddings.LayerNorm", c.ModelDim, c.eps),
	}
	bias := p.relativeBias(base+"encoder.relative_attention_bias.weight", c.rows, c.NumHeads, mpnetBuckets)
	return &network{
		embeddings: embeddings,
		layers: layers(p, c.NumLayers, func(i int) layer {
			at := fmt.Sprintf("%sencoder.layer.%d.", base, i)
			return &bertLayer{
				attention: selfAttention{
					qkv:  p.stacked(c.ModelDim, c.ModelDim, at+"attention.attn.q", at+"attention.attn.k", at+"attention.attn.v"),
					o:    p.linear(at+"attention.attn.o", c.ModelDim, c.ModelDim),
					bias: bias,
				},
				attentionNorm: p.layerNorm(at+"attention.LayerNorm", c.ModelDim, c.eps),
				up:            p.linear(at+"intermediate.dense", c.MLPDim, c.ModelDim),
				act:           c.act,
				down:          p.linear(at+"output.dense", c.ModelDim, c.MLPDim),
				norm:          p.layerNorm(at+"output.LayerNorm", c.ModelDim, c.eps),
			}
		}),
		pooler: newPooler(p, base, c.bertConfig),
		head:   newRoBERTaHead(p, c.bertConfig, embeddings),
	}
}
