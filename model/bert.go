package model

import (
	"fmt"

	"github.com/rapt-go/rapt/internal/matmul"
)

// A bert is the encoder of Devlin et al. 2019: embeddings, layers that norm after each addition, and on top a pooler
// and a head for masked tokens where the file has them.
type bert struct {
	embeddings bertEmbeddings
	layers     []bertLayer
	pooler     *linear  // [dim][dim], or nil
	head       *mlmHead // or nil
}

// forward gives the last hidden states.
func (b *bert) forward(p *pass) ([]float32, error) { // [tokens][dim]
	x := b.embeddings.forward(p)
	p.tap(Embedding, x, p.info.ModelDim)
	for i := range b.layers {
		if err := p.enter(i); err != nil {
			return nil, err
		}
		if err := b.layers[i].forward(p, x); err != nil {
			return nil, err
		}
		p.tap(Residual, x, p.info.ModelDim)
	}
	return x, nil
}

// pool is tanh(W·x + b) of a sequence's first token.
func (b *bert) pool(hidden []float32) []float32 { // [seq][dim] → [dim]
	pooled := make([]float32, b.pooler.weight.Out())
	b.pooler.forwardAct(pooled, hidden[:b.pooler.weight.In()], tanh)
	return pooled
}

// bertEmbeddings are LN(word + position + type), projected to the width of the layers if that is another (ELECTRA).
type bertEmbeddings struct {
	word     matmul.Matrix  // [vocab][embeddingDim]
	position matmul.Matrix  // [maxSeqLen][embeddingDim]
	types    *matmul.Matrix // [types][embeddingDim], or nil
	norm     layerNorm
	project  *linear // [dim][embeddingDim], or nil
}

func (e *bertEmbeddings) forward(p *pass) []float32 { // [tokens][dim]
	dim := e.word.In()
	x, row := make([]float32, p.tokens()*dim), make([]float32, dim)
	for s, sequence := range p.batch {
		for i, id := range sequence.IDs {
			xi := p.rows(x, s)[i*dim : (i+1)*dim]
			e.word.Row(xi, id)
			e.position.Row(row, i)
			add(xi, row)
			if e.types != nil {
				e.types.Row(row, sequence.typeID(i))
				add(xi, row)
			}
		}
	}
	e.norm.forward(x)
	if e.project == nil {
		return x
	}
	y := make([]float32, p.tokens()*p.info.ModelDim)
	e.project.forward(y, x)
	return y
}

// typeID is the type of token i.
func (s Sequence) typeID(i int) int {
	if s.TypeIDs == nil {
		return 0
	}
	return s.TypeIDs[i]
}

// A bertLayer is x = LN(x + attention(x)), x = LN(x + W_down·act(W_up·x)).
type bertLayer struct {
	attention     selfAttention
	attentionNorm layerNorm
	up            linear // [mlpDim][dim]
	act           activation
	down          linear // [dim][mlpDim]
	norm          layerNorm
}

func (l *bertLayer) forward(p *pass, x []float32) error { // x [tokens][dim], in place
	z, err := l.attention.forward(p, x)
	if err != nil {
		return err
	}
	add(x, z)
	l.attentionNorm.forward(x)

	mlp, out := p.buffers.mlp, p.buffers.out
	l.up.forwardAct(mlp, x, l.act)
	l.down.forward(out, mlp)
	p.tap(MLPOutput, out, p.info.ModelDim)
	add(x, out)
	l.norm.forward(x)
	return nil
}

// bertConfig is what a configuration of BERT's kind says.
type bertConfig struct {
	Info
	embeddingDim int
	eps          float64
	act          activation
}

func readBERT(c *config) bertConfig {
	b := bertConfig{
		Info: Info{
			Family:    "bert",
			NumLayers: c.count("num_hidden_layers", 12),
			NumHeads:  c.count("num_attention_heads", 12),
			ModelDim:  c.count("hidden_size", 768),
			MLPDim:    c.count("intermediate_size", 3072),
			VocabSize: c.count("vocab_size", 30522),
			MaxSeqLen: c.count("max_position_embeddings", 512),
			NumTypes:  c.count("type_vocab_size", 2),
		},
		eps: c.positive("layer_norm_eps", 1e-12),
		act: c.activation("hidden_act", "gelu"),
	}
	b.HeadDim = c.headDim("hidden_size", b.ModelDim, "num_attention_heads", b.NumHeads)
	b.embeddingDim = b.ModelDim
	c.encoderOnly()
	return b
}

func newBERT(p *params, c bertConfig) *bert {
	base := p.base("bert.", "embeddings.word_embeddings.weight")
	b := &bert{
		embeddings: newBERTEmbeddings(p, base+"embeddings.", c),
		layers:     newBERTLayers(p, base+"encoder.layer.", c),
	}
	if p.has(base + "pooler.dense.weight") {
		pooler := p.linear(base+"pooler.dense", c.ModelDim, c.ModelDim)
		b.pooler = &pooler
	}
	const head = "cls.predictions."
	if p.has(head + "transform.dense.weight") {
		b.head = &mlmHead{
			transform: p.linear(head+"transform.dense", c.ModelDim, c.ModelDim),
			act:       c.act,
			norm:      p.layerNorm(head+"transform.LayerNorm", c.ModelDim, c.eps),
			decoder: linear{
				p.tied(head+"decoder.weight", b.embeddings.word),
				p.vector(p.first(head+"bias", head+"decoder.bias"), c.VocabSize),
			},
		}
	}
	return b
}

func newBERTEmbeddings(p *params, at string, c bertConfig) bertEmbeddings {
	e := bertEmbeddings{
		word:     p.matrix(at+"word_embeddings.weight", c.VocabSize, c.embeddingDim),
		position: p.matrix(at+"position_embeddings.weight", c.MaxSeqLen, c.embeddingDim),
		norm:     p.layerNorm(at+"LayerNorm", c.embeddingDim, c.eps),
	}
	types := p.matrix(at+"token_type_embeddings.weight", c.NumTypes, c.embeddingDim)
	e.types = &types
	return e
}

func newBERTLayers(p *params, at string, c bertConfig) []bertLayer {
	return layers(p, c.NumLayers, func(i int) bertLayer {
		at := fmt.Sprintf("%s%d.", at, i)
		return bertLayer{
			attention: selfAttention{
				q: p.linear(at+"attention.self.query", c.ModelDim, c.ModelDim),
				k: p.linear(at+"attention.self.key", c.ModelDim, c.ModelDim),
				v: p.linear(at+"attention.self.value", c.ModelDim, c.ModelDim),
				o: p.linear(at+"attention.output.dense", c.ModelDim, c.ModelDim),
			},
			attentionNorm: p.layerNorm(at+"attention.output.LayerNorm", c.ModelDim, c.eps),
			up:            p.linear(at+"intermediate.dense", c.MLPDim, c.ModelDim),
			act:           c.act,
			down:          p.linear(at+"output.dense", c.ModelDim, c.MLPDim),
			norm:          p.layerNorm(at+"output.LayerNorm", c.ModelDim, c.eps),
		}
	})
}
