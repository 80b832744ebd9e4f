package rapt

// A span is the keys from, …, to−1; it is empty if to ≤ from.
type span struct{ from, to int }

func (s span) empty() bool { return s.to <= s.from }

func (s span) intersect(t span) span { return span{max(s.from, t.from), min(s.to, t.to)} }

// position is that of query i of sequence b among the keys.
func (c *call) position(b, i int) int {
	if c.o.QueryStarts != nil {
		return c.o.QueryStarts[b] + i
	}
	return c.o.QueryStart + i
}

// visibleSpan is the keys that KeyLens, Causal, Window and Chunk leave query i of sequence b: the options that hide all
// but one stretch of keys. Both ends of the stretch only grow with i. Other options may hide more.
func (c *call) visibleSpan(b, i int) span {
	o := c.o
	keys := span{0, c.keyLen(b)}
	if o.KeyLens != nil {
		keys.to = o.KeyLens[b]
	}
	if c.steady {
		return keys
	}
	p := c.position(b, i)
	if o.Causal {
		keys.to = min(keys.to, p+1)
	}
	if w := o.Window; w != nil {
		if w.Left >= 0 && w.Left < farthest {
			keys.from = max(keys.from, p-w.Left)
		}
		if w.Right >= 0 && w.Right < farthest {
			keys.to = min(keys.to, p+w.Right+1)
		}
	}
	if o.Chunk > 0 && o.Chunk < farthest {
		first := floorDiv(p, o.Chunk) * o.Chunk
		keys = keys.intersect(span{first, first + o.Chunk})
	}
	return keys
}

func floorDiv(x, y int) int {
	q := x / y
	if x%y < 0 {
		q--
	}
	return q
}

// reach is a span that holds those of the queries from, …, to−1. As both ends of a span only grow with the query, the
// first query bounds it below and the last one above.
func (c *call) reach(b, from, to int) span {
	return span{c.visibleSpan(b, from).from, c.visibleSpan(b, to-1).to}
}

// shared is a span that every one of the queries from, …, to−1 sees all of.
func (c *call) shared(b, from, to int) span {
	return span{c.visibleSpan(b, to-1).from, c.visibleSpan(b, from).to}
}
