package rapt_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/rapt-go/rapt"
	"pgregory.net/rapid"
)

// TestRagged says that a ragged batch gives each sequence the bits that it gets alone.
func TestRagged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		const heads, kvHeads, dim, valueDim = 4, 2, 20, 33
		queryOffsets, keyOffsets := []int{rapid.IntRange(0, 3).Draw(t, "first")}, []int{0}
		var keyLens []int
		gaps := rapid.Bool().Draw(t, "gaps")
		for range rapid.IntRange(0, 5).Draw(t, "batch") {
			queryOffsets = append(queryOffsets, queryOffsets[len(queryOffsets)-1]+rapid.SampledFrom([]int{0, 1, 2, 12, 30}).Draw(t, "queries"))
			keys := rapid.SampledFrom([]int{0, 1, 31, 33, 260, 300}).Draw(t, "keys")
			keyOffsets = append(keyOffsets, keyOffsets[len(keyOffsets)-1]+keys)
			if gaps {
				keyLens = append(keyLens, rapid.IntRange(0, keys).Draw(t, "KeyLens"))
			}
		}
		queries, keys := queryOffsets[len(queryOffsets)-1]+2, keyOffsets[len(keyOffsets)-1]
		q, k, v := normal(rng, queries*heads*dim), normal(rng, keys*kvHeads*dim), normal(rng, keys*kvHeads*valueDim)
		o := rapt.Options{
			QueryOffsets: queryOffsets, KeyOffsets: keyOffsets, KeyLens: keyLens,
			Causal: rapid.Bool().Draw(t, "causal"), LSE: nanSlice(heads * queries),
		}
		if rapid.Bool().Draw(t, "segments") {
			o.QuerySegments, o.KeySegments = segments(rng, queries), segments(rng, keys)
		}
		out := nanSlice(queries * heads * valueDim)
		if err := rapt.Attend(rapt.Dense(out, 1, queries, heads, valueDim), rapt.Dense(q, 1, queries, heads, dim),
			rapt.Dense(k, 1, keys, kvHeads, dim), rapt.Dense(v, 1, keys, kvHeads, valueDim), &o); err != nil {
			t.Fatal(err)
		}
		for b := range len(queryOffsets) - 1 {
			from, to := queryOffsets[b], queryOffsets[b+1]
			first, last := keyOffsets[b], keyOffsets[b+1]
			one := &problem{batch: 1, heads: heads, kvHeads: kvHeads, queries: to - from, keys: last - first, dim: dim, valueDim: valueDim}
			one.q, one.k, one.v = q[from*heads*dim:to*heads*dim], k[first*kvHeads*dim:last*kvHeads*dim], v[first*kvHeads*valueDim:last*kvHeads*valueDim]
			one.o = rapt.Options{Causal: o.Causal}
			if gaps {
				one.o.KeyLens = keyLens[b : b+1]
			}
			if o.KeySegments != nil {
				one.o.QuerySegments, one.o.KeySegments = o.QuerySegments[from:to], o.KeySegments[first:last]
			}
			alone, lse := one.attend(t)
			if !sameBits(alone, out[from*heads*valueDim:to*heads*valueDim]) {
				t.Fatalf("sequence %d gives other bits alone", b)
			}
			for h := range heads {
				if !sameBits(lse[h*(to-from):(h+1)*(to-from)], o.LSE[h*queries+from:h*queries+to]) {
					t.Fatalf("lse of head %d of sequence %d differs", h, b)
				}
			}
		}
		if !math.IsNaN(float64(out[len(out)-1])) {
			t.Fatal("a position that belongs to no sequence was written")
		}
	})
}

// TestLayout says that a layout made from a mask function changes nothing, and that a layout alone hides its blocks.
func TestLayout(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	p := newProblem(rng, 2, 4, 2, 100, 700, 24, 16)
	mask := func(keep []bool, at rapt.Segment) {
		for n := range keep {
			j := at.FirstKey + n
			keep[n] = keep[n] && (j/150 == at.Query/20 || j%97 == 0 && at.Query > 50)
		}
	}
	p.o.MaskFunc = mask
	want, wantLSE := p.attend(t)
	for _, size := range [][2]int{{1, 1}, {7, 50}, {12, 32}, {20, 150}, {64, 128}, {1000, 1000}} {
		layout, err := rapt.NewLayout(p.queries, p.keys, size[0], size[1], mask)
		if err != nil {
			t.Fatal(err)
		}
		p.o.Layout = layout
		out, lse := p.attend(t)
		if !sameBits(out, want) || !sameBits(lse, wantLSE) {
			t.Errorf("blocks of %d×%d give other bits than the mask function alone", size[0], size[1])
		}
	}
	p.check(t)

	hidden := rapt.Layout{QueryBlock: 50, KeyBlock: 350, Blocks: []rapt.Cover{rapt.Hidden, rapt.Partly, rapt.Fully, rapt.Hidden}}
	p.o.Layout, p.o.MaskFunc = &hidden, nil
	out, _ := p.attend(t)
	p.o.Layout = nil
	p.o.MaskFunc = func(keep []bool, at rapt.Segment) {
		for n := range keep {
			keep[n] = (at.Query < 50) == (at.FirstKey+n >= 350)
		}
	}
	if want, _ := p.attend(t); !sameBits(out, want) {
		t.Error("a layout without a mask function doesn't hide its blocks")
	}
}

// TestScoreFunc says that a score function does what a bias of the same numbers does.
func TestScoreFunc(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	p := newProblem(rng, 2, 2, 1, 30, 300, 16, 16)
	bias := normal(rng, 2*2*30*300)
	for i := range bias {
		if i%11 == 0 {
			bias[i] = float32(math.Inf(-1))
		}
	}
	p.o.Bias = rapt.Broadcast(bias, 2, 2, 30, 300)
	want, wantLSE := p.attend(t)
	p.o.Bias = rapt.Grid[float32]{}
	p.o.ScoreFunc = func(scores []float32, at rapt.Segment) {
		for n := range scores {
			scores[n] += bias[((at.Batch*2+at.Head)*30+at.Query)*300+at.FirstKey+n]
		}
	}
	if out, lse := p.attend(t); !sameBits(out, want) || !sameBits(lse, wantLSE) {
		t.Error("a score function gives other bits than a bias of the same numbers")
	}
}

// TestPartial splits the keys anywhere, in any order of parts, and merges to the whole.
func TestPartial(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		p := newProblem(rng, 2, 4, 2, 9, rapid.IntRange(1, 400).Draw(t, "keys"), 12, 20)
		p.o.Causal, p.o.QueryStart = rapid.Bool().Draw(t, "causal"), rapid.IntRange(-3, p.keys).Draw(t, "QueryStart")
		p.o.Sinks = normal(rng, p.heads)
		want, wantLSE, outError, lseError := p.want(t)

		merged := rapt.NewPartial(p.batch, p.heads, p.queries, p.valueDim)
		second := rapt.NewPartial(p.batch, p.heads, p.queries, p.valueDim)
		q, k, v := p.tensors()
		for from := 0; from < p.keys; {
			n := rapid.IntRange(1, p.keys-from).Draw(t, "part")
			into := merged
			if rapid.Bool().Draw(t, "other") {
				into = second
			}
			if err := into.Attend(q, keysFrom(k, from, n), keysFrom(v, from, n), &rapt.Options{Causal: p.o.Causal, QueryStart: p.o.QueryStart - from}); err != nil {
				t.Fatal(err)
			}
			from += n
		}
		if err := merged.Merge(second); err != nil {
			t.Fatal(err)
		}
		out, lse := nanSlice(len(want)), nanSlice(len(wantLSE))
		if err := merged.Finish(rapt.Dense(out, p.batch, p.queries, p.heads, p.valueDim), lse, p.o.Sinks); err != nil {
			t.Fatal(err)
		}
		compare(t, "out", out, want, outError)
		compare(t, "lse", lse, wantLSE, lseError)
	})
}

func keysFrom(x rapt.Tensor[float32], from, n int) rapt.Tensor[float32] {
	x.Data = x.Data[from*x.SeqStride:]
	x.Seq = n
	return x
}

// TestCache grows sequences in a cache, some by many positions and some by one, in shared calls, and holds every output
// against Attend over the whole sequence. Pages of 32 hold whole panels, which are then read where they lie.
func TestCache(t *testing.T) {
	for _, test := range []struct{ window, pageSize int }{{0, 16}, {50, 16}, {0, 32}, {50, 32}} {
		window, pages := test.window, 1920/test.pageSize
		rng := rand.New(rand.NewPCG(5, 6))
		config := rapt.CacheConfig{KVHeads: 2, Dim: 16, ValueDim: 24, PageSize: test.pageSize, Pages: pages, Window: window}
		cache, err := rapt.NewCache(config)
		if err != nil {
			t.Fatal(err)
		}
		o := rapt.Options{Causal: true}
		if window > 0 {
			o.Window = &rapt.Window{Left: window - 1, Right: rapt.Open}
		}
		sequences := []*grown{{id: cache.Add()}, {id: cache.Add()}, {id: cache.Add()}}
		for step := range 12 {
			var ids []int
			var q []float32
			offsets := []int{0}
			for n, s := range sequences {
				count := []int{1, 37, 5}[(step+n)%3]
				s.grow(t, rng, cache, count)
				ids = append(ids, s.id)
				q = append(q, s.q...)
				offsets = append(offsets, offsets[len(offsets)-1]+count)
			}
			total := offsets[len(offsets)-1]
			out := nanSlice(total * 4 * 24)
			ragged := o
			ragged.QueryOffsets = offsets
			if err := cache.Attend(rapt.Dense(out, 1, total, 4, 24), rapt.Dense(q, 1, total, 4, 16), ids, &ragged); err != nil {
				t.Fatal(err)
			}
			for n, s := range sequences {
				if want := s.attend(t, o); !sameBits(out[offsets[n]*4*24:offsets[n+1]*4*24], want) {
					t.Fatalf("window %d, step %d: sequence %d differs from its whole", window, step, n)
				}
			}
		}
		if window > 0 && cache.FreePages() < pages-3*128/test.pageSize {
			t.Errorf("window %d: %d of %d pages are free; those before the windows aren't given back", window, cache.FreePages(), pages)
		}
		for _, s := range sequences {
			cache.Remove(s.id)
		}
		if cache.FreePages() != pages {
			t.Errorf("%d of %d pages are free after all sequences ended", cache.FreePages(), pages)
		}
	}
}

// grown is a sequence in a cache, and a copy of all that was appended.
type grown struct {
	id      int
	q, k, v []float32 // q: of the last step
}

func (s *grown) grow(t *testing.T, rng *rand.Rand, cache *rapt.Cache, n int) {
	t.Helper()
	k, v := normal(rng, n*2*16), normal(rng, n*2*24)
	if err := cache.Append(s.id, rapt.Dense(k, 1, n, 2, 16), rapt.Dense(v, 1, n, 2, 24)); err != nil {
		t.Fatal(err)
	}
	s.q = normal(rng, n*4*16)
	s.k, s.v = append(s.k, k...), append(s.v, v...)
}

func (s *grown) attend(t *testing.T, o rapt.Options) []float32 {
	t.Helper()
	queries, keys := len(s.q)/(4*16), len(s.k)/(2*16)
	o.QueryStart = keys - queries
	out := nanSlice(queries * 4 * 24)
	if err := rapt.Attend(rapt.Dense(out, 1, queries, 4, 24), rapt.Dense(s.q, 1, queries, 4, 16), rapt.Dense(s.k, 1, keys, 2, 16), rapt.Dense(s.v, 1, keys, 2, 24), &o); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestCacheFull(t *testing.T) {
	cache, err := rapt.NewCache(rapt.CacheConfig{KVHeads: 1, Dim: 1, ValueDim: 1, PageSize: 4, Pages: 2})
	if err != nil {
		t.Fatal(err)
	}
	id := cache.Add()
	x := make([]float32, 9)
	if err := cache.Append(id, rapt.Dense(x, 1, 9, 1, 1), rapt.Dense(x, 1, 9, 1, 1)); !errors.Is(err, rapt.ErrCacheFull) {
		t.Errorf("nine positions in a cache for eight: %v", err)
	}
	if cache.Len(id) != 0 || cache.FreePages() != 2 {
		t.Error("a refused Append changed the cache")
	}
}
