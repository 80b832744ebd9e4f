// Package measure finds out what share of a machine's peak the kernels reach. Machines are shared and change their clock
// within minutes: so the peak is measured between the runs of a case, in rounds.
package measure

import (
	"context"
	"math"
	"runtime"
	"slices"
	"time"
)

// A Result is what a case reaches on so many threads.
type Result struct {
	Name    string
	Threads int
	Seconds float64 // of one call: the best of the rounds' medians
	Rate    float64 // useful operations or bytes a second
	Memory  bool    // Rate is bytes, and Share is that of ReadRate; else operations and Peak
	Share   float64 // of what ReadRate or Peak was in the same round: the median of the rounds; 0.9 is 90 %
}

// Effort says how long a case is measured.
type Effort struct {
	Rounds int
	Round  time.Duration // of one round, or a single call if that is longer
}

// Run measures a case in rounds: the peak, then calls for a while, of which the median counts. A round's share is of its
// own peak, so that a clock that goes slower for a minute slows both. Run ends early with ctx.
func Run(ctx context.Context, c Case, threads int, effort Effort) (Result, error) {
	r := Result{Name: c.Name, Threads: threads, Seconds: math.Inf(1), Memory: c.Bytes > 0}
	runtime.GC() // the inputs of the case before make room for those of this one
	call, err := c.prepare(threads)
	if err != nil {
		return r, err
	}
	if err := call(); err != nil {
		return r, err
	}
	work, peakOf := c.Flops, Peak
	if r.Memory {
		work, peakOf = c.Bytes, ReadRate
	}
	var shares []float64
	for range effort.Rounds {
		peak := peakOf(threads)
		seconds, err := medianCall(ctx, call, effort.Round)
		if err != nil {
			return r, err
		}
		r.Seconds = min(r.Seconds, seconds)
		shares = append(shares, work/seconds/peak)
	}
	r.Rate = work / r.Seconds
	r.Share = middle(shares)
	return r, nil
}

// medianCall is the median of the seconds of calls made for some time. Calls too short for the clock are timed several at
// once.
func medianCall(ctx context.Context, call func() error, round time.Duration) (float64, error) {
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
	return middle(times), nil
}

// middle is the median; it sorts x.
func middle(x []float64) float64 {
	slices.Sort(x)
	return x[len(x)/2]
}
