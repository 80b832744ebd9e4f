package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// statLengths are around every cutoff of the vector kernels.
func statLengths() []int {
	lengths := []int{127, 128, 129, 255, 256, 257, 511, 512}
	for n := 1; n <= 70; n++ {
		lengths = append(lengths, n)
	}
	return lengths
}

func uniform(rng *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = rng.Float32()
	}
	return x
}

// TestSoftmaxProducts holds the sums and products against float64, and the rest against Softmax, to the bit.
func TestSoftmaxProducts(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 1))
		for _, n := range statLengths() {
			const rows, c = 5, 0.3
			stride := n + 3
			s := uniform(rng, rows*stride)
			for i := range s {
				s[i] = 200 * (s[i] - 0.5)
			}
			for j := range n {
				s[4*stride+j] = float32(math.Inf(-1)) // a row without a key
			}
			s[stride+n/2] = float32(math.Inf(-1))
			want := slices.Clone(s)
			top, sum, rescale := []float32{1, 2, 3, 4, float32(math.Inf(-1))}, make([]float32, rows), make([]float32, rows)
			wantTop, wantSum, wantRescale := slices.Clone(top), slices.Clone(sum), slices.Clone(rescale)
			scores := slices.Clone(s)
			sums, products := make([]float32, rows), make([]float32, rows)
			SoftmaxProducts(s, stride, rows, n, c, top, sum, rescale, sums, products, make([]float32, n))
			Softmax(want, stride, rows, n, c, wantTop, wantSum, wantRescale)
			for _, pair := range [][2][]float32{{s, want}, {top, wantTop}, {sum, wantSum}, {rescale, wantRescale}} {
				if !slices.Equal(pair[0], pair[1]) {
					t.Fatalf("n=%d: other bits than Softmax", n)
				}
			}
			for r := range rows {
				var sum, product, size float64
				for j := range n {
					x := float64(c) * (float64(scores[r*stride+j]) - float64(top[r]))
					if p := math.Exp(x); p > 0 {
						sum += p
						product += p * x
						size += p * math.Abs(x)
					}
				}
				// exp is off by 2e-7, ln p by the rounding of a score of 100 (6e-8·100·c), sums by 1e-6.
				if math.Abs(float64(sums[r])-sum) > 3e-6*sum || math.Abs(float64(products[r])-product) > 3e-6*(size+sum) {
					t.Fatalf("n=%d row %d: sum %v and product %v, expected %v and %v", n, r, sums[r], products[r], sum, product)
				}
			}
		}
	})
}

// TestStatsLikeGeneric holds every other kernel against its twin: the same bits, but for the sum of Normalize, of which
// the order is free.
func TestStatsLikeGeneric(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(2, 2))
		for _, n := range statLengths() {
			w := uniform(rng, n)
			for _, distance := range []int{-3, 0, n / 2, n + 5} {
				checkNormalize(t, w, distance)
			}
			checkCollect(t, w)
			for _, rows := range []int{1, 2, 12} {
				checkColumns(t, rng, rows, n)
			}
			sum, top := uniform(rng, n+1), uniform(rng, n+1)
			wantSum, wantTop := slices.Clone(sum), slices.Clone(top)
			AddMax(sum, top, w)
			addMaxGeneric(wantSum, wantTop, w)
			if !slices.Equal(sum, wantSum) || !slices.Equal(top, wantTop) {
				t.Fatalf("AddMax of %d numbers differs from its twin", n)
			}
		}
	})
}

func checkNormalize(t *testing.T, w []float32, distance int) {
	t.Helper()
	got, want := append(slices.Clone(w), 9), append(slices.Clone(w), 9)
	var lanes, wantLanes [Lanes]float32
	sum := Normalize(got[:len(w)], 0.25, distance, &lanes)
	wantSum := normalizeGeneric(want[:len(w)], 0.25, distance, &wantLanes)
	if !slices.Equal(got, want) || slices.Max(lanes[:]) != slices.Max(wantLanes[:]) {
		t.Fatalf("Normalize of %d numbers differs from its twin", len(w))
	}
	if math.Abs(float64(sum-wantSum)) > 1e-5*float64(wantSum)+1e-6 {
		t.Fatalf("Normalize of %d numbers at %d: the sum is %v, expected %v", len(w), distance, sum, wantSum)
	}
}

func checkCollect(t *testing.T, w []float32) {
	t.Helper()
	for _, threshold := range []float32{0, 0.5, 0.9, 2} {
		index, value := make([]int32, len(w)+16), make([]float32, len(w)+16)
		wantIndex, wantValue := make([]int32, len(w)+16), make([]float32, len(w)+16)
		n := Collect(w, threshold, 1000, index, value)
		want := collectGeneric(w, threshold, 1000, wantIndex, wantValue)
		if n != want || !slices.Equal(index[:n], wantIndex[:n]) || !slices.Equal(value[:n], wantValue[:n]) {
			t.Fatalf("Collect of %d numbers from %v on gives %d, expected %d", len(w), threshold, n, want)
		}
	}
}

func checkColumns(t *testing.T, rng *rand.Rand, rows, n int) {
	t.Helper()
	stride := n + 5
	w := uniform(rng, rows*stride)
	w[(rows-1)*stride+n/2] = w[n/2] // a tie goes to the first row
	dst, want := make([]float64, n+1), make([]float64, n+1)
	for j := range dst {
		dst[j], want[j] = float64(j), float64(j)
	}
	AddColumns(dst, w, stride, rows, n)
	addColumnsGeneric(want[:n], w, stride, rows, n)
	if !slices.Equal(dst, want) {
		t.Fatalf("AddColumns of %d×%d differs from its twin", rows, n)
	}
	top, row := make([]float32, n+1), make([]int32, n+1)
	wantTop, wantRow := make([]float32, n+1), make([]int32, n+1)
	MaxColumns(top, row, w, stride, rows, n, 7)
	maxColumnsGeneric(wantTop[:n], wantRow[:n], w, stride, rows, n, 7)
	if !slices.Equal(top, wantTop) || !slices.Equal(row, wantRow) {
		t.Fatalf("MaxColumns of %d×%d differs from its twin", rows, n)
	}
}

func TestBound(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(3, 3))
		for range 200 {
			var lanes [Lanes]float32
			copy(lanes[:], uniform(rng, Lanes))
			if rng.IntN(4) == 0 {
				clear(lanes[rng.IntN(Lanes):])
			}
			for _, k := range []int{1, 2, 8, 15, 16, 17, 64} {
				got, want := lanes, lanes
				if k <= 16 {
					bound16Generic(&want, k)
					want[0] = want[16-k]
				} else {
					slices.Sort(want[:])
					want[0] = want[Lanes-k]
				}
				if bound := Bound(&got, k); bound != want[0] {
					t.Fatalf("k=%d: the bound is %v, expected %v", k, bound, want[0])
				}
			}
		}
	})
}

func TestPoolFours(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(4, 4))
		for n := 0; n <= 100; n += 4 {
			a, b := uniform(rng, n), uniform(rng, n)
			sum, top := make([]float32, n/4), make([]float32, n/4)
			wantSum, wantTop := make([]float32, n/4), make([]float32, n/4)
			poolFoursGeneric(wantSum, wantTop, a, b, n)
			PoolFours(sum, top, a, b, n)
			PoolFours(a, b, a, b, n)
			if !slices.Equal(sum, wantSum) || !slices.Equal(top, wantTop) || !slices.Equal(a[:n/4], wantSum) || !slices.Equal(b[:n/4], wantTop) {
				t.Fatalf("n=%d: differs from its twin", n)
			}
		}
	})
}
