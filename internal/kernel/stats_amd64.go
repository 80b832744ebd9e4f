//go:build !purego

package kernel

// normalizeAVX512 takes the distance as a float32, and 1 ≤ n.
//
//go:noescape
func normalizeAVX512(w *float32, n int, factor, distance float32, lanes *[Lanes]float32) (sum float32)

//go:noescape
func collectAVX512(w *float32, n int, threshold float32, first int32, index *int32, value *float32) (count int)

//go:noescape
func addColumnsAVX512(dst *float64, w *float32, stride, rows, n int)

//go:noescape
func maxColumnsAVX512(top *float32, row *int32, w *float32, stride, rows, n int, first int32)

//go:noescape
func addMaxAVX512(sum, top, w *float32, n int)

//go:noescape
func bound16AVX512(lanes *[Lanes]float32, k int) float32

// poolFoursAVX512 takes n, a multiple of 16 and at least that.
//
//go:noescape
func poolFoursAVX512(sum, top, s, t *float32, n int)

func softmaxProducts(s []float32, stride, rows, n int, c float32, rowMax, rowSum, rescale, sums, products, room []float32) {
	if !useAVX512 {
		softmaxProductsGeneric(s, stride, rows, n, c, rowMax, rowSum, rescale, sums, products, room)
		return
	}
	for r := 0; r < rows; r += 16 {
		softmaxAVX512(&s[r*stride], stride, min(16, rows-r), n, c*log2E, &rowMax[r], &rowSum[r], &rescale[r], &sums[r], &products[r])
	}
	for r := range rows {
		products[r] *= ln2
	}
}

const ln2 = 1 / log2E

func normalize(w []float32, factor float32, distance int, lanes *[Lanes]float32) (sum float32) {
	if useAVX512 && len(w) > 0 {
		return normalizeAVX512(&w[0], len(w), factor, float32(distance), lanes)
	}
	return normalizeGeneric(w, factor, distance, lanes)
}

func collect(w []float32, threshold float32, first int32, index []int32, value []float32) (n int) {
	if useAVX512 && len(w) > 0 {
		return collectAVX512(&w[0], len(w), threshold, first, &index[0], &value[0])
	}
	return collectGeneric(w, threshold, first, index, value)
}

func addColumns(dst []float64, w []float32, stride, rows, n int) {
	if useAVX512 {
		addColumnsAVX512(&dst[0], &w[0], stride, rows, n)
		return
	}
	addColumnsGeneric(dst, w, stride, rows, n)
}

func maxColumns(top []float32, row []int32, w []float32, stride, rows, n int, first int32) {
	if useAVX512 {
		maxColumnsAVX512(&top[0], &row[0], &w[0], stride, rows, n, first)
		return
	}
	maxColumnsGeneric(top, row, w, stride, rows, n, first)
}

func addMax(sum, top, w []float32) {
	if useAVX512 && len(w) > 0 {
		addMaxAVX512(&sum[0], &top[0], &w[0], len(w))
		return
	}
	addMaxGeneric(sum, top, w)
}

func bound16(lanes *[Lanes]float32, k int) float32 {
	if useAVX512 {
		return bound16AVX512(lanes, k)
	}
	return bound16Generic(lanes, k)
}

func poolFours(sum, top, s, t []float32, n int) {
	whole := 0
	if useAVX512 && n >= 16 {
		whole = n / 16 * 16
		poolFoursAVX512(&sum[0], &top[0], &s[0], &t[0], whole)
	}
	poolFoursGeneric(sum[whole/4:], top[whole/4:], s[whole:], t[whole:], n-whole)
}
