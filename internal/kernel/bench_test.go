package kernel

import (
	"fmt"
	"testing"
	"time"
)

// bench runs a benchmark for every variant. work is what one call does, in unit: multiplied and added numbers ("flop"),
// scores or bytes. Beside the time a rate is reported, and for "flop" its share of Peak, measured just before and after.
func bench(b *testing.B, name, unit string, work int, call func()) {
	for _, v := range variants {
		b.Run(fmt.Sprintf("isa=%s/%s", v.name, name), func(b *testing.B) {
			if !v.has {
				b.Skipf("the CPU has no %s, or GODEBUG turned it off", v.name)
			}
			b.Cleanup(v.use())
			peak := peakRate()
			for b.Loop() {
				call()
			}
			rate := float64(work) * float64(b.N) / float64(b.Elapsed().Nanoseconds())
			b.ReportMetric(rate, unit+"/ns")
			if unit == "flop" {
				b.ReportMetric(100*rate/max(peak, peakRate()), "%peak")
			}
		})
	}
}

// peakRate is the best of a few runs of Peak, in operations per nanosecond.
func peakRate() float64 {
	best := 0.0
	for range 10 {
		start := time.Now()
		flops := Peak(1)
		best = max(best, float64(flops)/float64(time.Since(start).Nanoseconds()))
	}
	return best
}

func BenchmarkMultiply(b *testing.B) {
	for _, p := range []product{
		{rows: 12, depth: 32, cols: 256}, {rows: 12, depth: 64, cols: 256}, {rows: 12, depth: 128, cols: 256},
		{rows: 12, depth: 256, cols: 64}, {rows: 12, depth: 256, cols: 128},
		{rows: 8, depth: 128, cols: 256}, {rows: 4, depth: 128, cols: 256}, {rows: 1, depth: 128, cols: 256},
	} {
		p.dstStride, p.aStride = p.cols, p.depth
		dst, a, x := make([]float32, p.dstSize()), make([]float32, p.aSize()), make([]float32, p.bSize())
		name := fmt.Sprintf("rows=%d/depth=%d/cols=%d", p.rows, p.depth, p.cols)
		bench(b, name, "flop", 2*p.rows*p.depth*p.cols, func() {
			Multiply(dst, p.dstStride, a, p.aStride, p.b(x), p.rows, p.depth, p.cols, nil)
		})
	}
}

func BenchmarkSoftmax(b *testing.B) {
	for _, n := range []int{256, 255, 32} {
		const rows = 12
		s, rowMax, rowSum, rescale := make([]float32, rows*n), make([]float32, rows), make([]float32, rows), make([]float32, rows)
		bench(b, fmt.Sprintf("rows=%d/n=%d", rows, n), "score", rows*n, func() {
			Softmax(s, n, rows, n, 0.125, rowMax, rowSum, rescale)
		})
	}
}

func BenchmarkPack(b *testing.B) {
	const n = 256
	for _, dim := range []int{64, 111, 128} {
		x, keys, values := make([]float32, n*dim), make([]float32, Panels(n)*dim*PanelWidth), make([]float32, Panels(dim)*n*PanelWidth)
		bench(b, fmt.Sprintf("of=keys/n=%d/dim=%d", n, dim), "byte", 4*n*dim, func() { PackKeys(keys, x, dim, n, dim) })
		bench(b, fmt.Sprintf("of=values/n=%d/dim=%d", n, dim), "byte", 4*n*dim, func() { PackValues(values, x, dim, n, dim) })
	}
}

func BenchmarkRows(b *testing.B) {
	const n = 128
	dst, src := make([]float32, n), make([]float32, n)
	bench(b, "do=Combine", "number", n, func() { Combine(dst, 0.5, src, 0.5) })
	bench(b, "do=Scale", "number", n, func() { Scale(dst, 0.5, src) })
	bench(b, "do=Finite", "number", n, func() { Finite(src) })
}

func BenchmarkScores(b *testing.B) {
	const n = 256
	// Scale and slope are such that the scores stay ordinary numbers however often they are bent.
	s, bias, keep, ids := make([]float32, n), make([]float32, n), make([]bool, n), make([]int32, n)
	bench(b, "do=Fill", "score", n, func() { Fill(s, 1) })
	bench(b, "do=Softcap", "score", n, func() { Softcap(s, 1, 30) })
	bench(b, "do=AddBias", "score", n, func() { AddBias(s, 1, bias) })
	bench(b, "do=AddDistance", "score", n, func() { AddDistance(s, 1, -1e-6, 100) })
	bench(b, "do=Hide", "score", n, func() { Hide(s, keep) })
	bench(b, "do=HideOthers", "score", n, func() { HideOthers(s, ids, 0) })
}
