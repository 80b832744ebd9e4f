package model

import (
	"fmt"
	"slices"

	"github.com/rapt-go/rapt/internal/kernel"
	"github.com/rapt-go/rapt/internal/matmul"
)

// bertEmbeddings are LN(word + position + type), projected to the width of the layers if that is another (ELECTRA).
type bertEmbeddings struct {
	word     matmul.Matrix  // [vocab][embeddingDim]
	position matmul.Matrix  // [firstPosition+maxSeqLen][embeddingDim]
	types    *matmul.Matrix // [types][embeddingDim], or nil
	norm     layerNorm

	// The position of the first token is firstPosition. Where it isn't 0, the one before it belongs to the token of that id,
	// which is padding and isn't counted (RoBERTa).
	firstPosition int

	project *linear // [dim][embeddingDim], or nil
}

// forward leaves what enters the first layer in p.x.
func (e *bertEmbeddings) forward(p *pass) {
	s := &p.embedding
	s.embeddings, s.pass, s.x = e, p, p.x
	if e.project != nil {
		s.narrow.resize(p.tokens(), e.word.In(), 0)
		s.x = s.narrow
	}
	for len(s.row) < p.team.Size() {
		s.row = append(s.row, nil)
	}
	p.team.Run(s, p.pieces())
	if e.project != nil {
		p.multiply(e.project, p.x, s.x, nil)
	}
}

// An embeddingStep is the embeddings of a few tokens as a piece.
type embeddingStep struct {
	embeddings *bertEmbeddings
	pass       *pass
	x          rows        // [tokens][embeddingDim]
	narrow     rows        // x, if that isn't as wide as the pass's
	row        [][]float32 // [worker][embeddingDim]
}

func (s *embeddingStep) Do(piece, worker int) {
	p, e, dim := s.pass, s.embeddings, s.embeddings.word.In()
	if len(s.row[worker]) < dim {
		s.row[worker] = make([]float32, dim)
	}
	row := s.row[worker][:dim]
	first, last := piece*tokensPerPiece, min((piece+1)*tokensPerPiece, p.tokens())
	seq, _ := slices.BinarySearch(p.starts, first+1)
	seq-- // the last that starts at first or before
	next := e.after(p.batch[seq].IDs[:first-p.starts[seq]])
	for t := first; t < last; t++ {
		for t >= p.starts[seq+1] {
			seq, next = seq+1, e.firstPosition
		}
		sequence, i := &p.batch[seq], t-p.starts[seq]
		id, position := sequence.IDs[i], next
		if id == e.firstPosition-1 {
			position = id
		} else {
			next++
		}
		x := s.x.data[t*dim : (t+1)*dim]
		e.word.Row(x, id)
		e.position.Row(row, position)
		kernel.Combine(x, 1, row, 1)
		if e.types != nil {
			e.types.Row(row, sequence.typeID(i))
			kernel.Combine(x, 1, row, 1)
		}
	}
	e.norm.inPlace(s.x.data[first*dim : last*dim])
}

// after is the position after those of some ids.
func (e *bertEmbeddings) after(ids []int) int {
	position := e.firstPosition
	for _, id := range ids {
		if id != e.firstPosition-1 {
			position++
		}
	}
	return position
}

// typeID is the type of token i.
func (s Sequence) typeID(i int) int {
	if s.TypeIDs == nil {
		return 0
	}
	return s.TypeIDs[i]
}

// A bertLayer is a layer of the encoder of Devlin et al. 2019, which norms after each addition: x = LN(x + attention(x)), x = LN(x + W_down·act(W_up·x)).
type bertLayer struct {
	attention     selfAttention
	attentionNorm layerNorm
	up            linear // [mlpDim][dim]
	act           activation
	down          linear // [dim][mlpDim]
	norm          layerNorm
}

func (l *bertLayer) forward(p *pass) error { // p.x, in place
	if err := l.attention.forward(p, p.x); err != nil {
		return err
	}
	p.addAndNorm(&l.attentionNorm)

	p.multiply(&l.up, p.mlp, p.x, l.act)
	p.multiply(&l.down, p.out, p.mlp, nil)
	p.tap(MLPOutput, p.out.data, p.info.ModelDim)
	p.addAndNorm(&l.norm)
	return nil
}

func (l *bertLayer) linears() []*linear {
	return []*linear{&l.attention.qkv, &l.attention.o, &l.up, &l.down}
}

// bertConfig is what a configuration of BERT's kind says.
type bertConfig struct {
	Info
	embeddingDim  int
	eps           float64
	act           activation
	firstPosition int
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
	b.NumKVHeads, b.embeddingDim = b.NumHeads, b.ModelDim
	c.encoderOnly()
	return b
}

// newBERT has a pooler and a head for masked tokens where the file has them.
func newBERT(p *params, c bertConfig) *network {
	base := p.base("bert.", "embeddings.word_embeddings.weight")
	embeddings := newBERTEmbeddings(p, base+"embeddings.", c)
	b := &network{embeddings: embeddings, layers: newBERTLayers(p, base+"encoder.layer.", c), pooler: newPooler(p, base, c)}
	const head = "cls.predictions."
	if p.has(head + "transform.dense.weight") {
		b.head = &mlmHead{
			transform: p.linear(head+"transform.dense", c.ModelDim, c.ModelDim),
			act:       c.act,
			norm:      p.layerNorm(head+"transform.LayerNorm", c.ModelDim, c.eps),
			decoder: linear{
				p.tied(head+"decoder.weight", embeddings.word),
				p.vector(p.first(head+"bias", head+"decoder.bias"), c.VocabSize),
			},
		}
	}
	return b
}

// newPooler is the pooler, or nil where the file has none.
func newPooler(p *params, base string, c bertConfig) *linear {
	if !p.has(base + "pooler.dense.weight") {
		return nil
	}
	pooler := p.linear(base+"pooler.dense", c.ModelDim, c.ModelDim)
	return &pooler
}

func newBERTEmbeddings(p *params, at string, c bertConfig) *bertEmbeddings {
	e := &bertEmbeddings{
		word:     p.matrix(at+"word_embeddings.weight", c.VocabSize, c.embeddingDim),
		position: p.matrix(at+"position_embeddings.weight", c.firstPosition+c.MaxSeqLen, c.embeddingDim),
		norm:     p.layerNorm(at+"LayerNorm", c.embeddingDim, c.eps),

		firstPosition: c.firstPosition,
	}
	types := p.matrix(at+"token_type_embeddings.weight", c.NumTypes, c.embeddingDim)
	e.types = &types
	return e
}

func newBERTLayers(p *params, at string, c bertConfig) []layer {
	return layers(p, c.NumLayers, func(i int) layer {
		at := fmt.Sprintf("%s%d.", at, i)
		return &bertLayer{
			attention: selfAttention{
				qkv: p.stacked(c.ModelDim, c.ModelDim, at+"attention.self.query", at+"attention.self.key", at+"attention.self.value"),
				o:   p.linear(at+"attention.output.dense", c.ModelDim, c.ModelDim),
			},
			attentionNorm: p.layerNorm(at+"attention.output.LayerNorm", c.ModelDim, c.eps),
			up:            p.linear(at+"intermediate.dense", c.MLPDim, c.ModelDim),
			act:           c.act,
			down:          p.linear(at+"output.dense", c.ModelDim, c.MLPDim),
			norm:          p.layerNorm(at+"output.LayerNorm", c.ModelDim, c.eps),
		}
	})
}
