package kernel

import (
	"cmp"
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

// TestSoftmaxMoments holds the sums, products and moments against float64, and the rest against Softmax, to the bit.
func TestSoftmaxMoments(t *testing.T) {
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
				s[4*stride+j] = -inf // a row without a key
			}
			s[stride+n/2] = -inf
			want := slices.Clone(s)
			top, sum, rescale := []float32{1, 2, 3, 4, -inf}, make([]float32, rows), make([]float32, rows)
			wantTop, wantSum, wantRescale := slices.Clone(top), slices.Clone(sum), slices.Clone(rescale)
			scores, distance := slices.Clone(s), []float32{-3, 0, float32(n / 2), float32(n + 5), 1e6}
			sums, products, moments := make([]float32, rows), make([]float32, rows), make([]float32, rows)
			var known []float32
			if n%2 == 0 {
				known = largestOf(s, stride, rows, n)
			}
			SoftmaxMoments(s, stride, rows, n, c, known, top, sum, rescale, distance, sums, products, moments, make([]float32, n))
			Softmax(want, stride, rows, n, c, wantTop, wantSum, wantRescale)
			for _, pair := range [][2][]float32{{s, want}, {top, wantTop}, {sum, wantSum}, {rescale, wantRescale}} {
				if !slices.Equal(pair[0], pair[1]) {
					t.Fatalf("n=%d: other bits than Softmax", n)
				}
			}
			for r := range rows {
				var sum, product, size, moment float64
				for j := range n {
					x := float64(c) * (float64(scores[r*stride+j]) - float64(top[r]))
					if p := math.Exp(x); p > 0 {
						sum += p
						product += p * x
						size += p * math.Abs(x)
						moment += p * math.Abs(float64(distance[r])-float64(j))
					}
				}
				// exp is off by 2e-7, ln p by the rounding of a score of 100 (6e-8·100·c), sums by 1e-6.
				if math.Abs(float64(sums[r])-sum) > 3e-6*sum || math.Abs(float64(products[r])-product) > 3e-6*(size+sum) ||
					math.Abs(float64(moments[r])-moment) > 3e-6*moment {
					t.Fatalf("n=%d row %d: sum %v, product %v, moment %v, expected %v, %v and %v",
						n, r, sums[r], products[r], moments[r], sum, product, moment)
				}
			}
		}
	})
}

// largestOf is the largest of each row of scores.
func largestOf(s []float32, stride, rows, n int) []float32 {
	tops := make([]float32, rows)
	for r := range tops {
		tops[r] = slices.Max(s[r*stride:][:n])
	}
	return tops
}

// TestLargest holds the lists against sorting, with ties, scores of every sign and −Inf, and next to rows with NaN.
func TestLargest(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(3, 3))
		rising := float32(0)
		for _, n := range append(statLengths(), 0) {
			for _, k := range []int{1, 2, 8, ListLen} {
				for _, draw := range []func() float32{
					func() float32 { return float32(rng.NormFloat64()) },
					func() float32 { return float32(rng.IntN(5) - 2) },
					func() float32 { rising++; return rising },
					func() float32 {
						return []float32{-inf, 0, float32(math.Copysign(0, -1)), 1e-45, -1e-45, inf, nan}[rng.IntN(7)]
					},
					func() float32 { return -inf },
				} {
					checkLargest(t, n, k, draw)
				}
			}
		}
	})
}

func checkLargest(t *testing.T, n, k int, draw func() float32) {
	t.Helper()
	const rows, blocks = 3, 3
	score, key := make([]float32, rows*ListLen), make([]int32, rows*ListLen)
	for i := range key {
		score[i], key[i] = -inf, -1
	}
	all := make([][]float32, rows)
	stride := n + 2
	for block := range blocks {
		s := make([]float32, rows*stride)
		for i := range s {
			s[i] = draw()
		}
		for r := range rows {
			all[r] = append(all[r], s[r*stride:][:n]...)
		}
		Largest(score, key, s, stride, rows, n, k, int32(block*n))
	}
	for r, row := range all {
		if slices.ContainsFunc(row, func(x float32) bool { return x != x }) {
			continue
		}
		var keys []int
		for j, x := range row {
			if x > -inf {
				keys = append(keys, j)
			}
		}
		slices.SortStableFunc(keys, func(a, b int) int { return cmp.Compare(row[b], row[a]) })
		score, key := score[r*ListLen:], key[r*ListLen:]
		for i := range k {
			if i >= len(keys) {
				if key[i] != -1 {
					t.Fatalf("n=%d k=%d: key %d at place %d, expected none", n, k, key[i], i)
				}
			} else if key[i] != int32(keys[i]) || score[i] != row[keys[i]] {
				t.Fatalf("n=%d k=%d: key %d of score %v at place %d, expected %d of %v", n, k, key[i], score[i], i, keys[i], row[keys[i]])
			}
		}
	}
}

// TestStatsLikeGeneric holds every other kernel against its twin: the same bits, but for Diagonals, whose twin may round
// a product before it is added.
func TestStatsLikeGeneric(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(2, 2))
		for _, n := range statLengths() {
			w := uniform(rng, n)
			checkCollect(t, w)
			for _, rows := range []int{1, 2, 5, 12, 16} {
				checkColumns(t, rng, rows, n)
			}
			sum, top, src := uniform(rng, n+1), uniform(rng, n+1), uniform(rng, n)
			wantSum, wantTop := slices.Clone(sum), slices.Clone(top)
			AddMax(sum[:n], top, w, src)
			addMaxGeneric(wantSum[:n], wantTop, w, src)
			if !slices.Equal(sum, wantSum) || !slices.Equal(top, wantTop) {
				t.Fatalf("AddMax of %d numbers differs from its twin", n)
			}
			dst, want := make([]float64, n+1), make([]float64, n+1)
			for j := range n {
				dst[j] = 0.1 * float64(j)
			}
			copy(want, dst)
			AddTo(dst[:n], w)
			addToGeneric(want[:n], w)
			if !slices.Equal(dst, want) {
				t.Fatalf("AddTo of %d numbers differs from its twin", n)
			}
		}
	})
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
	w, factor := uniform(rng, rows*stride), uniform(rng, rows)
	factor[rows-1], w[(rows-1)*stride+n/2] = factor[0], w[n/2] // a tie goes to the first row
	sum, top, wantSum, wantTop := make([]float32, n+1), make([]float32, n+1), make([]float32, n+1), make([]float32, n+1)
	Columns(sum, top, w, stride, rows, n, factor)
	columnsGeneric(wantSum[:n], wantTop[:n], w, stride, rows, n, factor, false)
	if !slices.Equal(sum, wantSum) || !slices.Equal(top, wantTop) {
		t.Fatalf("Columns of %d×%d differs from its twin", rows, n)
	}
	for _, first := range []int{1, rows - 1} { // all rows in two parts
		allSum, allTop := make([]float32, n+1), make([]float32, n+1)
		ColumnsOn(sum, top, allSum, allTop, w, stride, first, n, factor)
		ColumnsOn(sum, top, allSum, allTop, w[first*stride:], stride, rows-first, n, factor[first:])
		if !slices.Equal(allSum, wantSum) || !slices.Equal(allTop, wantTop) {
			t.Fatalf("ColumnsOn of %d×%d and %d differs from Columns of all", first, n, rows-first)
		}
		if first == rows {
			continue
		}
		partSum, partTop := make([]float32, n+1), make([]float32, n+1)
		columnsGeneric(partSum[:n], partTop[:n], w[first*stride:], stride, rows-first, n, factor[first:], false)
		if !slices.Equal(sum, partSum) || !slices.Equal(top, partTop) {
			t.Fatalf("ColumnsOn of %d×%d differs from Columns", rows-first, n)
		}
	}
	copy(top, wantTop)
	highest, row := uniform(rng, n+1), make([]int32, n+1)
	wantHighest, wantRow := slices.Clone(highest), make([]int32, n+1)
	Raise(highest, row, top, w, stride, rows, n, factor, 7)
	raiseGeneric(wantHighest[:n], wantRow[:n], top[:n], w, stride, rows, n, factor, 7)
	if !slices.Equal(highest, wantHighest) || !slices.Equal(row, wantRow) {
		t.Fatalf("Raise of %d×%d differs from its twin", rows, n)
	}
	dst := uniform(rng, n+rows)
	want := slices.Clone(dst)
	Diagonals(dst, w, stride, rows, n, factor)
	diagonalsGeneric(want[:n+rows-1], w, stride, rows, n, factor)
	for u := range want {
		if math.Abs(float64(dst[u]-want[u])) > float64(rows+1)*epsilon*float64(want[u]) {
			t.Fatalf("Diagonals of %d×%d: element %d is %v, expected %v", rows, n, u, dst[u], want[u])
		}
	}
}

func TestBound(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	for _, n := range []int{1, 17, 63, 64, 65, 512} {
		for _, k := range []int{1, 17, 40, 64} {
			s, reach := uniform(rng, n), 0
			bound := Bound(s, k)
			for _, x := range s {
				if x >= bound {
					reach++
				}
			}
			if reach < min(n, k) || n >= 64 && reach > 8*k {
				t.Errorf("%d of %d numbers reach the bound for %d", reach, n, k)
			}
		}
	}
}

func TestPoolPairs(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(4, 4))
		for n := 0; n <= 300; n += 2 {
			sum, top := uniform(rng, n+1), uniform(rng, n+1)
			wantSum, wantTop := slices.Clone(sum), slices.Clone(top)
			poolPairsGeneric(wantSum[:n], wantTop[:n])
			PoolPairs(sum, top, n)
			if !slices.Equal(sum[:n/2], wantSum[:n/2]) || !slices.Equal(top[:n/2], wantTop[:n/2]) || sum[n] != wantSum[n] || top[n] != wantTop[n] {
				t.Fatalf("n=%d: differs from its twin", n)
			}
		}
	})
}

func TestClassSums(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(6, 6))
		for _, n := range statLengths() {
			p, classes := uniform(rng, n), make([]uint8, n)
			sums, want := [8]float32{1, 2, 3, 4, 5, 6, 7, 8}, [8]float64{1, 2, 3, 4, 5, 6, 7, 8}
			for j := range classes {
				classes[j] = uint8(rng.IntN(256))
				for bit := range want {
					want[bit] += float64(classes[j]>>bit&1) * float64(p[j])
				}
			}
			ClassSums(p, classes, &sums)
			for bit, x := range want {
				if !near(sums[bit], x, float64(n)*epsilon*x) {
					t.Fatalf("n=%d: the sum of class %d is %v, expected %v", n, bit, sums[bit], x)
				}
			}
		}
	})
}

// TestStatsRoom lets the kernels work at the edges of memory: none reads or writes beyond its slices.
func TestStatsRoom(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		const rows = 3
		number := numbers(t)
		weight := func() float32 { return number() * number() }
		w, sum, top := newRoom[float32](t, rows*512), newRoom[float32](t, 512+rows), newRoom[float32](t, 512)
		other, row := newRoom[float32](t, 512), newRoom[int32](t, 512)
		factor := []float32{1, 0.5, 2}
		for _, edge := range edges {
			for _, n := range statLengths() {
				around := func(name string) {
					t.Helper()
					w.checkUnchanged(t, "w of "+name)
					sum.checkAround(t, "sum of "+name)
					top.checkAround(t, "top of "+name)
					other.checkAround(t, "the other of "+name)
					row.checkAround(t, "row of "+name)
				}
				weights := w.fill(edge, rows*n, weight)
				sums, tops := sum.slice(edge, n), top.slice(edge, n)
				highest, from := other.fill(edge, n, weight), row.slice(edge, n)
				Columns(sums, tops, weights, n, rows, n, factor)
				ColumnsOn(make([]float32, n), make([]float32, n), sums, tops, weights, n, rows, n, factor)
				ColumnsOn(sums, tops, make([]float32, n), make([]float32, n), weights, n, rows, n, factor)
				Raise(highest, from, tops, weights, n, rows, n, factor, 0)
				AddMax(sums, tops, weights[:n], highest)
				AddTo(make([]float64, n), highest)
				around("Columns")
				Diagonals(sum.fill(edge, n+rows-1, weight), weights, n, rows, n, factor)
				Largest(make([]float32, rows*ListLen), make([]int32, rows*ListLen), weights, n, rows, n, 8, 0)
				around("Diagonals")
				PoolPairs(sum.fill(edge, n/2*2, weight), top.fill(edge, n/2*2, weight), n/2*2)
				around("PoolPairs")
				state := func() []float32 { return make([]float32, rows) }
				SoftmaxMoments(weights, n, rows, n, 1, nil, state(), state(), state(), state(), state(), state(), state(), make([]float32, n))
				w.checkAround(t, "s of SoftmaxMoments")
			}
		}
	})
}
