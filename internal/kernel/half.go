package kernel

import "math"

// ExpandHalf computes dst[j] = src[j] for src of IEEE 754 binary16, exactly; a NaN becomes quiet.
func ExpandHalf(dst []float32, src []uint16) { expandHalf(dst, src[:len(dst)]) }

// ExpandBFloat16 computes dst[j] = src[j] for src of bfloat16, the upper half of a float32.
func ExpandBFloat16(dst []float32, src []uint16) { expandBFloat16(dst, src[:len(dst)]) }

func expandHalfGeneric(dst []float32, src []uint16) {
	for j, h := range src {
		sign, magnitude := uint32(h&0x8000)<<16, uint32(h&0x7fff)<<13
		if h&0x7c00 == 0x7c00 {
			magnitude |= 0x7f800000
			if h&0x3ff != 0 {
				magnitude |= 0x00400000
			}
		} else {
			// The exponent was meant with a bias of 15 and now has one of 127. The product corrects it exactly, and makes
			// numbers normal that were not.
			magnitude = math.Float32bits(math.Float32frombits(magnitude) * 0x1p112)
		}
		dst[j] = math.Float32frombits(sign | magnitude)
	}
}

func expandBFloat16Generic(dst []float32, src []uint16) {
	for j, b := range src {
		dst[j] = math.Float32frombits(uint32(b) << 16)
	}
}

// Prefetch asks for the memory of x to be brought into the second-level cache, while other work goes on. It changes
// nothing that can be seen.
func Prefetch(x []uint16) { prefetch(x) }
