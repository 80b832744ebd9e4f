//go:build !purego

package kernel

// blockRows is the number of rows up to which there are kernels that multiply with quantised numbers. With more, to expand
// them first costs little beside the multiplications.
const blockRows = 4

//go:noescape
func expandQ80AVX512(dst *float32, panel *byte, blocks int)

//go:noescape
func expandQ40AVX512(dst *float32, panel *byte, blocks int)

//go:noescape
func expandQ41AVX512(dst *float32, panel *byte, blocks int)

//go:noescape
func expandQ80AVX2(dst *float32, panel *byte, blocks int)

//go:noescape
func expandQ40AVX2(dst *float32, panel *byte, blocks int)

//go:noescape
func expandQ41AVX2(dst *float32, panel *byte, blocks int)

func expandBlocks(f Quant, dst []float32, panel []byte, blocks int) {
	switch {
	case useAVX512 && f == Q8_0:
		expandQ80AVX512(&dst[0], &panel[0], blocks)
	case useAVX512 && f == Q4_0:
		expandQ40AVX512(&dst[0], &panel[0], blocks)
	case useAVX512 && f == Q4_1:
		expandQ41AVX512(&dst[0], &panel[0], blocks)
	case useAVX2 && useF16C && f == Q8_0:
		expandQ80AVX2(&dst[0], &panel[0], blocks)
	case useAVX2 && useF16C && f == Q4_0:
		expandQ40AVX2(&dst[0], &panel[0], blocks)
	case useAVX2 && useF16C && f == Q4_1:
		expandQ41AVX2(&dst[0], &panel[0], blocks)
	default:
		expandBlocksGeneric(f, dst, panel, blocks)
	}
}

//go:noescape
func multiplyQ80AVX512(dst *float32, dstStride int, a *float32, aStride int, panel *byte, rows, blocks int, rescale *float32)

//go:noescape
func multiplyQ40AVX512(dst *float32, dstStride int, a *float32, aStride int, panel *byte, rows, blocks int, rescale *float32)

//go:noescape
func multiplyQ41AVX512(dst *float32, dstStride int, a *float32, aStride int, panel *byte, rows, blocks int, rescale *float32)

//go:noescape
func multiplyQ80AVX2(dst *float32, dstStride int, a *float32, aStride int, panel *byte, rows, blocks int, rescale *float32)

//go:noescape
func multiplyQ40AVX2(dst *float32, dstStride int, a *float32, aStride int, panel *byte, rows, blocks int, rescale *float32)

//go:noescape
func multiplyQ41AVX2(dst *float32, dstStride int, a *float32, aStride int, panel *byte, rows, blocks int, rescale *float32)

// multiplyBlocks reports whether there is a kernel that does it.
func multiplyBlocks(f Quant, dst []float32, dstStride int, a []float32, aStride int, panel []byte, rows, blocks int, rescale []float32) bool {
	keep := firstFrom(rescale, 0)
	switch {
	case rows > blockRows:
		return false
	case useAVX512 && f == Q8_0:
		multiplyQ80AVX512(&dst[0], dstStride, &a[0], aStride, &panel[0], rows, blocks, keep)
	case useAVX512 && f == Q4_0:
		multiplyQ40AVX512(&dst[0], dstStride, &a[0], aStride, &panel[0], rows, blocks, keep)
	case useAVX512 && f == Q4_1:
		multiplyQ41AVX512(&dst[0], dstStride, &a[0], aStride, &panel[0], rows, blocks, keep)
	case useAVX2 && useF16C && f == Q8_0:
		multiplyQ80AVX2(&dst[0], dstStride, &a[0], aStride, &panel[0], rows, blocks, keep)
	case useAVX2 && useF16C && f == Q4_0:
		multiplyQ40AVX2(&dst[0], dstStride, &a[0], aStride, &panel[0], rows, blocks, keep)
	case useAVX2 && useF16C && f == Q4_1:
		multiplyQ41AVX2(&dst[0], dstStride, &a[0], aStride, &panel[0], rows, blocks, keep)
	default:
		return false
	}
	return true
}
