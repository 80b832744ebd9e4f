package rapt

import (
	"math"

	"github.com/rapt-go/rapt/internal/kernel"
)

// largestCount is how many of a row's largest weights are looked for.
func (c *call) largestCount() int {
	st := c.stats
	switch {
	case st.TopIndex != nil || st.TopWeight != nil:
		return st.TopK
	case st.MaxWeight != nil || st.ArgMax != nil:
		return 1
	}
	return 0
}

// A longList is what kernel.Largest keeps of a row, for up to 64 scores.
type longList struct {
	score [64]float32
	key   [64]int32
	n     int
}

// add puts a score in its place, if it is one of the k largest. Its key is greater than those in the list.
func (l *longList) add(key int32, score float32, k int) {
	at := l.n
	if l.n < k {
		l.n++
	} else if at = k - 1; score <= l.score[at] {
		return
	}
	for ; at > 0 && l.score[at-1] < score; at-- {
		l.score[at], l.key[at] = l.score[at-1], l.key[at-1]
	}
	l.score[at], l.key[at] = score, key
}

// resetLargest empties the lists of some rows. What key a score of −Inf has is never asked.
func (c *call) resetLargest(rows int, s *gatherer) {
	switch k := c.largestCount(); {
	case k > kernel.ListLen:
		for r := range rows {
			s.long[r].n = 0
		}
	case k > 0:
		kernel.Fill(s.score[:rows*kernel.ListLen], -inf)
	}
}

// addLargest takes the scores of a few rows, for n keys, into the lists of the largest. Scores, not weights: so keys with
// the same score tie, in whatever blocks they are. It returns the largest score of each row so far, or nil if none is asked
// for.
func (c *call) addLargest(g *group, scores []float32, stride, n int, s *gatherer) (tops []float32) { // [g.rows]
	k := c.largestCount()
	if k == 0 {
		return nil
	}
	tops = s.tops[:g.rows]
	if k <= kernel.ListLen {
		at := g.first * kernel.ListLen
		kernel.Largest(s.score[at:], s.key[at:], scores, stride, g.rows, n, k, int32(g.keys.from))
		for i := range tops {
			tops[i] = s.score[at+i*kernel.ListLen]
		}
		return tops
	}
	for i := range tops {
		l := &s.long[g.first+i]
		l.addRow(scores[i*stride:][:n], k, int32(g.keys.from), s)
		tops[i] = -inf
		if l.n > 0 {
			tops[i] = l.score[0]
		}
	}
	return tops
}

// addRow takes the scores of keys from first on into the list of the k largest.
func (l *longList) addRow(scores []float32, k int, first int32, s *gatherer) {
	bound := max(kernel.Bound(scores, k), -math.MaxFloat32)
	if l.n == k {
		bound = max(bound, l.score[k-1])
	}
	count := kernel.Collect(scores, bound, first, s.index[:], s.value[:])
	for j, key := range s.index[:count] {
		l.add(key, s.value[j], k)
	}
}

// writeLargest writes the largest weights of a tile's rows.
func (c *call) writeLargest(t *tile, s *gatherer) {
	k := c.largestCount()
	if k == 0 {
		return
	}
	rows := c.rows(t)
	for first := 0; first < rows; first += kernel.RowStep {
		n := min(kernel.RowStep, rows-first)
		if k <= kernel.ListLen {
			c.weigh(s.score[first*kernel.ListLen:], kernel.ListLen, n, k, first, s)
		}
		for r := first; r < first+n; r++ {
			place := c.lseIndex(t.batch, t.kvHead, t.from+r)
			scores, keys := []float32(nil), []int32(nil)
			switch {
			case math.IsNaN(s.rows[r].sum):
				c.writeLargestOf(place, nil, nil, float32(math.NaN()))
				continue
			case k <= kernel.ListLen:
				scores, keys = s.score[r*kernel.ListLen:][:k], s.key[r*kernel.ListLen:][:k]
			default:
				l := &s.long[r]
				scores, keys = l.score[:l.n], l.key[:l.n]
				c.weigh(scores, 0, 1, l.n, r, s)
			}
			sortLargest(scores, keys)
			c.writeLargestOf(place, scores, keys, 0)
		}
	}
}

// weigh turns k scores of each of some rows into weights.
func (c *call) weigh(scores []float32, stride, rows, k, first int, s *gatherer) {
	for i := range rows {
		s.tops[i] = s.rows[first+i].top
	}
	kernel.Softmax(scores, stride, rows, k, c.exponent, s.tops[:], s.sums[:], s.rescale[:])
	for i := range rows {
		row, scale := scores[i*stride:][:k], float32(s.rows[first+i].scale)
		for j := range row {
			row[j] *= scale
		}
	}
}

// sortLargest puts weights into order that are almost: scores that differ by a last digit may give the same weight, or
// change places.
func sortLargest(weights []float32, keys []int32) {
	for j := 1; j < len(weights); j++ {
		for at := j; at > 0 && before(weights[at], weights[at-1], keys[at], keys[at-1]); at-- {
			weights[at-1], weights[at] = weights[at], weights[at-1]
			keys[at-1], keys[at] = keys[at], keys[at-1]
		}
	}
}

// before reports whether weight w of key j comes before weight v of key i.
func before(w, v float32, j, i int32) bool { return w > v || w == v && j < i }

// writeLargestOf writes the largest weights of a row, in order. Where there are fewer than TopK above 0, rest stands for the
// others.
func (c *call) writeLargestOf(place int, weights []float32, keys []int32, rest float32) {
	st := c.stats
	for len(weights) > 0 && !(weights[len(weights)-1] > 0) {
		weights = weights[:len(weights)-1]
	}
	keys = keys[:len(weights)]
	first, key := rest, int32(-1)
	if len(keys) > 0 {
		first, key = weights[0], keys[0]
	}
	if st.MaxWeight != nil {
		st.MaxWeight[place] = first
	}
	if st.ArgMax != nil {
		st.ArgMax[place] = key
	}
	// A list is a few numbers: a loop has copied them before copy has begun.
	if st.TopWeight != nil {
		to := st.TopWeight[place*st.TopK:][:st.TopK]
		for j := range to {
			if to[j] = rest; j < len(weights) {
				to[j] = weights[j]
			}
		}
	}
	if st.TopIndex != nil {
		to := st.TopIndex[place*st.TopK:][:st.TopK]
		for j := range to {
			if to[j] = -1; j < len(keys) {
				to[j] = keys[j]
			}
		}
	}
}
