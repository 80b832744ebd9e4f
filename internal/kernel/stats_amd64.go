//go:build !purego

package kernel

import "math"

// ramp is what separates the distances of sixteen neighbours.
//
//lint:ignore U1000 assembly reads it
var ramp = [16]float32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}

// away has the distances |511 − i|, and 16 numbers to read behind 512 of them.
//
//lint:ignore U1000 assembly reads it
var away = func() (d [1023 + 16]float32) {
	for i := range d {
		d[i] = float32(max(511-i, i-511))
	}
	return d
}()

// largestAVX512 takes 1 ≤ rows ≤ 16 and n ≥ 1.
//
//go:noescape
func largestAVX512(score *float32, key *int32, s *float32, stride, rows, n, k int, first int32)

//go:noescape
func collectAVX512(s *float32, n int, threshold float32, first int32, index *int32, value *float32) (count int)

//go:noescape
func columnsAVX512(sum, top, w *float32, stride, rows, n int, factor *float32)

//go:noescape
func columnsOnAVX512(sum, top, allSum, allTop, w *float32, stride, rows, n int, factor *float32)

//go:noescape
func raiseAVX512(highest *float32, row *int32, top, w *float32, stride, rows, n int, factor *float32, first int32)

//go:noescape
func diagonalsAVX512(dst, w *float32, stride, rows, n int, factor *float32)

//go:noescape
func addToAVX512(dst *float64, src *float32, n int)

//go:noescape
func addMaxAVX512(sum, top, s, t *float32, n int)

// poolPairsAVX512 does n times 32 numbers; n ≥ 1.
//
//go:noescape
func poolPairsAVX512(sum, top *float32, n int)

// classSumsAVX512 takes n, a multiple of 16 and at least that.
//
//go:noescape
func classSumsAVX512(p *float32, classes *uint8, n int, sums *[8]float32)

//go:noescape
func momentsAVX2(p, scores *float32, n int, top, c, distance float32) (sum, product, moment float32)

// aboveAVX2 is how many numbers may be skipped, 32 at a time, until one is above bound; fewer than 32 may be left.
//
//go:noescape
func aboveAVX2(s *float32, n int, bound float32) (first int)

//go:noescape
func columnsAVX2(sum, top, w *float32, stride, rows, n int, factor *float32, on bool)

// addToAVX2 takes n, a multiple of 8 and at least that.
//
//go:noescape
func addToAVX2(dst *float64, src *float32, n int)

// addMaxAVX2 takes n, a multiple of 8 and at least that.
//
//go:noescape
func addMaxAVX2(sum, top, s, t *float32, n int)

func softmaxMoments(s []float32, stride, rows, n int, c float32, tops, rowMax, rowSum, rescale, distance, sums, products, moments, room []float32) {
	if !useAVX512 {
		softmaxMomentsGeneric(s, stride, rows, n, c, rowMax, rowSum, rescale, distance, sums, products, moments, room)
		return
	}
	copy(rescale, tops)
	for r := 0; r < rows; r += 16 {
		softmaxAVX512(&s[r*stride], stride, min(16, rows-r), n, c*log2E, &rowMax[r], &rowSum[r], &rescale[r],
			&distance[r], &sums[r], &products[r], &moments[r], tops != nil)
	}
	for r := range rows {
		products[r] *= math.Ln2
	}
}

func momentsOf(p, scores []float32, top, c, distance float32) (sum, product, moment float32) {
	if useAVX2 {
		return momentsAVX2(&p[0], &scores[0], len(p), top, c, distance)
	}
	return momentsGeneric(p, scores, top, c, distance)
}

func largest(score []float32, key []int32, s []float32, stride, rows, n, k int, first int32) {
	if useAVX512 {
		for r := 0; r < rows; r += 16 {
			largestAVX512(&score[r*ListLen], &key[r*ListLen], &s[r*stride], stride, min(16, rows-r), n, k, first)
		}
		return
	}
	for r := range rows {
		row, score, key := s[r*stride:][:n], score[r*ListLen:], key[r*ListLen:]
		for j := 0; j < n; j += 32 {
			if useAVX2 {
				j += aboveAVX2(&row[j], n-j, score[k-1])
			}
			largestGeneric(score, key, row[min(j, n):min(j+32, n)], 0, 1, min(j+32, n)-min(j, n), k, first+int32(j))
		}
	}
}

func collect(s []float32, threshold float32, first int32, index []int32, value []float32) (n int) {
	if useAVX512 && len(s) > 0 {
		return collectAVX512(&s[0], len(s), threshold, first, &index[0], &value[0])
	}
	return collectGeneric(s, threshold, first, index, value)
}

func columns(sum, top, w []float32, stride, rows, n int, factor []float32, on bool) {
	switch {
	case useAVX512 && !on:
		columnsAVX512(&sum[0], &top[0], &w[0], stride, rows, n, &factor[0])
	case useAVX2:
		columnsAVX2(&sum[0], &top[0], &w[0], stride, rows, n, &factor[0], on)
	default:
		columnsGeneric(sum, top, w, stride, rows, n, factor, on)
	}
}

func columnsOn(sum, top, allSum, allTop, w []float32, stride, rows, n int, factor []float32) {
	if useAVX512 {
		columnsOnAVX512(&sum[0], &top[0], &allSum[0], &allTop[0], &w[0], stride, rows, n, &factor[0])
		return
	}
	columns(sum, top, w, stride, rows, n, factor, false)
	columns(allSum, allTop, w, stride, rows, n, factor, true)
}

func raise(highest []float32, row []int32, top, w []float32, stride, rows, n int, factor []float32, first int32) {
	if useAVX512 {
		raiseAVX512(&highest[0], &row[0], &top[0], &w[0], stride, rows, n, &factor[0], first)
		return
	}
	raiseGeneric(highest, row, top, w, stride, rows, n, factor, first)
}

func diagonals(dst, w []float32, stride, rows, n int, factor []float32) {
	if useAVX512 {
		diagonalsAVX512(&dst[0], &w[0], stride, rows, n, &factor[0])
		return
	}
	if useAVX2 {
		for r := range rows {
			combineAVX2(&dst[rows-1-r], 1, &w[r*stride], factor[r], n)
		}
		return
	}
	diagonalsGeneric(dst, w, stride, rows, n, factor)
}

func addTo(dst []float64, src []float32) {
	if useAVX512 {
		addToAVX512(&dst[0], &src[0], len(dst))
		return
	}
	whole := 0
	if useAVX2 && len(dst) >= 8 {
		whole = len(dst) / 8 * 8
		addToAVX2(&dst[0], &src[0], whole)
	}
	addToGeneric(dst[whole:], src[whole:])
}

func addMax(sum, top, s, t []float32) {
	if useAVX512 {
		addMaxAVX512(&sum[0], &top[0], &s[0], &t[0], len(sum))
		return
	}
	whole := 0
	if useAVX2 && len(sum) >= 8 {
		whole = len(sum) / 8 * 8
		addMaxAVX2(&sum[0], &top[0], &s[0], &t[0], whole)
	}
	addMaxGeneric(sum[whole:], top[whole:], s[whole:], t[whole:])
}

func poolPairs(sum, top []float32) {
	pairs := 0 // done in vectors
	if n := len(sum) / 32; useAVX512 && n > 0 {
		poolPairsAVX512(&sum[0], &top[0], n)
		pairs = 16 * n
	}
	for g := pairs; g < len(sum)/2; g++ {
		sum[g] = sum[2*g] + sum[2*g+1]
		top[g] = max(top[2*g], top[2*g+1])
	}
}

func classSums(p []float32, classes []uint8, sums *[8]float32) {
	whole := 0
	if useAVX512 && len(p) >= 16 {
		whole = len(p) / 16 * 16
		classSumsAVX512(&p[0], &classes[0], whole, sums)
	}
	classSumsGeneric(p[whole:], classes[whole:], sums)
}
