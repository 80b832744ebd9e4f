package kernel

import (
	"math"
	"testing"
)

// Heads of any width and at any distance against float64; nothing else is touched, and a pair has the same bits wherever it
// stands.
func TestRotary(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		next := numbers(t)
		room, cosRoom, sinRoom := newRoom[float32](t, 3*2*260), newRoom[float32](t, 260), newRoom[float32](t, 260)
		for _, half := range lengths() {
			for rows := range 4 {
				for _, edge := range edges {
					dim := 2 * half
					stride := dim + (half+rows)%3
					x := room.fill(edge, matrixSize(rows, dim, stride), next)
					cos, sin := cosRoom.slice(edge, half), sinRoom.slice(edge, half)
					for j := range cos {
						s, c := math.Sincos(3 * float64(next()))
						cos[j], sin[j] = float32(c), float32(s)
					}
					Rotary(x, stride, rows, dim, cos, sin)
					checkRotary(t, x, room.before, stride, dim, cos, sin)
					room.checkAround(t, "x")
					cosRoom.checkAround(t, "cos")
					sinRoom.checkAround(t, "sin")
				}
			}
		}
	})
}

func checkRotary(t *testing.T, x, before []float32, stride, dim int, cos, sin []float32) {
	t.Helper()
	for i := range x {
		r, j := i/max(stride, 1), i%max(stride, 1)
		if j >= dim {
			checkSame(t, x[i:i+1], before[i:i+1])
			continue
		}
		if j >= dim/2 {
			continue
		}
		a, b := before[r*stride+j], before[r*stride+dim/2+j]
		pair := []float32{a, b}
		Rotary(pair, 2, 1, 2, cos[j:], sin[j:])
		checkSame(t, []float32{x[i], x[i+dim/2]}, pair)
		ac, as, bc, bs := float64(a)*float64(cos[j]), float64(a)*float64(sin[j]), float64(b)*float64(cos[j]), float64(b)*float64(sin[j])
		if tolerance := 2 * epsilon * (math.Abs(ac) + math.Abs(bs)); !near(pair[0], ac-bs, tolerance) {
			t.Fatalf("dim=%d: pair %d of row %d has a=%v, expected %v within %v", dim, j, r, pair[0], ac-bs, tolerance)
		}
		if tolerance := 2 * epsilon * (math.Abs(bc) + math.Abs(as)); !near(pair[1], bc+as, tolerance) {
			t.Fatalf("dim=%d: pair %d of row %d has b=%v, expected %v within %v", dim, j, r, pair[1], bc+as, tolerance)
		}
	}
}

// A token alone leaves the lengths as they are and turns a first coordinate of 1 to (cos, sin); a quarter turn swaps.
func TestRotaryByHand(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		x := []float32{1, 3, 0, 4}
		Rotary(x, 4, 1, 4, []float32{0.6, 0}, []float32{0.8, 1})
		checkSame(t, x, []float32{0.6, -4, 0.8, 3})
	})
}

func BenchmarkRotary(b *testing.B) {
	const heads, dim = 12, 64
	x, cos, sin := make([]float32, heads*dim), make([]float32, dim/2), make([]float32, dim/2)
	for i := range cos {
		cos[i], sin[i] = 0.6, 0.8
	}
	bench(b, "do=Rotary", "number", heads*dim, func() { Rotary(x, dim, heads, dim, cos, sin) })
}
