package rapt

import (
	"errors"
	"fmt"
)

// checkPages validates PageTables for k and v of so many pages: every key that any query may see has a page.
func (o *Options) checkPages(s *shape, pageCount int) error {
	if o.PageTables == nil {
		return nil
	}
	switch {
	case o.KeyOffsets != nil:
		return errors.New("rapt: PageTables and KeyOffsets don't go together; a table says where a sequence's keys are")
	case o.KeyLens == nil:
		return errors.New("rapt: PageTables need KeyLens")
	case o.KeySegments != nil:
		return errors.New("rapt: PageTables and KeySegments don't go together")
	}
	for b, table := range o.PageTables {
		for n, page := range table {
			if page >= pageCount {
				return fmt.Errorf("rapt: PageTables[%d][%d] is %d; k has %d pages", b, n, page, pageCount)
			}
		}
	}
	return nil
}

// checkPagesSeen says which key lies in a page that isn't there any more although visibleSpan shows it to a query.
func (c *call) checkPagesSeen() error {
	for b, table := range c.o.PageTables {
		if c.queryLen(b) == 0 {
			continue
		}
		keys := c.reach(b, 0, c.queryLen(b))
		for j := keys.from; j < keys.to; j += c.pageSize - j%c.pageSize {
			if table[j/c.pageSize] < 0 {
				return fmt.Errorf("rapt: PageTables[%d][%d] is %d, no page, but a query sees key %d", b, j/c.pageSize, table[j/c.pageSize], j)
			}
		}
	}
	return nil
}

// gather copies the rows of a block of keys from their pages to w.gathered, [keys][dim]. Those of a page that isn't there
// are 0; nobody sees them.
func (c *call) gather(w *worker, x *Tensor[float32], b, kvHead int, block span) {
	w.gathered = grow(w.gathered, (block.to-block.from)*x.Dim)
	for j := block.from; j < block.to; j++ {
		row := w.gathered[(j-block.from)*x.Dim:][:x.Dim]
		if page := c.pages[b][j/c.pageSize]; page >= 0 {
			copy(row, x.row(page, j%c.pageSize, kvHead))
		} else {
			clear(row)
		}
	}
}
