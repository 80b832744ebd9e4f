package rapt_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/rapt-go/rapt"
	"github.com/rapt-go/rapt/internal/kernel"
)

func BenchmarkAttend(b *testing.B) {
	for _, c := range []struct {
		batch, heads, kvHeads, seq, dim int
		causal                          bool
	}{
		{1, 8, 8, 1024, 64, false},
		{1, 8, 8, 1024, 128, false},
		{1, 2, 2, 4096, 64, false},
		{1, 2, 2, 4096, 128, false},
		{1, 8, 8, 1024, 64, true},
		{1, 8, 8, 1024, 128, true},
		{1, 2, 2, 4096, 128, true},
		{1, 32, 8, 1024, 128, true},
		{32, 12, 12, 128, 64, false},
		{32, 12, 12, 128, 32, false},
		{1, 12, 12, 9, 32, false},
	} {
		for _, threads := range []int{1, 2} {
			name := fmt.Sprintf("batch=%d/heads=%d:%d/seq=%d/dim=%d/causal=%v/threads=%d", c.batch, c.heads, c.kvHeads, c.seq, c.dim, c.causal, threads)
			b.Run(name, func(b *testing.B) {
				q := random(c.batch * c.heads * c.seq * c.dim)
				k, v := random(c.batch*c.kvHeads*c.seq*c.dim), random(c.batch*c.kvHeads*c.seq*c.dim)
				out := make([]float32, len(q))
				o := &rapt.Options{Causal: c.causal, Threads: threads}
				flops := 4 * c.batch * c.heads * c.seq * c.seq * c.dim
				if c.causal {
					flops = flops / 2 * (c.seq + 1) / c.seq
				}
				b.ReportAllocs()
				for b.Loop() {
					err := rapt.Attend(rapt.Dense(out, c.batch, c.seq, c.heads, c.dim), rapt.Dense(q, c.batch, c.seq, c.heads, c.dim),
						rapt.Dense(k, c.batch, c.seq, c.kvHeads, c.dim), rapt.Dense(v, c.batch, c.seq, c.kvHeads, c.dim), o)
					if err != nil {
						b.Fatal(err)
					}
				}
				rate := float64(flops) * float64(b.N) / b.Elapsed().Seconds() / 1e9
				b.ReportMetric(rate, "GFLOP/s")
				b.ReportMetric(100*rate/peak()/float64(threads), "%peak")
			})
		}
	}
}

func peak() float64 {
	best := 0.0
	for range 5 {
		start := time.Now()
		flops := kernel.Peak(5)
		best = max(best, float64(flops)/time.Since(start).Seconds()/1e9)
	}
	return best
}

func random(n int) []float32 {
	rng := rand.New(rand.NewPCG(1, uint64(n)))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	return x
}
