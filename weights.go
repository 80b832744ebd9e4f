package rapt

import (
	"errors"
	"fmt"
	"math"

	"github.com/rapt-go/rapt/internal/kernel"
)

// A Stage is a point on the way from products to weights.
type Stage int

const (
	StageScaled  Stage = iota // Scale·q·k, of hidden keys too
	StageCapped               // after Softcap, of hidden keys too
	StageMasked               // after all that changes scores or hides keys: −Inf is invisible
	StageWeights              // after the softmax
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
	return Scores(dst, q, k, rows, StageWeights, o)
}

// Scores is Weights for any stage. Keys from KeyLens on are not read at any stage, and have the score −Inf.
func Scores[T Element](dst []float32, q, k Tensor[T], rows []int, stage Stage, o *Options) error {
	return scores(dst, float32s(q), float32s(k), rows, stage, o)
}

func scores(dst []float32, q, k Tensor[float32], rows []int, stage Stage, o *Options) error {
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
	if err := checkMaps("dst", dst, &s, "rows", count, s.keys); err != nil {
		return err
	}
	switch stage {
	case StageScaled:
		o = &Options{Scale: o.Scale, KeyLens: o.KeyLens, Threads: o.Threads}
	case StageCapped:
		o = &Options{Scale: o.Scale, Softcap: o.Softcap, KeyLens: o.KeyLens, Threads: o.Threads}
	case StageMasked, StageWeights:
	default:
		return fmt.Errorf("rapt: stage is %d; there are %d to %d", stage, StageScaled, StageWeights)
	}
	if len(dst) == 0 {
		return nil
	}
	s.valueDim = 1 // there are no values
	c := newCall(s, o, (*call).scoresPart)
	c.q, c.k, c.asked, c.scores, c.stage = q, k, rows, dst, stage
	if stage != StageWeights {
		c.plain, c.exponent = false, 1
	}
	c.planScores(count)
	c.run()
	c.release()
	return nil
}

// checkRows validates the rows asked for and counts them.
func checkRows(s *shape, rows []int, o *Options) (count int, err error) {
	switch {
	case o.QueryOffsets != nil || o.KeyOffsets != nil:
		return 0, errors.New("rapt: Weights and Scores don't go together with QueryOffsets and KeyOffsets; ask for one sequence at a time")
	case o.PageTables != nil:
		return 0, errors.New("rapt: Weights and Scores don't go together with PageTables")
	}
	for r, i := range rows {
		if i < 0 || i >= s.queries {
			return 0, fmt.Errorf("rapt: rows[%d] is %d, q.Seq is %d", r, i, s.queries)
		}
	}
	if rows == nil {
		return s.queries, nil
	}
	return len(rows), nil
}

// checkMaps says what is wrong with the length of dst, which holds so many rows of so many keys for every head. rowsOf is what
// the rows are, for the error.
func checkMaps(name string, dst []float32, s *shape, rowsOf string, rows, keys int) error {
	need, ok := extent([4]int{s.batch, s.heads, rows, keys}, [4]int{s.heads * rows * keys, rows * keys, keys, 1})
	if !ok || need != len(dst) {
		return fmt.Errorf("rapt: %s has %d elements, expected batch·heads·%s·keys = %d·%d·%d·%d", name, len(dst), rowsOf, s.batch, s.heads, rows, keys)
	}
	return nil
}

// planScores makes a tile of every few of the rows asked for; from and to of a tile count among those.
func (c *call) planScores(count int) {
	c.tiles, c.parts = c.tiles[:0], c.parts[:0]
	const rowsPerTile = 8 * kernel.RowStep
	for b := range c.batch {
		for kvHead := range c.kvHeads {
			for from := 0; from < count; from += rowsPerTile {
				t := tile{batch: b, kvHead: kvHead, kvHeads: 1, from: from, to: min(from+rowsPerTile, count)}
				c.parts = append(c.parts, part{tile: len(c.tiles), cost: c.rows(&t) * c.keys})
				c.tiles = append(c.tiles, t)
			}
		}
	}
	c.scoreRows = count
}

// askedQuery is the query of the n-th row asked for.
func (c *call) askedQuery(n int) int {
	if c.asked == nil {
		return n
	}
	return c.asked[n]
}

// scoresRow is the row of c.scores for the r-th row of a tile.
func (c *call) scoresRow(t *tile, r int) []float32 {
	at := ((t.batch*c.heads+c.queryHead(t, r))*c.scoreRows + c.query(t, r)) * c.keys
	return c.scores[at : at+c.keys]
}

// scoresPart computes the scores of a tile's rows block by block, and then their softmax if it is asked for.
func (c *call) scoresPart(p part, w *worker) {
	t := &c.tiles[p.tile]
	rows := c.rows(t)
	w.prepare(c, t)
	c.copyAsked(t, w)
	for from := 0; from < c.keys; from += keyTile {
		c.scoreBlock(t, span{from, min(from+keyTile, c.keys)}, w)
	}
	for r := 0; r < rows && c.stage == StageWeights && !c.oneBlock(); r++ {
		c.softmaxRow(c.scoresRow(t, r), c.queryHead(t, r))
	}
}

// copyAsked copies the queries that are asked for to where the products read them.
func (c *call) copyAsked(t *tile, w *worker) {
	rows := c.rows(t)
	w.copied = grow(w.copied, rows*c.dim)
	for r := range rows {
		copy(w.copied[r*c.dim:][:c.dim], c.q.row(t.batch, c.askedQuery(c.query(t, r)), c.queryHead(t, r)))
	}
}

// oneBlock reports whether all keys are in one block: then scores become weights before they leave the nearest cache.
func (c *call) oneBlock() bool { return c.keys <= keyTile }

// scoreBlock computes the scores of a tile's rows over one block of keys.
func (c *call) scoreBlock(t *tile, block span, w *worker) {
	rows, n := c.rows(t), block.to-block.from
	packed := false
	for first := 0; first < rows; first += kernel.RowStep {
		count := min(kernel.RowStep, rows-first)
		if !c.anyVisible(t, first, count, block) {
			nothing := -inf
			if c.stage == StageWeights && c.oneBlock() {
				nothing = 0
			}
			for r := range count {
				kernel.Fill(c.scoresRow(t, first+r)[block.from:block.to], nothing)
			}
			continue
		}
		if !packed {
			kernel.PackKeys(w.keys, c.k.from(t.batch, block.from, t.kvHead), c.k.SeqStride, n, c.dim)
			packed = true
		}
		kernel.Multiply(w.scores, keyTile, w.copied[first*c.dim:], c.dim, kernel.Packed(w.keys, c.dim), count, c.dim, n, nil)
		for r := range count {
			at := Segment{t.batch, c.queryHead(t, first+r), c.askedQuery(c.query(t, first+r)), block.from}
			scores := w.scores[r*keyTile:][:n]
			c.shapeScores(scores, at, c.visibleSpan(t.batch, at.Query), w.keep)
			if c.stage != StageWeights || !c.oneBlock() {
				copy(c.scoresRow(t, first+r)[block.from:], scores)
			}
		}
		if c.stage == StageWeights && c.oneBlock() {
			c.writeWeights(t, first, count, w)
		}
	}
}

// writeWeights turns the scores of a few rows, over all keys, into weights.
func (c *call) writeWeights(t *tile, first, count int, w *worker) {
	var sum, rescale [kernel.RowStep]float32
	top := [kernel.RowStep]float32{-inf, -inf, -inf, -inf, -inf, -inf, -inf, -inf, -inf, -inf, -inf, -inf}
	kernel.Softmax(w.scores, keyTile, count, c.keys, c.exponent, top[:], sum[:], rescale[:])
	for r := range count {
		scale := c.weightScale(c.queryHead(t, first+r), top[r], sum[r])
		kernel.Scale(c.scoresRow(t, first+r), scale, w.scores[r*keyTile:][:c.keys])
	}
}

// weightScale is the factor that makes weights of the exponentials of a row of some head.
func (c *call) weightScale(head int, top, sum float32) float32 {
	if c.o.Sinks == nil && sum != 0 {
		return 1 / sum
	}
	sink := math.Inf(-1)
	if c.o.Sinks != nil {
		sink = float64(c.o.Sinks[head])
	}
	scale, _ := normalize(c.exponent, top, sum, sink)
	return float32(scale)
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
	kernel.Scale(s, c.weightScale(head, top[0], sum[0]), s)
}
