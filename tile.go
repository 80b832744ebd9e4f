package rapt

import (
	"sync"
	"sync/atomic"

	"github.com/rapt-go/rapt/internal/kernel"
)

// A worker is what one goroutine needs for the tile at hand.
type worker struct {
	queries     []float32 // [rows][queryStride]
	queryStride int
	copied      []float32 // [rows][dim], if the queries had to be copied

	keys     []float32 // a packed block of up to keyTile keys
	values   []float32 // a packed block of up to keyTile values
	scores   []float32 // [RowStep, or rows of a tile of few][keyTile]
	rescale  []float32 // [RowStep, or rows of a tile of few]
	keep     []bool    // [keyTile]
	gathered []float32 // [keys of a block][dim or valueDim] rows that lie in pages

	sums, total state // of the chunk at hand; of all chunks so far

	infinite infinities

	gather gatherer // statistics

	upcoming int // the part that is likely to be the next one
	ahead    ahead
}

var workers = sync.Pool{New: func() any { return new(worker) }}

// release gives w back, without a hold on the caller's memory.
func (w *worker) release() {
	w.queries = nil
	w.ahead = ahead{}
	w.gather.own.forget()
	workers.Put(w)
}

// grow returns x with length n, and any contents.
func grow(x []float32, n int) []float32 {
	if cap(x) < n {
		return make([]float32, n)
	}
	return x[:n]
}

func (w *worker) prepare(c *call, t *tile) {
	rows := c.rows(t)
	w.keys = grow(w.keys, keyTile*c.dim)
	w.values = grow(w.values, keyTile*kernel.Panels(c.valueDim)*kernel.PanelWidth)
	step := kernel.RowStep
	if t.kvHeads > 1 {
		step = max(step, rows)
	}
	w.scores = grow(w.scores, step*keyTile)
	w.rescale = grow(w.rescale, step)
	if w.keep == nil {
		w.keep = make([]bool, keyTile)
	}
	w.sums.resize(rows, c.width)
	w.total.resize(rows, c.width)
}

// attendPart computes one part, and writes the output of its tile if it is the tile's last one.
func (c *call) attendPart(p part, w *worker) {
	t := &c.tiles[p.tile]
	w.prepare(c, t)
	c.loadQueries(t, w)
	c.lookAhead(t, w)
	if t.parts == 1 {
		c.attendChunk(t, p.first, w, &w.total)
		for chunk := p.first + 1; chunk < p.last; chunk++ {
			c.attendChunk(t, chunk, w, &w.sums)
			w.total.add(c.exponent, &w.sums)
		}
		c.write(t, &w.total)
		return
	}
	sums := c.chunkState(t, p.first)
	c.attendChunk(t, p.first, w, &sums)
	if atomic.AddInt32(&t.left, -1) > 0 {
		return
	}
	w.total.reset()
	for chunk := range t.chunks {
		sums := c.chunkState(t, t.firstChunk+chunk)
		w.total.add(c.exponent, &sums)
	}
	c.write(t, &w.total)
}

// chunkState is where the sums of one chunk of a split tile are kept.
func (c *call) chunkState(t *tile, chunk int) state {
	rows := c.rows(t)
	return c.partial.slice(t.firstState+(chunk-t.firstChunk)*rows, rows)
}

// loadQueries sets the rows that the products read: the tile's own, where they lie in order and not all in the same few
// sets of the cache, else a copy.
func (c *call) loadQueries(t *tile, w *worker) {
	if c.rows(t) == t.to-t.from && c.q.SeqStride%cacheSets != 0 {
		b, i := c.queryAt(t.batch, t.from)
		w.queries, w.queryStride = c.q.from(b, i, c.queryHead(t, 0)), c.q.SeqStride
		return
	}
	w.copied = grow(w.copied, c.rows(t)*c.dim)
	w.queries, w.queryStride = w.copied, c.dim
	for r := range c.rows(t) {
		b, i := c.queryAt(t.batch, c.query(t, r))
		copy(w.queries[r*c.dim:][:c.dim], c.q.row(b, i, c.queryHead(t, r)))
	}
}

// queryHead is the query head of a tile's row.
func (c *call) queryHead(t *tile, row int) int {
	return t.kvHead*c.groupSize() + row/(t.to-t.from)
}

// query is the query of a tile's row.
func (c *call) query(t *tile, row int) int { return t.from + row%(t.to-t.from) }

// attendChunk computes the sums of one chunk's keys, block by block.
func (c *call) attendChunk(t *tile, chunk int, w *worker, sums *state) {
	sums.reset()
	keys := c.reach(t.batch, t.from, t.to).intersect(span{chunk * chunkKeys, (chunk + 1) * chunkKeys})
	for from := keys.from / keyTile * keyTile; from < keys.to; from += keyTile {
		c.attendBlock(t, span{from, min(from+keyTile, keys.to)}, w, sums)
	}
}

// attendBlock adds one block of keys to the sums, key head by key head.
func (c *call) attendBlock(t *tile, block span, w *worker, sums *state) {
	rows := c.headRows(t)
	if rows <= kernel.RowStep {
		if g := c.group(t, 0, rows, block); g.whole && c.open && c.fewInPlace() {
			c.attendFew(t, g.keys, w, sums)
			return
		}
	}
	ids := c.segmentIDs(t.batch, block)
	for n := range t.kvHeads {
		c.attendHead(t, t.kvHead+n, rows*n, rows*(n+1), block, ids, w, sums)
	}
}

// attendHead adds one block of keys of one head to the sums of the rows first, …, last−1, which read it: it packs the keys
// and values, and goes through the rows a few at a time. ids are the segments of the keys.
func (c *call) attendHead(t *tile, kvHead, first, last int, block, ids span, w *worker, sums *state) {
	packed := false
	for r := first; r < last; r += kernel.RowStep {
		g := c.group(t, r, min(kernel.RowStep, last-r), block)
		if g.keys.empty() || c.screened && c.groupHidden(t, &g, ids) {
			continue
		}
		if !packed {
			c.pack(t, kvHead, block, w)
			packed = true
		}
		c.attendGroup(t, &g, block, w, sums)
	}
}

// pack lays out a block of keys and values for the products.
func (c *call) pack(t *tile, kvHead int, block span, w *worker) {
	n := block.to - block.from
	k, stride := c.rowsOf(&c.k, t.batch, kvHead, block, w)
	kernel.PackKeys(w.keys, k, stride, n, c.dim)
	if c.stats != nil && !c.withOut {
		return
	}
	v, stride := c.rowsOf(&c.v, t.batch, kvHead, block, w)
	kernel.PackValues(w.values, v, stride, n, c.valueDim)
	w.infinite.take(w.values[:n*kernel.Panels(c.valueDim)*kernel.PanelWidth], n)
}

// rowsOf is the keys or values of a block, and the distance of one to the next: where they lie, or gathered from pages.
func (c *call) rowsOf(x *Tensor[float32], b, kvHead int, block span, w *worker) (data []float32, stride int) {
	if c.o.PageTables != nil {
		c.gather(w, x, b, kvHead, block)
		return w.gathered, x.Dim
	}
	batch, seq := c.keyAt(b, block.from)
	return x.from(batch, seq, kvHead), x.SeqStride
}

// A group is a few rows of a tile that are computed together, over the keys of one block that any of them may see.
type group struct {
	first, rows int
	keys        span
	whole       bool // every row sees all of keys, as far as visibleSpan goes
}

// group finds out which keys of a block rows first, …, first+n−1 of a tile see. The keys begin where a panel does, so that
// the same key falls into the same lane whatever the tile is.
func (c *call) group(t *tile, first, n int, block span) group {
	from, to := c.query(t, first), c.query(t, first+n-1)+1
	if to-from != n { // the rows are of several heads
		from, to = t.from, t.to
	}
	keys := c.reach(t.batch, from, to).intersect(block)
	if keys.empty() {
		return group{}
	}
	keys.from -= (keys.from - block.from) % kernel.PanelWidth
	whole := c.shared(t.batch, from, to).intersect(keys) == keys
	return group{first, n, keys, whole}
}

// groupHidden reports whether Layout or Segments hide all keys from all rows. ids are the segments of the keys.
func (c *call) groupHidden(t *tile, g *group, ids span) bool {
	for r := g.first; r < g.first+g.rows; r++ {
		if !c.rowHidden(Segment{t.batch, c.queryHead(t, r), c.query(t, r), 0}, g.keys, ids) {
			return false
		}
	}
	return true
}

// attendGroup adds keys to the sums of a few rows: scores, softmax, weighted sum.
func (c *call) attendGroup(t *tile, g *group, block span, w *worker, sums *state) {
	skip, n := g.keys.from-block.from, g.keys.to-g.keys.from
	rows, stride := w.ahead.take(kernel.AheadRows(c.dim, n))
	kernel.MultiplyAhead(w.scores, keyTile, w.queries[g.first*w.queryStride:], w.queryStride,
		kernel.Packed(w.keys[skip*c.dim:], c.dim), g.rows, c.dim, n, nil, rows, stride)
	if !(g.whole && c.plain && !c.screened) {
		for i := range g.rows {
			at := Segment{t.batch, c.queryHead(t, g.first+i), c.query(t, g.first+i), g.keys.from}
			c.shapeScores(w.scores[i*keyTile:][:n], at, c.visibleSpan(t.batch, at.Query), w.keep)
		}
	}
	w.infinite.see(w.scores, keyTile, g.rows, skip, n)
	kernel.Softmax(w.scores, keyTile, g.rows, n, c.exponent, sums.max[g.first:], sums.sum[g.first:], w.rescale)
	rows, stride = w.ahead.take(kernel.AheadRows(n, c.valueDim))
	kernel.MultiplyAhead(sums.acc[g.first*c.width:], c.width, w.scores, keyTile,
		kernel.Packed(w.values, block.to-block.from).Skip(skip), g.rows, n, c.valueDim, w.rescale, rows, stride)
	w.infinite.add(sums.acc[g.first*c.width:], c.width, w.scores, keyTile, g.rows, skip)
}

// write finishes all rows of a tile.
func (c *call) write(t *tile, sums *state) {
	for r := range c.rows(t) {
		h, i := c.queryHead(t, r), c.query(t, r)
		acc := sums.acc[r*c.width:][:c.valueDim]
		if c.into != nil {
			c.into.add(c.lseIndex(t.batch, h, i), c.exponent, acc, sums.max[r], sums.sum[r])
		} else {
			c.finish(t.batch, h, i, acc, sums.max[r], sums.sum[r])
		}
	}
}
