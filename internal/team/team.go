// Package team runs the steps of one computation, one after another, on the same few goroutines. A forward pass has
// dozens of steps of ten to a hundred microseconds each: starting goroutines for every one, and waiting until they have
// ended, costs a fifth of its time on two threads. A Team starts them once; between two steps they wait awake.
//
//	t := team.Start(0)
//	defer t.Stop()
//	t.Run(step, pieces)
package team

import (
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
	size int
	help func() // t.helper, bound once: starting a goroutine with it allocates nothing

	step  Step          // of the state at hand; written before it
	state atomic.Uint64 // what there is to do: see pack
	done  atomic.Int64  // pieces of the step that are done

	ids    atomic.Int32 // of the helpers
	asleep atomic.Int32 // helpers that wait for wake
	wake   chan struct{}
	ended  sync.WaitGroup
}

// A state has the number of the step, how many pieces it has, and how many were taken, or more. All in one word, so that a
// helper that comes late can't take a piece of a step that it knows nothing about: once it has taken one, that step can't
// end before the piece is done.
const (
	countBits = 20
	countMask = 1<<countBits - 1
	most      = countMask / 2 // pieces in a step; helpers may count beyond

	stop = 1 << 63
)

func pack(number, pieces int) uint64 {
	return uint64(number)<<(2*countBits)&^stop | uint64(pieces)<<countBits
}

func unpack(state uint64) (pieces, taken int) {
	return int(state >> countBits & countMask), int(state & countMask)
}

// Alone is a team of one, which any number of goroutines may use at once: it does the pieces one after another.
var Alone = &Team{size: 1}

var teams = sync.Pool{New: func() any {
	t := new(Team)
	t.help = t.helper
	return t
}}

// busy is the number of goroutines in all teams. Together they are not to be more than the threads that Go has, as long
// as there is a choice: a program that computes on many goroutines already doesn't need more.
var busy atomic.Int32

// Start makes a team of up to so many threads; 0 is GOMAXPROCS. It is smaller where other teams are at work.
func Start(threads int) *Team {
	all := runtime.GOMAXPROCS(0)
	if threads <= 0 {
		threads = all
	}
	others := int(busy.Add(1)) - 1
	t := teams.Get().(*Team)
	t.size = max(1, min(threads, all-others))
	helpers := t.size - 1
	if helpers == 0 {
		return t
	}
	busy.Add(int32(helpers))
	if cap(t.wake) < helpers {
		t.wake = make(chan struct{}, helpers)
	}
	t.state.Store(0)
	t.ids.Store(0)
	t.ended.Add(helpers)
	for range helpers {
		go t.help()
	}
	return t
}

// Stop ends the helpers and gives the team back.
func (t *Team) Stop() {
	if t.size > 1 {
		t.state.Store(stop)
		t.rouse()
		t.ended.Wait()
	}
	busy.Add(int32(-t.size))
	t.step = nil
	teams.Put(t)
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
	t.state.Store(pack(int(t.state.Load()>>(2*countBits))+1, pieces))
	t.rouse()
	t.take(0)
	for spins := 0; t.done.Load() < int64(pieces); spins++ {
		pause(spins)
	}
}

// take does pieces until there is none left.
func (t *Team) take(worker int) {
	for {
		if pieces, taken := unpack(t.state.Load()); taken >= pieces {
			return
		}
		state := t.state.Add(1) - 1
		pieces, piece := unpack(state)
		if piece >= pieces || state >= stop {
			return
		}
		t.step.Do(piece, worker)
		t.done.Add(1)
	}
}

// helper takes pieces of every step until the team stops.
func (t *Team) helper() {
	defer t.ended.Done()
	worker := int(t.ids.Add(1))
	for spins := 0; ; spins++ {
		state := t.state.Load()
		if state >= stop {
			return
		}
		if pieces, taken := unpack(state); taken < pieces {
			t.take(worker)
			spins = 0
			continue
		}
		if spins < patience {
			pause(spins)
			continue
		}
		t.sleep(state)
		spins = 0
	}
}

const (
	// patience is the number of looks at the state before a helper goes to sleep: some 50 µs, longer than most steps take
	// from end to begin.
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

// sleep waits until the state isn't what it was.
func (t *Team) sleep(state uint64) {
	t.asleep.Add(1)
	if t.state.Load()>>(2*countBits) == state>>(2*countBits) {
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

// rouse wakes those that sleep. Whoever falls asleep after it has looked at the state once more.
func (t *Team) rouse() {
	for range t.asleep.Swap(0) {
		t.wake <- struct{}{}
	}
}
