package rapt

import (
	"fmt"
	"math"
)

// shape is what the arguments of a call agree on. In a ragged batch queries and keys are those of the longest sequence.
type shape struct {
	batch, queries, keys int
	heads, kvHeads       int
	dim, valueDim        int

	queryOffsets, keyOffsets []int   // of a ragged batch
	pages                    [][]int // of a paged cache
	pageSize                 int
}

// groupSize is the number of query heads that share a key head.
func (s *shape) groupSize() int { return s.heads / s.kvHeads }

// queryLen and keyLen are the lengths of sequence b.
func (s *shape) queryLen(b int) int { return lengthOf(s.queryOffsets, b, s.queries) }
func (s *shape) keyLen(b int) int {
	if s.pages != nil {
		return len(s.pages[b]) * s.pageSize
	}
	return lengthOf(s.keyOffsets, b, s.keys)
}

func lengthOf(offsets []int, b, all int) int {
	if offsets == nil {
		return all
	}
	return offsets[b+1] - offsets[b]
}

// queryAt and keyAt say where query i and key j of sequence b lie in their tensors.
func (s *shape) queryAt(b, i int) (batch, seq int) { return position(s.queryOffsets, b, i) }
func (s *shape) keyAt(b, j int) (batch, seq int)   { return position(s.keyOffsets, b, j) }

func position(offsets []int, b, i int) (batch, seq int) {
	if offsets == nil {
		return b, i
	}
	return 0, offsets[b] + i
}

// farthest bounds positions, so that sums of them with lengths and windows don't overflow.
const farthest = math.MaxInt / 4

// checkQK validates q and k and what o says about them.
func checkQK(q, k *Tensor[float32], o *Options) (shape, error) {
	s := shape{
		batch: q.Batch, queries: q.Seq, keys: k.Seq, heads: q.Heads, kvHeads: k.Heads, dim: q.Dim,
		queryOffsets: o.QueryOffsets, keyOffsets: o.KeyOffsets, pages: o.PageTables, pageSize: k.Seq,
	}
	if err := q.check("q"); err != nil {
		return s, err
	}
	if err := k.check("k"); err != nil {
		return s, err
	}
	switch {
	case k.Dim != q.Dim:
		return s, fmt.Errorf("rapt: k.Dim is %d, q.Dim is %d", k.Dim, q.Dim)
	case k.Heads == 0 && q.Heads != 0:
		return s, fmt.Errorf("rapt: k.Heads is 0, q.Heads is %d", q.Heads)
	case k.Heads != 0 && q.Heads%k.Heads != 0:
		return s, fmt.Errorf("rapt: q.Heads is %d, which is not a multiple of k.Heads, %d", q.Heads, k.Heads)
	}
	if err := s.checkBatch(q, k); err != nil {
		return s, err
	}
	return s, o.check(&s, q, k)
}

// checkBatch validates the batch of q and k, ragged or not, and completes the shape.
func (s *shape) checkBatch(q, k *Tensor[float32]) error {
	queries, err := checkOffsets("QueryOffsets", s.queryOffsets, "q", q)
	if err != nil {
		return err
	}
	keys, err := checkOffsets("KeyOffsets", s.keyOffsets, "k", k)
	if err != nil {
		return err
	}
	if s.pages != nil {
		keys = 0
		for _, table := range s.pages {
			keys = max(keys, len(table)*s.pageSize)
		}
	}
	names := [2]string{"q.Batch", "k.Batch"}
	sizes := [2]int{q.Batch, k.Batch}
	if s.queryOffsets != nil {
		s.queries = queries
		names[0], sizes[0] = "the number of sequences in QueryOffsets", len(s.queryOffsets)-1
	}
	switch {
	case s.pages != nil:
		s.keys = keys
		names[1], sizes[1] = "the number of sequences in PageTables", len(s.pages)
	case s.keyOffsets != nil:
		s.keys = keys
		names[1], sizes[1] = "the number of sequences in KeyOffsets", len(s.keyOffsets)-1
	}
	if sizes[0] != sizes[1] {
		return fmt.Errorf("rapt: %s is %d, %s is %d", names[1], sizes[1], names[0], sizes[0])
	}
	s.batch = sizes[0]
	return nil
}

// checkOffsets validates the offsets of a ragged batch in t, and gives the length of its longest sequence.
func checkOffsets(name string, offsets []int, tensor string, t *Tensor[float32]) (longest int, err error) {
	if offsets == nil {
		return 0, nil
	}
	if len(offsets) == 0 || offsets[0] < 0 {
		return 0, fmt.Errorf("rapt: %s must begin with the offset of the first sequence, 0 or more", name)
	}
	if t.Batch != 1 {
		return 0, fmt.Errorf("rapt: with %s, %s.Batch must be 1; it is %d", name, tensor, t.Batch)
	}
	for b := 1; b < len(offsets); b++ {
		if offsets[b] < offsets[b-1] {
			return 0, fmt.Errorf("rapt: %s[%d] is %d, less than the %d before it", name, b, offsets[b], offsets[b-1])
		}
		longest = max(longest, offsets[b]-offsets[b-1])
	}
	if last := offsets[len(offsets)-1]; last > t.Seq {
		return 0, fmt.Errorf("rapt: %s ends at %d, %s.Seq is %d", name, last, tensor, t.Seq)
	}
	return longest, nil
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
		{name: "v.Batch", have: v.Batch, like: "k.Batch", should: k.Batch},
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
	return s, out.checkDistinct("out")
}
