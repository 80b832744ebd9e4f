package rapt

// A span is the keys from, …, to−1; it is empty if to ≤ from.
type span struct{ from, to int }

func (s span) empty() bool { return s.to <= s.from }

func (s span) intersect(t span) span { return span{max(s.from, t.from), min(s.to, t.to)} }

// visibleSpan is the keys that KeyLens, Causal and Window leave query i of sequence b. Mask and Bias may hide more.
func (o *Options) visibleSpan(s *shape, b, i int) span {
	keys := span{0, s.keys}
	if o.KeyLens != nil {
		keys.to = o.KeyLens[b]
	}
	position := o.QueryStart + i
	if o.Causal {
		keys.to = min(keys.to, position+1)
	}
	if w := o.Window; w != nil {
		if w.Left >= 0 && w.Left < farthest {
			keys.from = max(keys.from, position-w.Left)
		}
		if w.Right >= 0 && w.Right < farthest {
			keys.to = min(keys.to, position+w.Right+1)
		}
	}
	return keys
}

// reach is a span that holds those of the queries from, …, to−1. Both ends of a span only grow with the query, so the
// first query bounds it below and the last one above.
func (o *Options) reach(s *shape, b, from, to int) span {
	return span{o.visibleSpan(s, b, from).from, o.visibleSpan(s, b, to-1).to}
}
