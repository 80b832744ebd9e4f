package rapt

import (
	"errors"
	"fmt"

	"github.com/rapt-go/rapt/internal/kernel"
)

// Weights writes the attention weights of the queries in rows, in that order; nil means all. They are what [Attend] with
// the same arguments multiplies the values with: an invisible key has weight 0, and so has every key of a query that sees
// none. With sinks a row sums to less than 1.
//
//	dst [batch][heads][len(rows)][keys]
//
// A query may stand in rows more than once. o.LSE isn't written. An error names the argument that doesn't fit; dst is
// then untouched.
func Weights[T Element](dst []float32, q, k Tensor[T], rows []int, o *Options) error {
	return weights(dst, float32s(q), float32s(k), rows, o)
}

func weights(dst []float32, q, k Tensor[float32], rows []int, o *Options) error {
	if o == nil {
		o = &Options{}
	}
	s, err := checkQK(&q, &k, o)
	if err != nil {
		return err
	}
	if o.QueryOffsets != nil || o.KeyOffsets != nil {
		return errors.New("rapt: Weights doesn't go together with QueryOffsets and KeyOffsets; ask for one sequence at a time")
	}
	for r, i := range rows {
		if i < 0 || i >= q.Seq {
			return fmt.Errorf("rapt: rows[%d] is %d, q.Seq is %d", r, i, q.Seq)
		}
	}
	count := len(rows)
	if rows == nil {
		count = q.Seq
	}
	if need, ok := extent([4]int{s.batch, s.heads, count, s.keys}, [4]int{s.heads * count * s.keys, count * s.keys, s.keys, 1}); !ok || need != len(dst) {
		return fmt.Errorf("rapt: dst has %d elements, expected batch·heads·rows·keys = %d·%d·%d·%d", len(dst), s.batch, s.heads, count, s.keys)
	}
	if len(dst) == 0 {
		return nil
	}
	s.valueDim = 1 // there are no values
	c := newCall(s, o, (*call).weightsPart)
	c.q, c.k, c.asked, c.weights = q, k, rows, dst
	c.planWeights(count)
	c.run()
	c.release()
	return nil
}

// planWeights makes a tile of every few of the rows asked for; from and to of a tile count among those.
func (c *call) planWeights(count int) {
	c.tiles, c.parts = c.tiles[:0], c.parts[:0]
	const rowsPerTile = 8 * kernel.RowStep
	for b := range c.batch {
		for kvHead := range c.kvHeads {
			for from := 0; from < count; from += rowsPerTile {
				t := tile{batch: b, kvHead: kvHead, from: from, to: min(from+rowsPerTile, count)}
				c.parts = append(c.parts, part{tile: len(c.tiles), cost: c.rows(&t) * c.keys})
				c.tiles = append(c.tiles, t)
			}
		}
	}
	c.weightRows = count
}

// askedQuery is the query of the n-th row asked for.
func (c *call) askedQuery(n int) int {
	if c.asked == nil {
		return n
	}
	return c.asked[n]
}

// weightsRow is the row of c.weights for the r-th row of a tile.
func (c *call) weightsRow(t *tile, r int) []float32 {
	at := ((t.batch*c.heads+c.queryHead(t, r))*c.weightRows + c.query(t, r)) * c.keys
	return c.weights[at : at+c.keys]
}

// weightsPart computes the scores of a tile's rows block by block, and then their softmax.
func (c *call) weightsPart(p part, w *worker) {
	t := &c.tiles[p.tile]
	rows := c.rows(t)
	w.prepare(c, rows)
	for r := range rows {
		copy(w.queries[r*c.dim:][:c.dim], c.q.row(t.batch, c.askedQuery(c.query(t, r)), c.queryHead(t, r)))
	}
	for from := 0; from < c.keys; from += keyTile {
		c.scoreBlock(t, span{from, min(from+keyTile, c.keys)}, w)
	}
	for r := range rows {
		c.softmaxRow(c.weightsRow(t, r), c.queryHead(t, r))
	}
}

// scoreBlock computes the scores of a tile's rows over one block of keys.
func (c *call) scoreBlock(t *tile, block span, w *worker) {
	rows, n := c.rows(t), block.to-block.from
	packed := false
	for first := 0; first < rows; first += kernel.RowStep {
		count := min(kernel.RowStep, rows-first)
		if !c.anyVisible(t, first, count, block) {
			for r := range count {
				kernel.Fill(c.weightsRow(t, first+r)[block.from:block.to], -inf)
			}
			continue
		}
		if !packed {
			kernel.PackKeys(w.keys, c.k.from(t.batch, block.from, t.kvHead), c.k.SeqStride, n, c.dim)
			packed = true
		}
		kernel.Multiply(w.scores, keyTile, w.queries[first*c.dim:], c.dim, kernel.Packed(w.keys, c.dim), count, c.dim, n, nil)
		for r := range count {
			at := Segment{t.batch, c.queryHead(t, first+r), c.askedQuery(c.query(t, first+r)), block.from}
			scores := w.scores[r*keyTile:][:n]
			c.shapeScores(scores, at, c.visibleSpan(t.batch, at.Query), w.keep)
			copy(c.weightsRow(t, first+r)[block.from:], scores)
		}
	}
}

// anyVisible reports whether any of count rows of a tile may see a key of the block. What nobody sees is not read.
func (c *call) anyVisible(t *tile, first, count int, block span) bool {
	for r := first; r < first+count; r++ {
		if !c.visibleSpan(t.batch, c.askedQuery(c.query(t, r))).intersect(block).empty() {
			return true
		}
	}
	return false
}

// softmaxRow turns all scores of one row into weights.
func (c *call) softmaxRow(s []float32, head int) {
	top, sum, rescale := [1]float32{-inf}, [1]float32{}, [1]float32{}
	kernel.Softmax(s, len(s), 1, len(s), c.exponent, top[:], sum[:], rescale[:])
	scale := 0.0
	if sum[0] != 0 {
		scale = 1 / float64(sum[0])
	}
	if c.o.Sinks != nil {
		lse := logSum(c.exponent, top[0], sum[0])
		scale *= share(lse, addExp(lse, float64(c.o.Sinks[head])))
	}
	kernel.Scale(s, float32(scale), s)
}
