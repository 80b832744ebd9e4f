//go:build purego || !amd64

package kernel

func softmaxProducts(s []float32, stride, rows, n int, c float32, rowMax, rowSum, rescale, sums, products, room []float32) {
	softmaxProductsGeneric(s, stride, rows, n, c, rowMax, rowSum, rescale, sums, products, room)
}

func normalize(w []float32, factor float32, distance int, lanes *[Lanes]float32) (sum float32) {
	return normalizeGeneric(w, factor, distance, lanes)
}

func collect(w []float32, threshold float32, first int32, index []int32, value []float32) (n int) {
	return collectGeneric(w, threshold, first, index, value)
}

func addColumns(dst []float64, w []float32, stride, rows, n int) {
	addColumnsGeneric(dst, w, stride, rows, n)
}

func maxColumns(top []float32, row []int32, w []float32, stride, rows, n int, first int32) {
	maxColumnsGeneric(top, row, w, stride, rows, n, first)
}

func addMax(sum, top, w []float32) { addMaxGeneric(sum, top, w) }

func bound16(lanes *[Lanes]float32, k int) float32 { return bound16Generic(lanes, k) }

func poolFours(sum, top, s, t []float32, n int) { poolFoursGeneric(sum, top, s, t, n) }
