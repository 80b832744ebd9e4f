package rapt

import "github.com/rapt-go/rapt/internal/kernel"

// ahead is memory that will be wanted soon: what the next part begins with, and where this one's output goes. Rows of a
// head lie far apart, so that no hardware prefetcher finds them; asked for a few at a time between the products, they
// arrive while those run.
type ahead struct {
	lists [4]rows
	next  int // the first list that isn't done
	quota int // rows to ask for at a time, so that all are asked for by the end of the part
}

// rows are vectors of dim numbers, stride apart.
type rows struct {
	x                  []float32
	stride, count, dim int
}

// look sets what a part asks for: the output of its tile, and the queries and first keys and values of the part that is
// next in line.
func (a *ahead) look(c *call, p part) {
	*a = ahead{}
	if c.o.PageTables != nil || c.into != nil {
		return
	}
	t := &c.tiles[p.tile]
	a.lists[0] = c.aheadOf(&c.out, t)
	if n := int(c.next.Load()); n < len(c.parts) {
		next := &c.tiles[c.parts[n].tile]
		keys := c.reach(next.batch, next.from, next.to)
		a.lists[1] = c.aheadOf(&c.q, next)
		if from := max(keys.from, c.parts[n].first*chunkKeys) / keyTile * keyTile; from < keys.to {
			b, j := c.keyAt(next.batch, from)
			count := min(keys.to-from, keyTile)
			a.lists[2] = rows{c.k.from(b, j, next.kvHead), c.k.SeqStride, count, c.dim}
			a.lists[3] = rows{c.v.from(b, j, next.kvHead), c.v.SeqStride, count, c.valueDim}
		}
	}
	all := 0
	for _, l := range a.lists {
		all += l.count
	}
	steps := p.cost / (kernel.RowStep * keyTile / stepsPerGroup)
	a.quota = all/max(steps, 1) + 1
}

// stepsPerGroup is how often attendGroup calls step.
const stepsPerGroup = 2

// aheadOf is the rows of the first query head of a tile.
func (c *call) aheadOf(x *Tensor[float32], t *tile) rows {
	b, i := c.queryAt(t.batch, t.from)
	return rows{x.from(b, i, c.queryHead(t, 0)), x.SeqStride, t.to - t.from, x.Dim}
}

// step asks for some more rows.
func (a *ahead) step() {
	for n := a.quota; n > 0 && a.next < len(a.lists); {
		l := &a.lists[a.next]
		if l.count == 0 {
			a.next++
			continue
		}
		m := min(n, l.count)
		kernel.Prefetch(l.x, l.stride, m, l.dim)
		l.count -= m
		n -= m
		if l.count > 0 {
			l.x = l.x[m*l.stride:]
		}
	}
}
