package rapt

import (
	"fmt"
	"math"
)

// check validates o for a call of shape s.
func (o *Options) check(s *shape, q, k *Tensor[float32]) error {
	if err := o.checkNumbers(); err != nil {
		return err
	}
	if err := o.checkLengths(s, q.Seq, k.Seq); err != nil {
		return err
	}
	if err := o.checkPages(s, k.Batch); err != nil {
		return err
	}
	if err := o.Mask.check("Mask", s); err != nil {
		return err
	}
	if err := o.Bias.check("Bias", s); err != nil {
		return err
	}
	return o.Layout.check(s)
}

func (o *Options) checkNumbers() error {
	if f := float64(o.Scale); math.IsNaN(f) || math.IsInf(f, 0) {
		return fmt.Errorf("rapt: Scale is %v; it must be a finite number", o.Scale)
	}
	if f := float64(o.Softcap); math.IsNaN(f) || math.IsInf(f, 0) || f < 0 {
		return fmt.Errorf("rapt: Softcap is %v; it must be a finite number, 0 or more", o.Softcap)
	}
	if o.Chunk < 0 {
		return fmt.Errorf("rapt: Chunk is %d; it can't be negative", o.Chunk)
	}
	if o.Threads < 0 {
		return fmt.Errorf("rapt: Threads is %d; it can't be negative", o.Threads)
	}
	if o.QueryStart > farthest || o.QueryStart < -farthest {
		return fmt.Errorf("rapt: QueryStart is %d; at most %d either way is possible", o.QueryStart, farthest)
	}
	for b, start := range o.QueryStarts {
		if start > farthest || start < -farthest {
			return fmt.Errorf("rapt: QueryStarts[%d] is %d; at most %d either way is possible", b, start, farthest)
		}
	}
	return nil
}

// checkLengths validates the options that have an element for each of something.
func (o *Options) checkLengths(s *shape, queries, keys int) error {
	positions := func(offsets []int, seq int) int {
		if offsets != nil {
			return seq
		}
		return s.batch * seq
	}
	for _, c := range []struct {
		name        string
		absent      bool
		have, fit   int
		explanation string
	}{
		{"QueryStarts", o.QueryStarts == nil, len(o.QueryStarts), s.batch, "one for each sequence"},
		{"KeyLens", o.KeyLens == nil, len(o.KeyLens), s.batch, "one for each sequence"},
		{"ALiBiSlopes", o.ALiBiSlopes == nil, len(o.ALiBiSlopes), s.heads, "one for each query head"},
		{"Sinks", o.Sinks == nil, len(o.Sinks), s.heads, "one for each query head"},
		{"LSE", o.LSE == nil, len(o.LSE), s.heads * positions(o.QueryOffsets, queries), "one for each query and head"},
		{"QuerySegments", o.QuerySegments == nil && o.KeySegments == nil, len(o.QuerySegments), positions(o.QueryOffsets, queries), "one for each query"},
		{"KeySegments", o.QuerySegments == nil && o.KeySegments == nil, len(o.KeySegments), positions(o.KeyOffsets, keys), "one for each key"},
	} {
		if !c.absent && c.have != c.fit {
			return fmt.Errorf("rapt: %s has %d elements, expected %d, %s", c.name, c.have, c.fit, c.explanation)
		}
	}
	for b, n := range o.KeyLens {
		if n < 0 || n > s.keyLen(b) {
			return fmt.Errorf("rapt: KeyLens[%d] is %d; the sequence has %d keys", b, n, s.keyLen(b))
		}
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

// row is the values of one query from key j on; the next key's lies KeyStride behind.
func (g *Grid[T]) row(b, h, i, j int) []T {
	return g.Data[b*g.BatchStride+h*g.HeadStride+i*g.QueryStride+j*g.KeyStride:]
}
