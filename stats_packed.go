package rapt

import (
	"sync"

	"github.com/rapt-go/rapt/internal/kernel"
)

// A packedHead is the packed keys and values of one key head, block by block, for all the strips that use them. It may be
// shared: whoever needs another head waits until nobody uses this one.
type packedHead struct {
	lock  sync.Mutex
	free  sync.Cond
	users int

	valid         bool
	batch, kvHead int
	keys, values  []float32 // [blocks][keyTile][dim or whole panels of valueDim]
	blocks        []packedBlock
}

type packedBlock struct {
	lock     sync.Mutex
	keys     int // that are packed; 0: none yet
	infinite []infinity
}

// aheadOf is the part of the next block of packed keys or values, each of dim numbers, that is to be fetched while the rows
// from first on are computed: a quarter for each RowStep rows. Where nothing is kept, it is nothing.
func (c *call) aheadOf(packed []float32, block span, first, dim int) []float32 {
	if c.keep == keepNone {
		return nil
	}
	size := keyTile * dim
	at := (block.from/keyTile+1)*size + first/kernel.RowStep*size/4
	return packed[min(at, len(packed)):]
}

// enter makes it that of a key head, and keeps it so until leave.
func (p *packedHead) enter(c *call, batch, kvHead int) {
	if c.keep == keepNone {
		return
	}
	p.lock.Lock()
	defer p.lock.Unlock()
	if p.free.L == nil {
		p.free.L = &p.lock
	}
	for p.users > 0 && (p.batch != batch || p.kvHead != kvHead) {
		p.free.Wait()
	}
	p.users++
	if p.valid && p.batch == batch && p.kvHead == kvHead {
		return
	}
	p.valid, p.batch, p.kvHead = true, batch, kvHead
	n := blocks(c.keys, keyTile)
	p.keys = grow(p.keys, n*keyTile*c.dim)
	if c.withOut {
		p.values = grow(p.values, n*keyTile*kernel.RoundUp(c.valueDim, kernel.PanelWidth))
	}
	if len(p.blocks) < n {
		p.blocks = make([]packedBlock, n)
	}
	for b := range p.blocks {
		p.blocks[b].keys = 0
	}
}

// leave ends what enter began.
func (p *packedHead) leave() {
	p.lock.Lock()
	defer p.lock.Unlock()
	if p.users > 0 {
		p.users--
	}
	if p.users == 0 && p.free.L != nil {
		p.free.Broadcast()
	}
}

// forget makes the next head be packed anew.
func (p *packedHead) forget() { p.valid = false }

// packBlock sets the worker's packed keys and values to those of a block, as pack does, of which it packs what isn't yet.
// A block that is kept has all keys that any query of the sequence sees.
func (c *call) packBlock(t *tile, block span, w *worker, s *gatherer) {
	kvHead := t.kvHead / c.keyGroup
	s.depth = block.to - block.from
	if c.keep == keepNone {
		c.pack(t, kvHead, block, w)
		return
	}
	p, at := s.packed, block.from/keyTile
	size := keyTile * kernel.RoundUp(c.valueDim, kernel.PanelWidth)
	w.keys = p.keys[at*keyTile*c.dim:][:keyTile*c.dim]
	if c.withOut {
		w.values = p.values[at*size:][:size]
	}
	kept := &p.blocks[at]
	kept.lock.Lock()
	defer kept.lock.Unlock()
	if kept.keys == 0 {
		w.infinite.found = nil
		block.to = min(block.from+keyTile, c.reach(t.batch, 0, c.queryLen(t.batch)).to)
		c.pack(t, kvHead, block, w)
		kept.keys, kept.infinite = block.to-block.from, w.infinite.found
	}
	s.depth, w.infinite.found = kept.keys, kept.infinite
}
