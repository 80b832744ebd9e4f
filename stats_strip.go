package rapt

import (
	"math"

	"github.com/rapt-go/rapt/internal/kernel"
)

const (
	// stripRows is the number of queries of one head that are a piece of work. Their sums are added to the result in order,
	// so that its bits don't depend on threads.
	stripRows = 16 * kernel.RowStep

	// weightRows is how many rows of weights are held at a time, where memory allows.
	weightRows = 4 * kernel.RowStep

	// statsFloats bounds rows of weights, and packed keys and values, of all workers together: 32 MB each.
	statsFloats = 8 << 20
)

// planStats makes a tile of every strip, and a part of the tiles first, …, last−1: all of a head, if that leaves no thread
// idle, so that its keys are packed once and nobody waits for a turn, else one. Every query head is a head of its own here,
// which shares packed keys by way of keyGroup.
func (c *call) planStats(withOut bool) {
	c.keyGroup = c.groupSize()
	c.kvHeads = c.heads
	c.tiles, c.parts = c.tiles[:0], c.parts[:0]
	c.turns = append(c.turns[:0], make([]int, c.batch*c.heads)...)
	heads := c.batch * c.heads
	whole := heads >= 4*c.threads() || heads%c.threads() == 0
	for b := range c.batch {
		for h := range c.heads {
			for from := 0; from < c.queryLen(b); from += stripRows {
				t := tile{batch: b, kvHead: h, kvHeads: 1, from: from, to: min(from+stripRows, c.queryLen(b)), parts: 1}
				if from == 0 || !whole {
					c.parts = append(c.parts, part{first: len(c.tiles)})
				}
				c.tiles = append(c.tiles, t)
				p := &c.parts[len(c.parts)-1]
				p.last = len(c.tiles)
				p.cost += c.pairs(&t)
			}
		}
	}
	c.withOut = withOut
	stride := c.weightStride()
	threads := c.threads()
	c.statRows = min(weightRows, max(kernel.RowStep, statsFloats/(stride*threads)/kernel.RowStep*kernel.RowStep))
	c.workerLimit = max(1, statsFloats/(c.statRows*stride))
	c.keepPacked = (c.dim+kernel.RoundUp(c.valueDim, kernel.PanelWidth))*stride*threads <= statsFloats
}

// weightStride is the distance of rows of weights: Multiply writes whole vectors behind the last key.
func (c *call) weightStride() int {
	return kernel.RoundUp(c.keys, kernel.PanelWidth) + kernel.PanelWidth
}

// strip is what a worker keeps for statistics.
type strip struct {
	weights           []float32 // [statRows][stride] exponentials, then weights
	stride            int
	tops              []float32 // [statRows][blocks] the maximum against which a block's exponentials were taken
	sums, products    []float32 // [statRows][blocks] of SoftmaxProducts
	blockSum, product [kernel.RowStep]float32
	room              []float32 // [keyTile]

	packedFor  [2]int // sequence and key head whose keys lie in packed blocks; −1: none
	keys       []float32
	values     []float32
	infinities []infinities // of the blocks
	kept       []int        // the keys of each block that are packed

	rows  [kernel.RowStep]rowSummary
	index []int32   // [keyTile+16] candidates of a block
	value []float32 // [keyTile+16]
	best  topList

	received []float64 // [keys]
	highest  []float32 // [keys]
	from     []int32   // [keys]
	diagonal []float32 // [keys+stripRows]: element j − i + stripRows−1 for the strip's i-th query

	bandSum, bandMax []float32 // [keys] of the band at hand
	edges            []int     // [PooledCols+1] where the cells begin
	fours            bool      // all edges are multiples of four
	cellSum          []float64 // [bands of the strip][PooledCols] parts of means
	cellMax          []float32
}

func (c *call) blockCount() int { return blocks(c.keys, keyTile) }

// prepareStrip sets the sums of a strip to zero.
func (c *call) prepareStrip(t *tile, w *worker) *strip {
	s, st := &w.strip, c.stats
	s.stride = c.weightStride()
	s.weights = grow(s.weights, c.statRows*s.stride)
	n := c.statRows * c.blockCount()
	s.tops, s.sums, s.products = grow(s.tops, n), grow(s.sums, n), grow(s.products, n)
	s.room = grow(s.room, keyTile)
	s.value = grow(s.value, keyTile+16)
	s.index = growAny(s.index, keyTile+16)
	if st.Received != nil {
		s.received = growAny(s.received, c.keys)
		clear(s.received)
	}
	if st.MaxReceived != nil {
		s.highest, s.from = grow(s.highest, c.keys), growAny(s.from, c.keys)
		clear(s.highest)
		for j := range s.from {
			s.from[j] = -1
		}
	}
	if st.OffsetMass != nil {
		s.diagonal = grow(s.diagonal, c.keys+stripRows)
		clear(s.diagonal)
	}
	if c.pooled() {
		s.bandSum, s.bandMax = grow(s.bandSum, c.keys), grow(s.bandMax, c.keys)
		clear(s.bandSum)
		clear(s.bandMax)
		cells := (c.band(t.batch, t.to-1) - c.band(t.batch, t.from) + 1) * st.PooledCols
		s.cellSum, s.cellMax = growAny(s.cellSum, cells), grow(s.cellMax, cells)
		clear(s.cellSum)
		clear(s.cellMax)
		s.edges, s.fours = growAny(s.edges, st.PooledCols+1), true
		for cell := range s.edges {
			s.edges[cell] = cellStart(cell, st.PooledCols, c.keyLen(t.batch))
			s.fours = s.fours && s.edges[cell]%4 == 0
		}
	}
	return s
}

func growAny[T any](x []T, n int) []T {
	if cap(x) < n {
		return make([]T, n)
	}
	return x[:n]
}

func (c *call) pooled() bool { return c.stats.PooledMean != nil || c.stats.PooledMax != nil }

// band is the row of the pooled map for query i.
func (c *call) band(b, i int) int { return i * c.stats.PooledRows / c.queryLen(b) }

// statsPart gathers the statistics of the strips of a part.
func (c *call) statsPart(p part, w *worker) {
	for i := p.first; i < p.last; i++ {
		c.statsStrip(&c.tiles[i], w)
	}
}

// statsStrip gathers the statistics of one strip: a few rows of weights at a time, first row by row, then over the rows.
func (c *call) statsStrip(t *tile, w *worker) {
	s := c.prepareStrip(t, w)
	for from := t.from; from < t.to; from += c.statRows {
		rows := *t
		rows.from, rows.to = from, min(from+c.statRows, t.to)
		c.sweep(&rows, w, s)
		for first := 0; first < rows.to-rows.from; first += kernel.RowStep {
			c.groupStats(t, &rows, first, min(kernel.RowStep, rows.to-rows.from-first), s)
		}
	}
	c.fold(t, s)
}

// sweep computes the exponentials of a tile's rows over all keys, and the rows' output if it is wanted, as attendPart does.
func (c *call) sweep(t *tile, w *worker, s *strip) {
	w.prepare(c, t)
	c.loadQueries(t, w)
	w.total.reset()
	first := true
	keys := c.reach(t.batch, t.from, t.to)
	c.forgetOutside(t, keys, s)
	for chunk := keys.from / chunkKeys * chunkKeys; chunk < keys.to; chunk += chunkKeys {
		sums := &w.sums
		if first {
			sums = &w.total
		}
		sums.reset()
		end := min(chunk+chunkKeys, keys.to)
		for from := max(chunk, keys.from/keyTile*keyTile); from < end; from += keyTile {
			c.sweepBlock(t, span{from, min(from+keyTile, end)}, w, s, sums)
		}
		if !first {
			w.total.add(c.exponent, sums)
		}
		first = false
	}
	if c.withOut {
		c.write(t, &w.total)
	}
}

// forgetOutside clears the weights of keys that no row of a tile sees, and the records of their blocks.
func (c *call) forgetOutside(t *tile, keys span, s *strip) {
	length := c.keyLen(t.batch)
	if keys.empty() {
		keys = span{}
	}
	for r := range t.to - t.from {
		row := s.weights[r*s.stride:][:s.stride]
		clear(row[:keys.from])
		clear(row[min(keys.to, length):length])
	}
	clear(s.sums)
	clear(s.products)
	kernel.Fill(s.tops, -inf)
}

// sweepBlock does for one block of keys what attendHead does, and leaves the exponentials in place.
func (c *call) sweepBlock(t *tile, block span, w *worker, s *strip, sums *state) {
	ids := c.segmentIDs(t.batch, block)
	packed := false
	rows := c.rows(t)
	for r := 0; r < rows; r += kernel.RowStep {
		n := min(kernel.RowStep, rows-r)
		g := c.group(t, r, n, block)
		if g.keys.empty() || c.screened && c.groupHidden(t, &g, ids) {
			for i := range n {
				clear(s.weights[(r+i)*s.stride:][block.from:block.to])
			}
			continue
		}
		if !packed {
			c.packKept(t, block, w, s)
			packed = true
		}
		c.sweepGroup(t, &g, block, w, s, sums)
	}
}

// sweepGroup does for a few rows what attendGroup does.
func (c *call) sweepGroup(t *tile, g *group, block span, w *worker, s *strip, sums *state) {
	skip, n := g.keys.from-block.from, g.keys.to-g.keys.from
	scores := s.weights[g.first*s.stride+g.keys.from:]
	kernel.Multiply(scores, s.stride, w.queries[g.first*w.queryStride:], w.queryStride,
		kernel.Packed(w.keys[skip*c.dim:], c.dim), g.rows, c.dim, n, nil)
	if !(g.whole && c.plain && !c.screened) {
		for i := range g.rows {
			at := Segment{t.batch, c.queryHead(t, g.first+i), c.query(t, g.first+i), g.keys.from}
			c.shapeScores(scores[i*s.stride:][:n], at, c.visibleSpan(t.batch, at.Query), w.keep)
		}
	}
	if c.withOut {
		w.infinite.see(scores, s.stride, g.rows, skip, n)
	}
	kernel.SoftmaxProducts(scores, s.stride, g.rows, n, c.exponent, sums.max[g.first:], sums.sum[g.first:], w.rescale,
		s.blockSum[:], s.product[:], s.room)
	for i := range g.rows {
		record := (g.first+i)*c.blockCount() + block.from/keyTile
		s.tops[record], s.sums[record], s.products[record] = sums.max[g.first+i], s.blockSum[i], s.product[i]
		row := s.weights[(g.first+i)*s.stride:]
		clear(row[block.from:g.keys.from])
		clear(row[g.keys.to:block.to])
	}
	if !c.withOut {
		return
	}
	kernel.Multiply(sums.acc[g.first*c.width:], c.width, scores, s.stride,
		kernel.Packed(w.values, block.to-block.from).Skip(skip), g.rows, n, c.valueDim, w.rescale)
	w.infinite.add(sums.acc[g.first*c.width:], c.width, scores, s.stride, g.rows, skip)
}

// packKept is pack, and keeps the packed blocks of a key head where there is room, for the strips that follow.
func (c *call) packKept(t *tile, block span, w *worker, s *strip) {
	kvHead := t.kvHead / c.keyGroup
	if !c.keepPacked {
		c.pack(t, kvHead, block, w)
		return
	}
	n := c.blockCount()
	keyFloats, valueFloats := keyTile*c.dim, keyTile*kernel.RoundUp(c.valueDim, kernel.PanelWidth)
	if s.packedFor != [2]int{t.batch, kvHead} || len(s.kept) != n {
		s.packedFor = [2]int{t.batch, kvHead}
		s.keys, s.values = grow(s.keys, n*keyFloats), grow(s.values, n*valueFloats)
		s.infinities, s.kept = growAny(s.infinities, n), growAny(s.kept, n)
		clear(s.kept)
	}
	at := block.from / keyTile
	w.keys, w.values, w.infinite = s.keys[at*keyFloats:][:keyFloats], s.values[at*valueFloats:][:valueFloats], s.infinities[at]
	// A block at the edge of what a tile sees is shorter than for another tile.
	if s.kept[at] != block.to-block.from {
		c.pack(t, kvHead, block, w)
		s.kept[at] = block.to - block.from
	}
	s.infinities[at] = w.infinite
}

// fold adds the sums of a strip to the result, when it is its turn.
func (c *call) fold(t *tile, s *strip) {
	head := t.batch*c.heads + t.kvHead
	c.turnLock.Lock()
	defer c.turnLock.Unlock()
	for c.turns[head] != t.from {
		c.turn.Wait()
	}
	st, keys := c.stats, c.keyLen(t.batch)
	at := c.keyPlace(t.batch, t.kvHead)
	for j, x := range s.received[:min(len(st.Received), keys)] {
		st.Received[at+j] += x
	}
	for j, x := range s.highest[:min(len(st.MaxReceived), keys)] {
		if x > st.MaxReceived[at+j] {
			st.MaxReceived[at+j] = x
			if st.ArgMaxReceived != nil {
				st.ArgMaxReceived[at+j] = s.from[j]
			}
		}
	}
	c.foldDiagonal(t, s, head)
	c.foldCells(t, s, head)
	c.turns[head] = t.to
	c.turn.Broadcast()
}

// keyPlace is where the statistics of a head's keys begin.
func (c *call) keyPlace(b, h int) int {
	if c.keyOffsets != nil {
		return h*c.k.Seq + c.keyOffsets[b]
	}
	return (b*c.heads + h) * c.keys
}

// foldDiagonal adds the diagonals to their bins. Element u holds the offset p − u + stripRows−1, with p the position of the
// strip's first query.
func (c *call) foldDiagonal(t *tile, s *strip, head int) {
	bins := c.stats.OffsetBins
	if c.stats.OffsetMass == nil {
		return
	}
	mass := c.stats.OffsetMass[head*(len(bins)-1):][:len(bins)-1]
	offset := c.position(t.batch, t.from) + stripRows - 1
	bin := len(bins) - 2
	for _, x := range s.diagonal[:c.keyLen(t.batch)+stripRows-1] {
		for bin >= 0 && offset < bins[bin] {
			bin--
		}
		if bin < 0 {
			return
		}
		if offset < bins[bin+1] {
			mass[bin] += float64(x)
		}
		offset--
	}
}

// foldCells writes the cells of the bands that begin in a strip, and adds those of the band that began before it.
func (c *call) foldCells(t *tile, s *strip, head int) {
	st := c.stats
	if !c.pooled() {
		return
	}
	first := c.band(t.batch, t.from)
	at := (head*st.PooledRows + first) * st.PooledCols
	begun := 0 // cells that the strip before has begun
	if t.from > 0 && c.band(t.batch, t.from-1) == first {
		begun = st.PooledCols
	}
	if st.PooledMean != nil {
		mean := st.PooledMean[at:][:len(s.cellSum)]
		for n, x := range s.cellSum[:begun] {
			mean[n] += x
		}
		copy(mean[begun:], s.cellSum[begun:])
	}
	if st.PooledMax != nil {
		top := st.PooledMax[at:][:len(s.cellMax)]
		for n, x := range s.cellMax[:begun] {
			top[n] = max(top[n], x)
		}
		copy(top[begun:], s.cellMax[begun:])
	}
}

// logSums joins the records of a row's blocks: with m the row's maximum, l = Σ exp(s − m) and
// product = Σ exp(s − m)·(s − m), over scores s in natural units.
func (c *call) logSums(s *strip, r int) (m, l, product float64) {
	n := c.blockCount()
	tops, sums, products := s.tops[r*n:][:n], s.sums[r*n:][:n], s.products[r*n:][:n]
	m = math.Inf(-1)
	for _, top := range tops {
		m = max(m, float64(top))
	}
	for b, top := range tops {
		if sums[b] == 0 {
			continue
		}
		shift := float64(c.exponent) * (float64(top) - m)
		e := 1.0
		if shift != 0 {
			e = math.Exp(shift)
		}
		l += e * float64(sums[b])
		product += e * (float64(products[b]) + shift*float64(sums[b]))
	}
	return float64(c.exponent) * m, l, product
}
