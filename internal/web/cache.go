package web

import (
	"container/list"
	"sync"
)

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
	run  *Run
	size int
}

func newCache(limit int) *cache { return &cache{limit: limit, runs: map[string]*list.Element{}} }

func (c *cache) get(key string) *Run {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.runs[key]
	if e == nil {
		return nil
	}
	c.order.MoveToFront(e)
	return e.Value.(*cached).run
}

// add keeps a run, and lets go of those that were asked for longest ago. A run that alone is too large isn't kept.
func (c *cache) add(key string, r *Run) {
	c.mu.Lock()
	defer c.mu.Unlock()
	size := 4 * len(r.View.Weights)
	if r.Map != r.View.Attention {
		size += 4 * len(r.Map.Weights)
	}
	if c.runs[key] != nil || size > c.limit {
		return
	}
	c.runs[key] = c.order.PushFront(&cached{key, r, size})
	c.size += size
	for c.size > c.limit {
		last := c.order.Remove(c.order.Back()).(*cached)
		delete(c.runs, last.key)
		c.size -= last.size
	}
}
