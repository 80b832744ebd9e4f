package kernel

// peakGeneric is Peak for the generic kernels: eight chains of scalar operations, as many as the compiler keeps in
// registers.
func peakGeneric(n int) (flops int) {
	const loops = 250000
	x := peakSeed
	s := [8]float32{}
	for range n * loops {
		s[0] += x * x
		s[1] += x * x
		s[2] += x * x
		s[3] += x * x
		s[4] += x * x
		s[5] += x * x
		s[6] += x * x
		s[7] += x * x
	}
	for _, f := range s {
		peakSeed += f * 0
	}
	return n * loops * 8 * 2
}

// peakSeed keeps the compiler from working peakGeneric out beforehand.
var peakSeed float32 = 1e-30
