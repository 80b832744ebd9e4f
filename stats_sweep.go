package rapt

import (
	"math"

	"github.com/rapt-go/rapt/internal/kernel"
)

// statsPart gathers the statistics of the tiles of a part.
func (c *call) statsPart(p part, w *worker) {
	if !c.columns {
		for i := p.first; i < p.last; i++ {
			t := &c.tiles[i]
			c.sweep(t, w, c.prepareStats(c.rows(t), w))
			c.writeRows(t, &w.gather)
		}
		return
	}
	s := c.prepareStats(c.statRows, w)
	c.beginPart(s)
	for i := p.first; i < p.last; i++ {
		t := &c.tiles[i]
		s.packed.enter(c, t.batch, t.kvHead/c.keyGroup)
		c.statsStrip(t, w, s)
		s.packed.leave()
	}
	c.endPart(&c.tiles[p.first], s)
}

// statsStrip gathers the statistics of one strip, a few rows of weights at a time.
func (c *call) statsStrip(t *tile, w *worker, s *gatherer) {
	c.beginStrip(t, s)
	for from := t.from; from < t.to; from += c.statRows {
		rows := *t
		rows.from, rows.to = from, min(from+c.statRows, t.to)
		c.sweep(&rows, w, s)
		c.writeRows(&rows, s)
		c.scaleRows(&rows, s)
		for first := 0; first < rows.to-rows.from; first += kernel.RowStep {
			c.addColumns(t, &rows, first, min(kernel.RowStep, rows.to-rows.from-first), s)
		}
	}
	c.foldStrip(t, s)
}

// sweep computes the exponentials of a tile's rows over all keys, and the rows' output if it is wanted, with the bits of
// attendPart.
func (c *call) sweep(t *tile, w *worker, s *gatherer) {
	w.prepare(c, t)
	c.loadQueries(t, w)
	c.resetRows(t, s)
	keys := c.reach(t.batch, t.from, t.to)
	w.total.reset()
	sums := &w.total
	for chunk := keys.from / chunkKeys * chunkKeys; chunk < keys.to; chunk += chunkKeys {
		end := min(chunk+chunkKeys, keys.to)
		for from := max(chunk, keys.from/keyTile*keyTile); from < end; from += keyTile {
			c.sweepBlock(t, span{from, min(from+keyTile, end)}, w, s, sums)
		}
		if sums != &w.total {
			w.total.add(c.exponent, sums)
		}
		sums = &w.sums
		sums.reset()
	}
	if c.withOut {
		c.write(t, &w.total)
	}
}

// sweepBlock does for one block of keys what attendHead does.
func (c *call) sweepBlock(t *tile, block span, w *worker, s *gatherer, sums *state) {
	ids := c.segmentIDs(t.batch, block)
	packed := false
	rows := c.rows(t)
	for r := 0; r < rows; r += kernel.RowStep {
		n := min(kernel.RowStep, rows-r)
		g := c.group(t, r, n, block)
		if g.keys.empty() || c.screened && c.groupHidden(t, &g, ids) {
			c.forget(r, n, block, s)
			continue
		}
		if !packed {
			c.packBlock(t, block, w, s)
			packed = true
		}
		c.sweepGroup(t, &g, block, w, s, sums)
	}
}

// forget makes the weights of a block that some rows don't see 0.
func (c *call) forget(first, rows int, block span, s *gatherer) {
	if !c.columns {
		return
	}
	for r := first; r < first+rows; r++ {
		clear(s.weights[r*c.weightStride:][block.from:block.to])
	}
	kernel.Fill(s.factors[block.from/keyTile*c.statRows+first:][:rows], -inf)
}

// sweepGroup does for a few rows what attendGroup does, and adds what the block of keys is to the rows' statistics. Where
// weights are wanted later, the exponentials stay in s.weights.
func (c *call) sweepGroup(t *tile, g *group, block span, w *worker, s *gatherer, sums *state) {
	skip, n := g.keys.from-block.from, g.keys.to-g.keys.from
	scores, stride := w.scores, keyTile
	if c.columns {
		scores, stride = s.weights[g.first*c.weightStride+g.keys.from:], c.weightStride
	}
	kernel.MultiplyAhead(scores, stride, w.queries[g.first*w.queryStride:], w.queryStride,
		kernel.Packed(w.keys[skip*c.dim:], c.dim), g.rows, c.dim, n, nil, c.aheadOf(s.packed.keys, block, g.first, c.dim), kernel.AheadWidth)
	if !(g.whole && c.plain && !c.screened) {
		for i := range g.rows {
			at := Segment{t.batch, c.queryHead(t, g.first+i), c.query(t, g.first+i), g.keys.from}
			c.shapeScores(scores[i*stride:][:n], at, c.visibleSpan(t.batch, at.Query), w.keep)
		}
	}
	if c.withOut {
		w.infinite.see(scores, stride, g.rows, skip, n)
	}
	tops := c.addLargest(g, scores, stride, n, s)
	if sums != &w.total { // which the first chunk goes to; a later one has maxima of its own
		tops = nil
	}
	position := c.position(t.batch, t.from+g.first) - g.keys.from
	for i := range g.rows {
		s.distance[i] = float32(position + i)
	}
	kernel.SoftmaxMoments(scores, stride, g.rows, n, c.exponent, tops, sums.max[g.first:], sums.sum[g.first:], w.rescale,
		s.distance[:], s.sums[:], s.products[:], s.moments[:], s.room[:])
	c.addRows(t, g, scores, stride, n, sums.max[g.first:], s)
	if c.columns {
		c.keepWeights(g, block, sums.max[g.first:][:g.rows], s)
	}
	if !c.withOut {
		return
	}
	panels := kernel.RoundUp(c.valueDim, kernel.PanelWidth)
	kernel.MultiplyAhead(sums.acc[g.first*c.width:], c.width, scores, stride,
		kernel.Packed(w.values, s.depth).Skip(skip), g.rows, n, c.valueDim, w.rescale, c.aheadOf(s.packed.values, block, g.first, panels), kernel.AheadWidth)
	w.infinite.add(sums.acc[g.first*c.width:], c.width, scores, stride, g.rows, skip)
}

// keepWeights notes the maxima against which the exponentials of some rows in s.weights were taken, and makes those of keys
// of the block that none of the rows sees 0.
func (c *call) keepWeights(g *group, block span, tops []float32, s *gatherer) {
	copy(s.factors[block.from/keyTile*c.statRows+g.first:], tops)
	if g.keys == block {
		return
	}
	for r := g.first; r < g.first+g.rows; r++ {
		row := s.weights[r*c.weightStride:]
		clear(row[block.from:g.keys.from])
		clear(row[g.keys.to:block.to])
	}
}

// scaleRows turns the maxima of a tile's blocks into what makes their exponentials weights. In a row that sees a NaN all
// weights become NaN but those that are 0, of which most are invisible.
func (c *call) scaleRows(t *tile, s *gatherer) {
	keys := c.reach(t.batch, t.from, t.to)
	for r := range t.to - t.from {
		x := &s.rows[r]
		last, factor := -inf, float32(0)
		for from := keys.from / keyTile * keyTile; from < keys.to; from += keyTile {
			place := &s.factors[from/keyTile*c.statRows+r]
			switch {
			case math.IsNaN(x.sum):
				spoil(s.weights[r*c.weightStride:][from:min(from+keyTile, keys.to)])
				factor = 1
			case x.sum == 0:
				factor = 0
			case *place == last:
			case *place == x.top:
				last, factor = x.top, float32(x.scale)
			default:
				last = *place
				factor = float32(x.scale * math.Exp(float64(c.exponent)*(float64(last)-float64(x.top))))
			}
			*place = factor
		}
	}
}

// spoil makes numbers NaN, but leaves those that are 0.
func spoil(row []float32) {
	for j, p := range row {
		if p != 0 {
			row[j] = float32(math.NaN())
		}
	}
}
