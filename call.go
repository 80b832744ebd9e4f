package rapt

import (
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/rapt-go/rapt/internal/kernel"
)

const (
	// keyTile is the number of keys whose scores are held at once: those of twelve rows, 24 KB, stay in a first-level cache.
	// Blocks of keys start at multiples of it.
	keyTile = 512

	// chunkKeys is the number of keys whose sums are taken on their own and then added to those before. Where there are
	// fewer rows than threads, each chunk is a piece of work of its own; as the sums are always taken in this way, the
	// result is the same to the bit however the work is divided.
	chunkKeys = 2 * keyTile

	// cacheSets is a distance of floats, 4 KB, at which all rows fall into the same set of a first-level cache.
	cacheSets = 1024

	// maxTileFloats bounds what a worker keeps for the rows of its tile: 2.5 MB.
	maxTileFloats = 640 << 10

	// smallWork is the number of multiplications under which a second goroutine costs more than it brings.
	smallWork = 1 << 17
)

// A call is one run of the operation: its arguments, and its work in pieces.
type call struct {
	shape
	o            *Options
	out, q, k, v Tensor[float32]
	into         *Partial // where the sums go instead of out

	stats *Stats // Statistics: what to gather
	statsPlan

	asked     []int     // Scores: the queries asked for; nil: all
	scores    []float32 // Scores: [batch][heads][scoreRows][keys]
	scoreRows int
	stage     Stage
	window    span      // WeightsWindow: its keys, and
	lse       []float32 // [batch][heads][queries]

	scale    float32 // of q·k; the effective one
	exponent float32 // weights are exp(exponent·(s − top)) of the scores s that the kernels see
	plain    bool    // no option changes a visible score, so that scale is left to the exponent
	steady   bool    // all queries of a sequence have the same visibleSpan
	screened bool    // some option may hide keys in the middle of a visibleSpan by a mask
	open     bool    // no option may hide keys in the middle of a visibleSpan, by a mask or a score of −Inf
	width    int     // of a row of sums: valueDim in whole steps

	tiles []tile
	parts []part
	next  atomic.Int64 // the first part that nobody took yet

	partial state // sums of the chunks of split tiles

	do      func(*call, part, *worker)
	work    func() // c.takeParts, bound once: starting a goroutine with it allocates nothing
	workers sync.WaitGroup
}

var calls = sync.Pool{New: func() any {
	c := new(call)
	c.work = c.takeParts
	c.turn.L = &c.turnLock
	return c
}}

// newCall is a call of which do computes the parts.
func newCall(s shape, o *Options, do func(*call, part, *worker)) *call {
	c := calls.Get().(*call)
	c.shape, c.o, c.do = s, o, do
	c.workerLimit = math.MaxInt
	c.scale = o.Scale
	if c.scale == 0 {
		c.scale = float32(1 / math.Sqrt(float64(s.dim)))
	}
	c.plain = c.scale > 0 && o.Softcap == 0 && o.Bias.Data == nil && o.ALiBiSlopes == nil && o.ScoreFunc == nil
	c.steady = !o.Causal && o.Window == nil && o.Chunk == 0
	c.screened = o.Mask.Data != nil || o.MaskFunc != nil || o.Layout != nil || o.KeySegments != nil
	c.open = !c.screened && o.Bias.Data == nil && o.ScoreFunc == nil
	c.exponent = 1
	if c.plain {
		c.exponent = c.scale
	}
	c.width = kernel.RoundUp(s.valueDim, kernel.ColumnStep)
	return c
}

// release gives c back, without a hold on the caller's memory.
func (c *call) release() {
	var none Tensor[float32]
	c.o, c.out, c.q, c.k, c.v, c.asked, c.scores, c.into, c.stats = nil, none, none, none, none, nil, nil, nil, nil
	calls.Put(c)
}

// A tile is the queries from, …, to−1 of one sequence, for the query heads that share one key head, or few of them for
// several key heads. Its rows are stacked head by head: row r is query from + r%n of its query head r/n, with n = to−from.
type tile struct {
	batch, from, to int
	kvHead, kvHeads int // the first of its key heads, and how many there are

	firstChunk, chunks int   // of the keys that its queries may see
	firstState         int   // of its first chunk's rows in call.partial, if it is split into parts
	parts              int   // that it is split into, a chunk each; 1: it isn't split
	left               int32 // parts that are not done yet; atomic
}

// A part is one piece of work: the chunks first, …, last−1 of a tile's keys.
type part struct {
	tile, first, last int
	cost              int // pairs of query and key, roughly
}

func (c *call) rows(t *tile) int { return t.kvHeads * c.headRows(t) }

// headRows is the number of a tile's rows that share a key head.
func (c *call) headRows(t *tile) int { return c.groupSize() * (t.to - t.from) }

func (c *call) threads() int {
	if c.o.Threads > 0 {
		return c.o.Threads
	}
	return runtime.GOMAXPROCS(0)
}

// plan divides the call into tiles and parts, the longest first.
func (c *call) plan() {
	c.tiles, c.parts = c.tiles[:0], c.parts[:0]
	size := c.tileQueries()
	for b := range c.batch {
		heads := c.tileHeads(b)
		for kvHead := 0; kvHead < c.kvHeads; kvHead += heads {
			for from := 0; from < c.queryLen(b); from += size {
				t := tile{batch: b, from: from, to: min(from+size, c.queryLen(b)), kvHead: kvHead, kvHeads: min(heads, c.kvHeads-kvHead)}
				if keys := c.reach(b, t.from, t.to); !keys.empty() {
					t.firstChunk = keys.from / chunkKeys
					t.chunks = (keys.to+chunkKeys-1)/chunkKeys - t.firstChunk
				}
				c.tiles = append(c.tiles, t)
			}
		}
	}
	c.partial.resize(c.divide(), c.width)
	slices.SortStableFunc(c.parts, func(a, b part) int { return b.cost - a.cost })
}

// tileHeads is the number of key heads in a tile of sequence b: one, or where there are few rows for each, as many as
// leave every thread a few parts. The time of such a tile goes into reading keys and values, and those of all heads lie
// side by side: taken together, pages of memory are opened once.
func (c *call) tileHeads(b int) int {
	if c.groupSize()*c.queryLen(b) > kernel.RowStep {
		return 1
	}
	const partsPerThread, mostRows = 4, 96
	parts := c.batch * (c.keys/chunkKeys + 1)
	heads := min(c.kvHeads*parts/(partsPerThread*c.threads()), mostRows/max(1, c.groupSize()*c.queryLen(b)))
	return min(c.kvHeads, max(1, heads))
}

// divide makes the parts, and returns how many rows of state the split tiles need. A tile is split where there are too few
// for the threads, or where it has few rows, so that there may be.
func (c *call) divide() (states int) {
	few := len(c.tiles) < 2*c.threads() && c.threads() > 1
	for i := range c.tiles {
		t := &c.tiles[i]
		t.parts = 1
		if t.chunks > 1 && (few || c.headRows(t) <= kernel.RowStep) {
			t.parts, t.left = t.chunks, int32(t.chunks)
			t.firstState = states
			states += t.chunks * c.rows(t)
			for chunk := t.firstChunk; chunk < t.firstChunk+t.chunks; chunk++ {
				c.parts = append(c.parts, part{i, chunk, chunk + 1, c.pairs(t) / t.chunks})
			}
			continue
		}
		c.parts = append(c.parts, part{i, t.firstChunk, t.firstChunk + t.chunks, c.pairs(t)})
	}
	return states
}

// tileQueries is the number of queries in a tile. The keys are packed anew for each tile, so it is large, but not so
// large that threads stay idle or that a worker needs much memory.
func (c *call) tileQueries() int {
	rows := maxTileFloats / (c.dim + 2*c.width)
	if threads := c.threads(); threads > 1 {
		const tilesPerThread, fewestRows = 4, 96
		perHead := (tilesPerThread*threads + c.batch*c.kvHeads - 1) / (c.batch * c.kvHeads)
		rows = min(rows, max(fewestRows, c.groupSize()*c.queries/perHead))
	}
	return kernel.RoundUp(max(rows/c.groupSize(), 1), kernel.RowStep)
}

// pairs is about the number of (query, key) pairs that a tile computes.
func (c *call) pairs(t *tile) int {
	first, last := c.visibleSpan(t.batch, t.from), c.visibleSpan(t.batch, t.to-1)
	return c.rows(t) * (max(first.to-first.from, 0) + max(last.to-last.from, 0) + 1) / 2
}

// run computes all parts, on as many goroutines as it pays to start.
func (c *call) run() {
	work := 0
	for _, p := range c.parts {
		work += p.cost * (c.dim + c.valueDim)
	}
	n := 1
	if work >= smallWork {
		n = min(c.threads(), len(c.parts), c.workerLimit)
	}
	c.next.Store(0)
	c.workers.Add(n)
	for range n - 1 {
		go c.work()
	}
	c.work()
	c.workers.Wait()
}

func (c *call) takeParts() {
	defer c.workers.Done()
	n := min(c.threads(), len(c.parts))
	w := workers.Get().(*worker)
	defer w.release()
	for {
		i := int(c.next.Add(1)) - 1
		if i >= len(c.parts) {
			return
		}
		w.upcoming = i + n
		c.do(c, c.parts[i], w)
	}
}
