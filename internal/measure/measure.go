// Package measure finds out what share of a machine's peak the kernels reach. Machines are shared and change their clock
// within minutes: so the peak is measured between the runs of a case, in rounds.
package measure

import (
	"context"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/rapt-go/rapt/internal/kernel"
)

// Peak is how many floating-point operations a second all of so many threads together do when they do nothing but
// multiply and add in the widest vectors that the kernels use: the best of some short runs.
func Peak(threads int) float64 {
	best := 0.0
	for range 12 {
		flops := make([]int, threads)
		seconds := together(threads, func(t int) { flops[t] = kernel.Peak(peakCalls()) })
		best = max(best, float64(flops[0]*threads)/seconds)
	}
	return best
}

// peakCalls is how many units of kernel.Peak take about a millisecond.
var peakCalls = sync.OnceValue(func() int {
	start := time.Now()
	kernel.Peak(1)
	return max(1, int(1e-3/time.Since(start).Seconds()))
})

// ReadRate is how many bytes a second all of so many threads together read from memory when they only add them up. The
// buffer of 256 MB is larger than most caches; one that holds it makes the rate larger, and shares of it smaller.
func ReadRate(threads int) float64 {
	const piece = 4 << 10 // a call of the kernel well under a millisecond
	share := len(readBuffer()) / threads
	seconds := together(threads, func(t int) {
		part := readBuffer()[t*share:][:share]
		for at := 0; at+piece <= len(part); at += piece {
			kernel.Finite(part[at:][:piece])
		}
	})
	return float64(share*threads*4) / seconds
}

var readBuffer = sync.OnceValue(func() []float32 {
	x := make([]float32, 64<<20)
	for i := range x {
		x[i] = 1
	}
	return x
})

// together runs f on so many goroutines and returns the seconds until the last one ends.
func together(threads int, f func(thread int)) float64 {
	var wait sync.WaitGroup
	start := time.Now()
	for t := 1; t < threads; t++ {
		wait.Go(func() { f(t) })
	}
	f(0)
	wait.Wait()
	return time.Since(start).Seconds()
}

// A Result is what a case reaches on so many threads.
type Result struct {
	Name    string
	Threads int
	Seconds float64 // of one call: the best of the rounds' medians
	Rate    float64 // useful operations or bytes a second
	Memory  bool    // Rate is bytes, and Share is that of ReadRate; else operations and Peak
	Share   float64 // of the best that ReadRate or Peak was in a round; 0.9 is 90 %
}

// Effort says how long a case is measured.
type Effort struct {
	Rounds int
	Round  time.Duration // of one round, or a single call if that is longer
}

// Run measures a case in rounds: the peak, then calls for a while, of which the median counts. The best median is held
// against the best peak. It ends early with ctx.
func Run(ctx context.Context, c Case, threads int, effort Effort) (Result, error) {
	r := Result{Name: c.Name, Threads: threads, Seconds: math.Inf(1), Memory: c.Bytes > 0}
	call, err := c.prepare(threads)
	if err != nil {
		return r, err
	}
	if err := call(); err != nil {
		return r, err
	}
	work, peakOf, limit := c.Flops, Peak, 0.0
	if r.Memory {
		work, peakOf = c.Bytes, ReadRate
	}
	for range effort.Rounds {
		limit = max(limit, peakOf(threads))
		seconds, err := median(ctx, call, effort.Round)
		if err != nil {
			return r, err
		}
		r.Seconds = min(r.Seconds, seconds)
	}
	r.Rate = work / r.Seconds
	r.Share = r.Rate / limit
	return r, nil
}

// median is that of the seconds of calls made for some time. Calls too short for the clock are timed several at once.
func median(ctx context.Context, call func() error, round time.Duration) (float64, error) {
	start := time.Now()
	if err := call(); err != nil {
		return 0, err
	}
	atOnce := int(math.Ceil(100e-6 / max(time.Since(start).Seconds(), 1e-9)))
	var times []float64
	for begin := time.Now(); len(times) == 0 || time.Since(begin) < round; {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		start := time.Now()
		for range atOnce {
			if err := call(); err != nil {
				return 0, err
			}
		}
		times = append(times, time.Since(start).Seconds()/float64(atOnce))
	}
	slices.Sort(times)
	return times[len(times)/2], nil
}
