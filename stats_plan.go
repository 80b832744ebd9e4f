package rapt

import (
	"sync"

	"github.com/rapt-go/rapt/internal/kernel"
)

const (
	// stripRows is the number of queries of one head whose sums over rows are taken on their own. They are added to the
	// result in order, so that its bits don't depend on threads.
	stripRows = 16 * kernel.RowStep

	// statsFloats bounds what all workers together keep: 64 MB of rows of weights, packed keys and values, and sums. Of it
	// blockFloats are for the block that each has at hand.
	statsFloats, blockFloats = 16_000_000, 1 << 17

	// heldRows is the most rows of weights that a worker holds. More would make packed keys and values be read less often, but
	// push them and one another out of the second-level cache; and four groups of rows fetch all of the next packed block.
	heldRows = 4 * kernel.RowStep

	// ownFloats bounds packed keys and values of all workers together where each has its own, and sharedFloats those
	// of a head that all share.
	ownFloats, sharedFloats = 8 << 20, 9 << 20
)

// A statsPlan is how a call gathers statistics.
//
// Statistics of a query alone come with its online softmax: nothing is kept of a block of keys but a few sums. Those of a key
// need final weights, which are known when the last block is done: so a few rows of exponentials are kept until then.
type statsPlan struct {
	withOut  bool // is out wanted?
	columns  bool // is anything wanted for which rows of weights are kept?
	keyGroup int  // query heads that share a key head; each is a head of its own here

	weightStride int     // distance of rows of weights
	statRows     int     // rows of weights that a worker holds
	workerLimit  int     // workers for which there is memory
	keep         keeping // of packed keys and values
	sharedHead   packedHead

	turnLock sync.Mutex
	turn     sync.Cond
	turns    []int // [batch·heads] the first query of the strip that is to be added to the result next

	carrySum []float64 // [batch·heads][PooledCols] of the band in which a head's next strip begins
	carryMax []float32
}

// keeping says who keeps a head's packed keys and values for the rows that follow.
type keeping int

const (
	keepNone keeping = iota
	keepOwn
	keepShared
)

// planStats makes tiles and parts. A tile is as many rows as in Attend, or a strip where weights are kept. A part is a tile,
// or all strips of a head if that leaves no thread idle: its keys are then packed once, and nobody waits for a turn.
func (c *call) planStats(withOut bool) {
	st := c.stats
	c.withOut, c.columns = withOut, st.Received != nil || st.MaxReceived != nil || st.OffsetMass != nil || c.pooled()
	c.keyGroup, c.kvHeads = c.groupSize(), c.heads
	c.tiles, c.parts = c.tiles[:0], c.parts[:0]
	heads := c.batch * c.heads
	size, whole := c.tileQueries(), false
	c.keep = keepNone
	c.sharedHead.forget()
	if c.columns {
		c.planColumns(heads)
		size, whole = stripRows, c.keep != keepShared && (heads >= 4*c.threads() || heads%c.threads() == 0)
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

// planColumns divides memory: packed keys and values first, then rows of weights, at least RowStep for each worker, up to
// heldRows.
func (c *call) planColumns(heads int) {
	c.turns = append(c.turns[:0], make([]int, heads)...)
	// Multiply writes whole vectors behind the last key. An odd number of cache lines spreads the rows over the sets.
	c.weightStride = kernel.RoundUp(c.keys, 2*kernel.ColumnStep) + kernel.ColumnStep
	const sums = 10 // floats that a worker has for each key beside rows of weights
	threads, packed := c.threads(), (c.dim+kernel.RoundUp(c.valueDim, kernel.PanelWidth))*kernel.RoundUp(c.keys, keyTile)
	free := statsFloats
	switch {
	case packed <= ownFloats/threads:
		c.keep, free = keepOwn, free-threads*packed
	case packed <= sharedFloats:
		c.keep, free = keepShared, free-packed
	default:
		c.keep = keepNone
	}
	rows := ((free/threads-blockFloats)/c.weightStride - sums) / kernel.RowStep * kernel.RowStep
	c.statRows = min(heldRows, max(kernel.RowStep, rows))
	c.workerLimit = max(1, free/((c.statRows+sums)*c.weightStride+blockFloats))
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

	own    packedHead
	packed *packedHead // the one at hand
	depth  int         // keys of the packed block at hand

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
	s.packed = &s.own
	if c.keep == keepShared {
		s.packed = &c.sharedHead
	}
	if c.columns {
		s.weights = grow(s.weights, c.statRows*c.weightStride)
		s.factors = grow(s.factors, c.statRows*blocks(c.keys, keyTile))
	}
	return s
}
