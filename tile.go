package rapt

import (
	"sync"
	"sync/atomic"

	"github.com/rapt-go/rapt/internal/kernel"
)

// A worker is what one goroutine needs for the tile at hand.
type worker struct {
	queries []float32 // [rows][dim]
	keys    []float32 // a packed block of up to keyTile keys
	values  []float32 // a packed block of up to keyTile values
	scores  []float32 // [RowStep][keyTile]
	rescale []float32 // [RowStep]

	sums, total state // of the chunk at hand; of all chunks so far

	infinite infinities
}

var workers = sync.Pool{New: func() any { return new(worker) }}

// grow returns x with length n, and any contents.
func grow(x []float32, n int) []float32 {
	if cap(x) < n {
		return make([]float32, n)
	}
	return x[:n]
}

func (w *worker) prepare(c *call, rows int) {
	w.queries = grow(w.queries, rows*c.dim)
	w.keys = grow(w.keys, keyTile*c.dim)
	w.values = grow(w.values, keyTile*kernel.Panels(c.valueDim)*kernel.PanelWidth)
	w.scores = grow(w.scores, kernel.RowStep*keyTile)
	w.rescale = grow(w.rescale, kernel.RowStep)
	w.sums.resize(rows, c.width)
	w.total.resize(rows, c.width)
}

// attendPart computes one part, and writes the output of its tile if it is the tile's last one.
func (c *call) attendPart(p part, w *worker) {
	t := &c.tiles[p.tile]
	w.prepare(c, c.rows(t))
	c.loadQueries(t, w)
	switch {
	case t.chunks <= 1:
		c.attendChunk(t, p.first, w, &w.sums)
		c.write(t, &w.sums)
	case p.last-p.first == t.chunks:
		w.total.reset()
		for chunk := p.first; chunk < p.last; chunk++ {
			c.attendChunk(t, chunk, w, &w.sums)
			w.total.add(c.exponent, &w.sums)
		}
		c.write(t, &w.total)
	default:
		sums := c.chunkState(t, p.first)
		c.attendChunk(t, p.first, w, &sums)
		if atomic.AddInt32(&t.missing, -1) > 0 {
			return
		}
		w.total.reset()
		for chunk := range t.chunks {
			sums := c.chunkState(t, t.firstChunk+chunk)
			w.total.add(c.exponent, &sums)
		}
		c.write(t, &w.total)
	}
}

// chunkState is where the sums of one chunk of a split tile are kept.
func (c *call) chunkState(t *tile, chunk int) state {
	rows := c.rows(t)
	return c.partial.slice(t.firstState+(chunk-t.firstChunk)*rows, rows)
}

func (c *call) loadQueries(t *tile, w *worker) {
	n := t.to - t.from
	for r := range c.rows(t) {
		copy(w.queries[r*c.dim:][:c.dim], c.q.row(t.batch, t.from+r%n, c.queryHead(t, r)))
	}
}

// queryHead is the query head of a tile's row.
func (c *call) queryHead(t *tile, row int) int {
	return t.kvHead*c.groupSize() + row/(t.to-t.from)
}

// attendChunk computes the sums of one chunk's keys, block by block.
func (c *call) attendChunk(t *tile, chunk int, w *worker, sums *state) {
	sums.reset()
	keys := c.o.reach(&c.shape, t.batch, t.from, t.to).intersect(span{chunk * chunkKeys, (chunk + 1) * chunkKeys})
	for from := keys.from / keyTile * keyTile; from < keys.to; from += keyTile {
		c.attendBlock(t, span{from, min(from+keyTile, keys.to)}, w, sums)
	}
}

// attendBlock adds one block of keys to the sums: it packs the keys and values, and goes through the rows a few at a
// time.
func (c *call) attendBlock(t *tile, block span, w *worker, sums *state) {
	n := block.to - block.from
	k, v := c.k.from(t.batch, block.from, t.kvHead), c.v.from(t.batch, block.from, t.kvHead)
	kernel.PackKeys(w.keys, k, c.k.SeqStride, n, c.dim)
	kernel.PackValues(w.values, v, c.v.SeqStride, n, c.valueDim)
	w.infinite.take(w.values[:n*kernel.Panels(c.valueDim)*kernel.PanelWidth], n)

	rows := c.rows(t)
	for r := 0; r < rows; r += kernel.RowStep {
		c.attendRows(t, block, r, min(kernel.RowStep, rows-r), w, sums)
	}
}

// attendRows adds a block of keys to the sums of rows r, …, r+n−1: scores, softmax, weighted sum.
func (c *call) attendRows(t *tile, block span, r, n int, w *worker, sums *state) {
	spans := c.rowSpans(t, r, n)
	var keys span
	for i := range n {
		if s := spans[i].intersect(block); !s.empty() {
			if keys.empty() {
				keys = s
			}
			keys = span{min(keys.from, s.from), max(keys.to, s.to)}
		}
	}
	if keys.empty() {
		return
	}
	// From the start of a panel on, so that the same key falls into the same lane for every tile.
	skip := (keys.from - block.from) / kernel.PanelWidth * kernel.PanelWidth
	keys.from = block.from + skip
	count := keys.to - keys.from

	kernel.Multiply(w.scores, keyTile, w.queries[r*c.dim:], c.dim,
		kernel.Packed(w.keys[skip*c.dim:], c.dim), n, c.dim, count, nil)
	for i := range n {
		c.shapeScores(w.scores[i*keyTile:][:count], t.batch, c.queryHead(t, r+i), c.query(t, r+i), keys.from, spans[i])
	}
	w.infinite.see(w.scores, n, skip, count)
	kernel.Softmax(w.scores, keyTile, n, count, c.exponent, sums.max[r:], sums.sum[r:], w.rescale)
	kernel.Multiply(sums.acc[r*c.width:], c.width, w.scores, keyTile,
		kernel.Packed(w.values, block.to-block.from).Skip(skip), n, count, c.valueDim, w.rescale)
	w.infinite.add(sums.acc[r*c.width:], c.width, w.scores, n, skip)
}

// query is the query of a tile's row.
func (c *call) query(t *tile, row int) int { return t.from + row%(t.to-t.from) }

// rowSpans is the visible spans of rows r, …, r+n−1.
func (c *call) rowSpans(t *tile, r, n int) (spans [kernel.RowStep]span) {
	for i := range n {
		spans[i] = c.o.visibleSpan(&c.shape, t.batch, c.query(t, r+i))
	}
	return spans
}

// write finishes all rows of a tile.
func (c *call) write(t *tile, sums *state) {
	for r := range c.rows(t) {
		c.finish(t.batch, c.queryHead(t, r), c.query(t, r), sums.acc[r*c.width:][:c.valueDim], sums.max[r], sums.sum[r])
	}
}
