package kernel

import "slices"

// The functions below gather statistics of weights that lie in rows.

// SoftmaxProducts is Softmax, and gives for each row, of the n scores of this call alone,
//
//	sums[r] = Σ_j p_j      products[r] = Σ_j p_j·ln p_j       with p_j = exp(c·(s[r][j] − top))
//
// room is for n numbers.
func SoftmaxProducts(s []float32, stride, rows, n int, c float32, rowMax, rowSum, rescale, sums, products, room []float32) {
	if n == 0 {
		clear(sums[:rows])
		clear(products[:rows])
		Softmax(s, stride, rows, n, c, rowMax, rowSum, rescale)
		return
	}
	softmaxProducts(s, stride, rows, n, c, rowMax, rowSum, rescale, sums, products, room)
}

func softmaxProductsGeneric(s []float32, stride, rows, n int, c float32, rowMax, rowSum, rescale, sums, products, room []float32) {
	scores := room[:n]
	for r := range rows {
		row := s[r*stride:][:n]
		copy(scores, row)
		Softmax(row, n, 1, n, c, rowMax[r:], rowSum[r:], rescale[r:])
		top := finiteTop(rowMax[r])
		var sum, product float32
		for j, p := range row {
			sum += p
			// p is 0 where the exponent is less than this, and 0·−Inf would be NaN.
			product += p * max((scores[j]-top)*c, -100)
		}
		sums[r], products[r] = sum, product
	}
}

// Lanes is the number of parts in which Normalize looks for maxima.
const Lanes = 64

// Normalize computes w[j] *= factor, and of the results
//
//	sum      = Σ_j w[j]·|distance − j|
//	lanes[l] = max(lanes[l], w[j])         over some of the j, each j in one l
func Normalize(w []float32, factor float32, distance int, lanes *[Lanes]float32) (sum float32) {
	return normalize(w, factor, distance, lanes)
}

func normalizeGeneric(w []float32, factor float32, distance int, lanes *[Lanes]float32) (sum float32) {
	for j, p := range w {
		p *= factor
		w[j] = p
		lanes[j%Lanes] = max(lanes[j%Lanes], p)
		d := distance - j
		if d < 0 {
			d = -d
		}
		sum += p * float32(d)
	}
	return sum
}

// Collect gives the places and values of the w[j] that are at least threshold, in order of j: index first+j. It returns how
// many there are. index and value have room for as many as w has, and 16 more.
func Collect(w []float32, threshold float32, first int32, index []int32, value []float32) (n int) {
	return collect(w, threshold, first, index, value)
}

func collectGeneric(w []float32, threshold float32, first int32, index []int32, value []float32) (n int) {
	for j, x := range w {
		if x >= threshold {
			index[n], value[n] = first+int32(j), x
			n++
		}
	}
	return n
}

// AddColumns computes dst[j] += Σ_r w[r][j] for rows of n numbers, stride apart; the sum over r is taken in float32, in
// order, and added in float64.
func AddColumns(dst []float64, w []float32, stride, rows, n int) {
	if rows > 0 && n > 0 {
		addColumns(dst[:n], w, stride, rows, n)
	}
}

func addColumnsGeneric(dst []float64, w []float32, stride, rows, n int) {
	for j := range dst {
		var sum float32
		for r := range rows {
			sum += w[r*stride+j]
		}
		dst[j] += float64(sum)
	}
}

// MaxColumns keeps the largest number of each column and its row: where w[r][j] > top[j], in order of r,
//
//	top[j] = w[r][j]      row[j] = first + r
func MaxColumns(top []float32, row []int32, w []float32, stride, rows, n int, first int32) {
	if rows > 0 && n > 0 {
		maxColumns(top[:n], row[:n], w, stride, rows, n, first)
	}
}

func maxColumnsGeneric(top []float32, row []int32, w []float32, stride, rows, n int, first int32) {
	for r := range rows {
		for j, x := range w[r*stride:][:n] {
			if x > top[j] {
				top[j], row[j] = x, first+int32(r)
			}
		}
	}
}

// AddMax computes sum[j] += w[j] and top[j] = max(top[j], w[j]).
func AddMax(sum, top, w []float32) { addMax(sum[:len(w)], top[:len(w)], w) }

func addMaxGeneric(sum, top, w []float32) {
	for j, x := range w {
		sum[j] += x
		top[j] = max(top[j], x)
	}
}

// Bound is a number that at least k ≤ Lanes of the numbers reach of which Normalize gave lanes, and few more: the k-th
// largest of the maxima of max(16, k) parts or more. It changes lanes.
func Bound(lanes *[Lanes]float32, k int) float32 {
	if k <= 16 {
		return bound16(lanes, k)
	}
	slices.Sort(lanes[:])
	return lanes[Lanes-k]
}

func bound16Generic(lanes *[Lanes]float32, k int) float32 {
	for j := range 16 {
		lanes[j] = max(lanes[j], lanes[j+16], lanes[j+32], lanes[j+48])
	}
	slices.Sort(lanes[:16])
	return lanes[16-k]
}

// PoolFours computes, for n/4 groups of four neighbours,
//
//	sum[g] = Σ_c s[4g+c]      top[g] = max_c t[4g+c]
//
// n is a multiple of 4; sum and top may be s and t.
func PoolFours(sum, top, s, t []float32, n int) { poolFours(sum, top, s, t, n) }

func poolFoursGeneric(sum, top, s, t []float32, n int) {
	for g := range n / 4 {
		sum[g] = (s[4*g] + s[4*g+1]) + (s[4*g+2] + s[4*g+3])
		top[g] = max(max(t[4*g], t[4*g+1]), max(t[4*g+2], t[4*g+3]))
	}
}
