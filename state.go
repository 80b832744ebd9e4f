package rapt

import (
	"math"

	"github.com/rapt-go/rapt/internal/kernel"
)

// A state is what the online softmax knows of some rows after some of their keys: with top = max[r],
//
//	sum[r] = Σ exp(c·(s_j − top))      acc[r] = Σ exp(c·(s_j − top))·v_j
//
// Two states of the same rows over different keys add up to that over both. A row without a key has max −Inf, sum 0, acc 0.
type state struct {
	acc      []float32 // [rows][width]
	max, sum []float32 // [rows]
	width    int
}

func (s *state) resize(rows, width int) {
	s.acc = grow(s.acc, rows*width)
	s.max = grow(s.max, rows)
	s.sum = grow(s.sum, rows)
	s.width = width
}

// slice is the state of n rows from the first on, in place.
func (s *state) slice(first, n int) state {
	return state{s.acc[first*s.width : (first+n)*s.width], s.max[first : first+n], s.sum[first : first+n], s.width}
}

// reset makes it the state before the first key.
func (s *state) reset() {
	clear(s.acc)
	clear(s.sum)
	for r := range s.max {
		s.max[r] = float32(math.Inf(-1))
	}
}

// add joins the state of the same rows over later keys. A side that has seen no key leaves the other as it is to the bit.
func (s *state) add(exponent float32, t *state) {
	for r, top := range t.max {
		if t.sum[r] == 0 {
			continue
		}
		if s.sum[r] == 0 {
			copy(s.acc[r*s.width:][:s.width], t.acc[r*s.width:])
			s.max[r], s.sum[r] = top, t.sum[r]
			continue
		}
		joint := max(s.max[r], top)
		a, b := float32(1), float32(1)
		if joint != s.max[r] {
			a = kernel.Exp(exponent * (s.max[r] - joint))
		} else {
			b = kernel.Exp(exponent * (top - joint))
		}
		kernel.Combine(s.acc[r*s.width:][:s.width], a, t.acc[r*s.width:], b)
		s.max[r], s.sum[r] = joint, a*s.sum[r]+b*t.sum[r]
	}
}
