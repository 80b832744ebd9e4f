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

	sum, top []float32 // [keyTile+RowStep] of a few rows

	bands bands
}

// beginPart clears what is gathered for all strips of a part.
func (c *call) beginPart(s *gatherer) {
	x := &s.strip
	x.sum, x.top = grow(x.sum, keyTile+kernel.RowStep), grow(x.top, keyTile)
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
	if !c.pooled() {
		c.addSums(strip, t, first, rows, false, s)
		return
	}
	x := &s.strip.bands
	whole := x.end >= i+rows // all are in one band, whose sums are those for the other statistics
	c.addSums(strip, t, first, rows, whole, s)
	for from := 0; from < rows; {
		to := min(rows, x.end-i)
		if !whole {
			c.addBand(t, first+from, to-from, s)
		}
		x.rows += to - from
		c.endRun(strip, i+to, x)
		from = to
	}
}

// addSums adds a few rows to what keys receive and to diagonals and, if they are all in one band, to that. The sum of so few
// is taken in float32, sums of those in float64.
func (c *call) addSums(strip, t *tile, first, rows int, band bool, s *gatherer) {
	st, x := c.stats, &s.strip
	i := t.from + first
	keys := c.reach(t.batch, i, i+rows)
	sum, top := x.sum[:keyTile], x.top
	fresh := band && x.bands.begin(keys, c.keyLen(t.batch))
	for from := keys.from / keyTile * keyTile; from < keys.to; from += keyTile {
		to := min(from+keyTile, keys.to)
		n := to - from
		weights, factors := s.weights[first*c.weightStride+from:], s.factors[from/keyTile*c.statRows+first:]
		if fresh {
			sum, top = x.bands.sum[from:to], x.bands.top[from:to]
		}
		if band || st.Received != nil || st.MaxReceived != nil {
			kernel.Columns(sum, top, weights, c.weightStride, rows, n, factors)
		}
		if st.Received != nil {
			kernel.AddTo(x.received[from:to], 1, sum)
		}
		if st.MaxReceived != nil {
			kernel.Raise(x.highest[from:], x.from[from:], top, weights, c.weightStride, rows, n, factors, int32(i))
		}
		if band && !fresh {
			kernel.AddMax(x.bands.sum[from:to], x.bands.top[from:to], sum, top)
		}
		if st.OffsetMass != nil {
			c.addDiagonals(strip, t, first, rows, span{from, to}, s)
		}
	}
}

// addBand adds some rows of one band to it.
func (c *call) addBand(t *tile, first, rows int, s *gatherer) {
	x := &s.strip.bands
	keys := c.reach(t.batch, t.from+first, t.from+first+rows)
	sum, top := s.strip.sum[:keyTile], s.strip.top
	fresh := x.begin(keys, c.keyLen(t.batch))
	for from := keys.from / keyTile * keyTile; from < keys.to; from += keyTile {
		to := min(from+keyTile, keys.to)
		if fresh {
			sum, top = x.sum[from:to], x.top[from:to]
		}
		kernel.Columns(sum, top, s.weights[first*c.weightStride+from:], c.weightStride, rows, to-from, s.factors[from/keyTile*c.statRows+first:])
		if !fresh {
			kernel.AddMax(x.sum[from:to], x.top[from:to], sum, top)
		}
	}
}

// addDiagonals adds the weights of some rows for a block of keys to the sums of their diagonals.
func (c *call) addDiagonals(strip, t *tile, first, rows int, keys span, s *gatherer) {
	x := &s.strip
	sum := x.sum[:keys.to-keys.from+rows-1]
	clear(sum)
	kernel.Diagonals(sum, s.weights[first*c.weightStride+keys.from:], c.weightStride, rows, keys.to-keys.from,
		s.factors[keys.from/keyTile*c.statRows+first:])
	at := stripRows - 1 - (t.from + first + rows - 1 - strip.from) + keys.from
	kernel.AddTo(x.diagonal[at:][:len(sum)], 1, sum)
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
		// Offsets bins[bin], …, bins[bin+1]−1 are elements from highest − bins[bin+1] + 1 to highest − bins[bin].
		from, to := max(highest-bins[bin+1]+1, 0), min(highest-bins[bin]+1, len(diagonal))
		for u := from; u < to; u++ {
			mass[bin] += diagonal[u]
		}
	}
}
