package rapt_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/rapt-go/rapt"
	"pgregory.net/rapid"
)

// TestRandom holds Attend against the textbook for random shapes and options.
func TestRandom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		drawProblem(t).check(t)
	})
}

// drawProblem draws sizes around the tiles and blocks of the operation, and each option in about a third of all cases.
func drawProblem(t *rapid.T) *problem {
	rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
	kvHeads := rapid.IntRange(1, 2).Draw(t, "kvHeads")
	heads := kvHeads * rapid.SampledFrom([]int{1, 1, 2, 3, 8}).Draw(t, "groupSize")
	queries := rapid.SampledFrom([]int{1, 2, 5, 11, 12, 13, 24, 31, 40}).Draw(t, "queries")
	keys := rapid.SampledFrom([]int{1, 3, 15, 16, 17, 31, 32, 33, 64, 100, 255, 256, 257, 300, 600}).Draw(t, "keys")
	dim := rapid.SampledFrom([]int{1, 2, 3, 4, 5, 7, 8, 16, 20, 32, 33, 40, 64}).Draw(t, "dim")
	valueDim := rapid.SampledFrom([]int{1, 3, 8, 15, 16, 17, 32, 33, 48, 64}).Draw(t, "valueDim")
	if rapid.IntRange(0, 20).Draw(t, "long") == 0 {
		keys = rapid.SampledFrom([]int{1023, 1024, 1025, 1300, 2100}).Draw(t, "long keys")
		queries, heads, kvHeads = min(queries, 13), 1, 1
	}
	p := newProblem(rng, rapid.IntRange(1, 2).Draw(t, "batch"), heads, kvHeads, queries, keys, dim, valueDim)
	some := func(name string) bool { return rapid.IntRange(0, 2).Draw(t, name) == 0 }
	p.drawSpans(t, some)
	p.drawScores(t, rng, some)
	p.drawMasks(t, rng, some)
	p.o.Threads = rapid.IntRange(1, 8).Draw(t, "threads")
	return p
}

// drawSpans draws the options that leave a stretch of keys.
func (p *problem) drawSpans(t *rapid.T, some func(string) bool) {
	o := &p.o
	if some("start") {
		o.QueryStart = rapid.IntRange(-p.queries, p.keys+5).Draw(t, "QueryStart")
	}
	if some("starts") {
		for range p.batch {
			o.QueryStarts = append(o.QueryStarts, rapid.IntRange(-p.queries, p.keys+5).Draw(t, "QueryStarts"))
		}
	}
	o.Causal = some("causal")
	if some("window") {
		o.Window = &rapt.Window{Left: rapid.IntRange(-1, p.keys).Draw(t, "left"), Right: rapid.IntRange(-1, p.keys).Draw(t, "right")}
	}
	if some("chunk") {
		o.Chunk = rapid.IntRange(1, p.keys+1).Draw(t, "Chunk")
	}
	if some("lens") {
		for range p.batch {
			o.KeyLens = append(o.KeyLens, rapid.IntRange(0, p.keys).Draw(t, "KeyLens"))
		}
	}
}

// drawScores draws the options that change scores.
func (p *problem) drawScores(t *rapid.T, rng *rand.Rand, some func(string) bool) {
	o := &p.o
	if some("scale") {
		o.Scale = float32(rapid.SampledFrom([]float64{0.01, 0.5, 1, -0.3}).Draw(t, "Scale"))
	}
	if some("softcap") {
		o.Softcap = float32(rapid.SampledFrom([]float64{0.5, 5, 50}).Draw(t, "Softcap"))
	}
	if some("bias") {
		b, h, i, j := p.drawShape(t)
		bias := normal(rng, b*h*i*j)
		for n := range bias {
			if rng.IntN(8) == 0 {
				bias[n] = float32(math.Inf(-1))
			}
		}
		o.Bias = rapt.Broadcast(bias, b, h, i, j)
	}
	if some("alibi") {
		o.ALiBiSlopes = normal(rng, p.heads)
	}
	if some("sinks") {
		o.Sinks = normal(rng, p.heads)
	}
}

// drawMasks draws the options that hide single keys.
func (p *problem) drawMasks(t *rapid.T, rng *rand.Rand, some func(string) bool) {
	o := &p.o
	if some("mask") {
		b, h, i, j := p.drawShape(t)
		o.Mask = rapt.Broadcast(coins(rng, b*h*i*j), b, h, i, j)
	}
	if some("segments") {
		o.QuerySegments, o.KeySegments = segments(rng, p.batch*p.queries), segments(rng, p.batch*p.keys)
	}
	if some("function") {
		step := rapid.IntRange(1, 5).Draw(t, "step")
		o.MaskFunc = func(keep []bool, at rapt.Segment) {
			for n := range keep {
				keep[n] = keep[n] && (at.Query+at.FirstKey+n+at.Head)/40%step == 0
			}
		}
	}
}

// drawShape draws which axes of a mask or bias are broadcast.
func (p *problem) drawShape(t *rapid.T) (batch, heads, queries, keys int) {
	axis := func(name string, n int) int {
		if rapid.Bool().Draw(t, name) {
			return 1
		}
		return n
	}
	return axis("one batch", p.batch), axis("one head", p.heads), axis("one query", p.queries), axis("one key", p.keys)
}

func coins(rng *rand.Rand, n int) []bool {
	x := make([]bool, n)
	for i := range x {
		x[i] = rng.IntN(2) == 0
	}
	return x
}

// segments numbers n positions in runs, with a number that comes twice now and then.
func segments(rng *rand.Rand, n int) []int32 {
	x := make([]int32, n)
	id := int32(0)
	for i := range x {
		if rng.IntN(40) == 0 {
			id = int32(rng.IntN(4))
		}
		x[i] = id
	}
	return x
}

// TestSameBits says that neither the number of threads nor what else is computed changes a row by one bit.
func TestSameBits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawProblem(t)
		p.o.Threads = 1
		out, lse := p.attend(t)
		for _, threads := range []int{2, 3, 8} {
			p.o.Threads = threads
			again, lseAgain := p.attend(t)
			if !sameBits(out, again) || !sameBits(lse, lseAgain) {
				t.Fatalf("%d threads give other results than 1", threads)
			}
		}
		p.checkRowsAlone(t, out)
	})
}

// checkRowsAlone computes one query by itself.
func (p *problem) checkRowsAlone(t *rapid.T, out []float32) {
	if p.o.MaskFunc != nil || p.o.Mask.QueryStride != 0 || p.o.Bias.QueryStride != 0 || p.o.QuerySegments != nil {
		return // they would have to be cut too
	}
	i := rapid.IntRange(0, p.queries-1).Draw(t, "row alone")
	one := *p
	one.queries, one.q = 1, nil
	for b := range p.batch {
		one.q = append(one.q, p.q[(b*p.queries+i)*p.heads*p.dim:][:p.heads*p.dim]...)
	}
	one.o.QueryStart += i
	one.o.QueryStarts = slices.Clone(one.o.QueryStarts)
	for b := range one.o.QueryStarts {
		one.o.QueryStarts[b] += i
	}
	alone, _ := one.attend(t)
	size := p.heads * p.valueDim
	for b := range p.batch {
		if !sameBits(alone[b*size:][:size], out[(b*p.queries+i)*size:][:size]) {
			t.Fatalf("query %d of sequence %d gives other bits alone than in the batch", i, b)
		}
	}
}

func sameBits(x, y []float32) bool {
	return slices.EqualFunc(x, y, func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) })
}
