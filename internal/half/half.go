// Package half converts between float32 and the two 16-bit floating-point formats in which parameters are stored:
// IEEE 754 binary16 (1 sign, 5 exponent and 10 fraction bits, the "half" or float16) and bfloat16 (1, 8 and 7).
// Both are held as their bits, in a uint16.
package half

import "math"

// HalfToFloat is the value of a float16. Every float16 has an exact float32, subnormal numbers and infinities
// included; a NaN keeps its sign and payload.
func HalfToFloat(h uint16) float32 {
	sign := uint32(h&0x8000) << 16
	magnitude := uint32(h&0x7fff) << 13 // the ten fraction bits moved to the top of the twenty-three
	if h&0x7c00 == 0x7c00 {
		return math.Float32frombits(sign | 0x7f800000 | magnitude)
	}
	// The exponent is now read with a bias of 127 where 15 was meant: the value is too small by 2^(127−15). The product
	// with that power of two is exact, and it normalises float16's subnormal numbers on the way.
	return math.Float32frombits(sign | math.Float32bits(math.Float32frombits(magnitude)*0x1p112))
}

// BFloat16ToFloat is the value of a bfloat16, which is the upper half of a float32.
func BFloat16ToFloat(b uint16) float32 {
	return math.Float32frombits(uint32(b) << 16)
}

// FloatToHalf is the float16 nearest to f; of two equally near ones that with an even last bit, as IEEE 754 rounds by
// default. From 65520 on, half a unit above the largest float16, it is infinite. A NaN stays a NaN and becomes quiet.
func FloatToHalf(f float32) uint16 {
	const (
		infinity      = 0x7f800000 // of float32
		overflow      = 0x477ff000 // 65520
		smallestExact = 0x38800000 // 2^-14, the smallest normal float16
	)
	sign := uint16(math.Float32bits(f) >> 16 & 0x8000)
	magnitude := math.Float32bits(f) & 0x7fffffff
	switch {
	case magnitude > infinity:
		return sign | 0x7e00 | uint16(magnitude>>13)&0x1ff
	case magnitude >= overflow:
		return sign | 0x7c00
	case magnitude >= smallestExact:
		// Thirteen bits go. Adding just under half of their weight, and one more where the last bit that stays is odd,
		// carries into it exactly when the number has to be rounded up. A carry out of the fraction raises the exponent.
		odd := magnitude >> 13 & 1
		return sign | uint16((magnitude-(127-15)<<23+0xfff+odd)>>13)
	default:
		// Subnormal float16 are multiples of 2^-24, which is also the spacing of float32 between 0.5 and 1. So the sum
		// with 0.5 rounds to the multiple that is wanted, and its distance from 0.5 in units of the last place is the
		// answer. (2^-24 · 2^10 is the smallest normal float16: rounding up to it needs no care.)
		sum := math.Float32frombits(magnitude) + 0.5
		return sign | uint16(math.Float32bits(sum)-math.Float32bits(0.5))
	}
}
