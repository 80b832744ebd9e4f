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
