//go:build !purego

package kernel

// peakAVX512 does 12·16 fused multiply-adds n times, on registers.
//
//go:noescape
func peakAVX512(n int)

// peakAVX2 does 12·8 fused multiply-adds n times, on registers.
//
//go:noescape
func peakAVX2(n int)

// Peak does nothing but multiply and add in the widest vectors there are, and returns how many floating-point operations
// that was: about 2^22 for n = 1.
func Peak(n int) (flops int) {
	const loops = 10000
	switch {
	case useAVX512:
		for range n {
			peakAVX512(loops)
		}
		return n * loops * 12 * 16 * 2
	case useAVX2:
		for range n {
			peakAVX2(loops)
		}
		return n * loops * 12 * 8 * 2
	}
	return peakGeneric(n)
}

// Name is the instruction set of the kernels in use.
func Name() string {
	switch {
	case useAVX512:
		return "AVX-512"
	case useAVX2:
		return "AVX2"
	}
	return "generic"
}
