package rapt

import (
	"sync"

	"github.com/rapt-go/rapt/internal/kernel"
)

const (
	// stripRows is the number of queries of one head whose sums over rows are taken on their own. They are added to the
	// result in order, so that its bits don't depend on threads.
	stripRows = 16 * kernel.RowStep

	// weightRows is how many rows of weights are held at a time, where memory allows.
	weightRows = 4 * kernel.RowStep

	// statsFloats bounds rows of weights, and packed keys and values, of all workers together: 32 MB each.
	statsFloats = 8 << 20
)

// A statsPlan is how a call gathers statistics.
//
// Statistics of a query alone come with its online softmax: nothing is kept of a block of keys but a few sums. Those of a key
// need final weights, which are known when the last block is done: so a few rows of exponentials are kept until then.
type statsPlan struct {
	withOut  bool // is out wanted?
	columns  bool // is anything wanted for which rows of weights are kept?
	keyGroup int  // query heads that share a key head; each is a head of its own here

	weightStride int  // distance of rows of weights
	statRows     int  // rows of weights that a worker holds
	workerLimit  int  // workers for which there is memory
	keepPacked   bool // workers keep the packed keys of a head

	turnLock sync.Mutex
	turn     sync.Cond
	turns    []int // [batch·heads] the first query of the strip that is to be added to the result next

	carrySum []float64 // [batch·heads][PooledCols] of the band in which a head's next strip begins
	carryMax []float32
}

// planStats makes tiles and parts. A tile is as many rows as in Attend, or a strip where weights are kept. A part is a tile,
// or all strips of a head if that leaves no thread idle: its keys are then packed once, and nobody waits for a turn.
func (c *call) planStats(withOut bool) {
	st := c.stats
	c.withOut, c.columns = withOut, st.Received != nil || st.MaxReceived != nil || st.OffsetMass != nil || c.pooled()
	c.keyGroup, c.kvHeads = c.groupSize(), c.heads
	c.tiles, c.parts = c.tiles[:0], c.parts[:0]
	heads := c.batch * c.heads
	size, whole := c.tileQueries(), false
	if c.columns {
		size, whole = stripRows, heads >= 4*c.threads() || heads%c.threads() == 0
		c.planColumns(heads)
	}
	for b := range c.batch {
		for h := range c.heads {
			for from := 0; from < c.queryLen(b); from += size {
				t := tile{batch: b, kvHead: h, kvHeads: 1, from: from, to: min(from+size, c.queryLen(b)), parts: 1}
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
}

// planColumns divides memory: rows of weights get what they need up to weightRows, and packed keys what they need or
// nothing.
func (c *call) planColumns(heads int) {
	c.turns = append(c.turns[:0], make([]int, heads)...)
	// Multiply writes whole vectors behind the last key. An odd number of cache lines spreads the rows over the sets.
	c.weightStride = kernel.RoundUp(c.keys, 2*kernel.ColumnStep) + kernel.ColumnStep
	threads := c.threads()
	c.statRows = min(weightRows, max(kernel.RowStep, statsFloats/(c.weightStride*threads)/kernel.RowStep*kernel.RowStep))
	c.workerLimit = max(1, statsFloats/(c.statRows*c.weightStride))
	c.keepPacked = (c.dim+kernel.RoundUp(c.valueDim, kernel.PanelWidth))*c.weightStride*threads <= statsFloats
	if c.pooled() {
		n := heads * c.stats.PooledCols
		c.carrySum, c.carryMax = growAny(c.carrySum, n), grow(c.carryMax, n)
		clear(c.carrySum)
		clear(c.carryMax)
	}
}

func (c *call) pooled() bool { return c.stats.PooledMean != nil || c.stats.PooledMax != nil }

func growAny[T any](x []T, n int) []T {
	if cap(x) < n {
		return make([]T, n)
	}
	return x[:n]
}

// A gatherer is what a worker keeps for statistics.
type gatherer struct {
	rows  []rowState // [rows of the tile]
	score []float32  // [rows of the tile][kernel.ListLen] the largest scores, where TopK is at most that
	key   []int32    // and their keys
	long  []longList // [rows of the tile], where TopK is more

	distance, sums, products, moments [kernel.RowStep]float32 // of the block at hand, see kernel.SoftmaxMoments
	tops, rescale                     [kernel.RowStep]float32
	room                              [keyTile]float32
	index                             [keyTile + 16]int32
	value                             [keyTile + 16]float32

	weights []float32 // [statRows][weightStride] exponentials
	factors []float32 // [blocks][statRows] the maxima they were taken against, then what makes them weights

	packedFor  [2]int // sequence and key head whose keys lie in packed blocks; −1: none
	keys       []float32
	values     []float32
	infinities []infinities // of the blocks
	kept       []int        // the keys of each block that are packed

	strip strip
}

// prepareStats makes room for the rows of a tile.
func (c *call) prepareStats(rows int, w *worker) *gatherer {
	s := &w.gather
	s.rows = growAny(s.rows, rows)
	if k := c.largestCount(); k > kernel.ListLen {
		s.long = growAny(s.long, rows)
	} else if k > 0 {
		s.score, s.key = grow(s.score, rows*kernel.ListLen), growAny(s.key, rows*kernel.ListLen)
	}
	if c.columns {
		s.weights = grow(s.weights, c.statRows*c.weightStride)
		s.factors = grow(s.factors, c.statRows*blocks(c.keys, keyTile))
	}
	return s
}
