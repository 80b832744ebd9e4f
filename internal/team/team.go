// Package team runs the steps of one computation, one after another, on the same few goroutines. A forward pass has
// dozens of steps of ten to a hundred microseconds each: starting goroutines for every one, and waiting until they have
// ended, costs a fifth of its time on two threads. A Team starts them once; between two steps they wait awake. So they do for
// a while when it stops, since another computation often follows, and a thread that sleeps takes 100 µs to wake.
//
//	t := team.Start(0)
//	defer t.Stop()
//	t.Run(step, pieces)
package team

import (
	"math"
	"runtime"
	"sync"
	"sync/atomic"
)

// A Step is work in pieces that don't depend on each other.
type Step interface {
	// Do does one piece. worker, from 0 to Size−1, is the goroutine that does it, for memory that it needs meanwhile.
	Do(piece, worker int)
}

// A Team is the goroutine that called Start and its helpers. Only that goroutine may use it.
type Team struct {
	size int    // not changed while it has helpers
	help func() // t.helper, bound once: starting a goroutine with it allocates nothing

	step      Step          // the one at hand; written before its stretches
	stretches []stretch     // [size], or more
	count     uint64        // of steps
	number    atomic.Uint64 // of the step, which is count, written after its stretches; or rest or stop
	done      atomic.Int64  // pieces of the step that are done

	ids    atomic.Int32 // of the helpers
	asleep atomic.Int32 // helpers that wait for wake
	wake   chan struct{}
	left   atomic.Int32 // helpers that have not ended
}

// A stretch is the pieces of a step that lie together and that one worker does first: whatever it wrote of these rows in the
// step before is in the cache of its own core. A worker that has done its own helps with those of others.
//
// It is where the stretch ends and which piece is next, or more, in one word: so a helper that comes late takes a piece of
// the step at hand or none, and once it has one, that step can't end before the piece is done. The words lie apart, for
// two cores can't write to one cache line at the same time, nor to its neighbour.
type stretch struct {
	word atomic.Uint64
	_    [120]byte
}

const (
	most = 1<<31 - 1 // pieces in a step; helpers may count beyond
	rest = stop - 1  // there is no step, and may be one soon
	stop = math.MaxUint64
)

// set makes the stretch the pieces from, …, to−1.
func (s *stretch) set(from, to int) { s.word.Store(uint64(to)<<32 | uint64(from)) }

// next takes a piece, if there is one left.
func (s *stretch) next() (piece int, ok bool) {
	if word := s.word.Load(); uint32(word) >= uint32(word>>32) {
		return 0, false
	}
	word := s.word.Add(1) - 1
	return int(uint32(word)), uint32(word) < uint32(word>>32)
}

// Alone is a team of one, which any number of goroutines may use at once: it does the pieces one after another.
var Alone = &Team{size: 1}

var teams = sync.Pool{New: func() any { return new(Team) }}

// busy is the number of goroutines in all teams. Together they are not to be more than the threads that Go has, as long
// as there is a choice: a program that computes on many goroutines already doesn't need more.
var busy atomic.Int32

// resting is the team that stopped last, for the next Start. Whoever takes it from here owns it: its helpers do when they
// have waited long enough.
var resting atomic.Pointer[Team]

// Start makes a team of up to so many threads; 0 is GOMAXPROCS. It is smaller where other teams are at work.
func Start(threads int) *Team {
	all := runtime.GOMAXPROCS(0)
	if threads <= 0 {
		threads = all
	}
	others := int(busy.Add(1)) - 1
	size := max(1, min(threads, all-others))
	busy.Add(int32(size - 1))
	if size > 1 {
		if t := resting.Swap(nil); t != nil {
			if t.size == size {
				t.number.Store(t.count)
				return t
			}
			t.number.Store(stop)
		}
	}
	t := teams.Get().(*Team)
	t.size = size
	if size > 1 {
		t.startHelpers(size - 1)
	}
	return t
}

func (t *Team) startHelpers(n int) {
	if t.help == nil {
		t.help = t.helper
	}
	if cap(t.wake) < n {
		t.wake = make(chan struct{}, n)
	}
	for len(t.stretches) < t.size {
		t.stretches = append(t.stretches, stretch{})
	}
	t.count = 0
	t.number.Store(0)
	t.ids.Store(0)
	t.left.Store(int32(n))
	for range n {
		go t.help()
	}
}

// Stop gives the team back.
func (t *Team) Stop() {
	busy.Add(int32(-t.size))
	t.step = nil
	if t.size == 1 {
		teams.Put(t)
		return
	}
	t.number.Store(rest)
	t.rouse()
	if before := resting.Swap(t); before != nil {
		before.number.Store(stop)
	}
}

// Size is the number of workers, with the caller.
func (t *Team) Size() int { return t.size }

// Run does all pieces of a step and returns when they are done.
func (t *Team) Run(s Step, pieces int) {
	if pieces > most {
		panic("team: too many pieces")
	}
	if t.size == 1 || pieces <= 1 {
		for i := range pieces {
			s.Do(i, 0)
		}
		return
	}
	t.step = s
	t.done.Store(0)
	for w := range t.size {
		t.stretches[w].set(w*pieces/t.size, (w+1)*pieces/t.size)
	}
	t.count++
	t.number.Store(t.count)
	t.rouse()
	t.take(0)
	for spins := 0; t.done.Load() < int64(pieces); spins++ {
		pause(spins)
	}
}

// take does pieces until there is none left, the worker's own first.
func (t *Team) take(worker int) {
	for i := range t.size {
		s := &t.stretches[(worker+i)%t.size]
		for piece, ok := s.next(); ok; piece, ok = s.next() {
			t.step.Do(piece, worker)
			t.done.Add(1)
		}
	}
}

// helper takes pieces of every step until the team stops.
func (t *Team) helper() {
	worker := int(t.ids.Add(1))
	seen := uint64(0)
	for spins := 0; ; spins++ {
		switch number := t.number.Load(); {
		case number == stop:
			if t.left.Add(-1) == 0 {
				teams.Put(t)
			}
			return
		case number != seen:
			seen, spins = number, 0
			if number != rest {
				t.take(worker)
			}
		case spins < patience:
			pause(spins)
		case number != rest:
			t.sleep(seen)
			spins = 0
		case resting.CompareAndSwap(t, nil):
			t.number.Store(stop)
		default: // somebody has the team, and is about to say what comes
			pause(spins)
		}
	}
}

const (
	// patience is the number of looks at the number before a helper goes to sleep or the team ends: some 50 µs, longer than
	// most steps take from end to begin, and most texts to be cut into tokens.
	patience = 1 << 14

	// breath is the number of looks after which others may have the thread.
	breath = 1 << 8
)

// pause is what to do between two looks.
func pause(spins int) {
	if spins%breath == breath-1 {
		runtime.Gosched()
	}
}

// sleep waits until there is another step than the one of that number.
func (t *Team) sleep(number uint64) {
	t.asleep.Add(1)
	if t.number.Load() == number {
		<-t.wake
		return
	}
	// There is a new step. If its Run has seen this helper asleep, a wake-up is on its way to it.
	for n := t.asleep.Load(); n > 0; n = t.asleep.Load() {
		if t.asleep.CompareAndSwap(n, n-1) {
			return
		}
	}
	<-t.wake
}

// rouse wakes those that sleep. Whoever falls asleep after it has looked at the number once more.
func (t *Team) rouse() {
	for range t.asleep.Swap(0) {
		t.wake <- struct{}{}
	}
}
