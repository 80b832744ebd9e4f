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

// A longList is a kernel.List of up to 64 scores.
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

// addLargest takes the scores of a few rows, for n keys, into the lists of the largest. Scores, not weights: so keys with
// the same score tie, in whatever blocks they are.
func (c *call) addLargest(g *group, scores []float32, stride, n int, s *gatherer) {
	k := c.largestCount()
	if k == 0 {
		return
	}
	if k <= kernel.ListLen {
		kernel.Largest(s.lists[g.first:][:g.rows], scores, stride, n, k, int32(g.keys.from))
		return
	}
	for i := range g.rows {
		row, l := scores[i*stride:][:n], &s.long[g.first+i]
		bound := max(kernel.Bound(row, k), -math.MaxFloat32)
		if l.n == k {
			bound = max(bound, l.score[k-1])
		}
		count := kernel.Collect(row, bound, int32(g.keys.from), s.index[:], s.value[:])
		for j, key := range s.index[:count] {
			l.add(key, s.value[j], k)
		}
	}
}

// writeLargest writes the largest weights of a tile's rows.
func (c *call) writeLargest(t *tile, s *gatherer) {
	k := c.largestCount()
	if k == 0 {
		return
	}
	for r := range c.rows(t) {
		place := c.lseIndex(t.batch, t.kvHead, t.from+r)
		x := &s.rows[r]
		switch {
		case math.IsNaN(x.sum):
			c.writeLargestOf(place, nil, nil, float32(math.NaN()))
		case k > kernel.ListLen:
			l := &s.long[r]
			c.weigh(x, l.score[:l.n], l.key[:])
			c.writeLargestOf(place, l.score[:l.n], l.key[:l.n], 0)
		default:
			l := &s.lists[r]
			c.weigh(x, l.Score[:k], l.Key[:])
			c.writeLargestOf(place, l.Score[:k], l.Key[:k], 0)
		}
	}
}

// weigh turns the largest scores of a row into weights. Scores that differ by a last digit may give the same weight: those
// are put into the order of their keys again.
func (c *call) weigh(x *rowState, scores []float32, keys []int32) {
	var top, sum, rescale [1]float32
	top[0] = x.top
	kernel.Softmax(scores, len(scores), 1, len(scores), c.exponent, top[:], sum[:], rescale[:])
	for j, p := range scores {
		scores[j] = float32(x.scale * float64(p))
		for ; j > 0 && (scores[j-1] < scores[j] || scores[j-1] == scores[j] && keys[j-1] > keys[j]); j-- {
			scores[j-1], scores[j] = scores[j], scores[j-1]
			keys[j-1], keys[j] = keys[j], keys[j-1]
		}
	}
}

// writeLargestOf writes the largest weights of a row. Where there are fewer than TopK above 0, rest stands for the others.
func (c *call) writeLargestOf(place int, weights []float32, keys []int32, rest float32) {
	st := c.stats
	n := 0
	for n < len(weights) && weights[n] > 0 {
		n++
	}
	first, key := rest, int32(-1)
	if n > 0 {
		first, key = weights[0], keys[0]
	}
	if st.MaxWeight != nil {
		st.MaxWeight[place] = first
	}
	if st.ArgMax != nil {
		st.ArgMax[place] = key
	}
	if st.TopWeight != nil {
		to := st.TopWeight[place*st.TopK:][:st.TopK]
		kernel.Fill(to[copy(to, weights[:n]):], rest)
	}
	if st.TopIndex != nil {
		to := st.TopIndex[place*st.TopK:][:st.TopK]
		for j := copy(to, keys[:n]); j < len(to); j++ {
			to[j] = -1
		}
	}
}
