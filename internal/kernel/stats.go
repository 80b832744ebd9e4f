package kernel

import (
	"math"
	"math/bits"
	"slices"
)

// The functions below gather statistics of scores and weights that lie in rows.

// SoftmaxMoments is Softmax, and gives for each row, of the n ≤ 512 scores of this call alone, with
// p_j = exp(c·(s[r][j] − top)),
//
//	sums[r] = Σ_j p_j      products[r] = Σ_j p_j·ln p_j      moments[r] = Σ_j p_j·|distance[r] − j|
//
// distance holds whole numbers. room is for n numbers. tops may be nil; else the caller knows the largest score of each row,
// of this call and of those before.
func SoftmaxMoments(s []float32, stride, rows, n int, c float32, tops, rowMax, rowSum, rescale, distance, sums, products, moments, room []float32) {
	if n == 0 {
		clear(sums[:rows])
		clear(products[:rows])
		clear(moments[:rows])
		Softmax(s, stride, rows, n, c, rowMax, rowSum, rescale)
		return
	}
	softmaxMoments(s, stride, rows, n, c, tops, rowMax, rowSum, rescale, distance, sums, products, moments, room)
}

func softmaxMomentsGeneric(s []float32, stride, rows, n int, c float32, rowMax, rowSum, rescale, distance, sums, products, moments, room []float32) {
	scores := room[:n]
	for r := range rows {
		row := s[r*stride:][:n]
		copy(scores, row)
		Softmax(row, n, 1, n, c, rowMax[r:], rowSum[r:], rescale[r:])
		sums[r], products[r], moments[r] = momentsOf(row, scores, finiteTop(rowMax[r]), c, distance[r])
	}
}

// momentsGeneric adds up in float64: one float32 would lose more than 1e-6 of a row of 512, which the sixteen and more sums of
// the vector kernels don't.
func momentsGeneric(p, scores []float32, top, c, distance float32) (sum, product, moment float32) {
	var a, b, m float64
	for j, x := range p {
		w := float64(x)
		a += w
		// p is 0 where the exponent is less than this, and 0·−Inf would be NaN.
		b += w * float64(max((scores[j]-top)*c, -100))
		m += w * math.Abs(float64(distance)-float64(j))
	}
	return float32(a), float32(b), float32(m)
}

// ListLen is the length of the lists of Largest.
const ListLen = 16

// Largest takes the scores of each of the rows of s, n of them, into the row's list: score[r·ListLen:] and key[r·ListLen:]
// are the largest scores so far and their keys, the largest first, and of equal ones the one of the lower key; where there
// are fewer, −Inf and −1. The new keys are first, first+1, …, and greater than those in the list. The first k ≤ ListLen of
// a list are right; those behind may miss scores. A row that holds a NaN may get any list.
func Largest(score []float32, key []int32, s []float32, stride, rows, n, k int, first int32) {
	if rows > 0 && n > 0 {
		largest(score, key, s, stride, rows, n, k, first)
	}
}

func largestGeneric(score []float32, key []int32, s []float32, stride, rows, n, k int, first int32) {
	for r := range rows {
		score, key := (*[ListLen]float32)(score[r*ListLen:]), (*[ListLen]int32)(key[r*ListLen:])
		for j, x := range s[r*stride:][:n] {
			if !(x > score[k-1]) {
				continue
			}
			at := k - 1
			for ; at > 0 && score[at-1] < x; at-- {
				score[at], key[at] = score[at-1], key[at-1]
			}
			score[at], key[at] = x, first+int32(j)
		}
	}
}

// Collect gives the places and values of the s[j] that are at least threshold, in order of j: index first+j. It returns how
// many there are. index and value have room for as many as s has, and 16 more.
func Collect(s []float32, threshold float32, first int32, index []int32, value []float32) (n int) {
	return collect(s, threshold, first, index, value)
}

func collectGeneric(s []float32, threshold float32, first int32, index []int32, value []float32) (n int) {
	for j, x := range s {
		if x >= threshold {
			index[n], value[n] = first+int32(j), x
			n++
		}
	}
	return n
}

// Bound is a number that at least k ≤ 64 of the scores reach, and few more: the k-th largest of the maxima of 64 parts.
func Bound(s []float32, k int) float32 {
	var parts [64]float32
	Fill(parts[:], float32(math.Inf(-1)))
	for len(s) > 0 {
		n := min(len(s), len(parts))
		for j, x := range s[:n] {
			if x > parts[j] {
				parts[j] = x
			}
		}
		s = s[n:]
	}
	slices.Sort(parts[:])
	return parts[len(parts)-k]
}

// Columns computes, over rows of n weights, stride apart, in order of r,
//
//	sum[j] = Σ_r factor[r]·w[r][j]      top[j] = max_r factor[r]·w[r][j], 0 or more
func Columns(sum, top, w []float32, stride, rows, n int, factor []float32) {
	if rows > 0 && n > 0 {
		columns(sum[:n], top[:n], w, stride, rows, n, factor, false)
	}
}

// columnsGeneric clears sum and top first, unless it goes on with what is there.
func columnsGeneric(sum, top, w []float32, stride, rows, n int, factor []float32, on bool) {
	if !on {
		clear(sum)
		clear(top)
	}
	for r := range rows {
		f := factor[r]
		for j, x := range w[r*stride:][:n] {
			x = float32(f * x)
			sum[j] += x
			if x > top[j] {
				top[j] = x
			}
		}
	}
}

// ColumnsOn is Columns, and goes on with the sums and maxima of rows before these: afterwards allSum and allTop are what
// Columns makes of all of them together, to the bit.
func ColumnsOn(sum, top, allSum, allTop, w []float32, stride, rows, n int, factor []float32) {
	if rows > 0 && n > 0 {
		columnsOn(sum[:n], top[:n], allSum[:n], allTop[:n], w, stride, rows, n, factor)
	}
}

// Raise keeps the largest of all rows of a column, and its row. top is what Columns made of the rows at hand: where it is
// more than highest, it is the new highest, and row is first + the first r that has it.
func Raise(highest []float32, row []int32, top, w []float32, stride, rows, n int, factor []float32, first int32) {
	if rows > 0 && n > 0 {
		raise(highest[:n], row[:n], top[:n], w, stride, rows, n, factor, first)
	}
}

func raiseGeneric(highest []float32, row []int32, top, w []float32, stride, rows, n int, factor []float32, first int32) {
	for j, x := range top {
		if x > highest[j] {
			r := 0
			for r < rows-1 && float32(factor[r]*w[r*stride+j]) != x {
				r++
			}
			highest[j], row[j] = x, first+int32(r)
		}
	}
}

// Diagonals adds rows of n weights, stride apart, to the sums of their diagonals:
//
//	dst[j + rows−1 − r] += factor[r]·w[r][j]      rows ≤ 16
func Diagonals(dst, w []float32, stride, rows, n int, factor []float32) {
	if rows > 0 && n > 0 {
		diagonals(dst[:n+rows-1], w, stride, rows, n, factor)
	}
}

func diagonalsGeneric(dst, w []float32, stride, rows, n int, factor []float32) {
	for r := range rows {
		diagonal := dst[rows-1-r:]
		for j, x := range w[r*stride:][:n] {
			diagonal[j] += factor[r] * x
		}
	}
}

// AddTo computes dst[j] += src[j] in float64.
func AddTo(dst []float64, src []float32) {
	if len(dst) > 0 {
		addTo(dst, src[:len(dst)])
	}
}

func addToGeneric(dst []float64, src []float32) {
	for j, x := range src {
		dst[j] += float64(x)
	}
}

// AddMax computes sum[j] += s[j] and top[j] = max(top[j], t[j]); NaN in t is passed over.
func AddMax(sum, top, s, t []float32) {
	if n := len(sum); n > 0 {
		addMax(sum, top[:n], s[:n], t[:n])
	}
}

func addMaxGeneric(sum, top, s, t []float32) {
	for j, x := range s {
		sum[j] += x
		if t[j] > top[j] {
			top[j] = t[j]
		}
	}
}

// PoolPairs joins neighbours in place: for g < n/2, n even,
//
//	sum[g] = sum[2g] + sum[2g+1]      top[g] = max(top[2g], top[2g+1])
func PoolPairs(sum, top []float32, n int) { poolPairs(sum[:n], top[:n]) }

func poolPairsGeneric(sum, top []float32) {
	for g := range len(sum) / 2 {
		sum[g] = sum[2*g] + sum[2*g+1]
		top[g] = max(top[2*g], top[2*g+1])
	}
}

// ClassSums adds weights up by class: where bit n of classes[j] is set, sums[n] += p[j].
func ClassSums(p []float32, classes []uint8, sums *[8]float32) {
	if len(p) > 0 {
		classSums(p, classes[:len(p)], sums)
	}
}

func classSumsGeneric(p []float32, classes []uint8, sums *[8]float32) {
	for j, x := range p {
		for set := classes[j]; set != 0; set &= set - 1 {
			sums[bits.TrailingZeros8(set)] += x
		}
	}
}
