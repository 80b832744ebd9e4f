package measure

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rapt-go/rapt/internal/kernel"
)

// Peak is how many floating-point operations a second all of so many threads together do when they do nothing but
// multiply and add in the widest vectors that the kernels use: the best of some bursts.
func Peak(threads int) float64 {
	best := 0.0
	for range 5 {
		best = max(best, rate(threads, 4*time.Millisecond, func() int { return kernel.Peak(1) }))
	}
	return best
}

// ReadRate is how many bytes a second all of so many threads together read from memory when they only add them up: the
// best of some bursts. The buffer of 512 MB is larger than most caches; one that holds it makes the rate larger, and shares
// of it smaller.
func ReadRate(threads int) float64 {
	const piece = 32 << 10
	x, best := readBuffer(), 0.0
	for range 3 {
		best = max(best, rate(threads, 20*time.Millisecond, func() int {
			at := int(nextPiece.Add(1)) % (len(x) / piece) * piece
			kernel.Sum(x[at:][:piece])
			return 8 * piece
		}))
	}
	return best
}

// nextPiece goes round the buffer, from one burst to the next, so that a piece is read again only after all others.
var nextPiece atomic.Uint32

// readBuffer is filled, for memory that nobody wrote to need not be there.
var readBuffer = sync.OnceValue(func() []uint64 {
	x := make([]uint64, 64<<20)
	adviseHugePages(x)
	for i := range x {
		x[i] = 1
	}
	return x
})

// rate is the work a second of so many threads together, each of which repeats do for some time. They begin when all are
// there: a core that was idle takes a tenth of a millisecond to wake up, which would make the rate too small.
func rate(threads int, long time.Duration, do func() (work int)) float64 {
	type spell struct {
		work       int
		start, end time.Time
	}
	spells := make([]spell, threads)
	var absent atomic.Int32
	absent.Store(int32(threads))
	run := func(s *spell) {
		for absent.Add(-1); absent.Load() > 0; {
			runtime.Gosched()
		}
		s.start = time.Now()
		for s.end = s.start; s.end.Sub(s.start) < long; s.end = time.Now() {
			s.work += do()
		}
	}
	var wait sync.WaitGroup
	for t := range spells[1:] {
		wait.Go(func() { run(&spells[1+t]) })
	}
	run(&spells[0])
	wait.Wait()

	all := spells[0]
	for _, s := range spells[1:] {
		all.work += s.work
		if s.start.Before(all.start) {
			all.start = s.start
		}
		if s.end.After(all.end) {
			all.end = s.end
		}
	}
	return float64(all.work) / all.end.Sub(all.start).Seconds()
}
