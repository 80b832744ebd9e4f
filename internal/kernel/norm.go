package kernel

import "math"

// LayerNorm computes, for each of some rows of n numbers, stride apart in both x and dst, which may be the same
// (Ba, Kiros and Hinton 2016):
//
//	dst = scale·(x − mean)/√(variance + eps) + shift
//
// Sums are taken in lanes, so that each is off by at most (n/lanes + 5) roundings of the sum of the absolute values: the
// result by about that many of |scale|·(|x| + |mean|)/√(variance + eps).
func LayerNorm(dst, x []float32, stride, rows, n int, scale, shift []float32, eps float32) {
	norm(dst, x, stride, rows, n, scale, shift[:n], eps)
}

// RMSNorm computes dst = scale·x/√(mean of x² + eps) (Zhang and Sennrich 2019), else like LayerNorm.
func RMSNorm(dst, x []float32, stride, rows, n int, scale []float32, eps float32) {
	norm(dst, x, stride, rows, n, scale, nil, eps)
}

// normGeneric is RMSNorm if shift is nil.
func normGeneric(dst, x []float32, stride, rows, n int, scale, shift []float32, eps float32) {
	for r := range rows {
		row, out := x[r*stride:][:n], dst[r*stride:][:n]
		var mean float32
		if shift != nil {
			var lanes [16]float32
			for j, v := range row {
				lanes[j%16] += v
			}
			mean = sumLanes(&lanes) / float32(n)
		}
		var lanes [16]float32
		for j, v := range row {
			lanes[j%16] += (v - mean) * (v - mean)
		}
		inverse := float32(1 / math.Sqrt(float64(sumLanes(&lanes)/float32(n)+eps)))
		for j, v := range row {
			out[j] = (v - mean) * inverse * scale[j]
			if shift != nil {
				out[j] += shift[j]
			}
		}
	}
}

func sumLanes(lanes *[16]float32) float32 {
	for width := 8; width > 0; width /= 2 {
		for j := range width {
			lanes[j] += lanes[j+width]
		}
	}
	return lanes[0]
}

// SetRows computes dst[r][j] = row[j] for some rows, stride apart.
func SetRows(dst []float32, stride, rows int, row []float32) {
	beginRows(dst, stride, rows, row, false)
}

// AddRows computes dst[r][j] += row[j] for some rows, stride apart.
func AddRows(dst []float32, stride, rows int, row []float32) { beginRows(dst, stride, rows, row, true) }

func beginRowsGeneric(dst []float32, stride, rows int, row []float32, add bool) {
	for r := range rows {
		out := dst[r*stride:][:len(row)]
		if !add {
			copy(out, row)
			continue
		}
		for j, v := range row {
			out[j] += v
		}
	}
}
