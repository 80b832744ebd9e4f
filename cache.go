package rapt

import (
	"errors"
	"fmt"
)

// A Cache keeps the keys and values of sequences that grow, in pages that sequences take as they need them and give back
// when they end. With a window it also gives back the pages that fell out of it, so that a sequence of any length keeps
// Window + PageSize positions or a little more.
//
//	cache, err := rapt.NewCache(rapt.CacheConfig{KVHeads: 8, Dim: 128, ValueDim: 128, PageSize: 64, Pages: 1000})
//	id := cache.Add()
//	err = cache.Append(id, k, v)                              // of the new positions
//	err = cache.Attend(out, q, []int{id}, &rapt.Options{Causal: true})
//
// A Cache isn't safe for concurrent use while it changes; many goroutines may Attend at once between changes.
type Cache struct {
	config    CacheConfig
	keys      []float32 // [pages][kvHeads][pageSize][dim]
	values    []float32 // [pages][kvHeads][pageSize][valueDim]
	free      []int     // pages that no sequence has
	sequences map[int]*sequence
	nextID    int
}

// A CacheConfig says what a Cache holds.
type CacheConfig struct {
	KVHeads, Dim, ValueDim int
	PageSize               int // positions of a page
	Pages                  int // that the cache has

	// Window w > 0 keeps only the last w positions of a sequence for sure: those that the next query may see when it sees
	// the w−1 keys before it and its own (Options.Window with Left w−1). 0 keeps all.
	Window int
}

type sequence struct {
	pages []int // −1: given back
	len   int
	gone  int // pages at the front that were given back
}

// ErrCacheFull is what Append returns, wrapped, when the cache has too few free pages. Nothing was appended then.
var ErrCacheFull = errors.New("no free page")

// NewCache makes an empty cache with all its memory.
func NewCache(config CacheConfig) (*Cache, error) {
	for _, c := range []struct {
		name  string
		value int
	}{
		{"KVHeads", config.KVHeads}, {"Dim", config.Dim}, {"ValueDim", config.ValueDim},
		{"PageSize", config.PageSize}, {"Pages", config.Pages},
	} {
		if c.value <= 0 {
			return nil, fmt.Errorf("rapt: CacheConfig.%s is %d; it must be positive", c.name, c.value)
		}
	}
	if config.Window < 0 {
		return nil, fmt.Errorf("rapt: CacheConfig.Window is %d; it can't be negative", config.Window)
	}
	widest := max(config.Dim, config.ValueDim)
	if _, ok := extent([4]int{config.Pages, config.KVHeads, config.PageSize, widest},
		[4]int{config.KVHeads * config.PageSize * widest, config.PageSize * widest, widest, 1}); !ok {
		return nil, errors.New("rapt: CacheConfig asks for more elements than an int can count")
	}
	c := &Cache{config: config, sequences: map[int]*sequence{}}
	rows := config.Pages * config.KVHeads * config.PageSize
	c.keys, c.values = make([]float32, rows*config.Dim), make([]float32, rows*config.ValueDim)
	for page := config.Pages - 1; page >= 0; page-- {
		c.free = append(c.free, page)
	}
	return c, nil
}

// Add begins an empty sequence and returns its number.
func (c *Cache) Add() (id int) {
	id = c.nextID
	c.nextID++
	c.sequences[id] = &sequence{}
	return id
}

// Remove ends a sequence and frees its pages. An unknown number does nothing.
func (c *Cache) Remove(id int) {
	if s := c.sequences[id]; s != nil {
		c.free = append(c.free, s.pages[s.gone:]...)
		delete(c.sequences, id)
	}
}

// Len is the number of positions that were appended to a sequence, 0 for an unknown one.
func (c *Cache) Len(id int) int {
	if s := c.sequences[id]; s != nil {
		return s.len
	}
	return 0
}

// FreePages is the number of pages that no sequence has.
func (c *Cache) FreePages() int { return len(c.free) }

// Append adds the keys k and values v of n further positions to a sequence: [1][n][kvHeads][dim] and [1][n][kvHeads]
// [valueDim]. With a window, n is best kept small: room is needed for the window and the new positions together.
func (c *Cache) Append(id int, k, v Tensor[float32]) error {
	s := c.sequences[id]
	if s == nil {
		return fmt.Errorf("rapt: the cache has no sequence %d", id)
	}
	if err := c.checkAppend(&k, &v); err != nil {
		return err
	}
	c.evict(s)
	need := blocks(s.len+k.Seq, c.config.PageSize) - len(s.pages)
	if need > len(c.free) {
		return fmt.Errorf("rapt: %w: %d positions need %d pages, %d are free", ErrCacheFull, k.Seq, need, len(c.free))
	}
	for range need {
		last := len(c.free) - 1
		s.pages = append(s.pages, c.free[last])
		c.free = c.free[:last]
	}
	pagedK, pagedV := c.pages()
	for i := range k.Seq {
		page, slot := s.pages[s.len/c.config.PageSize], s.len%c.config.PageSize
		for h := range c.config.KVHeads {
			copy(pagedK.row(page, slot, h), k.row(0, i, h))
			copy(pagedV.row(page, slot, h), v.row(0, i, h))
		}
		s.len++
	}
	return nil
}

func (c *Cache) checkAppend(k, v *Tensor[float32]) error {
	if err := k.check("k"); err != nil {
		return err
	}
	if err := v.check("v"); err != nil {
		return err
	}
	if k.Batch != 1 || k.Heads != c.config.KVHeads || k.Dim != c.config.Dim {
		return fmt.Errorf("rapt: k is [%d][%d][%d][%d], expected [1][n][%d][%d]", k.Batch, k.Seq, k.Heads, k.Dim, c.config.KVHeads, c.config.Dim)
	}
	if v.Batch != 1 || v.Seq != k.Seq || v.Heads != c.config.KVHeads || v.Dim != c.config.ValueDim {
		return fmt.Errorf("rapt: v is [%d][%d][%d][%d], expected [1][%d][%d][%d]", v.Batch, v.Seq, v.Heads, v.Dim, k.Seq, c.config.KVHeads, c.config.ValueDim)
	}
	return nil
}

// evict gives back the pages that lie wholly before the window of the next position.
func (c *Cache) evict(s *sequence) {
	if c.config.Window == 0 {
		return
	}
	for first := s.len + 1 - c.config.Window; s.gone < len(s.pages) && (s.gone+1)*c.config.PageSize <= first; s.gone++ {
		c.free = append(c.free, s.pages[s.gone])
		s.pages[s.gone] = -1
	}
}

// pages is the cache's memory as tensors [pages][pageSize][kvHeads][dim].
func (c *Cache) pages() (k, v Tensor[float32]) {
	n := c.config
	return HeadMajor(c.keys, n.Pages, n.KVHeads, n.PageSize, n.Dim), HeadMajor(c.values, n.Pages, n.KVHeads, n.PageSize, n.ValueDim)
}

// Attend computes attention of queries over sequences of the cache. Without o.QueryOffsets q is [len(ids)][queries][heads]
// [dim]; with them it is ragged, so that one call may hold the long beginnings of some sequences and single queries of
// others. The queries of a sequence are its last positions: QueryStarts, KeyLens and PageTables are set here and must not
// be given; all else is as in the function [Attend].
func (c *Cache) Attend(out, q Tensor[float32], ids []int, o *Options) error {
	var all Options
	if o != nil {
		all = *o
	}
	if all.QueryStarts != nil || all.KeyLens != nil || all.PageTables != nil || all.KeyOffsets != nil || all.QueryStart != 0 {
		return errors.New("rapt: Cache.Attend sets QueryStarts, KeyLens and PageTables itself; QueryStart, QueryStarts, KeyLens, KeyOffsets and PageTables can't be given")
	}
	if all.QueryOffsets != nil && len(all.QueryOffsets) != len(ids)+1 {
		return fmt.Errorf("rapt: QueryOffsets has %d elements for %d sequences, expected %d", len(all.QueryOffsets), len(ids), len(ids)+1)
	}
	all.PageTables = make([][]int, len(ids))
	all.KeyLens = make([]int, len(ids))
	all.QueryStarts = make([]int, len(ids))
	for b, id := range ids {
		s := c.sequences[id]
		if s == nil {
			return fmt.Errorf("rapt: ids[%d] is %d; the cache has no such sequence", b, id)
		}
		all.PageTables[b], all.KeyLens[b] = s.pages, s.len
		all.QueryStarts[b] = s.len - lengthOf(all.QueryOffsets, b, q.Seq)
	}
	k, v := c.pages()
	return attend(out, float32s(q), k, v, &all)
}
