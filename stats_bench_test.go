package rapt_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/rapt-go/rapt"
)

// BenchmarkStatistics tells how much longer statistics take than attention alone: the two run in turn, and x/Attend is the
// least of Statistics' times over the least of Attend's. Other work on the machine only adds to either.
//
//	gather=rows   entropy, largest weight, distance, the 8 largest
//	gather=all    the same, with what keys receive, diagonals and a map of 256 × 256 cells
//	output=false  without the output
func BenchmarkStatistics(b *testing.B) {
	for _, keys := range []int{128, 512, 1024, 4096, 16384, 65536} {
		for _, gather := range []string{"rows", "all"} {
			for _, output := range []bool{true, false} {
				queries := min(keys, 4096) // enough that packing the keys is as small a part as in a square
				b.Run(fmt.Sprintf("heads=8/queries=%d/keys=%d/dim=64/gather=%s/output=%v", queries, keys, gather, output), func(b *testing.B) {
					benchmarkStatistics(b, queries, keys, gather == "all", output)
				})
			}
		}
	}
}

func benchmarkStatistics(b *testing.B, queries, keys int, all, output bool) {
	const heads, dim = 8, 64
	q := rapt.Dense(random(queries*heads*dim), 1, queries, heads, dim)
	k, v := rapt.Dense(random(keys*heads*dim), 1, keys, heads, dim), rapt.Dense(random(keys*heads*dim), 1, keys, heads, dim)
	out := rapt.Dense(make([]float32, queries*heads*dim), 1, queries, heads, dim)
	o := &rapt.Options{Threads: 2}
	s := rapt.NewStats(1, heads, queries, keys, 0)
	s.PooledRows = max(1, s.PooledRows*queries/keys) // the first queries of a square problem
	s.PooledMean, s.PooledMax = s.PooledMean[:heads*s.PooledRows*s.PooledCols], s.PooledMax[:heads*s.PooledRows*s.PooledCols]
	if !all {
		s.Received, s.MaxReceived, s.ArgMaxReceived, s.OffsetMass, s.PooledMean, s.PooledMax = nil, nil, nil, nil, nil, nil
	}
	to, values := &out, v
	if !output {
		to, values = nil, rapt.Tensor[float32]{}
	}
	var alone, with []time.Duration
	for b.Loop() {
		start := time.Now()
		if err := rapt.Attend(out, q, k, v, o); err != nil {
			b.Fatal(err)
		}
		between := time.Now()
		if err := rapt.Statistics(s, to, q, k, values, o); err != nil {
			b.Fatal(err)
		}
		alone, with = append(alone, between.Sub(start)), append(with, time.Since(between))
	}
	least, leastAlone := slices.Min(with), slices.Min(alone)
	b.ReportMetric(float64(least)/float64(leastAlone), "x/Attend")
	b.ReportMetric(float64(leastAlone.Microseconds())/1e3, "Attend-ms")
}
