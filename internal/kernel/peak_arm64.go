//go:build !purego

package kernel

// peakNEON does 24·4 fused multiply-adds n times, on registers.
//
//go:noescape
func peakNEON(n int)

// Peak does nothing but multiply and add in vectors, and returns how many floating-point operations that was: about 2^22
// for n = 1.
func Peak(n int) (flops int) {
	const loops = 20000
	if !useNEON {
		return peakGeneric(n)
	}
	for range n {
		peakNEON(loops)
	}
	return n * loops * 24 * 4 * 2
}

// Name is the instruction set of the kernels in use.
func Name() string {
	if useNEON {
		return "NEON"
	}
	return "generic"
}
