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

// prefetchT1 fetches the cache lines that x and the n bytes from there on are in; n > 0.
//
//go:noescape
func prefetchT1(x *uint16, n int)

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

func prefetch(x []uint16) {
	if len(x) > 0 {
		prefetchT1(&x[0], 2*len(x))
	}
}
