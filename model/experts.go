package model

import (
	"math"

	"github.com/rapt-go/rapt/internal/kernel"
)

// experts is a mixture of feed-forward networks (Shazeer et al. 2017) as gpt-oss has it. A router scores all experts for a
// token; the best few compute, each weighted with its softmax among these:
//
//	gate = min(W_gate·x, limit), up = clip(W_up·x, −limit, limit)
//	expert(x) = W_down·((up + 1) ∘ gate·σ(alpha·gate))
type experts struct {
	router       linear   // [experts][dim]
	gateUp       []linear // [experts] of [2·mlpDim][dim]: rows of gate and up by turns
	down         []linear // [experts] of [dim][mlpDim]
	perToken     int
	alpha, limit float32
}

// An expertsPass is what a pass needs for experts.
type expertsPass struct {
	scores  rows        // [tokens][experts]
	chosen  [][]routed  // [experts]: the tokens for each
	best    []bestScore // of one token
	x, y    rows        // [chosen tokens][dim]
	gateUp  rows        // [chosen tokens][2·mlpDim]
	hidden  rows        // [chosen tokens][2·mlpDim]: gate and up, one beside the other
	swiGLUs swiGLUStep
}

// routed is a token that an expert computes, and the weight of what it gives.
type routed struct {
	token  int
	weight float32
}

type bestScore struct {
	expert int
	score  float32
}

func (e *experts) forward(p *pass, x rows) {
	s, dim := &p.experts, p.info.ModelDim
	e.route(p, x)
	clear(p.out.data)
	for i, chosen := range s.chosen {
		n := len(chosen)
		if n == 0 {
			continue
		}
		s.x.resize(n, dim, 0)
		s.y.resize(n, dim, 0)
		s.gateUp.resize(n, 2*p.info.MLPDim, apart)
		s.hidden.resize(n, 2*p.info.MLPDim, apart)
		for r, c := range chosen {
			copy(s.x.data[r*dim:][:dim], x.data[c.token*x.stride:])
		}
		p.multiplyRows(&e.gateUp[i], s.gateUp, s.x, n, nil)
		s.swiGLUs = swiGLUStep{p, e}
		p.team.Run(&s.swiGLUs, piecesOf(n))
		p.multiplyRows(&e.down[i], s.y, s.hidden, n, nil)
		for r, c := range chosen {
			kernel.Combine(p.out.data[c.token*dim:][:dim], 1, s.y.data[r*dim:][:dim], c.weight)
		}
	}
}

// route chooses the experts of every token.
func (e *experts) route(p *pass, x rows) {
	s, count := &p.experts, len(e.gateUp)
	s.scores.resize(p.tokens(), count, 0)
	p.multiply(&e.router, s.scores, x, nil)
	for len(s.chosen) < count {
		s.chosen = append(s.chosen, nil)
	}
	for i := range s.chosen {
		s.chosen[i] = s.chosen[i][:0]
	}
	for t := range p.tokens() {
		s.choose(s.scores.data[t*count:][:count], e.perToken)
		var sum float64
		for _, b := range s.best {
			sum += math.Exp(float64(b.score - s.best[0].score))
		}
		for _, b := range s.best {
			weight := math.Exp(float64(b.score-s.best[0].score)) / sum
			s.chosen[b.expert] = append(s.chosen[b.expert], routed{t, float32(weight)})
		}
	}
}

// choose leaves the k best scores in s.best, the best first; of equal ones the earlier. NaN goes before all, so that it
// reaches the result.
func (s *expertsPass) choose(scores []float32, k int) {
	s.best = s.best[:0]
	for i, score := range scores {
		at := len(s.best)
		for at > 0 && (score > s.best[at-1].score || math.IsNaN(float64(score))) {
			at--
		}
		if at == k {
			continue
		}
		if len(s.best) < k {
			s.best = append(s.best, bestScore{})
		}
		copy(s.best[at+1:], s.best[at:])
		s.best[at] = bestScore{i, score}
	}
}

func (e *experts) linears() []*linear {
	list := []*linear{&e.router}
	for i := range e.gateUp {
		list = append(list, &e.gateUp[i], &e.down[i])
	}
	return list
}

// A swiGLUStep computes what is between the two matrices of an expert, of a few tokens as a piece.
type swiGLUStep struct {
	pass    *pass
	experts *experts
}

func (s *swiGLUStep) Do(piece, _ int) {
	dim, limit := s.pass.info.MLPDim, s.experts.limit
	from, to := &s.pass.experts.gateUp, &s.pass.experts.hidden
	n := len(from.data) / from.stride
	for r := piece * tokensPerPiece; r < min((piece+1)*tokensPerPiece, n); r++ {
		pairs, row := from.data[r*from.stride:][:2*dim], to.data[r*to.stride:][:2*dim]
		gate, up := row[:dim], row[dim:]
		for j := range gate {
			gate[j] = min(pairs[2*j], limit)
			up[j] = min(max(pairs[2*j+1], -limit), limit) + 1
		}
		kernel.Swish(gate, dim, 1, dim, s.experts.alpha, 0)
		kernel.Times(gate, dim, up, dim, 1, dim)
	}
}
