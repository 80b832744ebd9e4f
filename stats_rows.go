package rapt

import (
	"math"
	"math/bits"

	"github.com/rapt-go/rapt/internal/kernel"
)

// rowStats turns the exponentials of a tile's row r into weights, and gathers what is told of a query.
func (c *call) rowStats(t *tile, r int, s *strip) {
	st, b, h, i := c.stats, t.batch, t.kvHead, t.from+r
	place := c.lseIndex(b, h, i)
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
	distance := c.normalizeRow(t, r, s, m, share/l, l)
	if st.Distance != nil {
		st.Distance[place] = float32(distance)
	}
	row := s.weights[r*s.stride:][:c.keyLen(b)]
	c.largest(row, place, s, math.IsNaN(l))
	if st.ClassMass != nil {
		c.classes(row, b, place)
	}
}

// entropy is −Σ w·ln w for weights w = share·exp(s − m)/l, where product = Σ exp(s − m)·(s − m): the entropy of the keys
// among themselves is ln l − product/l, and the share of a sink takes share·ln share from it.
func entropy(l, product, share float64) float64 {
	if l == 0 || share == 0 {
		return 0
	}
	return share*(math.Log(l)-product/l) - share*math.Log(share)
}

// normalizeRow multiplies the exponentials of each block by what makes them weights, and returns Σ w·|p − j|. s.best gets
// the maxima of the parts of the row.
func (c *call) normalizeRow(t *tile, r int, s *strip, m, scale, l float64) (distance float64) {
	b := t.batch
	s.best.lanes = [kernel.Lanes]float32{}
	row := s.weights[r*s.stride:][:c.keyLen(b)]
	if l == 0 {
		return 0 // all weights are 0 already
	}
	if math.IsNaN(l) {
		spoil(row)
		return l
	}
	n := c.blockCount()
	position := c.position(b, t.from+r)
	for from := 0; from < len(row); from += keyTile {
		record := r*n + from/keyTile
		if s.sums[record] == 0 {
			continue
		}
		factor := scale
		if shift := float64(c.exponent)*float64(s.tops[record]) - m; shift != 0 {
			factor *= math.Exp(shift)
		}
		block := row[from:min(from+keyTile, len(row))]
		distance += float64(kernel.Normalize(block, float32(factor), position-from, &s.best.lanes))
	}
	return distance
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
	lanes  [kernel.Lanes]float32
	index  [64]int32
	weight [64]float32
	n      int
}

// threshold is a bound that at least k numbers of the row reach: the k-th largest of the maxima of its parts.
func (l *topList) threshold(k int) float32 {
	lanes := l.lanes[:]
	if k <= 16 {
		for j := range 16 {
			lanes[j] = max(lanes[j], lanes[j+16], lanes[j+32], lanes[j+48])
		}
		lanes = lanes[:16]
	}
	l.n = 0
	for _, x := range lanes {
		l.add(0, x, k)
	}
	bound := l.weight[k-1]
	if l.n < k {
		bound = 0
	}
	l.n = 0
	return bound
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
func (c *call) largest(row []float32, place int, s *strip, nan bool) {
	st := c.stats
	if st.MaxWeight == nil && st.ArgMax == nil && st.TopIndex == nil && st.TopWeight == nil {
		return
	}
	if nan {
		c.largestNaN(place)
		return
	}
	k := max(st.TopK, 1)
	bound := s.best.threshold(k)
	if bound == 0 { // fewer than k weights above 0
		bound = math.SmallestNonzeroFloat32
	}
	for from := 0; from < len(row); from += keyTile {
		n := kernel.Collect(row[from:min(from+keyTile, len(row))], bound, int32(from), s.index, s.value)
		for x := range n {
			s.best.add(s.index[x], s.value[x], k)
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

// columnStats adds the weights of some rows of a strip to its sums over rows.
func (c *call) columnStats(all, t *tile, s *strip) {
	st, keys := c.stats, c.keyLen(t.batch)
	for r := 0; r < t.to-t.from; r += kernel.RowStep {
		n := min(kernel.RowStep, t.to-t.from-r)
		weights := s.weights[r*s.stride:]
		if st.Received != nil {
			kernel.AddColumns(s.received, weights, s.stride, n, keys)
		}
		if st.MaxReceived != nil {
			kernel.MaxColumns(s.highest, s.from, weights, s.stride, n, keys, int32(t.from+r))
		}
	}
	for r := range t.to - t.from {
		row := s.weights[r*s.stride:][:keys]
		if st.OffsetMass != nil {
			kernel.Combine(s.diagonal[stripRows-1-(t.from+r-all.from):][:keys], 1, row, 1)
		}
		if c.pooled() {
			c.pool(all, t.from+r, row, s)
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
	columns := c.stats.PooledCols
	at := (band - c.band(all.batch, all.from)) * columns
	j := 0
	for cell := range columns {
		end := cellStart(cell+1, columns, len(row))
		var sum, top float32
		for ; j < end; j++ {
			sum += s.bandSum[j]
			top = max(top, s.bandMax[j])
		}
		s.cellSum[at+cell] += float64(sum)
		s.cellMax[at+cell] = max(s.cellMax[at+cell], top)
	}
	clear(s.bandSum[:len(row)])
	clear(s.bandMax[:len(row)])
}
