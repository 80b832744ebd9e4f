package model

import (
	"github.com/rapt-go/rapt/internal/kernel"
	"github.com/rapt-go/rapt/internal/matmul"
)

// wordEmbeddings are scale·word, with a learned position added (GPT-2) or normed (ModernBERT).
type wordEmbeddings struct {
	word     matmul.Matrix  // [vocab][dim]
	position *matmul.Matrix // [maxSeqLen][dim], or nil
	scale    float32        // 0: 1
	norm     norm           // or nil
}

func (e *wordEmbeddings) forward(p *pass) {
	s := &p.words
	s.embeddings, s.pass = e, p
	for len(s.row) < p.team.Size() {
		s.row = append(s.row, nil)
	}
	p.team.Run(s, p.pieces())
}

// A wordStep is the embeddings of a few tokens as a piece.
type wordStep struct {
	embeddings *wordEmbeddings
	pass       *pass
	row        [][]float32 // [worker][dim]
}

func (s *wordStep) Do(piece, worker int) {
	p, e, dim := s.pass, s.embeddings, s.pass.info.ModelDim
	s.row[worker] = resized(s.row[worker], dim)
	p.eachToken(piece, func(token, seq, position int) {
		x := p.x.data[token*dim:][:dim]
		e.word.Row(x, p.batch[seq].IDs[position-p.before(seq)])
		if e.scale != 0 {
			kernel.Scale(x, e.scale, x)
		}
		if e.position != nil {
			e.position.Row(s.row[worker], position)
			kernel.Combine(x, 1, s.row[worker], 1)
		}
		if e.norm != nil {
			e.norm.forward(x, x, dim, 1)
		}
	})
}
