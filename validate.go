package rapt

import (
	"fmt"
	"math"
)

// shape is what the arguments of a call agree on.
type shape struct {
	batch, queries, keys int
	heads, kvHeads       int
	dim, valueDim        int
}

// groupSize is the number of query heads that share a key head.
func (s *shape) groupSize() int { return s.heads / s.kvHeads }

// checkQK validates q and k and what o says about them.
func checkQK(q, k *Tensor[float32], o *Options) (shape, error) {
	var s shape
	if err := q.check("q"); err != nil {
		return s, err
	}
	if err := k.check("k"); err != nil {
		return s, err
	}
	s = shape{batch: q.Batch, queries: q.Seq, keys: k.Seq, heads: q.Heads, kvHeads: k.Heads, dim: q.Dim}
	switch {
	case k.Batch != q.Batch:
		return s, fmt.Errorf("rapt: k.Batch is %d, q.Batch is %d", k.Batch, q.Batch)
	case k.Dim != q.Dim:
		return s, fmt.Errorf("rapt: k.Dim is %d, q.Dim is %d", k.Dim, q.Dim)
	case k.Heads == 0 && q.Heads != 0:
		return s, fmt.Errorf("rapt: k.Heads is 0, q.Heads is %d", q.Heads)
	case k.Heads != 0 && q.Heads%k.Heads != 0:
		return s, fmt.Errorf("rapt: q.Heads is %d, which is not a multiple of k.Heads, %d", q.Heads, k.Heads)
	}
	return s, checkOptions(o, &s)
}

// checkAll validates all arguments of Attend.
func checkAll(out, q, k, v *Tensor[float32], o *Options) (shape, error) {
	s, err := checkQK(q, k, o)
	if err != nil {
		return s, err
	}
	if err := v.check("v"); err != nil {
		return s, err
	}
	if err := out.check("out"); err != nil {
		return s, err
	}
	s.valueDim = v.Dim
	for _, c := range []struct {
		name   string
		have   int
		like   string
		should int
	}{
		{name: "v.Batch", have: v.Batch, like: "q.Batch", should: q.Batch},
		{name: "v.Seq", have: v.Seq, like: "k.Seq", should: k.Seq},
		{name: "v.Heads", have: v.Heads, like: "k.Heads", should: k.Heads},
		{name: "out.Batch", have: out.Batch, like: "q.Batch", should: q.Batch},
		{name: "out.Seq", have: out.Seq, like: "q.Seq", should: q.Seq},
		{name: "out.Heads", have: out.Heads, like: "q.Heads", should: q.Heads},
		{name: "out.Dim", have: out.Dim, like: "v.Dim", should: v.Dim},
	} {
		if c.have != c.should {
			return s, fmt.Errorf("rapt: %s is %d, %s is %d", c.name, c.have, c.like, c.should)
		}
	}
	return s, nil
}

// farthest bounds positions, so that sums of them with lengths and windows don't overflow.
const farthest = math.MaxInt / 4

func checkOptions(o *Options, s *shape) error {
	if f := float64(o.Scale); math.IsNaN(f) || math.IsInf(f, 0) {
		return fmt.Errorf("rapt: Scale is %v; it must be a finite number", o.Scale)
	}
	if f := float64(o.Softcap); math.IsNaN(f) || math.IsInf(f, 0) || f < 0 {
		return fmt.Errorf("rapt: Softcap is %v; it must be a finite number, 0 or more", o.Softcap)
	}
	if o.QueryStart > farthest || o.QueryStart < -farthest {
		return fmt.Errorf("rapt: QueryStart is %d; at most %d either way is possible", o.QueryStart, farthest)
	}
	if o.Threads < 0 {
		return fmt.Errorf("rapt: Threads is %d; it can't be negative", o.Threads)
	}
	if err := o.Mask.check("Mask", s); err != nil {
		return err
	}
	if err := o.Bias.check("Bias", s); err != nil {
		return err
	}
	for _, c := range []struct {
		name string
		x    []float32
	}{{"ALiBiSlopes", o.ALiBiSlopes}, {"Sinks", o.Sinks}} {
		if c.x != nil && len(c.x) != s.heads {
			return fmt.Errorf("rapt: %s has %d numbers for %d query heads", c.name, len(c.x), s.heads)
		}
	}
	if o.KeyLens != nil && len(o.KeyLens) != s.batch {
		return fmt.Errorf("rapt: KeyLens has %d lengths for a batch of %d", len(o.KeyLens), s.batch)
	}
	for b, n := range o.KeyLens {
		if n < 0 || n > s.keys {
			return fmt.Errorf("rapt: KeyLens[%d] is %d, k.Seq is %d", b, n, s.keys)
		}
	}
	if rows := s.batch * s.heads * s.queries; o.LSE != nil && len(o.LSE) != rows {
		return fmt.Errorf("rapt: LSE has %d elements, expected batch·heads·queries = %d·%d·%d = %d", len(o.LSE), s.batch, s.heads, s.queries, rows)
	}
	return nil
}

// check says which stride is wrong, or that the grid doesn't reach over the whole call. A grid without Data is none.
func (g *Grid[T]) check(name string, s *shape) error {
	if g.Data == nil {
		return nil
	}
	strides := [4]int{g.BatchStride, g.HeadStride, g.QueryStride, g.KeyStride}
	for i, axis := range []string{"BatchStride", "HeadStride", "QueryStride", "KeyStride"} {
		if strides[i] < 0 {
			return fmt.Errorf("rapt: %s.%s is %d; it can't be negative", name, axis, strides[i])
		}
	}
	need, ok := extent([4]int{s.batch, s.heads, s.queries, s.keys}, strides)
	if !ok || need > len(g.Data) {
		return fmt.Errorf("rapt: %s has %d elements, too few for [%d][%d][%d][%d] with strides %d, %d, %d, %d",
			name, len(g.Data), s.batch, s.heads, s.queries, s.keys, strides[0], strides[1], strides[2], strides[3])
	}
	return nil
}

// at is the index of the first key of a row.
func (g *Grid[T]) at(b, h, i int) int {
	return b*g.BatchStride + h*g.HeadStride + i*g.QueryStride
}
