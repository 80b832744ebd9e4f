package rapt

import "github.com/rapt-go/rapt/internal/kernel"

// attendFew adds keys to the sums of a tile that has few rows for each of its key heads, as in decoding; all rows see all
// of the keys. The time goes into reading keys and values, and those of all heads lie side by side in memory: so a panel
// of them is taken head by head, in the order in which they lie there, where attendHead goes through a block of one head
// after another. The sums are the same to the bit.
func (c *call) attendFew(t *tile, keys span, w *worker, sums *state) {
	rows, n := c.headRows(t), keys.to-keys.from
	b, first := c.keyAt(t.batch, keys.from)
	for at := 0; at < n; at += kernel.PanelWidth {
		width := min(kernel.PanelWidth, n-at)
		for h := range t.kvHeads {
			kernel.PackKeys(w.keys, c.k.from(b, first+at, t.kvHead+h), c.k.SeqStride, width, c.dim)
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
			kernel.PackValues(w.values, c.v.from(b, first+at, t.kvHead+h), c.v.SeqStride, width, c.valueDim)
			kernel.Multiply(sums.acc[h*rows*c.width:], c.width, w.scores[h*rows*keyTile+at:], keyTile,
				kernel.Packed(w.values, width), rows, width, c.valueDim, w.rescale[h*rows:])
		}
		kernel.Fill(w.rescale, 1)
	}
}
