package team_test

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rapt-go/rapt/internal/team"
)

// counts is a step that counts how often each piece is done. Its numbers aren't atomic: the race detector sees whether
// steps and pieces are kept apart.
type counts struct {
	pieces  []int
	workers []atomic.Int32
	pause   time.Duration
}

func (c *counts) Do(piece, worker int) {
	c.pieces[piece]++
	c.workers[worker].Add(1)
	if c.pause > 0 {
		time.Sleep(c.pause)
	}
}

func procs(t testing.TB, n int) {
	before := runtime.GOMAXPROCS(n)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
}

func TestRun(t *testing.T) {
	procs(t, 4)
	for range 20 {
		tm := team.Start(0)
		c := &counts{pieces: make([]int, 200), workers: make([]atomic.Int32, tm.Size())}
		for step := range 200 {
			tm.Run(c, step)
			for i := range 200 {
				if want := max(0, step-i); c.pieces[i] != want {
					t.Fatalf("after %d steps piece %d was done %d times, expected %d", step+1, i, c.pieces[i], want)
				}
			}
		}
		tm.Stop()
	}
}

// firsts is a step in which every worker waits, in its first piece, until all are there.
type firsts struct {
	first []int // [worker] the piece that it began with; −1: none yet
	wait  sync.WaitGroup
}

func (f *firsts) Do(piece, worker int) {
	if f.first[worker] < 0 {
		f.first[worker] = piece
		f.wait.Done()
		f.wait.Wait()
	}
}

// A worker begins with the pieces that it had in the step before, as its cache has what it wrote there: nearly always, for one
// that still looks for pieces of that step may come upon another's.
func TestStretches(t *testing.T) {
	procs(t, 3)
	tm := team.Start(3)
	defer tm.Stop()
	const steps = 100
	own := 0
	for range steps {
		f := &firsts{first: []int{-1, -1, -1}}
		f.wait.Add(3)
		tm.Run(f, 30)
		for w, piece := range f.first {
			if piece/10 == w {
				own++
			}
		}
	}
	if own < 2*steps {
		t.Errorf("in %d steps 3 workers begin with a piece of their own %d times, expected %d or nearly", steps, own, 3*steps)
	}
}

// Helpers that have gone to sleep between two steps are woken for the next one.
func TestSleep(t *testing.T) {
	procs(t, 3)
	tm := team.Start(3)
	defer tm.Stop()
	c := &counts{pieces: make([]int, 3), workers: make([]atomic.Int32, 3), pause: 20 * time.Millisecond}
	for range 5 {
		tm.Run(c, 3)
		time.Sleep(20 * time.Millisecond)
	}
	for i, n := range c.pieces {
		if n != 5 {
			t.Errorf("piece %d was done %d times", i, n)
		}
	}
	for w := range c.workers {
		if c.workers[w].Load() == 0 {
			t.Errorf("worker %d has done nothing", w)
		}
	}
}

// The helpers of a team that stops are there for the next one of that size, and end if none comes.
func TestRest(t *testing.T) {
	procs(t, 4)
	before := runtime.NumGoroutine()
	c := &counts{pieces: make([]int, 100), workers: make([]atomic.Int32, 4)}
	again := 0
	var last *team.Team
	for i := range 300 {
		size := 4
		if i%10 == 0 {
			size = 3
		}
		tm := team.Start(size)
		if tm.Size() != size {
			t.Fatalf("a team of %d has size %d", size, tm.Size())
		}
		if tm == last {
			again++
		}
		tm.Run(c, len(c.pieces))
		tm.Stop()
		last = tm
	}
	for i, n := range c.pieces {
		if n != 300 {
			t.Fatalf("piece %d was done %d times, expected 300", i, n)
		}
	}
	if again == 0 {
		t.Error("of 300 teams none is the one before, expected most of 240")
	}
	for end := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
	}
}

// Teams together don't take more threads than there are, but each has its caller.
func TestSize(t *testing.T) {
	procs(t, 4)
	a := team.Start(3)
	b := team.Start(0)
	c := team.Start(0)
	if a.Size() != 3 || b.Size() != 1 || c.Size() != 1 {
		t.Errorf("the teams are of %d, %d and %d, expected 3, 1 and 1", a.Size(), b.Size(), c.Size())
	}
	a.Stop()
	b.Stop()
	c.Stop()
	d := team.Start(0)
	defer d.Stop()
	if d.Size() != 4 {
		t.Errorf("alone a team is of %d, expected 4", d.Size())
	}
}

func TestConcurrentTeams(t *testing.T) {
	procs(t, 4)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				tm := team.Start(0)
				c := &counts{pieces: make([]int, 20), workers: make([]atomic.Int32, tm.Size())}
				for range 20 {
					tm.Run(c, 20)
				}
				tm.Stop()
				for i, n := range c.pieces {
					if n != 20 {
						t.Errorf("piece %d was done %d times", i, n)
					}
				}
			}
		})
	}
	wg.Wait()
}

func TestAllocations(t *testing.T) {
	procs(t, 2)
	c := &counts{pieces: make([]int, 20), workers: make([]atomic.Int32, 2)}
	n := testing.AllocsPerRun(100, func() {
		tm := team.Start(0)
		for range 5 {
			tm.Run(c, 20)
		}
		tm.Stop()
	})
	if n > 0 {
		t.Errorf("a team allocates %v times", n)
	}
}

type nothing struct{}

func (nothing) Do(int, int) {}

func BenchmarkRun(b *testing.B) {
	tm := team.Start(0)
	defer tm.Stop()
	for b.Loop() {
		tm.Run(nothing{}, tm.Size())
	}
}

func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		team.Start(0).Stop()
	}
}
