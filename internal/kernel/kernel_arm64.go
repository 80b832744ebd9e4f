//go:build !purego

package kernel

import "golang.org/x/sys/cpu"

// useNEON is true on every arm64 machine that Go runs on; GODEBUG=cpu.asimd=off turns it off.
var useNEON = cpu.ARM64.HasASIMD

// The functions in assembly do what the function of the same name without the instruction set does, for the pointer where
// that one has a slice, and under the conditions named here.

//go:noescape
func multiplyNEON(dst *float32, dstStride int, a *float32, aStride int, b *float32, bStride, panelStride, rows, depth, cols int, rescale *float32) // rows ≤ 6

// packKeys4NEON does dst[d·PanelWidth + i] = k[i·stride + d] for i < 4 keys; dim ≥ 4.
//
//go:noescape
func packKeys4NEON(dst, k *float32, stride, dim int)

// packValues32NEON does dst[j·PanelWidth + c] = v[j·stride + c] for c < 32 columns; n ≥ 1.
//
//go:noescape
func packValues32NEON(dst, v *float32, stride, n int)

// softmaxNEON takes c times log₂e; rows ≥ 1, n ≥ 1.
//
//go:noescape
func softmaxNEON(s *float32, stride, rows, n int, c float32, rowMax, rowSum, rescale *float32)

//go:noescape
func combineNEON(dst *float32, a float32, src *float32, b float32, n int) // n a multiple of 8, > 0

//go:noescape
func scaleNEON(dst *float32, a float32, src *float32, n int) // n a multiple of 8, > 0

//go:noescape
func finiteNEON(x *float32, n int) bool // n a multiple of 8, > 0

// exp2Lanes is exp2Table with each constant four times.
//
//lint:ignore U1000 assembly reads it
var exp2Lanes = func() (lanes [len(exp2Table)][4]float32) {
	for i, x := range exp2Table {
		lanes[i] = [4]float32{x, x, x, x}
	}
	return lanes
}()

func multiply(dst []float32, dstStride int, a []float32, aStride int, b *B, rows, depth, cols int, rescale, _ []float32, _ int) {
	if !useNEON {
		multiplyGeneric(dst, dstStride, a, aStride, b, rows, depth, cols, rescale)
		return
	}
	step := evenly(rows, 6)
	for r := 0; r < rows; r += step {
		keep := firstFrom(rescale, r)
		multiplyNEON(&dst[r*dstStride], dstStride, &a[r*aStride], aStride, &b.Data[0], b.Stride, b.PanelStride, min(step, rows-r), depth, cols, keep)
	}
}

func packKeys(dst, k []float32, stride, n, dim int) {
	if !useNEON || dim < 4 {
		packKeysGeneric(dst, k, stride, n, dim)
		return
	}
	whole := n / 4 * 4
	for i := 0; i < whole; i += 4 {
		packKeys4NEON(&dst[i/PanelWidth*PanelWidth*dim+i%PanelWidth], &k[i*stride], stride, dim)
	}
	if n%PanelWidth != 0 {
		panel := n / PanelWidth * PanelWidth
		packLastKeys(dst[panel*dim:], k[panel*stride:], stride, n-panel, dim, whole-panel)
	}
}

func packValues(dst, v []float32, stride, n, dim int) {
	if !useNEON || n == 0 {
		packValuesGeneric(dst, v, stride, n, dim)
		return
	}
	whole := dim / PanelWidth * PanelWidth
	for first := 0; first < whole; first += PanelWidth {
		packValues32NEON(&dst[first*n], &v[first], stride, n)
	}
	if dim > whole {
		packValuesGeneric(dst[whole*n:], v[whole:], stride, n, dim-whole)
	}
}

func softmax(s []float32, stride, rows, n int, c float32, rowMax, rowSum, rescale []float32) {
	if useNEON && rows > 0 {
		softmaxNEON(&s[0], stride, rows, n, c*log2E, &rowMax[0], &rowSum[0], &rescale[0])
		return
	}
	softmaxGeneric(s, stride, rows, n, c, rowMax, rowSum, rescale)
}

// The kernels on rows take eight numbers at a time. What is left goes through a vector of its own where the plain loop
// might round in another way.

func combine(dst []float32, a float32, src []float32, b float32) {
	if !useNEON {
		combineGeneric(dst, a, src, b)
		return
	}
	whole := len(dst) &^ 7
	if whole > 0 {
		combineNEON(&dst[0], a, &src[0], b, whole)
	}
	if whole < len(dst) {
		var d, s [8]float32
		copy(d[:], dst[whole:])
		copy(s[:], src[whole:])
		combineNEON(&d[0], a, &s[0], b, 8)
		copy(dst[whole:], d[:])
	}
}

func scale(dst []float32, a float32, src []float32) {
	whole := 0
	if useNEON {
		whole = len(dst) &^ 7
	}
	if whole > 0 {
		scaleNEON(&dst[0], a, &src[0], whole)
	}
	scaleGeneric(dst[whole:], a, src[whole:])
}

func finite(x []float32) bool {
	whole := 0
	if useNEON {
		whole = len(x) &^ 7
	}
	return (whole == 0 || finiteNEON(&x[0], whole)) && finiteGeneric(x[whole:])
}
