//go:build !purego

package kernel

//go:noescape
func expandHalfNEON(dst *float32, src *uint16, n int) // n a multiple of 8, > 0

//go:noescape
func expandBFloat16NEON(dst *float32, src *uint16, n int) // n a multiple of 8, > 0

func expandHalf(dst []float32, src []uint16) {
	if n := len(dst) &^ 7; useNEON && n > 0 {
		expandHalfNEON(&dst[0], &src[0], n)
		dst, src = dst[n:], src[n:]
	}
	expandHalfGeneric(dst, src)
}

func expandBFloat16(dst []float32, src []uint16) {
	if n := len(dst) &^ 7; useNEON && n > 0 {
		expandBFloat16NEON(&dst[0], &src[0], n)
		dst, src = dst[n:], src[n:]
	}
	expandBFloat16Generic(dst, src)
}

// onceRows is the number of rows up to which a panel that is used once isn't kept.
const onceRows = 4

//go:noescape
func multiplyHalfOnceNEON(dst *float32, dstStride int, a *float32, aStride int, panel *uint16, rows, depth int, rescale *float32) // 1 ≤ rows ≤ 4

//go:noescape
func multiplyBFloat16OnceNEON(dst *float32, dstStride int, a *float32, aStride int, panel *uint16, rows, depth int, rescale *float32) // 1 ≤ rows ≤ 4

// multiplyHalfOnce reports whether there is a kernel that does it.
func multiplyHalfOnce(dst []float32, dstStride int, a []float32, aStride int, panel []uint16, rows, depth int, rescale []float32) bool {
	if !useNEON || rows > onceRows {
		return false
	}
	keep := firstFrom(rescale, 0)
	multiplyHalfOnceNEON(&dst[0], dstStride, &a[0], aStride, &panel[0], rows, depth, keep)
	return true
}

// multiplyBFloat16Once reports whether there is a kernel that does it.
func multiplyBFloat16Once(dst []float32, dstStride int, a []float32, aStride int, panel []uint16, rows, depth int, rescale []float32) bool {
	if !useNEON || rows > onceRows {
		return false
	}
	keep := firstFrom(rescale, 0)
	multiplyBFloat16OnceNEON(&dst[0], dstStride, &a[0], aStride, &panel[0], rows, depth, keep)
	return true
}
