//go:build !purego

package kernel

import "golang.org/x/sys/cpu"

// What the CPU has. GODEBUG=cpu.avx512f=off or cpu.avx2=off,cpu.avx512f=off turns a level off.
var (
	useAVX512 = cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VL && useAVX2
	useAVX2   = cpu.X86.HasAVX2 && cpu.X86.HasFMA
)

// The functions in assembly do what the function of the same name without the instruction set does, for the pointer where
// that one has a slice, and under the conditions named here.

//go:noescape
func multiplyAVX512(dst *float32, dstStride int, a *float32, aStride int, b *float32, bStride, panelStride, rows, depth, cols int, rescale, ahead *float32, aheadStride int) // rows ≤ 12

//go:noescape
func multiplyAVX2(dst *float32, dstStride int, a *float32, aStride int, b *float32, bStride, panelStride, rows, depth, cols int, rescale *float32) // rows ≤ 6

// packKeys16AVX512 does dst[d·PanelWidth + i] = k[i·stride + d] for i < 16 keys; dim ≥ 4.
//
//go:noescape
func packKeys16AVX512(dst, k *float32, stride, dim int)

// packKeys8AVX2 does dst[d·PanelWidth + i] = k[i·stride + d] for i < 8 keys; dim ≥ 4.
//
//go:noescape
func packKeys8AVX2(dst, k *float32, stride, dim int)

// packValuesAVX512 does dst[(p·n + j)·PanelWidth + c] = v[j·stride + p·PanelWidth + c] for p < panels, whole ones; n and
// panels ≥ 1.
//
//go:noescape
func packValuesAVX512(dst, v *float32, stride, n, panels int)

// packValuesAVX2 does dst[j·PanelWidth + c] = v[j·stride + c] for c < width, and 0 for c from there to PanelWidth; n ≥ 1.
//
//go:noescape
func packValuesAVX2(dst, v *float32, stride, n, width int)

// softmaxAVX512 takes c times log₂e; 1 ≤ rows ≤ 16. If products isn't nil, it also does what SoftmaxMoments says, with
// products times log₂e. If the largest scores are known, they are in rescale.
//
//go:noescape
func softmaxAVX512(s *float32, stride, rows, n int, c float32, rowMax, rowSum, rescale, distance, sums, products, moments *float32, known bool)

// softmaxAVX2 takes c times log₂e; rows ≥ 1.
//
//go:noescape
func softmaxAVX2(s *float32, stride, rows, n int, c float32, rowMax, rowSum, rescale *float32)

//go:noescape
func combineAVX512(dst *float32, a float32, src *float32, b float32, n int)

//go:noescape
func combineAVX2(dst *float32, a float32, src *float32, b float32, n int)

//go:noescape
func scaleAVX512(dst *float32, a float32, src *float32, n int)

//go:noescape
func scaleAVX2(dst *float32, a float32, src *float32, n int)

//go:noescape
func finiteAVX512(x *float32, n int) bool

//go:noescape
func finiteAVX2(x *float32, n int) bool

// tailMask read from 4·(32−n) bytes on is n lanes of ones and then zeros: the mask of the last n numbers of a row.
//
//lint:ignore U1000 assembly reads it
var tailMask = [64]int32{
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
}

func multiply(dst []float32, dstStride int, a []float32, aStride int, b *B, rows, depth, cols int, rescale, ahead []float32, aheadStride int) {
	if !useAVX2 {
		multiplyGeneric(dst, dstStride, a, aStride, b, rows, depth, cols, rescale)
		return
	}
	step := evenly(rows, 6)
	if useAVX512 {
		step = evenly(rows, 12)
	}
	for r := 0; r < rows; r += step {
		keep := firstFrom(rescale, r)
		if useAVX512 {
			multiplyAVX512(&dst[r*dstStride], dstStride, &a[r*aStride], aStride, &b.Data[0], b.Stride, b.PanelStride, min(step, rows-r), depth, cols, keep, firstFrom(ahead, 0), aheadStride)
			ahead = nil
		} else {
			multiplyAVX2(&dst[r*dstStride], dstStride, &a[r*aStride], aStride, &b.Data[0], b.Stride, b.PanelStride, min(step, rows-r), depth, cols, keep)
		}
	}
}

func packKeys(dst, k []float32, stride, n, dim int) {
	if !useAVX2 || dim < 4 {
		packKeysGeneric(dst, k, stride, n, dim)
		return
	}
	i := 0
	if useAVX512 {
		for ; i+16 <= n; i += 16 {
			packKeys16AVX512(&dst[i/PanelWidth*PanelWidth*dim+i%PanelWidth], &k[i*stride], stride, dim)
		}
	}
	for ; i+8 <= n; i += 8 {
		packKeys8AVX2(&dst[i/PanelWidth*PanelWidth*dim+i%PanelWidth], &k[i*stride], stride, dim)
	}
	if n%PanelWidth != 0 {
		panel := n / PanelWidth * PanelWidth
		packLastKeys(dst[panel*dim:], k[panel*stride:], stride, n-panel, dim, i-panel)
	}
}

func packValues(dst, v []float32, stride, n, dim int) {
	if !useAVX2 || n == 0 {
		packValuesGeneric(dst, v, stride, n, dim)
		return
	}
	first := 0
	if whole := dim / PanelWidth; useAVX512 && whole > 0 {
		packValuesAVX512(&dst[0], &v[0], stride, n, whole)
		first = whole * PanelWidth
	}
	for ; first < dim; first += PanelWidth {
		packValuesAVX2(&dst[first*n], &v[first], stride, n, min(PanelWidth, dim-first))
	}
}

func softmax(s []float32, stride, rows, n int, c float32, rowMax, rowSum, rescale []float32) {
	if useAVX512 {
		for r := 0; r < rows; r += 16 {
			softmaxAVX512(&s[r*stride], stride, min(16, rows-r), n, c*log2E, &rowMax[r], &rowSum[r], &rescale[r], nil, nil, nil, nil, false)
		}
		return
	}
	if useAVX2 && rows > 0 {
		softmaxAVX2(&s[0], stride, rows, n, c*log2E, &rowMax[0], &rowSum[0], &rescale[0])
		return
	}
	softmaxGeneric(s, stride, rows, n, c, rowMax, rowSum, rescale)
}

func combine(dst []float32, a float32, src []float32, b float32) {
	switch {
	case useAVX512 && len(dst) > 0:
		combineAVX512(&dst[0], a, &src[0], b, len(dst))
	case useAVX2 && len(dst) > 0:
		combineAVX2(&dst[0], a, &src[0], b, len(dst))
	default:
		combineGeneric(dst, a, src, b)
	}
}

func scale(dst []float32, a float32, src []float32) {
	switch {
	case useAVX512 && len(dst) > 0:
		scaleAVX512(&dst[0], a, &src[0], len(dst))
	case useAVX2 && len(dst) > 0:
		scaleAVX2(&dst[0], a, &src[0], len(dst))
	default:
		scaleGeneric(dst, a, src)
	}
}

func finite(x []float32) bool {
	switch {
	case useAVX512 && len(x) > 0:
		return finiteAVX512(&x[0], len(x))
	case useAVX2 && len(x) > 0:
		return finiteAVX2(&x[0], len(x))
	}
	return finiteGeneric(x)
}
