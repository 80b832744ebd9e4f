package web

import (
	"container/list"
	"sync"
)

// A kept is what a cache keeps: a *Run, a *Survey or rowsKept.
type kept interface {
	bytes() int // that it holds
}

// A cache keeps the last runs, so that the page can ask for one layer after the other.
type cache struct {
	mu    sync.Mutex
	limit int // bytes
	size  int // bytes
	order list.List
	runs  map[string]*list.Element
}

type cached struct {
	key  string
	what kept
	size int
}

func newCache(limit int) *cache { return &cache{limit: limit, runs: map[string]*list.Element{}} }

func (c *cache) get(key string) kept {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.runs[key]
	if e == nil {
		return nil
	}
	c.order.MoveToFront(e)
	return e.Value.(*cached).what
}

// add keeps a run, and lets go of those that were asked for longest ago. A run that alone is too large isn't kept.
func (c *cache) add(key string, what kept) {
	c.mu.Lock()
	defer c.mu.Unlock()
	size := what.bytes()
	if c.runs[key] != nil || size > c.limit {
		return
	}
	c.runs[key] = c.order.PushFront(&cached{key, what, size})
	c.size += size
	for c.size > c.limit {
		last := c.order.Remove(c.order.Back()).(*cached)
		delete(c.runs, last.key)
		c.size -= last.size
	}
}
