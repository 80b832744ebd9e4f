package kernel

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"
)

type element interface{ float32 | bool | int32 }

// A room is memory between two pages that can't be touched. It gives slices that begin right behind the first or end
// right before the second, with sentinels on the other side: whatever a kernel writes beyond them, and whatever it reads
// beyond the guarded end, is found.
type room[T element] struct {
	all      []T
	from, to int // of the slice that was given last
	before   []T // what it held, to see whether it was changed
}

// sentinels is the number of elements around a slice that are watched; no kernel writes more at a time.
const sentinels = 128

func newRoom[T element](t *testing.T, most int) *room[T] {
	var x T
	size := int(unsafe.Sizeof(x))
	memory := guarded(t, (most+sentinels)*size)
	return &room[T]{all: unsafe.Slice((*T)(unsafe.Pointer(&memory[0])), len(memory)/size)}
}

// edges are the places of a slice in its room.
var edges = []string{"front", "back"}

// slice is n elements at an edge. It holds sentinels too.
func (r *room[T]) slice(edge string, n int) []T {
	r.from = 0
	if edge == "back" {
		r.from = len(r.all) - n
	}
	r.to = r.from + n
	for i := max(0, r.from-sentinels); i < min(r.to+sentinels, len(r.all)); i++ {
		r.all[i] = sentinel[T]()
	}
	return r.all[r.from:r.to:r.to]
}

// fill is n elements that f gives.
func (r *room[T]) fill(edge string, n int, f func() T) []T {
	x := r.slice(edge, n)
	for i := range x {
		x[i] = f()
	}
	r.before = append(r.before[:0], x...)
	return x
}

// checkAround fails the test if something beside the slice was written.
func (r *room[T]) checkAround(t *testing.T, name string) {
	t.Helper()
	for i := max(0, r.from-sentinels); i < min(r.to+sentinels, len(r.all)); i++ {
		if (i < r.from || i >= r.to) && !same(r.all[i], sentinel[T]()) {
			t.Fatalf("%s[%d] was written, of %d", name, i-r.from, r.to-r.from)
		}
	}
}

// checkUnchanged fails the test if the slice isn't what fill made it.
func (r *room[T]) checkUnchanged(t *testing.T, name string) {
	t.Helper()
	r.checkAround(t, name)
	for i, x := range r.before {
		if have := r.all[r.from+i]; !same(have, x) {
			t.Fatalf("%s[%d] was changed from %v to %v", name, i, x, have)
		}
	}
}

// sentinel is a NaN that no operation makes, or 0, or false.
func sentinel[T element]() (x T) {
	if p, ok := any(&x).(*float32); ok {
		*p = math.Float32frombits(0x7fedcba9)
	}
	return x
}

// same compares bits.
func same[T element](a, b T) bool {
	if x, ok := any(a).(float32); ok {
		return math.Float32bits(x) == math.Float32bits(any(b).(float32))
	}
	return a == b
}

var (
	nan = float32(math.NaN())
	inf = float32(math.Inf(1))
)

// checkSame fails the test if two slices differ by a bit; all NaN are alike.
func checkSame(t *testing.T, have, want []float32) {
	t.Helper()
	for i := range want {
		if !same(have[i], want[i]) && (have[i] == have[i] || want[i] == want[i]) {
			t.Fatalf("element %d is %v, expected %v to the bit", i, have[i], want[i])
		}
	}
}

// near reports whether x is as far from want as tolerance at most; NaN is near NaN, and Inf near the same Inf.
func near(x float32, want, tolerance float64) bool {
	return float32(want) == x || math.IsNaN(want) && x != x || math.Abs(float64(x)-want) <= tolerance
}

// numbers gives normally distributed numbers, the same ones in each run of a test.
func numbers(t *testing.T) func() float32 {
	seed := fnv.New64a()
	seed.Write([]byte(t.Name()))
	rng := rand.New(rand.NewPCG(seed.Sum64(), 1))
	return func() float32 { return float32(rng.NormFloat64()) }
}

const (
	// epsilon is the relative error of one rounding.
	epsilon = 1.0 / (1 << 24)

	// least is the smallest weight that isn't 0.
	least = 0x1p-100
)

// lengths are all small ones and those around the steps of the longest loops.
func lengths() []int {
	var all []int
	for n := range 100 {
		all = append(all, n)
	}
	return append(all, 127, 128, 129, 255, 256, 257)
}
