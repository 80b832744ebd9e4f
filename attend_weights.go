package rapt

import (
	"github.com/rapt-go/rapt/internal/kernel"
)

// AttendWeights is [Attend] and [Weights] of all queries in one: out is the same to the bit, and the weights are those that
// the values were multiplied with.
//
//	weights [batch][heads][queries][keys]
//
// Where all keys fit in one block and are visible, which is attention of an encoder over a sentence, the weights cost little
// more than writing them; else it calls the two one after the other. Ragged batches and pages have no such array: they are
// an error, as they are for Weights.
func AttendWeights[T Element](out Tensor[T], weights []float32, q, k, v Tensor[T], o *Options) error {
	return attendWeights(float32s(out), weights, float32s(q), float32s(k), float32s(v), o)
}

func attendWeights(out Tensor[float32], weights []float32, q, k, v Tensor[float32], o *Options) error {
	if o == nil {
		o = &defaults
	}
	s, err := checkAll(&out, &q, &k, &v, o)
	if err != nil {
		return err
	}
	if _, err := checkRows(&s, nil, o); err != nil {
		return err
	}
	if err := checkMaps("weights", weights, &s, "queries", s.queries, s.keys); err != nil {
		return err
	}
	c := newCall(s, o, (*call).attendShown)
	if !(c.plain && c.steady && c.open) || o.KeyLens != nil || s.keys > keyTile || len(weights) == 0 {
		c.release()
		if err := attend(out, q, k, v, o); err != nil {
			return err
		}
		return scores(weights, q, k, nil, StageWeights, o)
	}
	c.out, c.q, c.k, c.v, c.scores, c.scoreRows = out, q, k, v, weights, s.queries
	return c.attend()
}

// attendShown computes a part of which all keys are one block that every row sees all of, and writes the weights too.
func (c *call) attendShown(p part, w *worker) {
	t := &c.tiles[p.tile]
	w.prepare(c, t)
	c.loadQueries(t, w)
	w.sums.reset()
	block := span{0, c.keys}
	rows := c.headRows(t)
	for n := range t.kvHeads {
		c.pack(t, t.kvHead+n, block, w)
		for r := rows * n; r < rows*(n+1); r += kernel.RowStep {
			g := group{first: r, rows: min(kernel.RowStep, rows*(n+1)-r), keys: block, whole: true}
			c.attendGroup(t, &g, block, w, &w.sums)
			for i := range g.rows {
				scale := c.weightScale(c.queryHead(t, r+i), w.sums.max[r+i], w.sums.sum[r+i])
				kernel.Scale(c.scoresRow(t, r+i), scale, w.scores[i*keyTile:][:c.keys])
			}
		}
	}
	c.write(t, &w.sums)
}
