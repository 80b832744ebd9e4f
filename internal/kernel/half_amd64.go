//go:build !purego

package kernel

import "golang.org/x/sys/cpu"

// useF16C is true on every CPU with AVX2 that was ever made; they are two bits of CPUID all the same.
var useF16C = cpu.X86.HasF16C

//go:noescape
func expandHalfAVX512(dst *float32, src *uint16, n int)

//go:noescape
func expandHalfAVX2(dst *float32, src *uint16, n int) // n a multiple of 8

//go:noescape
func expandBFloat16AVX512(dst *float32, src *uint16, n int)

//go:noescape
func expandBFloat16AVX2(dst *float32, src *uint16, n int) // n a multiple of 8

func expandHalf(dst []float32, src []uint16) {
	n := len(dst)
	switch {
	case useAVX512 && n > 0:
		expandHalfAVX512(&dst[0], &src[0], n)
		return
	case useAVX2 && useF16C && n >= 8:
		n -= n % 8
		expandHalfAVX2(&dst[0], &src[0], n)
		dst, src = dst[n:], src[n:]
	}
	expandHalfGeneric(dst, src)
}

func expandBFloat16(dst []float32, src []uint16) {
	n := len(dst)
	switch {
	case useAVX512 && n > 0:
		expandBFloat16AVX512(&dst[0], &src[0], n)
		return
	case useAVX2 && n >= 8:
		n -= n % 8
		expandBFloat16AVX2(&dst[0], &src[0], n)
		dst, src = dst[n:], src[n:]
	}
	expandBFloat16Generic(dst, src)
}

//go:noescape
func multiplyHalfAVX512(dst *float32, dstStride int, a *float32, aStride int, expanded *float32, panel *uint16, rows, depth int, rescale *float32) // 1 ≤ rows ≤ 12

//go:noescape
func multiplyBFloat16AVX512(dst *float32, dstStride int, a *float32, aStride int, expanded *float32, panel *uint16, rows, depth int, rescale *float32) // 1 ≤ rows ≤ 12

// multiplyHalf reports whether there is a kernel that does it.
func multiplyHalf(dst []float32, dstStride int, a []float32, aStride int, expanded []float32, panel []uint16, rows, depth int, rescale []float32) bool {
	if !useAVX512 {
		return false
	}
	keep := firstFrom(rescale, 0)
	multiplyHalfAVX512(&dst[0], dstStride, &a[0], aStride, &expanded[0], &panel[0], rows, depth, keep)
	return true
}

// multiplyBFloat16 reports whether there is a kernel that does it.
func multiplyBFloat16(dst []float32, dstStride int, a []float32, aStride int, expanded []float32, panel []uint16, rows, depth int, rescale []float32) bool {
	if !useAVX512 {
		return false
	}
	keep := firstFrom(rescale, 0)
	multiplyBFloat16AVX512(&dst[0], dstStride, &a[0], aStride, &expanded[0], &panel[0], rows, depth, keep)
	return true
}

// onceRows is the number of rows up to which a panel that is used once isn't kept: with more, to expand it costs little
// beside the multiplications.
const onceRows = 4

//go:noescape
func multiplyHalfOnceAVX512(dst *float32, dstStride int, a *float32, aStride int, panel *uint16, rows, depth int, rescale *float32) // 1 ≤ rows ≤ 4

//go:noescape
func multiplyBFloat16OnceAVX512(dst *float32, dstStride int, a *float32, aStride int, panel *uint16, rows, depth int, rescale *float32) // 1 ≤ rows ≤ 4

//go:noescape
func multiplyHalfOnceAVX2(dst *float32, dstStride int, a *float32, aStride int, panel *uint16, rows, depth int, rescale *float32) // 1 ≤ rows ≤ 4

//go:noescape
func multiplyBFloat16OnceAVX2(dst *float32, dstStride int, a *float32, aStride int, panel *uint16, rows, depth int, rescale *float32) // 1 ≤ rows ≤ 4

// multiplyHalfOnce reports whether there is a kernel that does it.
func multiplyHalfOnce(dst []float32, dstStride int, a []float32, aStride int, panel []uint16, rows, depth int, rescale []float32) bool {
	keep := firstFrom(rescale, 0)
	switch {
	case rows > onceRows:
		return false
	case useAVX512:
		multiplyHalfOnceAVX512(&dst[0], dstStride, &a[0], aStride, &panel[0], rows, depth, keep)
	case useAVX2 && useF16C:
		multiplyHalfOnceAVX2(&dst[0], dstStride, &a[0], aStride, &panel[0], rows, depth, keep)
	default:
		return false
	}
	return true
}

// multiplyBFloat16Once reports whether there is a kernel that does it.
func multiplyBFloat16Once(dst []float32, dstStride int, a []float32, aStride int, panel []uint16, rows, depth int, rescale []float32) bool {
	keep := firstFrom(rescale, 0)
	switch {
	case rows > onceRows:
		return false
	case useAVX512:
		multiplyBFloat16OnceAVX512(&dst[0], dstStride, &a[0], aStride, &panel[0], rows, depth, keep)
	case useAVX2:
		multiplyBFloat16OnceAVX2(&dst[0], dstStride, &a[0], aStride, &panel[0], rows, depth, keep)
	default:
		return false
	}
	return true
}
