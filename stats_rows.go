package rapt

import (
	"math"

	"github.com/rapt-go/rapt/internal/kernel"
)

// A rowState is what the online softmax tells of a row, beside what attention needs. With top the maximum of the scores s so
// far and p_j = exp(c·(s_j − top)),
//
//	sum = Σ p_j      product = Σ p_j·ln p_j      moment = Σ p_j·|position − j|      classes[n] = Σ p_j over keys of class n
//
// and scale, once the row is complete, is what a p_j is multiplied by to be a weight.
type rowState struct {
	top                  float32
	sum, product, moment float64
	classes              [8]float64
	scale                float64
}

// resetRows makes the states of a tile's rows those before the first key.
func (c *call) resetRows(t *tile, s *gatherer) {
	rows := c.rows(t)
	for r := range rows {
		s.rows[r] = rowState{top: -inf}
	}
	c.resetLargest(rows, s)
}

// addRows adds a block of keys to the states of a few rows: exponentials p of n keys, against the maxima tops.
func (c *call) addRows(t *tile, g *group, p []float32, stride, n int, tops []float32, s *gatherer) {
	for i := range g.rows {
		if s.sums[i] == 0 {
			continue
		}
		x := &s.rows[g.first+i]
		sum, product, moment := float64(s.sums[i]), float64(s.products[i]), float64(s.moments[i])
		scale, shift := x.rebase(c.exponent, tops[i])
		if shift != 0 {
			product = scale * (product + shift*sum)
			sum, moment = scale*sum, scale*moment
		}
		x.sum += sum
		x.product += product
		x.moment += moment
		if c.stats.ClassMass != nil {
			var classes [8]float32
			kernel.ClassSums(p[i*stride:][:n], c.stats.KeyClasses[c.keyIndex(t.batch, g.keys.from):], &classes)
			for n, mass := range classes {
				x.classes[n] += scale * float64(mass)
			}
		}
	}
}

// rebase makes x.top the larger of itself and top. Exponentials against top are to be multiplied by scale = exp(shift).
func (x *rowState) rebase(exponent, top float32) (scale, shift float64) {
	if top == x.top {
		return 1, 0
	}
	shift = float64(exponent) * (float64(top) - float64(x.top))
	if shift < 0 {
		return math.Exp(shift), shift
	}
	if x.sum != 0 {
		e := math.Exp(-shift)
		x.product = e * (x.product - shift*x.sum)
		x.sum, x.moment = e*x.sum, e*x.moment
		for n := range x.classes {
			x.classes[n] *= e
		}
	}
	x.top = top
	return 1, 0
}

// writeRows writes what is told of a tile's queries, whose keys have all been seen.
func (c *call) writeRows(t *tile, s *gatherer) {
	for r := range c.rows(t) {
		c.writeRow(c.lseIndex(t.batch, t.kvHead, t.from+r), t.kvHead, &s.rows[r])
	}
	c.writeLargest(t, s)
}

func (c *call) writeRow(place, head int, x *rowState) {
	st := c.stats
	lse, share, logSum := math.Inf(-1), 1.0, 0.0
	if x.sum != 0 {
		logSum = math.Log(x.sum)
		lse = float64(c.exponent)*float64(x.top) + logSum
	}
	if c.o.Sinks != nil {
		joint := addExp(lse, float64(c.o.Sinks[head]))
		if x.sum != 0 {
			share = math.Exp(lse - joint)
		}
		lse = joint
	}
	mean := 0.0 // of a row's keys: Σ p·… / Σ p
	if x.sum != 0 {
		mean = 1 / x.sum
	}
	x.scale = share * mean
	if st.LSE != nil {
		st.LSE[place] = float32(lse)
	}
	if st.Entropy != nil {
		st.Entropy[place] = float32(entropy(logSum-x.product*mean, share))
	}
	if st.Distance != nil {
		st.Distance[place] = float32(x.scale * x.moment)
	}
	if st.ClassMass != nil {
		for n, mass := range x.classes {
			st.ClassMass[place*8+n] = float32(x.scale * mass)
		}
	}
}

// entropy is −Σ w·ln w for weights that are a share of the row, the rest being a sink's, where the entropy of the keys among
// themselves is own.
func entropy(own, share float64) float64 {
	if share == 1 {
		return own
	}
	if share == 0 {
		return 0
	}
	return share * (own - math.Log(share))
}
