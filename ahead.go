package rapt

import "github.com/rapt-go/rapt/internal/kernel"

// ahead is what a worker will need next. It is fetched while products are computed, a few rows with each: in a batch of short
// sequences the rows of a head lie far apart, and no tile is long enough to hide that its first reading waits for memory.
type ahead struct {
	rows  [4 * maxAheadWidth / kernel.AheadWidth]aheadRows
	n, at int
}

// maxAheadWidth is the width of the widest heads that are fetched whole.
const maxAheadWidth = 256

// aheadRows are rows of kernel.AheadWidth numbers, stride apart.
type aheadRows struct {
	data      []float32
	stride, n int
}

// add adds n rows of a head from a position on.
func (a *ahead) add(t *Tensor[float32], batch, seq, head, n int) {
	for d := 0; d < t.Dim && a.n < len(a.rows); d += kernel.AheadWidth {
		a.rows[a.n] = aheadRows{t.from(batch, seq, head)[d:], t.SeqStride, n}
		a.n++
	}
}

// take gives out rows for a product that fetches n of them; nil: nothing is left.
func (a *ahead) take(n int) (data []float32, stride int) {
	if a.at == a.n {
		return nil, 0
	}
	r := &a.rows[a.at]
	data = r.data
	if r.n -= n; r.n > 0 {
		r.data = r.data[n*r.stride:]
	} else {
		a.at++
	}
	return data, r.stride
}

// lookAhead notes what comes after a tile of one block of keys: its output is written, and the next tile is read. Longer
// tiles read so little, compared with what they compute, that hardware fetches it as well.
func (c *call) lookAhead(t *tile, w *worker) {
	a := &w.ahead
	a.n, a.at = 0, 0
	if w.upcoming >= len(c.parts) || c.into != nil || c.o.PageTables != nil {
		return
	}
	next := &c.tiles[c.parts[w.upcoming].tile]
	keys := c.reach(next.batch, next.from, next.to)
	if keys.empty() || keys.to-keys.from > keyTile {
		return
	}
	batch, seq := c.queryAt(t.batch, t.from)
	a.add(&c.out, batch, seq, c.queryHead(t, 0), t.to-t.from)
	batch, seq = c.keyAt(next.batch, keys.from)
	a.add(&c.k, batch, seq, next.kvHead, keys.to-keys.from)
	a.add(&c.v, batch, seq, next.kvHead, keys.to-keys.from)
	batch, seq = c.queryAt(next.batch, next.from)
	a.add(&c.q, batch, seq, c.queryHead(next, 0), next.to-next.from)
}
