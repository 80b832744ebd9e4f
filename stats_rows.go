package rapt

import (
	"math"
	"math/bits"

	"github.com/rapt-go/rapt/internal/kernel"
)

// groupStats turns the exponentials of a tile's rows first, …, first+n−1 into weights, and gathers what is told of them and
// of the keys. It goes through them block by block, so that what it reads several times is in a near cache.
func (c *call) groupStats(all, t *tile, first, n int, s *strip) {
	for r := range n {
		c.rowSums(t, first+r, &s.rows[r], s)
	}
	keys := c.keyLen(t.batch)
	for from := 0; from < keys; from += keyTile {
		to := min(from+keyTile, keys)
		for r := range n {
			c.normalizeBlock(t, first+r, span{from, to}, &s.rows[r], s)
		}
		c.columnStats(all, t, first, n, span{from, to}, s)
	}
	for r := range n {
		row := s.weights[(first+r)*s.stride:][:keys]
		c.rowStats(t, first+r, row, &s.rows[r], s)
		if c.pooled() {
			c.pool(all, t.from+first+r, row, s)
		}
	}
}

// rowSummary is what is known of a row before its weights are.
type rowSummary struct {
	top, sum float64 // the maximum of the scores; Σ exp(score − top)
	scale    float64 // what exp(score − top) is multiplied by to be a weight
	lanes    [kernel.Lanes]float32
	distance float64
}

// rowSums joins the records of a row's blocks, and writes what follows from them: entropy and lse.
func (c *call) rowSums(t *tile, r int, x *rowSummary, s *strip) {
	st, h := c.stats, t.kvHead
	place := c.lseIndex(t.batch, h, t.from+r)
	m, l, product := c.logSums(s, r)
	lse, share := math.Inf(-1), 1.0
	if l != 0 {
		lse = m + math.Log(l)
	}
	if c.o.Sinks != nil {
		joint := addExp(lse, float64(c.o.Sinks[h]))
		if l != 0 {
			share = math.Exp(lse - joint)
		}
		lse = joint
	}
	if st.LSE != nil {
		st.LSE[place] = float32(lse)
	}
	if st.Entropy != nil {
		st.Entropy[place] = float32(entropy(l, product, share))
	}
	*x = rowSummary{top: m, sum: l, scale: share / l}
}

// entropy is −Σ w·ln w for weights w = share·exp(s − m)/l, where product = Σ exp(s − m)·(s − m): the entropy of the keys
// among themselves is ln l − product/l, and the share of a sink takes share·ln share from it.
func entropy(l, product, share float64) float64 {
	if l == 0 || share == 0 {
		return 0
	}
	return share*(math.Log(l)-product/l) - share*math.Log(share)
}

// normalizeBlock multiplies the exponentials of one block of a row by what makes them weights, and adds to the row's
// distance and maxima.
func (c *call) normalizeBlock(t *tile, r int, keys span, x *rowSummary, s *strip) {
	block := s.weights[r*s.stride:][keys.from:keys.to]
	record := r*c.blockCount() + keys.from/keyTile
	switch {
	case math.IsNaN(x.sum):
		spoil(block)
		x.distance = x.sum
	case x.sum != 0 && s.sums[record] != 0: // else all are 0 already
		factor := x.scale
		if shift := float64(c.exponent)*float64(s.tops[record]) - x.top; shift != 0 {
			factor *= math.Exp(shift)
		}
		position := c.position(t.batch, t.from+r)
		x.distance += float64(kernel.Normalize(block, float32(factor), position-keys.from, &x.lanes))
	}
}

// rowStats gathers what is told of a query from its weights.
func (c *call) rowStats(t *tile, r int, row []float32, x *rowSummary, s *strip) {
	place := c.lseIndex(t.batch, t.kvHead, t.from+r)
	if c.stats.Distance != nil {
		c.stats.Distance[place] = float32(x.distance)
	}
	c.largest(row, place, x, s)
	if c.stats.ClassMass != nil {
		c.classes(row, t.batch, place)
	}
}

// spoil makes the weights of a row that sees a NaN NaN, but leaves those that are 0: most of them are invisible.
func spoil(row []float32) {
	for j, p := range row {
		if p != 0 {
			row[j] = float32(math.NaN())
		}
	}
}

// A topList is the largest weights of a row so far, the largest first, and of equal ones the one of the lower key.
type topList struct {
	index  [64]int32
	weight [64]float32
	n      int
}

// add puts a weight in its place, if it is one of the k largest.
func (l *topList) add(index int32, weight float32, k int) {
	if l.n == k && weight <= l.weight[k-1] {
		return
	}
	at := l.n
	if l.n < k {
		l.n++
	} else {
		at = k - 1
	}
	for ; at > 0 && l.weight[at-1] < weight; at-- {
		l.weight[at], l.index[at] = l.weight[at-1], l.index[at-1]
	}
	l.weight[at], l.index[at] = weight, index
}

// largest finds the largest weights of a row.
func (c *call) largest(row []float32, place int, x *rowSummary, s *strip) {
	st := c.stats
	if st.MaxWeight == nil && st.ArgMax == nil && st.TopIndex == nil && st.TopWeight == nil {
		return
	}
	if math.IsNaN(x.sum) {
		c.largestNaN(place)
		return
	}
	k := max(st.TopK, 1)
	bound := kernel.Bound(&x.lanes, k)
	s.best.n = 0
	if bound == 0 { // fewer than k weights above 0
		bound = math.SmallestNonzeroFloat32
	}
	for from := 0; from < len(row); from += keyTile {
		n := kernel.Collect(row[from:min(from+keyTile, len(row))], bound, int32(from), s.index, s.value)
		for i := range n {
			s.best.add(s.index[i], s.value[i], k)
		}
	}
	if s.best.n == 0 {
		return
	}
	if st.MaxWeight != nil {
		st.MaxWeight[place] = s.best.weight[0]
	}
	if st.ArgMax != nil {
		st.ArgMax[place] = s.best.index[0]
	}
	if st.TopIndex != nil {
		copy(st.TopIndex[place*st.TopK:][:st.TopK], s.best.index[:s.best.n])
	}
	if st.TopWeight != nil {
		copy(st.TopWeight[place*st.TopK:][:st.TopK], s.best.weight[:s.best.n])
	}
}

// largestNaN is largest for a row that sees a NaN.
func (c *call) largestNaN(place int) {
	st := c.stats
	nan := float32(math.NaN())
	if st.MaxWeight != nil {
		st.MaxWeight[place] = nan
	}
	if st.TopWeight != nil {
		kernel.Fill(st.TopWeight[place*st.TopK:][:st.TopK], nan)
	}
}

// classes adds up a row's weights by the classes of their keys.
func (c *call) classes(row []float32, b, place int) {
	st := c.stats
	classes := st.KeyClasses[c.keyIndex(b, 0):]
	var mass [8]float64
	for j, w := range row {
		for set := classes[j]; set != 0; set &= set - 1 {
			mass[bits.TrailingZeros8(set)] += float64(w)
		}
	}
	for n, x := range mass {
		st.ClassMass[place*8+n] = float32(x)
	}
}

// columnStats adds the weights of some rows for a block of keys to the strip's sums over rows.
func (c *call) columnStats(all, t *tile, first, rows int, keys span, s *strip) {
	st, n := c.stats, keys.to-keys.from
	weights := s.weights[first*s.stride+keys.from:]
	if st.Received != nil {
		kernel.AddColumns(s.received[keys.from:], weights, s.stride, rows, n)
	}
	if st.MaxReceived != nil {
		kernel.MaxColumns(s.highest[keys.from:], s.from[keys.from:], weights, s.stride, rows, n, int32(t.from+first))
	}
	if st.OffsetMass != nil {
		for r := range rows {
			diagonal := stripRows - 1 - (t.from + first + r - all.from) + keys.from
			kernel.Combine(s.diagonal[diagonal:][:n], 1, weights[r*s.stride:][:n], 1)
		}
	}
}

// pool adds a row to its band, and the band to its cells when it ends.
func (c *call) pool(all *tile, i int, row []float32, s *strip) {
	kernel.AddMax(s.bandSum, s.bandMax, row)
	band := c.band(all.batch, i)
	if i+1 < all.to && c.band(all.batch, i+1) == band {
		return
	}
	rows, n := c.stats.PooledRows, c.queryLen(all.batch)
	height := cellStart(band+1, rows, n) - cellStart(band, rows, n)
	c.poolBand((band-c.band(all.batch, all.from))*c.stats.PooledCols, len(row), height, s)
	clear(s.bandSum[:len(row)])
	clear(s.bandMax[:len(row)])
}

// poolBand adds a band's means and maxima over its rows, of which it has height in all, to the cells from at on. Where the edges of cells are multiples of
// four keys, fours of keys are joined first, in vectors.
func (c *call) poolBand(at, keys, height int, s *strip) {
	step := 1
	if s.fours {
		kernel.PoolFours(s.bandSum, s.bandMax, s.bandSum, s.bandMax, keys)
		step = 4
	}
	sums, tops := s.cellSum[at:], s.cellMax[at:]
	for cell, from := range s.edges[:c.stats.PooledCols] {
		var sum, top float32
		for j := from / step; j < s.edges[cell+1]/step; j++ {
			sum += s.bandSum[j]
			if s.bandMax[j] > top {
				top = s.bandMax[j]
			}
		}
		if width := s.edges[cell+1] - from; width > 0 {
			sums[cell] += float64(sum) / float64(width*height)
		}
		if top > tops[cell] {
			tops[cell] = top
		}
	}
}
