package rapt

import "github.com/rapt-go/rapt/internal/kernel"

// bands is what a strip gathers for the pooled map. A band is the queries of one row of cells. Its rows are added up key by
// key, and when it ends the keys of each cell are joined.
type bands struct {
	first, band, end int // the strip's first band, the one at hand, and the first query behind that

	sum, top []float32 // [keys] of the band at hand
	rows     int       // how many of its rows are in them
	fresh    bool      // the rows at hand are its first

	edges          []int     // [PooledCols+1] where the cells begin
	width          int       // the keys of a cell, if all have the same number; else 0
	cells, highest []float32 // [PooledCols] room for what joinKeys makes of sum and top

	cut      [2]cutBand
	cutFirst bool // the strip's first band began before it
	cutLast  bool // its last band goes on behind it
}

// A cutBand is what a strip has of a band that other strips have a part in.
type cutBand struct {
	sum []float64 // [PooledCols]
	max []float32 // [PooledCols]
}

// band is the row of the pooled map for query i.
func (c *call) band(b, i int) int { return i * c.stats.PooledRows / c.queryLen(b) }

func (c *call) beginBands(t *tile, x *bands) {
	cols, keys := c.stats.PooledCols, c.keyLen(t.batch)
	x.sum, x.top, x.rows = grow(x.sum, c.keys), grow(x.top, c.keys), 0
	x.cells, x.highest = grow(x.cells, cols), grow(x.highest, cols)
	for n := range x.cut {
		cut := &x.cut[n]
		cut.sum, cut.max = growAny(cut.sum, cols), grow(cut.max, cols)
		clear(cut.sum)
		clear(cut.max)
	}
	c.enterBand(t.batch, t.from, x)
	x.first = x.band
	x.cutFirst = t.from > 0 && c.band(t.batch, t.from-1) == c.band(t.batch, t.from)
	x.cutLast = t.to < c.queryLen(t.batch) && c.band(t.batch, t.to) == c.band(t.batch, t.to-1)
	x.width = 0
	if keys > 0 && keys%cols == 0 {
		x.width = keys / cols
		return
	}
	x.edges = growAny(x.edges, cols+1)
	for cell := range x.edges {
		x.edges[cell] = cellStart(cell, cols, keys)
	}
}

// enterBand makes the band of query i the one at hand.
func (c *call) enterBand(b, i int, x *bands) {
	x.band = c.band(b, i)
	x.end = cellStart(x.band+1, c.stats.PooledRows, c.queryLen(b))
}

// begin finds out whether the rows at hand, which see no other keys, are the first of the band at hand. If so they write its
// sums for the whole blocks of those keys, and it clears them for the others of the sequence.
func (x *bands) begin(keys span, length int) {
	if x.fresh = x.rows == 0; !x.fresh {
		return
	}
	block := keys.from / keyTile * keyTile
	clear(x.sum[:block])
	clear(x.top[:block])
	clear(x.sum[keys.to:length])
	clear(x.top[keys.to:length])
}

// endRun adds n to the rows of the band at hand, and joins its keys if the strip has no more of them. Query i is the next.
func (c *call) endRun(strip *tile, i, n int, x *bands) {
	if x.rows += n; i < strip.to && i < x.end {
		return
	}
	cells, highest := c.joinKeys(strip, x)
	x.rows = 0
	switch last := i == strip.to; {
	case x.band == x.first && x.cutFirst:
		x.cut[0].add(cells, highest)
	case last && x.cutLast:
		x.cut[1].add(cells, highest)
	default:
		c.writeBand(strip, x, cells, highest)
	}
	if i < strip.to {
		c.enterBand(strip.batch, i, x)
	}
}

// joinKeys joins the keys of each cell: in pairs as long as all cells have an even number of them. It uses up x.sum and x.top.
func (c *call) joinKeys(strip *tile, x *bands) (cells, highest []float32) { // [PooledCols]
	width, n := x.width, c.keyLen(strip.batch)
	for width > 0 && width%2 == 0 {
		kernel.PoolPairs(x.sum, x.top, n)
		width, n = width/2, n/2
	}
	if width == 1 {
		return x.sum[:n], x.top[:n]
	}
	for cell := range x.cells {
		from, to := cell*width, (cell+1)*width
		if width == 0 {
			from, to = x.edges[cell], x.edges[cell+1]
		}
		var sum, top float32
		for j, w := range x.sum[from:to] {
			sum += w
			if t := x.top[from+j]; t > top {
				top = t
			}
		}
		x.cells[cell], x.highest[cell] = sum, top
	}
	return x.cells, x.highest
}

func (b *cutBand) add(cells, highest []float32) {
	for cell, sum := range cells {
		b.sum[cell] += float64(sum)
		b.max[cell] = max(b.max[cell], highest[cell])
	}
}

// writeBand writes the band at hand, which no other strip has a part in.
func (c *call) writeBand(strip *tile, x *bands, cells, highest []float32) {
	st := c.stats
	height := c.bandHeight(strip.batch, x.band)
	at := ((strip.batch*c.heads+strip.kvHead)*st.PooledRows + x.band) * st.PooledCols
	if st.PooledMax != nil {
		copy(st.PooledMax[at:], highest)
	}
	if st.PooledMean == nil {
		return
	}
	mean := st.PooledMean[at:][:st.PooledCols]
	if x.width > 0 {
		kernel.Scale(mean, 1/float32(height*x.width), cells)
		return
	}
	for cell, sum := range cells {
		mean[cell] = sum / float32(height*max(x.edges[cell+1]-x.edges[cell], 1))
	}
}

// bandHeight is the number of queries of a band.
func (c *call) bandHeight(b, band int) int {
	rows, n := c.stats.PooledRows, c.queryLen(b)
	return cellStart(band+1, rows, n) - cellStart(band, rows, n)
}

// foldBands adds what a strip has of bands that others have a part in to what those before it had, and writes a band that
// ends.
func (c *call) foldBands(t *tile, x *bands, head int) {
	st := c.stats
	sums, tops := c.carrySum[head*st.PooledCols:][:st.PooledCols], c.carryMax[head*st.PooledCols:][:st.PooledCols]
	add := func(cut *cutBand) {
		for cell, sum := range cut.sum {
			sums[cell] += sum
			tops[cell] = max(tops[cell], cut.max[cell])
		}
	}
	first, last := x.first, c.band(t.batch, t.to-1)
	if x.cutFirst {
		add(&x.cut[0])
		if first == last && x.cutLast {
			return
		}
		c.writeCarried(t, x, head*st.PooledRows+first, c.bandHeight(t.batch, first), sums, tops)
		clear(sums)
		clear(tops)
	}
	if x.cutLast {
		add(&x.cut[1])
	}
}

// writeCarried writes a band of the given height to a row of the maps of all heads.
func (c *call) writeCarried(t *tile, x *bands, row, height int, sums []float64, tops []float32) {
	st := c.stats
	at := row * st.PooledCols
	if st.PooledMax != nil {
		copy(st.PooledMax[at:], tops)
	}
	if st.PooledMean == nil {
		return
	}
	keys := c.keyLen(t.batch)
	for cell, sum := range sums {
		width := cellStart(cell+1, st.PooledCols, keys) - cellStart(cell, st.PooledCols, keys)
		st.PooledMean[at+cell] = float32(sum / float64(height*max(width, 1)))
	}
}
