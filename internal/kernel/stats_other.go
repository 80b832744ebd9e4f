//go:build purego || (!amd64 && !arm64)

package kernel

func softmaxMoments(s []float32, stride, rows, n int, c float32, _, rowMax, rowSum, rescale, distance, sums, products, moments, room []float32) {
	softmaxMomentsGeneric(s, stride, rows, n, c, rowMax, rowSum, rescale, distance, sums, products, moments, room)
}

func momentsOf(p, scores []float32, top, c, distance float32) (sum, product, moment float32) {
	return momentsGeneric(p, scores, top, c, distance)
}

func largest(score []float32, key []int32, s []float32, stride, rows, n, k int, first int32) {
	largestGeneric(score, key, s, stride, rows, n, k, first)
}

func collect(s []float32, threshold float32, first int32, index []int32, value []float32) (n int) {
	return collectGeneric(s, threshold, first, index, value)
}

func columns(sum, top, w []float32, stride, rows, n int, factor []float32, on bool) {
	columnsGeneric(sum, top, w, stride, rows, n, factor, on)
}

func columnsOn(sum, top, allSum, allTop, w []float32, stride, rows, n int, factor []float32) {
	columns(sum, top, w, stride, rows, n, factor, false)
	columns(allSum, allTop, w, stride, rows, n, factor, true)
}

func raise(highest []float32, row []int32, top, w []float32, stride, rows, n int, factor []float32, first int32) {
	raiseGeneric(highest, row, top, w, stride, rows, n, factor, first)
}

func diagonals(dst, w []float32, stride, rows, n int, factor []float32) {
	diagonalsGeneric(dst, w, stride, rows, n, factor)
}

func addTo(dst []float64, src []float32) { addToGeneric(dst, src) }

func addMax(sum, top, s, t []float32) { addMaxGeneric(sum, top, s, t) }

func poolPairs(sum, top []float32) { poolPairsGeneric(sum, top) }

func classSums(p []float32, classes []uint8, sums *[8]float32) { classSumsGeneric(p, classes, sums) }
