package rapt

import (
	"math"

	"github.com/rapt-go/rapt/internal/kernel"
)

var inf = float32(math.Inf(1))

// shapeScores turns the products q·k of one query, for the keys from at.FirstKey on, into scores, and those of invisible
// keys into −Inf. visible is what the query sees of all keys, as visibleSpan says; keep is room for len(s).
func (c *call) shapeScores(s []float32, at Segment, visible span, keep []bool) {
	visible = visible.intersect(span{at.FirstKey, at.FirstKey + len(s)})
	if visible.empty() {
		kernel.Fill(s, -inf)
		return
	}
	from, to := visible.from-at.FirstKey, visible.to-at.FirstKey
	kernel.Fill(s[:from], -inf)
	kernel.Fill(s[to:], -inf)
	s, at.FirstKey = s[from:to], visible.from
	if !c.plain {
		c.bend(s, at)
	}
	if c.screened {
		c.screen(s, at, keep[:len(s)])
	}
}

// bend applies scale, softcap, bias, ALiBi and ScoreFunc, in this order. The first of them takes the scale along.
func (c *call) bend(s []float32, at Segment) {
	o := c.o
	scale := c.scale
	if o.Softcap > 0 {
		kernel.Softcap(s, scale, o.Softcap)
		scale = 1
	}
	if o.Bias.Data != nil {
		addBias(s, scale, o.Bias.row(at.Batch, at.Head, at.Query, at.FirstKey), o.Bias.KeyStride)
		scale = 1
	}
	if o.ALiBiSlopes != nil {
		kernel.AddDistance(s, scale, -o.ALiBiSlopes[at.Head], c.position(at.Batch, at.Query)-at.FirstKey)
		scale = 1
	}
	if scale != 1 {
		kernel.Scale(s, scale, s)
	}
	if o.ScoreFunc != nil {
		o.ScoreFunc(s, at)
	}
}

// addBias makes s scale·s + bias. Where bias is −Inf the key is invisible, whatever its score is, NaN included.
func addBias(s []float32, scale float32, bias []float32, stride int) {
	if stride == 1 {
		kernel.AddBias(s, scale, bias)
		return
	}
	for j := range s {
		if x := bias[j*stride]; x == -inf {
			s[j] = -inf
		} else {
			s[j] = scale*s[j] + x
		}
	}
}

// screen hides what Segments, Mask, Layout and MaskFunc hide.
func (c *call) screen(s []float32, at Segment, keep []bool) {
	o := c.o
	if o.KeySegments != nil {
		own := o.QuerySegments[c.queryIndex(at.Batch, at.Query)]
		kernel.HideOthers(s, o.KeySegments[c.keyIndex(at.Batch, at.FirstKey):], own)
	}
	if o.Mask.Data != nil {
		hide(s, o.Mask.row(at.Batch, at.Head, at.Query, at.FirstKey), o.Mask.KeyStride)
	}
	if o.Layout == nil {
		c.askMask(s, at, keep)
		return
	}
	for end := at.FirstKey + len(s); at.FirstKey < end; {
		cover, next := o.Layout.cover(&c.shape, at.Batch, at.Head, at.Query, at.FirstKey)
		n := min(next, end) - at.FirstKey
		switch cover {
		case Hidden:
			kernel.Fill(s[:n], -inf)
		case Partly:
			c.askMask(s[:n], at, keep[:n])
		}
		s, at.FirstKey = s[n:], at.FirstKey+n
	}
}

// askMask hides what MaskFunc clears.
func (c *call) askMask(s []float32, at Segment, keep []bool) {
	if c.o.MaskFunc == nil {
		return
	}
	for j := range keep {
		keep[j] = true
	}
	c.o.MaskFunc(keep, at)
	kernel.Hide(s, keep)
}

// hide makes the keys invisible that the mask doesn't keep.
func hide(s []float32, keep []bool, stride int) {
	if stride == 1 {
		kernel.Hide(s, keep)
		return
	}
	for j := range s {
		if !keep[j*stride] {
			s[j] = -inf
		}
	}
}

// queryIndex and keyIndex are the places of a position in the options that have one element for each.
func (c *call) queryIndex(b, i int) int {
	if c.queryOffsets != nil {
		return c.queryOffsets[b] + i
	}
	return b*c.queries + i
}

func (c *call) keyIndex(b, j int) int {
	if c.keyOffsets != nil {
		return c.keyOffsets[b] + j
	}
	return b*c.keys + j
}

// rowHidden reports whether Layout or Segments hide all keys of a block from a query, as far as can be told quickly.
func (c *call) rowHidden(at Segment, block, ids span) bool {
	if c.o.KeySegments != nil {
		if own := int(c.o.QuerySegments[c.queryIndex(at.Batch, at.Query)]); own < ids.from || own >= ids.to {
			return true
		}
	}
	if c.o.Layout == nil {
		return false
	}
	for j := block.from; j < block.to; {
		cover, next := c.o.Layout.cover(&c.shape, at.Batch, at.Head, at.Query, j)
		if cover != Hidden {
			return false
		}
		j = next
	}
	return true
}

// segmentIDs is the span that holds the numbers of a block's keys.
func (c *call) segmentIDs(b int, block span) span {
	if c.o.KeySegments == nil {
		return span{}
	}
	ids := c.o.KeySegments[c.keyIndex(b, block.from):][:block.to-block.from]
	lowest, highest := ids[0], ids[0]
	for _, id := range ids {
		lowest, highest = min(lowest, id), max(highest, id)
	}
	return span{int(lowest), int(highest) + 1}
}
