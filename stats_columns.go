package rapt

import (
	"github.com/rapt-go/rapt/internal/kernel"
)

// A strip is the sums over rows of one strip.
type strip struct {
	received []float64 // [keys]
	diagonal []float64 // [keys+stripRows−1] element j − i + stripRows−1 for the strip's i-th query

	highest []float32 // [keys] of all strips of the part: a maximum is the same in any order
	from    []int32   // [keys] the query of it

	sum, top         []float32 // [keys] of the few rows at hand
	partSum, partTop []float32 // [keyTile] of those of them that are of one band
	offsets          []float32 // [keyTile+RowStep−1] the diagonals of all of them for a block of keys

	bands bands
}

// beginPart clears what is gathered for all strips of a part.
func (c *call) beginPart(s *gatherer) {
	x := &s.strip
	x.sum, x.top = grow(x.sum, c.keys), grow(x.top, c.keys)
	x.partSum, x.partTop = grow(x.partSum, keyTile), grow(x.partTop, keyTile)
	x.offsets = grow(x.offsets, keyTile+kernel.RowStep-1)
	if c.stats.MaxReceived != nil {
		x.highest, x.from = grow(x.highest, c.keys), growAny(x.from, c.keys)
		clear(x.highest)
	}
}

// beginStrip clears the sums of a strip.
func (c *call) beginStrip(t *tile, s *gatherer) {
	x := &s.strip
	if c.stats.Received != nil {
		x.received = growAny(x.received, c.keys)
		clear(x.received)
	}
	if c.stats.OffsetMass != nil {
		x.diagonal = growAny(x.diagonal, c.keys+stripRows-1)
		clear(x.diagonal)
	}
	if c.pooled() {
		c.beginBands(t, &x.bands)
	}
}

// addColumns adds rows first, …, first+rows−1 of tile t, whose weights are known, to the sums of the strip that it is in.
func (c *call) addColumns(strip, t *tile, first, rows int, s *gatherer) {
	i := t.from + first
	keys, x := c.reach(t.batch, i, i+rows), &s.strip.bands
	if keys.empty() {
		keys = span{}
	}
	oneBand := c.pooled() && x.end >= i+rows
	if oneBand {
		x.begin(keys, c.keyLen(t.batch))
	} else if c.pooled() {
		c.addBands(strip, t, first, rows, keys, s)
	}
	for from := keys.from / keyTile * keyTile; from < keys.to; from += keyTile {
		block := span{from, min(from+keyTile, keys.to)}
		sum, top := s.strip.sum[block.from:block.to], s.strip.top[block.from:block.to]
		switch {
		case oneBand:
			sum, top = c.addToBand(first, rows, block, s)
		case !c.pooled() && (c.stats.Received != nil || c.stats.MaxReceived != nil):
			weights, factors := c.weightsAt(first, from, s)
			kernel.Columns(sum, top, weights, c.weightStride, rows, len(sum), factors)
		}
		c.addBlock(strip, t, first, rows, block, sum, top, s)
	}
	if oneBand {
		c.endRun(strip, i+rows, rows, x)
	}
}

// addToBand adds a few rows for a block of keys to the band at hand, which they are all of, and returns their sums and maxima.
func (c *call) addToBand(first, rows int, keys span, s *gatherer) (sum, top []float32) { // [keys]
	x := &s.strip
	weights, factors := c.weightsAt(first, keys.from, s)
	bandSum, bandTop := x.bands.sum[keys.from:keys.to], x.bands.top[keys.from:keys.to]
	if x.bands.fresh {
		kernel.Columns(bandSum, bandTop, weights, c.weightStride, rows, len(bandSum), factors)
		return bandSum, bandTop
	}
	sum, top = x.sum[keys.from:keys.to], x.top[keys.from:keys.to]
	kernel.Columns(sum, top, weights, c.weightStride, rows, len(sum), factors)
	kernel.AddMax(bandSum, bandTop, sum, top)
	return sum, top
}

// addBands adds a few rows of several bands to those, and sets the strip's sum and top to those of all of them: the same to
// the bit whatever the bands are.
func (c *call) addBands(strip, t *tile, first, rows int, keys span, s *gatherer) {
	x, block := &s.strip, keys.from/keyTile*keyTile
	clear(x.sum[block:keys.to])
	clear(x.top[block:keys.to])
	for last := first + rows; first < last; {
		i := t.from + first
		n := min(last-first, x.bands.end-i)
		x.bands.begin(keys, c.keyLen(t.batch))
		for from := block; from < keys.to; from += keyTile {
			c.addToBands(first, n, span{from, min(from+keyTile, keys.to)}, s)
		}
		c.endRun(strip, i+n, n, &x.bands)
		first += n
	}
}

// addToBands adds rows of the band at hand for a block of keys to it, and to the sums and maxima of rows of several bands.
func (c *call) addToBands(first, rows int, keys span, s *gatherer) {
	x := &s.strip
	weights, factors := c.weightsAt(first, keys.from, s)
	sum, top := x.sum[keys.from:keys.to], x.top[keys.from:keys.to]
	bandSum, bandTop := x.bands.sum[keys.from:keys.to], x.bands.top[keys.from:keys.to]
	if x.bands.fresh {
		kernel.ColumnsOn(bandSum, bandTop, sum, top, weights, c.weightStride, rows, len(sum), factors)
		return
	}
	kernel.ColumnsOn(x.partSum, x.partTop, sum, top, weights, c.weightStride, rows, len(sum), factors)
	kernel.AddMax(bandSum, bandTop, x.partSum, x.partTop)
}

// addBlock adds what a few rows, of the given sums and maxima, are for a block of keys to what keys receive and to diagonals.
// The sum of so few is taken in float32, sums of those in float64.
func (c *call) addBlock(strip, t *tile, first, rows int, keys span, sum, top []float32, s *gatherer) {
	st, x := c.stats, &s.strip
	if st.Received != nil {
		kernel.AddTo(x.received[keys.from:keys.to], sum)
	}
	if st.MaxReceived != nil {
		weights, factors := c.weightsAt(first, keys.from, s)
		kernel.Raise(x.highest[keys.from:], x.from[keys.from:], top, weights, c.weightStride, rows, len(top), factors, int32(t.from+first))
	}
	if st.OffsetMass != nil {
		c.addDiagonals(strip, t, first, rows, keys, s)
	}
}

// weightsAt is where the weights of rows from one on are for a block of keys, and what makes them weights.
func (c *call) weightsAt(row, block int, s *gatherer) (weights, factors []float32) {
	return s.weights[row*c.weightStride+block:], s.factors[block/keyTile*c.statRows+row:]
}

// addDiagonals adds the weights of some rows for a block of keys to the sums of their diagonals.
func (c *call) addDiagonals(strip, t *tile, first, rows int, keys span, s *gatherer) {
	x := &s.strip
	sum := x.offsets[:keys.to-keys.from+rows-1]
	clear(sum)
	weights, factors := c.weightsAt(first, keys.from, s)
	kernel.Diagonals(sum, weights, c.weightStride, rows, keys.to-keys.from, factors)
	at := stripRows - 1 - (t.from + first + rows - 1 - strip.from) + keys.from
	kernel.AddTo(x.diagonal[at:][:len(sum)], sum)
}

// endPart adds what is gathered for all strips of a part to the result.
func (c *call) endPart(t *tile, s *gatherer) {
	st, x := c.stats, &s.strip
	if st.MaxReceived == nil {
		return
	}
	c.turnLock.Lock()
	defer c.turnLock.Unlock()
	at := c.keyPlace(t.batch, t.kvHead)
	for j, top := range x.highest[:c.keyLen(t.batch)] {
		have := &st.MaxReceived[at+j]
		switch {
		case top > *have:
			*have = top
			if st.ArgMaxReceived != nil {
				st.ArgMaxReceived[at+j] = x.from[j]
			}
		case top == *have && top > 0 && st.ArgMaxReceived != nil:
			st.ArgMaxReceived[at+j] = min(st.ArgMaxReceived[at+j], x.from[j])
		}
	}
}

// foldStrip adds the sums of a strip to the result, when it is its turn.
func (c *call) foldStrip(t *tile, s *gatherer) {
	st, x, head := c.stats, &s.strip, t.batch*c.heads+t.kvHead
	c.turnLock.Lock()
	defer c.turnLock.Unlock()
	for c.turns[head] != t.from {
		c.turn.Wait()
	}
	if st.Received != nil {
		received := st.Received[c.keyPlace(t.batch, t.kvHead):]
		for j, sum := range x.received[:c.keyLen(t.batch)] {
			received[j] += sum
		}
	}
	if st.OffsetMass != nil {
		c.foldDiagonals(t, x.diagonal, head)
	}
	if c.pooled() {
		c.foldBands(t, &x.bands, head)
	}
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

// foldDiagonals adds diagonals to their bins. Element u holds the offset p − u + stripRows−1, with p the position of the
// strip's first query: offsets fall, and so do the bins.
func (c *call) foldDiagonals(t *tile, diagonal []float64, head int) {
	bins := c.stats.OffsetBins
	mass := c.stats.OffsetMass[head*(len(bins)-1):][:len(bins)-1]
	highest := c.position(t.batch, t.from) + stripRows - 1
	diagonal = diagonal[:c.keyLen(t.batch)+stripRows-1]
	for bin := range mass {
		sum := mass[bin]
		// Offsets bins[bin], …, bins[bin+1]−1 are elements from highest − bins[bin+1] + 1 to highest − bins[bin].
		from, to := max(highest-bins[bin+1]+1, 0), min(highest-bins[bin]+1, len(diagonal))
		for u := from; u < to; u++ {
			sum += diagonal[u]
		}
		mass[bin] = sum
	}
}
