package rapt

import (
	"errors"
	"fmt"
	"slices"
)

// Stats is exact statistics of the attention weights, gathered while the weights are computed a few rows at a time; they are
// never stored together. What is nil isn't computed. See docs/statistics.md for what each is good for and for its cost.
//
// w_ij is the weight of key j for query i, as [Weights] gives it; p_i is the query's position among the keys. A sink's
// share is in no sum, and nothing is renormalised: with sinks the weights of a row sum to less than 1. A query that sees
// no key has entropy 0, largest weight 0 and no key of it, −1. A NaN comes out in the rows that see it and in the sums over
// those rows; maxima over rows pass it over. Ties go to the lower key and the lower query.
type Stats struct {
	// For every query. In a ragged batch [batch] … [queries] is [heads][total], as in Options.LSE.
	Entropy   []float32 // [batch][heads][queries] −Σ_j w·ln w, in nats
	MaxWeight []float32 // [batch][heads][queries] max_j w
	ArgMax    []int32   // [batch][heads][queries] the key of MaxWeight
	Distance  []float32 // [batch][heads][queries] Σ_j w·|p_i − j|
	LSE       []float32 // [batch][heads][queries] as Options.LSE

	TopK      int       // how many of the largest weights, at most 64
	TopIndex  []int32   // [batch][heads][queries][TopK] their keys, −1 where there are fewer of weight above 0
	TopWeight []float32 // [batch][heads][queries][TopK] the largest first

	// KeyClasses puts keys into up to eight classes, one a bit, such as special tokens or punctuation.
	KeyClasses []uint8   // [batch][keys], or [total] where the keys are ragged; keys as below
	ClassMass  []float32 // [batch][heads][queries][8] Σ_j w over the keys of each class

	// For every key. In a ragged batch [batch] … [keys] is [heads][total]. With PageTables keys are as many as the longest of
	// them has room for.
	Received       []float64 // [batch][heads][keys] Σ_i w
	MaxReceived    []float32 // [batch][heads][keys] max_i w
	ArgMaxReceived []int32   // [batch][heads][keys] the query of MaxReceived, −1 if nobody looks

	// For every diagonal: OffsetMass[n] is Σ w_ij over the pairs with OffsetBins[n] ≤ p_i − j < OffsetBins[n+1].
	OffsetBins []int     // ascending; pairs outside count nowhere
	OffsetMass []float64 // [batch][heads][len(OffsetBins)−1]

	// The map of all weights in PooledRows × PooledCols cells: query i is in row ⌊i·PooledRows/queries⌋, key j in column
	// ⌊j·PooledCols/keys⌋, with the lengths of the sequence; with PageTables, with what its table has room for.
	PooledRows, PooledCols int
	PooledMean             []float32 // [batch][heads][PooledRows][PooledCols]
	PooledMax              []float32 // [batch][heads][PooledRows][PooledCols]
}

// NewStats has room for everything but classes: the 8 largest weights, the bins of [OffsetBins], and a map of at most 256 ×
// 256 cells. It is for a batch that isn't ragged.
func NewStats(batch, heads, queries, keys, queryStart int) *Stats {
	rows, columns := batch*heads*queries, batch*heads*keys
	s := &Stats{
		Entropy: make([]float32, rows), MaxWeight: make([]float32, rows), ArgMax: make([]int32, rows),
		Distance: make([]float32, rows), LSE: make([]float32, rows),
		TopK: 8, TopIndex: make([]int32, 8*rows), TopWeight: make([]float32, 8*rows),
		Received: make([]float64, columns), MaxReceived: make([]float32, columns), ArgMaxReceived: make([]int32, columns),
		OffsetBins: OffsetBins(queryStart-keys+1, queryStart+queries-1),
		PooledRows: min(256, queries), PooledCols: min(256, keys),
	}
	s.OffsetMass = make([]float64, batch*heads*(len(s.OffsetBins)-1))
	cells := batch * heads * s.PooledRows * s.PooledCols
	s.PooledMean, s.PooledMax = make([]float32, cells), make([]float32, cells)
	return s
}

// OffsetBins is edges of bins for all offsets from least to most: every offset from −8 to 8 has its own, and further out
// each bin is twice as wide as the one before it: 9 to 16, 17 to 32, …
func OffsetBins(least, most int) []int {
	var edges []int
	for d := -8; d <= 9; d++ {
		edges = append(edges, d)
	}
	for width := 16; edges[0] > least; width *= 2 {
		edges = slices.Insert(edges, 0, -width)
	}
	for width := 16; edges[len(edges)-1] <= most; width *= 2 {
		edges = append(edges, width+1)
	}
	return edges
}

// Statistics computes attention as [Attend] does, with the same bits, and what s asks for. With out nil only the statistics
// are computed, and v isn't read: it may be the zero Tensor.
func Statistics(s *Stats, out *Tensor[float32], q, k, v Tensor[float32], o *Options) error {
	if o == nil {
		o = &defaults
	}
	var sizes shape
	var err error
	if out == nil {
		sizes, err = checkQK(&q, &k, o)
		sizes.valueDim = 1
	} else {
		sizes, err = checkAll(out, &q, &k, &v, o)
	}
	if err != nil {
		return err
	}
	if err := s.check(&sizes, &q, &k); err != nil {
		return err
	}
	s.clear(&sizes)
	if sizes.batch*sizes.heads*sizes.queries == 0 {
		return nil
	}
	c := newCall(sizes, o, (*call).statsPart)
	c.q, c.k, c.v, c.stats = q, k, v, s
	if out != nil {
		c.out = *out
	}
	defer c.release()
	if err := c.checkPagesSeen(); err != nil {
		return err
	}
	c.planStats(out != nil)
	c.run()
	return nil
}

// check says which slice has the wrong length.
func (s *Stats) check(n *shape, q, k *Tensor[float32]) error {
	rows, keys := n.heads*n.batch*n.queries, n.batch*n.keys
	if n.queryOffsets != nil {
		rows = n.heads * q.Seq
	}
	if n.keyOffsets != nil {
		keys = k.Seq
	}
	if s.TopK < 0 || s.TopK > 64 {
		return fmt.Errorf("rapt: Stats.TopK is %d, expected 0 to 64", s.TopK)
	}
	if (s.ClassMass == nil) != (s.KeyClasses == nil) {
		return errors.New("rapt: Stats.KeyClasses and Stats.ClassMass go together")
	}
	if s.OffsetMass != nil && (len(s.OffsetBins) < 2 || !slices.IsSorted(s.OffsetBins)) {
		return errors.New("rapt: Stats.OffsetBins must be two edges or more, ascending")
	}
	pooled := s.PooledMean != nil || s.PooledMax != nil
	if pooled && (s.PooledRows < 1 || s.PooledCols < 1) {
		return fmt.Errorf("rapt: Stats.PooledRows and PooledCols are %d and %d; they must be positive", s.PooledRows, s.PooledCols)
	}
	heads := n.batch * n.heads
	for _, c := range []struct {
		name      string
		have, fit int
	}{
		{"Entropy", len(s.Entropy), rows}, {"MaxWeight", len(s.MaxWeight), rows}, {"ArgMax", len(s.ArgMax), rows},
		{"Distance", len(s.Distance), rows}, {"LSE", len(s.LSE), rows},
		{"TopIndex", len(s.TopIndex), rows * s.TopK}, {"TopWeight", len(s.TopWeight), rows * s.TopK},
		{"KeyClasses", len(s.KeyClasses), keys}, {"ClassMass", len(s.ClassMass), rows * 8},
		{"Received", len(s.Received), n.heads * keys}, {"MaxReceived", len(s.MaxReceived), n.heads * keys},
		{"ArgMaxReceived", len(s.ArgMaxReceived), n.heads * keys},
		{"OffsetMass", len(s.OffsetMass), heads * max(len(s.OffsetBins)-1, 0)},
		{"PooledMean", len(s.PooledMean), heads * s.PooledRows * s.PooledCols},
		{"PooledMax", len(s.PooledMax), heads * s.PooledRows * s.PooledCols},
	} {
		if c.have != 0 && c.have != c.fit {
			return fmt.Errorf("rapt: Stats.%s has %d elements, expected %d", c.name, c.have, c.fit)
		}
	}
	if s.ArgMaxReceived != nil && s.MaxReceived == nil {
		return errors.New("rapt: Stats.ArgMaxReceived needs MaxReceived")
	}
	return nil
}

// clear sets what is added to, or not written for every key.
func (s *Stats) clear(n *shape) {
	clear(s.Received)
	clear(s.MaxReceived)
	clear(s.OffsetMass)
	for i := range s.ArgMaxReceived {
		s.ArgMaxReceived[i] = -1
	}
	for b := range n.batch {
		if n.queryLen(b) < s.PooledRows { // some rows of the map have no query
			clear(s.PooledMean)
			clear(s.PooledMax)
		}
	}
}

// cellStart is the first of n things that falls into cell or one behind it, where thing i is in cell ⌊i·cells/n⌋.
func cellStart(cell, cells, n int) int { return (cell*n + cells - 1) / cells }
