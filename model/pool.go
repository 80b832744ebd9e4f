package model

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"

	"github.com/rapt-go/rapt/internal/kernel"
)

// pageLen is the number of positions of a page: as many as attention reads side by side, so that it reads pages where they
// are.
const pageLen = kernel.PanelWidth

// ErrPoolFull is what Extend and Next return, wrapped, when a Pool has too few pages for all of the tokens that are to be
// run together. None of them was then; once another state of the Pool has been closed there may be room.
var ErrPoolFull = errors.New("the pool is full")

// A Pool is memory for the keys and values of many sequences that come and go. Their states take pages of it as they grow,
// each of 32 positions of one layer, and give them back when they are closed or nobody has a hold on them any more; a layer
// with a window gives back those that have left it. What a state gives is what one of NewState gives, to the bit.
//
// A Pool may be used by many goroutines at once, each with states of its own. What a tap calls must not extend states of
// the same Pool.
type Pool struct {
	model    *Model
	maxPages int
	enough   int // pages beyond which the pool doesn't grow for the future

	// A pass uses the pages under moving.RLock, and they are moved under moving.Lock. Whoever takes both locks takes moving
	// first.
	moving sync.RWMutex
	rows   rows // [pages·pageLen][2·kvHeads·headDim]

	mu    sync.Mutex
	free  []int
	pages int
}

// NewPool is a pool of up to limit bytes, or without a limit if that is 0, for states of a causal model. It begins empty,
// grows by half, with a copy of all pages, and stays as large as it became.
func (m *Model) NewPool(limit int) (*Pool, error) {
	if _, err := m.NewState(); err != nil {
		return nil, err
	}
	p := &Pool{model: m, maxPages: math.MaxInt, enough: math.MaxInt}
	p.rows.stride = 2*m.info.NumKVHeads*m.info.HeadDim + apart
	switch least := m.info.NumLayers * p.pageBytes(); {
	case limit < 0 || limit > 0 && limit < least:
		return nil, fmt.Errorf("the limit of the pool is %d bytes; a page for each layer takes %d", limit, least)
	case limit > 0:
		p.maxPages = limit / p.pageBytes()
	}
	return p, nil
}

// poolFor is a pool for prompts of which each gets so many new tokens at most (0: as many as there is room for). It needn't
// become larger than all of them together.
func (m *Model) poolFor(prompts []Sequence, newTokens int) (*Pool, error) {
	p, err := m.NewPool(0)
	if err != nil {
		return nil, err
	}
	const many = 1 << 20 // tokens; so that the sum can't overflow
	if newTokens == 0 || newTokens > many {
		newTokens = many
	}
	p.enough = 0
	for _, prompt := range prompts {
		n := min(len(prompt.IDs)+newTokens, m.info.MaxSeqLen)
		p.enough += (n + pageLen - 1) / pageLen * m.info.NumLayers
	}
	return p, nil
}

func (p *Pool) pageBytes() int { return 4 * pageLen * p.rows.stride }

// NewState is the state of an empty sequence whose keys and values lie in the pool.
func (p *Pool) NewState() (*State, error) {
	s, err := p.model.NewState()
	if err != nil {
		return nil, err
	}
	p.adopt(s)
	return s, nil
}

// adopt makes an empty state one of the pool.
func (p *Pool) adopt(s *State) {
	s.paged = &paged{pool: p, layers: make([]pageTable, len(s.layers))}
	runtime.AddCleanup(s, (*paged).release, s.paged)
}

// Bytes is how much memory the states of the pool have, and how much the pool has for them.
func (p *Pool) Bytes() (used, all int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return (p.pages - len(p.free)) * p.pageBytes(), p.pages * p.pageBytes()
}

// begin takes the pages that new tokens need, for all of them or for none, and keeps all pages in their places until end.
func (p *Pool) begin(states []*State, batch []Sequence) error {
	for {
		p.moving.RLock()
		need, err := p.take(states, batch)
		if need == 0 && err == nil {
			return nil
		}
		p.moving.RUnlock()
		if err != nil {
			return err
		}
		p.grow(need)
	}
}

func (p *Pool) end() { p.moving.RUnlock() }

// take takes the pages that new tokens need, if that many are free or none is needed; else it says how many are needed, or
// that there can't be as many.
func (p *Pool) take(states []*State, batch []Sequence) (need int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.eachTable(states, batch, func(t *pageTable, at, n int) {
		p.free = t.drop(p.free, firstKept(at, t.window))
		need += t.missing(at + n)
	})
	if room := p.maxPages - p.pages; need > len(p.free)+room {
		return 0, fmt.Errorf("%w: the new tokens need %d pages of %d positions of a layer, and %d of %d are free",
			ErrPoolFull, need, pageLen, len(p.free)+room, p.maxPages)
	}
	if need > len(p.free) {
		return need, nil
	}
	p.eachTable(states, batch, func(t *pageTable, at, n int) {
		rest := len(p.free) - t.missing(at+n)
		t.pages[0], p.free = append(t.pages[0], p.free[rest:]...), p.free[:rest]
	})
	return 0, nil
}

// eachTable goes through the layers of those states that are of the pool, which have at tokens and get n more.
func (p *Pool) eachTable(states []*State, batch []Sequence, do func(t *pageTable, at, n int)) {
	for s, state := range states {
		if state.paged == nil {
			continue
		}
		for l := range state.paged.layers {
			t := &state.paged.layers[l]
			if t.pages == nil {
				t.pages, t.keys = make([][]int, 1), make([]int, 1)
			}
			do(t, state.len, len(batch[s].IDs))
		}
	}
}

// grow makes so many pages free, if the limit allows it, once no pass uses any.
func (p *Pool) grow(need int) {
	p.moving.Lock()
	defer p.moving.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	pages := min(max(p.pages+need-len(p.free), min(p.pages+p.pages/2, p.enough)), p.maxPages)
	if need <= len(p.free) || pages == p.pages {
		return
	}
	data := make([]float32, pages*pageLen*p.rows.stride)
	copy(data, p.rows.data)
	p.rows.data = data
	for ; p.pages < pages; p.pages++ {
		p.free = append(p.free, p.pages)
	}
}

// paged is what a state has of a Pool.
type paged struct {
	pool   *Pool
	layers []pageTable // [layer]

	// The keys and values of the layer at hand side by side, where scores or weights are asked for, which don't come of
	// pages; or none.
	gathered keyValues
}

// A pageTable is the pages of one layer, in the order of their positions. pages and keys are as rapt.Options takes them.
type pageTable struct {
	pages  [][]int // [1][pages]
	keys   []int   // [1]: how many there are
	first  int     // position with which the first page begins
	window int     // of the layer; 0: none, or no pass has come to it yet
}

// drop appends the pages before a position to those that are free.
func (t *pageTable) drop(free []int, before int) []int {
	n := min((before-t.first)/pageLen, len(t.pages[0]))
	free = append(free, t.pages[0][:n]...)
	t.pages[0] = append(t.pages[0][:0], t.pages[0][n:]...)
	t.first += n * pageLen
	return free
}

// missing is how many pages there are too few for the positions up to before end.
func (t *pageTable) missing(end int) int {
	return max((end-t.first+pageLen-1)/pageLen-len(t.pages[0]), 0)
}

// row is the row of the pool in which a position lies.
func (t *pageTable) row(position int) int {
	at := position - t.first
	return t.pages[0][at/pageLen]*pageLen + at%pageLen
}

// write writes the keys and values of n positions from at on, for which there are pages.
func (s *paged) write(layer, at, n int, from rows, width, window int) {
	t, to := &s.layers[layer], &s.pool.rows
	for i := range n {
		copy(to.data[t.row(at+i)*to.stride:][:width], from.data[i*from.stride:])
	}
	t.keys[0], t.window, s.gathered = at+n-t.first, window, keyValues{}
}

// gather puts the keys and values of a layer side by side.
func (s *paged) gather(layer int) {
	t, from := &s.layers[layer], &s.pool.rows
	g := &s.gathered
	g.first, g.rows.stride = t.first, from.stride
	for i := range t.keys[0] {
		g.rows.data = append(g.rows.data, from.data[t.row(t.first+i)*from.stride:][:from.stride]...)
	}
}

// held is what the queries of a pass look at.
func (s *paged) held(layer int) heldLayer {
	if s.gathered.rows.data != nil {
		return heldLayer{keyValues: s.gathered}
	}
	t := &s.layers[layer]
	return heldLayer{keyValues{s.pool.rows, t.first}, t}
}

// release gives all pages back.
func (s *paged) release() {
	s.pool.mu.Lock()
	defer s.pool.mu.Unlock()
	for _, t := range s.layers {
		for _, pages := range t.pages {
			s.pool.free = append(s.pool.free, pages...)
		}
	}
	s.layers, s.gathered = nil, keyValues{}
}
