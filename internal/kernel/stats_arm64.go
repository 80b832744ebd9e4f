//go:build !purego

package kernel

// The functions in assembly do the first n numbers, a multiple of 16 and at least that, of what their twin does.

//go:noescape
func momentsNEON(p, scores *float32, n int, top, c, distance float32) (sum, product, moment float32)

// aboveNEON is how many numbers may be skipped, 16 at a time, until one is above bound.
//
//go:noescape
func aboveNEON(s *float32, n int, bound float32) (first int)

//go:noescape
func columnsNEON(sum, top, w *float32, stride, rows, n int, factor *float32, on bool)

//go:noescape
func addToNEON(dst *float64, src *float32, n int)

//go:noescape
func addMaxNEON(sum, top, s, t *float32, n int)

// addScaledNEON does dst[j] += a·src[j].
//
//go:noescape
func addScaledNEON(dst *float32, a float32, src *float32, n int)

func softmaxMoments(s []float32, stride, rows, n int, c float32, _, rowMax, rowSum, rescale, distance, sums, products, moments, room []float32) {
	softmaxMomentsGeneric(s, stride, rows, n, c, rowMax, rowSum, rescale, distance, sums, products, moments, room)
}

// wholeNEON is how many of n numbers the functions in assembly do.
func wholeNEON(n int) int {
	if !useNEON {
		return 0
	}
	return n / 16 * 16
}

func momentsOf(p, scores []float32, top, c, distance float32) (sum, product, moment float32) {
	whole := wholeNEON(len(p))
	if whole == 0 {
		return momentsGeneric(p, scores, top, c, distance)
	}
	sum, product, moment = momentsNEON(&p[0], &scores[0], whole, top, c, distance)
	s, q, m := momentsGeneric(p[whole:], scores[whole:], top, c, distance-float32(whole))
	return sum + s, product + q, moment + m
}

func largest(score []float32, key []int32, s []float32, stride, rows, n, k int, first int32) {
	for r := range rows {
		row, score, key := s[r*stride:][:n], score[r*ListLen:], key[r*ListLen:]
		for j := 0; j < n; j += 16 {
			if whole := wholeNEON(n - j); whole > 0 {
				j += aboveNEON(&row[j], whole, score[k-1])
			}
			largestGeneric(score, key, row[min(j, n):min(j+16, n)], 0, 1, min(j+16, n)-min(j, n), k, first+int32(j))
		}
	}
}

func collect(s []float32, threshold float32, first int32, index []int32, value []float32) (n int) {
	return collectGeneric(s, threshold, first, index, value)
}

func columns(sum, top, w []float32, stride, rows, n int, factor []float32, on bool) {
	whole := wholeNEON(n)
	if whole > 0 {
		columnsNEON(&sum[0], &top[0], &w[0], stride, rows, whole, &factor[0], on)
	}
	if whole < n {
		columnsGeneric(sum[whole:], top[whole:], w[whole:], stride, rows, n-whole, factor, on)
	}
}

func columnsOn(sum, top, allSum, allTop, w []float32, stride, rows, n int, factor []float32) {
	columns(sum, top, w, stride, rows, n, factor, false)
	columns(allSum, allTop, w, stride, rows, n, factor, true)
}

func raise(highest []float32, row []int32, top, w []float32, stride, rows, n int, factor []float32, first int32) {
	raiseGeneric(highest, row, top, w, stride, rows, n, factor, first)
}

func diagonals(dst, w []float32, stride, rows, n int, factor []float32) {
	whole := wholeNEON(n)
	for r := range rows {
		if whole > 0 {
			addScaledNEON(&dst[rows-1-r], factor[r], &w[r*stride], whole)
		}
		diagonal := dst[rows-1-r:]
		for j := whole; j < n; j++ {
			diagonal[j] += factor[r] * w[r*stride+j]
		}
	}
}

func addTo(dst []float64, src []float32) {
	whole := wholeNEON(len(dst))
	if whole > 0 {
		addToNEON(&dst[0], &src[0], whole)
	}
	addToGeneric(dst[whole:], src[whole:])
}

func addMax(sum, top, s, t []float32) {
	whole := wholeNEON(len(sum))
	if whole > 0 {
		addMaxNEON(&sum[0], &top[0], &s[0], &t[0], whole)
	}
	addMaxGeneric(sum[whole:], top[whole:], s[whole:], t[whole:])
}

func poolPairs(sum, top []float32) { poolPairsGeneric(sum, top) }

func classSums(p []float32, classes []uint8, sums *[8]float32) { classSumsGeneric(p, classes, sums) }
