package rapt

import (
	"fmt"
	"math"

	"github.com/rapt-go/rapt/internal/kernel"
)

// WeightsWindow writes a rectangle of the attention weights: those of the queries in rows, in that order, nil meaning all,
// for the keys from, …, to−1. A column of all weights is the window of one key. Nothing outside of the window is computed: that
// takes the log-sum-exps of all queries, as [Attend] and [Statistics] give them for the same arguments.
//
//	dst [batch][heads][len(rows)][to−from]      lse [batch][heads][queries]
//
// A weight is exp(score − lse), and so has the rounding of lse: 6·10⁻⁸ of it times |lse|. An error names the argument that
// doesn't fit; dst is then untouched.
func WeightsWindow[T Element](dst, lse []float32, q, k Tensor[T], rows []int, from, to int, o *Options) error {
	return weightsWindow(dst, lse, float32s(q), float32s(k), rows, span{from, to}, o)
}

func weightsWindow(dst, lse []float32, q, k Tensor[float32], rows []int, window span, o *Options) error {
	if o == nil {
		o = &defaults
	}
	s, err := checkQK(&q, &k, o)
	if err != nil {
		return err
	}
	count, err := checkRows(&s, rows, o)
	if err != nil {
		return err
	}
	if window.from < 0 || window.to < window.from || window.to > s.keys {
		return fmt.Errorf("rapt: the window is keys %d to %d, k.Seq is %d", window.from, window.to-1, s.keys)
	}
	width := window.to - window.from
	if err := checkMaps("dst", dst, &s, "rows", count, width); err != nil {
		return err
	}
	if need := s.batch * s.heads * s.queries; need != len(lse) {
		return fmt.Errorf("rapt: lse has %d elements, expected batch·heads·queries = %d·%d·%d", len(lse), s.batch, s.heads, s.queries)
	}
	if len(dst) == 0 {
		return nil
	}
	s.valueDim = 1 // there are no values
	c := newCall(s, o, (*call).windowPart)
	c.q, c.k, c.asked, c.scores, c.window, c.lse = q, k, rows, dst, window, lse
	c.planScores(count)
	c.run()
	c.lse = nil
	c.release()
	return nil
}

// windowPart computes the weights of a tile's rows in the window.
func (c *call) windowPart(p part, w *worker) {
	t := &c.tiles[p.tile]
	rows := c.rows(t)
	w.prepare(c, t)
	c.copyAsked(t, w)
	for from := c.window.from; from < c.window.to; from += keyTile {
		block := span{from, min(from+keyTile, c.window.to)}
		packed := false
		for first := 0; first < rows; first += kernel.RowStep {
			count := min(kernel.RowStep, rows-first)
			if !c.anyVisible(t, first, count, block) {
				for r := first; r < first+count; r++ {
					clear(c.windowRow(t, r, block))
				}
				continue
			}
			if !packed {
				kernel.PackKeys(w.keys, c.k.from(t.batch, block.from, t.kvHead), c.k.SeqStride, block.to-block.from, c.dim)
				packed = true
			}
			c.windowRows(t, first, count, block, w)
		}
	}
}

// windowRows computes the weights of a few rows for a block of keys that are packed. The online softmax with lse as its largest
// score so far gives them: no weight is above 1. Where lse is NaN, so that the row sees a NaN, it takes the block's own, and
// what isn't 0 then becomes NaN.
func (c *call) windowRows(t *tile, first, count int, block span, w *worker) {
	var top, sum, rescale [kernel.RowStep]float32
	var nan [kernel.RowStep]bool
	n := block.to - block.from
	kernel.Multiply(w.scores, keyTile, w.copied[first*c.dim:], c.dim, kernel.Packed(w.keys, c.dim), count, c.dim, n, nil)
	for r := range count {
		at := Segment{t.batch, c.queryHead(t, first+r), c.askedQuery(c.query(t, first+r)), block.from}
		c.shapeScores(w.scores[r*keyTile:][:n], at, c.visibleSpan(t.batch, at.Query), w.keep)
		top[r] = c.lse[(t.batch*c.heads+at.Head)*c.queries+at.Query] / c.exponent
		if nan[r] = math.IsNaN(float64(top[r])); nan[r] {
			top[r] = -inf
		}
	}
	kernel.Softmax(w.scores, keyTile, count, n, c.exponent, top[:], sum[:], rescale[:])
	for r := range count {
		row := c.windowRow(t, first+r, block)
		copy(row, w.scores[r*keyTile:])
		if nan[r] {
			spoil(row)
		}
	}
}

// windowRow is the part of dst for a block of keys of the r-th row of a tile.
func (c *call) windowRow(t *tile, r int, block span) []float32 {
	width := c.window.to - c.window.from
	at := ((t.batch*c.heads+c.queryHead(t, r))*c.scoreRows+c.query(t, r))*width - c.window.from
	return c.scores[at+block.from : at+block.to]
}
