package measure

import (
	"fmt"

	"github.com/rapt-go/rapt"
)

// A Case is one call whose speed is of interest.
type Case struct {
	Name  string
	Flops float64 // useful ones: 4·dim for every visible pair of query and key, in every head
	Bytes float64 // of keys and values, each once, where reading them is what takes the time; else 0

	prepare func(threads int) (call func() error, err error)
}

// shape is a case of attention; its options come from set, which may be nil.
type shape struct {
	kind                  string
	batch, heads, kvHeads int
	queries, keys, dim    int
	pairs                 int // visible ones of a head and sequence; 0: all
	set                   func(o *rapt.Options, s shape)
}

func (s shape) name() string {
	name := fmt.Sprintf("%s/d%d/s%d", s.kind, s.dim, s.keys)
	if s.heads != s.kvHeads {
		name += fmt.Sprintf("/h%d:%d", s.heads, s.kvHeads)
	} else {
		name += fmt.Sprintf("/h%d", s.heads)
	}
	if s.batch > 1 {
		name += fmt.Sprintf("/b%d", s.batch)
	}
	return name
}

// Cases is all cases. Names are kind/d<width>/s<keys>/h<heads>[:<key heads>][/b<batch>].
func Cases() []Case {
	var cases []Case
	for _, s := range shapes() {
		if s.pairs == 0 {
			s.pairs = s.queries * s.keys
		}
		c := Case{Name: s.name(), Flops: 4 * float64(s.batch*s.heads*s.dim) * float64(s.pairs), prepare: s.prepare}
		if s.kind == "decode" {
			c.Bytes = 8 * float64(s.batch*s.kvHeads*s.dim) * float64(s.keys)
		}
		cases = append(cases, c)
	}
	return cases
}

func shapes() []shape {
	square := func(kind string, heads, seq, dim int) shape {
		return shape{kind: kind, batch: 1, heads: heads, kvHeads: heads, queries: seq, keys: seq, dim: dim}
	}
	list := []shape{
		square("full", 8, 512, 64), square("full", 8, 1024, 64), square("full", 8, 4096, 64), square("full", 1, 16384, 64),
		square("full", 8, 512, 128), square("full", 8, 1024, 128), square("full", 8, 4096, 128), square("full", 1, 16384, 128),
		causal(square("causal", 8, 1024, 64)), causal(square("causal", 8, 4096, 64)),
		causal(square("causal", 8, 1024, 128)), causal(square("causal", 8, 4096, 128)),
		causal(shape{kind: "causal", batch: 1, heads: 32, kvHeads: 8, queries: 1024, keys: 1024, dim: 128}),
		masked(square("mask", 8, 1024, 64)), padded(square("padding", 8, 4096, 64)), biased(square("bias", 8, 1024, 64)),
		{kind: "short", batch: 32, heads: 12, kvHeads: 12, queries: 128, keys: 128, dim: 64},
		{kind: "short", batch: 32, heads: 12, kvHeads: 12, queries: 128, keys: 128, dim: 32},
		square("short", 12, 9, 32),
	}
	for _, dim := range []int{40, 80, 96, 111, 192, 256} {
		list = append(list, square("width", 8, 1024, dim))
	}
	for _, batch := range []int{1, 8} {
		for _, keys := range []int{4096, 16384, 65536} {
			list = append(list, shape{kind: "decode", batch: batch, heads: 32, kvHeads: 8, queries: 1, keys: keys, dim: 128})
		}
	}
	return list
}

func causal(s shape) shape {
	s.pairs = s.queries * (s.queries + 1) / 2
	s.set = func(o *rapt.Options, _ shape) { o.Causal = true }
	return s
}

// masked hides half of the keys at random. They count as work: nothing of it can be skipped.
func masked(s shape) shape {
	s.set = func(o *rapt.Options, s shape) {
		mask := make([]bool, s.queries*s.keys)
		for i, x := range noise(len(mask)) {
			mask[i] = x > 0
		}
		o.Mask = rapt.Broadcast(mask, 1, 1, s.queries, s.keys)
	}
	return s
}

// padded keeps 70 % of the keys.
func padded(s shape) shape {
	kept := s.keys * 7 / 10
	s.pairs = s.queries * kept
	s.set = func(o *rapt.Options, _ shape) { o.KeyLens = []int{kept} }
	return s
}

func biased(s shape) shape {
	s.set = func(o *rapt.Options, s shape) {
		o.Bias = rapt.Broadcast(noise(s.heads*s.queries*s.keys), 1, s.heads, s.queries, s.keys)
	}
	return s
}

func (s shape) prepare(threads int) (func() error, error) {
	o := &rapt.Options{Threads: threads}
	if s.set != nil {
		s.set(o, s)
	}
	q := rapt.Dense(noise(s.batch*s.queries*s.heads*s.dim), s.batch, s.queries, s.heads, s.dim)
	k := rapt.Dense(noise(s.batch*s.keys*s.kvHeads*s.dim), s.batch, s.keys, s.kvHeads, s.dim)
	v := rapt.Dense(noise(s.batch*s.keys*s.kvHeads*s.dim), s.batch, s.keys, s.kvHeads, s.dim)
	out := rapt.Dense(make([]float32, len(q.Data)), s.batch, s.queries, s.heads, s.dim)
	return func() error { return rapt.Attend(out, q, k, v, o) }, nil
}

// noise is n numbers between −1.7 and 1.7, of variance 1: a quick generator, for gigabytes.
func noise(n int) []float32 {
	x := make([]float32, n)
	state := uint64(n)*0x9e3779b97f4a7c15 + 1
	for i := range x {
		state ^= state << 13
		state ^= state >> 7
		state ^= state << 17
		x[i] = float32(int32(state>>32)) * (1.7320508 / (1 << 31))
	}
	return x
}
