package rapt

import "github.com/rapt-go/rapt/internal/kernel"

// attendFew adds keys to the sums of a tile that has few rows for each of its key heads, as in decoding; all rows see all
// of the keys. The time goes into reading keys and values, and those of all heads lie side by side in memory: so a panel
// of them is taken head by head, in the order in which they lie there, where attendHead goes through a block of one head
// after another. The sums are the same to the bit.
func (c *call) attendFew(t *tile, keys span, w *worker, sums *state) {
	rows, n := c.headRows(t), keys.to-keys.from
	for at := 0; at < n; at += kernel.PanelWidth {
		width := min(kernel.PanelWidth, n-at)
		for h := range t.kvHeads {
			kernel.PackKeys(w.keys, c.panelFrom(&c.k, t.batch, keys.from+at, t.kvHead+h), c.k.SeqStride, width, c.dim)
			kernel.Multiply(w.scores[h*rows*keyTile+at:], keyTile, w.queries[h*rows*w.queryStride:], w.queryStride,
				kernel.Packed(w.keys, c.dim), rows, c.dim, width, nil)
		}
	}
	if !c.plain {
		for r := range c.rows(t) {
			at := Segment{t.batch, c.queryHead(t, r), c.query(t, r), keys.from}
			c.shapeScores(w.scores[r*keyTile:][:n], at, keys, nil)
		}
	}
	kernel.Softmax(w.scores, keyTile, c.rows(t), n, c.exponent, sums.max, sums.sum, w.rescale)
	for at := 0; at < n; at += kernel.PanelWidth {
		width := min(kernel.PanelWidth, n-at)
		for h := range t.kvHeads {
			kernel.PackValues(w.values, c.panelFrom(&c.v, t.batch, keys.from+at, t.kvHead+h), c.v.SeqStride, width, c.valueDim)
			kernel.Multiply(sums.acc[h*rows*c.width:], c.width, w.scores[h*rows*keyTile+at:], keyTile,
				kernel.Packed(w.values, width), rows, width, c.valueDim, w.rescale[h*rows:])
		}
		kernel.Fill(w.rescale, 1)
	}
}

// fewInPlace reports whether the keys of a panel lie side by side: in pages, if each holds whole panels.
func (c *call) fewInPlace() bool { return c.o.PageTables == nil || c.pageSize%kernel.PanelWidth == 0 }

// panelFrom is the rows of a head from key j on, with which a panel begins, where they lie.
func (c *call) panelFrom(x *Tensor[float32], b, j, kvHead int) []float32 {
	if c.o.PageTables != nil {
		return x.from(c.pages[b][j/c.pageSize], j%c.pageSize, kvHead)
	}
	batch, seq := c.keyAt(b, j)
	return x.from(batch, seq, kvHead)
}
