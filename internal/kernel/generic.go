package kernel

import "math"

func multiplyGeneric(dst []float32, dstStride int, a []float32, aStride int, b *B, rows, depth, cols int, rescale []float32) {
	for c := 0; c < cols; c += ColumnStep {
		panel := b.Data[c/PanelWidth*b.PanelStride+c%PanelWidth:]
		for r := range rows {
			var sum [ColumnStep]float32
			out := dst[r*dstStride+c:][:ColumnStep]
			if rescale != nil {
				for j := range sum {
					sum[j] = rescale[r] * out[j]
				}
			}
			multiplyRow(&sum, a[r*aStride:][:depth], panel, b.Stride)
			copy(out, sum[:])
		}
	}
}

// multiplyRow adds Σ_d a[d]·b[d][0:16] to sum, eight columns at a time: as many as the compiler keeps in registers.
func multiplyRow(sum *[ColumnStep]float32, a, b []float32, stride int) {
	for half := 0; half < ColumnStep; half += 8 {
		s := (*[8]float32)(sum[half:])
		s0, s1, s2, s3, s4, s5, s6, s7 := s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]
		at := half
		for _, x := range a {
			row := (*[8]float32)(b[at:])
			s0 += x * row[0]
			s1 += x * row[1]
			s2 += x * row[2]
			s3 += x * row[3]
			s4 += x * row[4]
			s5 += x * row[5]
			s6 += x * row[6]
			s7 += x * row[7]
			at += stride
		}
		*s = [8]float32{s0, s1, s2, s3, s4, s5, s6, s7}
	}
}

func packKeysGeneric(dst, k []float32, stride, n, dim int) {
	for first := 0; first < n; first += PanelWidth {
		packLastKeys(dst[first*dim:], k[first*stride:], stride, min(PanelWidth, n-first), dim, 0)
	}
}

// packLastKeys packs keys from, …, n−1 of one panel, and the zeros behind them.
func packLastKeys(panel, k []float32, stride, n, dim, from int) {
	for c := from; c < n; c++ {
		for d, x := range k[c*stride:][:dim] {
			panel[d*PanelWidth+c] = x
		}
	}
	for d := range dim {
		clear(panel[d*PanelWidth+n:][:PanelWidth-n])
	}
}

func packValuesGeneric(dst, v []float32, stride, n, dim int) {
	for first := 0; first < dim; first += PanelWidth {
		panel := dst[first*n:][:n*PanelWidth]
		width := min(PanelWidth, dim-first)
		for j := range n {
			row := panel[j*PanelWidth:][:PanelWidth]
			copy(row, v[j*stride+first:][:width])
			clear(row[width:])
		}
	}
}

func softmaxGeneric(s []float32, stride, rows, n int, c float32, rowMax, rowSum, rescale []float32) {
	c *= log2E
	for r := range rows {
		row := s[r*stride:][:n]
		top := rowMax[r]
		for _, x := range row {
			if x > top {
				top = x
			}
		}
		rescale[r] = exp2((rowMax[r] - finiteTop(top)) * c)
		rowMax[r] = top
		rowSum[r] = rescale[r]*rowSum[r] + expRow(row, finiteTop(top), c)
	}
}

// finiteTop is what is subtracted from the scores of a row: its maximum, or 0 in a row that has seen no key, where
// −Inf − (−Inf) would be NaN and −Inf − 0 gives the 0 that is wanted.
func finiteTop(top float32) float32 {
	if math.IsInf(float64(top), -1) {
		return 0
	}
	return top
}

// expRow replaces x by 2^((x−top)·c) and returns the sum, added up in sixteen lanes as a vector unit does it.
func expRow(row []float32, top, c float32) float32 {
	var lanes [16]float32
	for j, x := range row {
		p := exp2((x - top) * c)
		row[j] = p
		lanes[j%16] += p
	}
	for width := 8; width > 0; width /= 2 {
		for j := range width {
			lanes[j] += lanes[j+width]
		}
	}
	return lanes[0]
}

const log2E = math.Log2E

// The polynomial of exp2: 2^r for r in [0, 1), exactly 1 at r = 0, of least relative error (8.3e-8, found by Remez'
// exchange). Rounding in float32 brings it to 1.7e-7.
const (
	exp2C1 = 0.6931512951850891
	exp2C2 = 0.24016444385051727
	exp2C3 = 0.05579991266131401
	exp2C4 = 0.009017030708491802
	exp2C5 = 0.0018671300495043397
)

// exp2 is 2^x: the polynomial of x − ⌊x⌋, times 2^⌊x⌋; 0 where x < −100, as Softmax says. NaN gives NaN.
func exp2(x float32) float32 {
	switch {
	case x < -100:
		return 0
	case x >= 128:
		return float32(math.Inf(1))
	case x != x:
		return x
	}
	whole := float32(math.Floor(float64(x)))
	r := x - whole
	p := 1 + r*(exp2C1+r*(exp2C2+r*(exp2C3+r*(exp2C4+r*exp2C5))))
	return p * math.Float32frombits(uint32(int32(whole)+127)<<23)
}

func combineGeneric(dst []float32, a float32, src []float32, b float32) {
	for j := range dst {
		dst[j] = a*dst[j] + b*src[j]
	}
}

func scaleGeneric(dst []float32, a float32, src []float32) {
	for j := range dst {
		dst[j] = a * src[j]
	}
}

func finiteGeneric(x []float32) bool {
	// 0·x is NaN for NaN and Inf, and stays so in the sum.
	var sum float32
	for _, f := range x {
		sum += 0 * f
	}
	return sum == 0
}
