package rapt

import "math"

var inf = float32(math.Inf(1))

// shapeScores turns the products q·k of query i of head h with the keys from first on into scores, and those of invisible
// keys into −Inf. visible is what the query sees of all keys.
func (c *call) shapeScores(s []float32, b, h, i, first int, visible span) {
	visible = visible.intersect(span{first, first + len(s)})
	if visible.empty() {
		fill(s, -inf)
		return
	}
	from, to := visible.from-first, visible.to-first
	fill(s[:from], -inf)
	fill(s[to:], -inf)
	s = s[from:to]
	if !c.plain {
		c.bend(s, b, h, i, visible.from)
	}
	if mask := &c.o.Mask; mask.Data != nil {
		hide(s, mask.Data[mask.at(b, h, i)+visible.from*mask.KeyStride:], mask.KeyStride)
	}
}

// bend applies scale, softcap, bias and ALiBi, in this order.
func (c *call) bend(s []float32, b, h, i, first int) {
	for j := range s {
		s[j] *= c.scale
	}
	if limit := c.o.Softcap; limit > 0 {
		for j := range s {
			s[j] = limit * float32(math.Tanh(float64(s[j]/limit)))
		}
	}
	if bias := &c.o.Bias; bias.Data != nil {
		addBias(s, bias.Data[bias.at(b, h, i)+first*bias.KeyStride:], bias.KeyStride)
	}
	if slopes := c.o.ALiBiSlopes; slopes != nil {
		distance := c.o.QueryStart + i - first
		for j := range s {
			s[j] -= slopes[h] * float32(abs(distance-j))
		}
	}
}

// addBias adds b to s. Where it is −Inf the key is invisible, whatever its score is, NaN included.
func addBias(s, b []float32, stride int) {
	for j := range s {
		if x := b[j*stride]; x == -inf {
			s[j] = -inf
		} else {
			s[j] += x
		}
	}
}

// hide makes the keys invisible that the mask doesn't keep.
func hide(s []float32, keep []bool, stride int) {
	for j := range s {
		if !keep[j*stride] {
			s[j] = -inf
		}
	}
}

func fill(s []float32, x float32) {
	for j := range s {
		s[j] = x
	}
}

func abs(x int) int {
	if x < 0 {
		return -x
	}
	return x
}
