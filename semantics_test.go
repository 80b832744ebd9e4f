package rapt_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/rapt-go/rapt"
	"pgregory.net/rapid"
)

// TestInvisible poisons one key and value: rows that don't see them keep every bit, and rows that do become NaN.
func TestInvisible(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawProblem(t)
		before, lseBefore := p.attend(t)
		b, j := rapid.IntRange(0, p.batch-1).Draw(t, "sequence"), rapid.IntRange(0, p.keys-1).Draw(t, "key")
		poison := float32(rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), math.Inf(-1)}).Draw(t, "poison"))
		for h := range p.kvHeads {
			p.k[((b*p.keys+j)*p.kvHeads+h)*p.dim+p.dim-1] = float32(math.NaN())
			p.v[((b*p.keys+j)*p.kvHeads+h)*p.valueDim] = poison
		}
		after, lseAfter := p.attend(t)
		for row := range p.batch * p.queries * p.heads {
			rb, i, h := row/(p.queries*p.heads), row/p.heads%p.queries, row%p.heads
			lse := (rb*p.heads+h)*p.queries + i
			sees := rb == b && p.options(b, h).Visible(i, j)
			same := sameBits(before[row*p.valueDim:][:p.valueDim], after[row*p.valueDim:][:p.valueDim]) && sameBits(lseBefore[lse:lse+1], lseAfter[lse:lse+1])
			switch {
			case !sees && !same:
				t.Fatalf("query %d of head %d changed with key %d, which it doesn't see", i, h, j)
			case sees && (!isNaN(after[row*p.valueDim]) || !isNaN(lseAfter[lse])):
				t.Fatalf("query %d of head %d sees key %d, which is NaN, and gives %v", i, h, j, after[row*p.valueDim])
			}
		}
	})
}

func isNaN(x float32) bool { return x != x }

// TestNaNValue says that a NaN among the values comes out in its column, for the rows that see it, even where its weight
// is too small for a float32.
func TestNaNValue(t *testing.T) {
	p := newProblem(rand.New(rand.NewPCG(1, 1)), 1, 1, 1, 20, 300, 8, 40)
	p.o.Causal, p.o.QueryStart = true, 280
	before, _ := p.attend(t)
	p.v[290*40+35] = float32(math.NaN())
	for d := range p.dim {
		p.k[290*8+d] = -1e4 * p.q[15*8+d] // its score is about −1e4·|q|²
	}
	after, _ := p.attend(t)
	for i := range p.queries {
		for d := range p.valueDim {
			got := after[i*40+d]
			if want := i >= 10 && d == 35; isNaN(got) != want {
				t.Errorf("query %d, column %d: %v", i, d, got)
			}
			if i < 10 && got != before[i*40+d] {
				t.Errorf("query %d, column %d: changed from %v to %v", i, d, before[i*40+d], got)
			}
		}
	}
}

// TestProperties are the laws of attention that hold beyond single numbers.
func TestProperties(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	p := newProblem(rng, 2, 4, 2, 50, 520, 40, 24)
	out, lse := p.attend(t)
	_, _, outError, _ := p.want(t)

	t.Run("values of one give one", func(t *testing.T) {
		ones := *p
		ones.v = make([]float32, len(p.v))
		for i := range ones.v {
			ones.v[i] = 1
		}
		got, _ := ones.attend(t)
		for i, x := range got {
			if math.Abs(float64(x)-1) > 1e-5 {
				t.Fatalf("out[%d] is %v", i, x)
			}
		}
	})
	t.Run("the order of keys doesn't matter", func(t *testing.T) {
		mixed := *p
		mixed.k, mixed.v = permuteKeys(rng, p)
		got, _ := mixed.attend(t)
		compare(t, "out", got, float64s(out), 2*outError)
	})
	t.Run("grouped heads are repeated heads", func(t *testing.T) {
		repeated := *p
		repeated.kvHeads = p.heads
		repeated.k, repeated.v = repeatHeads(p.k, p.batch*p.keys, p.kvHeads, p.dim, 2), repeatHeads(p.v, p.batch*p.keys, p.kvHeads, p.valueDim, 2)
		got, gotLSE := repeated.attend(t)
		if !sameBits(got, out) || !sameBits(gotLSE, lse) {
			t.Error("other bits")
		}
	})
	t.Run("a window as long as the keys is none", func(t *testing.T) {
		wide := *p
		wide.o.Window = &rapt.Window{Left: p.keys, Right: p.keys}
		if got, _ := wide.attend(t); !sameBits(got, out) {
			t.Error("other bits")
		}
	})
}

func float64s(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, f := range x {
		y[i] = float64(f)
	}
	return y
}

func permuteKeys(rng *rand.Rand, p *problem) (k, v []float32) {
	k, v = make([]float32, len(p.k)), make([]float32, len(p.v))
	order := rng.Perm(p.keys)
	for b := range p.batch {
		for j, from := range order {
			kRow, vRow := p.kvHeads*p.dim, p.kvHeads*p.valueDim
			copy(k[(b*p.keys+j)*kRow:][:kRow], p.k[(b*p.keys+from)*kRow:])
			copy(v[(b*p.keys+j)*vRow:][:vRow], p.v[(b*p.keys+from)*vRow:])
		}
	}
	return k, v
}

func repeatHeads(x []float32, rows, heads, dim, times int) []float32 {
	var y []float32
	for row := range rows * heads {
		for range times {
			y = append(y, x[row*dim:][:dim]...)
		}
	}
	return y
}

// TestErrors says that what doesn't fit is named, with both numbers, and that nothing is written.
func TestErrors(t *testing.T) {
	for _, c := range []struct {
		name string
		set  func(out, q, k, v *rapt.Tensor[float32], o *rapt.Options)
		want string
	}{
		{"k dim", func(_, _, k, _ *rapt.Tensor[float32], _ *rapt.Options) { k.Dim = 3 }, "k.Dim is 3, q.Dim is 4"},
		{"k batch", func(_, _, k, _ *rapt.Tensor[float32], _ *rapt.Options) { k.Batch = 1 }, "k.Batch is 1, q.Batch is 2"},
		{"heads", func(out, q, _, _ *rapt.Tensor[float32], _ *rapt.Options) { out.Heads, q.Heads = 3, 3 }, "q.Heads is 3, which is not a multiple of k.Heads, 2"},
		{"v seq", func(_, _, _, v *rapt.Tensor[float32], _ *rapt.Options) { v.Seq = 4 }, "v.Seq is 4, k.Seq is 5"},
		{"out dim", func(out, _, _, _ *rapt.Tensor[float32], _ *rapt.Options) { out.Dim = 2 }, "out.Dim is 2, v.Dim is 4"},
		{"short q", func(_, q, _, _ *rapt.Tensor[float32], _ *rapt.Options) { q.Data = q.Data[1:] }, "q is [2][3][4][4] with strides 48, 16, 4, which reaches beyond its 95 elements"},
		{"huge stride", func(_, q, _, _ *rapt.Tensor[float32], _ *rapt.Options) { q.BatchStride = math.MaxInt }, "which reaches beyond its 96 elements"},
		{"negative length", func(_, q, _, _ *rapt.Tensor[float32], _ *rapt.Options) { q.Seq = -1 }, "q.Seq is -1"},
		{"negative stride", func(_, q, _, _ *rapt.Tensor[float32], _ *rapt.Options) { q.SeqStride = -16 }, "the stride of q.Seq is -16"},
		{"overlapping out", func(out, _, _, _ *rapt.Tensor[float32], _ *rapt.Options) { out.SeqStride = 8 }, "elements of out overlap"},
		{"scale", func(_, _, _, _ *rapt.Tensor[float32], o *rapt.Options) { o.Scale = float32(math.NaN()) }, "Scale is NaN"},
		{"softcap", func(_, _, _, _ *rapt.Tensor[float32], o *rapt.Options) { o.Softcap = -1 }, "Softcap is -1"},
		{"threads", func(_, _, _, _ *rapt.Tensor[float32], o *rapt.Options) { o.Threads = -1 }, "Threads is -1"},
		{"start", func(_, _, _, _ *rapt.Tensor[float32], o *rapt.Options) { o.QueryStart = math.MinInt }, "QueryStart is"},
		{"chunk", func(_, _, _, _ *rapt.Tensor[float32], o *rapt.Options) { o.Chunk = -2 }, "Chunk is -2"},
		{"mask", func(_, _, _, _ *rapt.Tensor[float32], o *rapt.Options) {
			o.Mask = rapt.Broadcast(make([]bool, 14), 1, 1, 3, 5)
		}, "Mask has 14 elements"},
		{"sinks", func(_, _, _, _ *rapt.Tensor[float32], o *rapt.Options) { o.Sinks = make([]float32, 2) }, "Sinks has 2 elements, expected 4"},
		{"key lens", func(_, _, _, _ *rapt.Tensor[float32], o *rapt.Options) { o.KeyLens = []int{5, 6} }, "KeyLens[1] is 6; the sequence has 5 keys"},
		{"lse", func(_, _, _, _ *rapt.Tensor[float32], o *rapt.Options) { o.LSE = make([]float32, 3) }, "LSE has 3 elements, expected 24"},
		{"segments", func(_, _, _, _ *rapt.Tensor[float32], o *rapt.Options) { o.KeySegments = make([]int32, 10) }, "QuerySegments has 0 elements, expected 6"},
		{"layout", func(_, _, _, _ *rapt.Tensor[float32], o *rapt.Options) {
			o.Layout = &rapt.Layout{QueryBlock: 2, KeyBlock: 2, Blocks: make([]rapt.Cover, 5)}
		}, "Layout has 5 blocks"},
		{"offsets", func(_, _, _, _ *rapt.Tensor[float32], o *rapt.Options) { o.QueryOffsets = []int{0, 3} }, "with QueryOffsets, q.Batch must be 1; it is 2"},
		{"pages", func(_, _, _, _ *rapt.Tensor[float32], o *rapt.Options) {
			o.PageTables = [][]int{{0}, {2}}
			o.KeyLens = []int{1, 1}
		}, "PageTables[1][0] is 2; k has 2 pages"},
		{"no page", func(_, _, _, _ *rapt.Tensor[float32], o *rapt.Options) {
			o.PageTables = [][]int{{0}, {-1}}
			o.KeyLens = []int{1, 1}
		}, "a query sees key 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newProblem(rand.New(rand.NewPCG(1, 1)), 2, 4, 2, 3, 5, 4, 4)
			q, k, v := p.tensors()
			data := make([]float32, 2*3*4*4)
			out := rapt.Dense(data, 2, 3, 4, 4)
			c.set(&out, &q, &k, &v, &p.o)
			err := rapt.Attend(out, q, k, v, &p.o)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %v, expected … %s …", err, c.want)
			}
			for _, x := range data {
				if x != 0 {
					t.Fatal("out was written")
				}
			}
		})
	}
}

// TestNoAllocations says that a call in the steady state allocates nothing.
func TestNoAllocations(t *testing.T) {
	if raceDetector {
		t.Skip("pools lose buffers under the race detector")
	}
	p := newProblem(rand.New(rand.NewPCG(1, 1)), 2, 4, 2, 100, 1500, 32, 32)
	q, k, v := p.tensors()
	out := rapt.Dense(make([]float32, 2*100*4*32), 2, 100, 4, 32)
	for _, o := range []*rapt.Options{nil, {Causal: true, QueryStart: 1400, Threads: 4, LSE: make([]float32, 2*4*100)}} {
		if n := testing.AllocsPerRun(50, func() {
			if err := rapt.Attend(out, q, k, v, o); err != nil {
				t.Fatal(err)
			}
		}); n >= 1 {
			t.Errorf("%v allocations a call", n)
		}
	}
}
