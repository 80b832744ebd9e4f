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

// MultiplyHalf is ExpandHalf(expanded, panel), for one panel of that depth, and Multiply of at most RowStep rows with all
// columns of it, at once: what is read from farther away is expanded between the multiplications, for other rows to use.
func MultiplyHalf(dst []float32, dstStride int, a []float32, aStride int, expanded []float32, panel []uint16, rows, depth int, rescale []float32) {
	if rows > 0 && depth > 0 && multiplyHalf(dst, dstStride, a, aStride, expanded, panel, rows, depth, rescale) {
		return
	}
	expanded = expanded[:depth*PanelWidth]
	ExpandHalf(expanded, panel)
	Multiply(dst, dstStride, a, aStride, Packed(expanded, depth), rows, depth, PanelWidth, rescale)
}

// MultiplyBFloat16 is MultiplyHalf for bfloat16.
func MultiplyBFloat16(dst []float32, dstStride int, a []float32, aStride int, expanded []float32, panel []uint16, rows, depth int, rescale []float32) {
	if rows > 0 && depth > 0 && multiplyBFloat16(dst, dstStride, a, aStride, expanded, panel, rows, depth, rescale) {
		return
	}
	expanded = expanded[:depth*PanelWidth]
	ExpandBFloat16(expanded, panel)
	Multiply(dst, dstStride, a, aStride, Packed(expanded, depth), rows, depth, PanelWidth, rescale)
}

// MultiplyHalfOnce is MultiplyHalf for a panel that no other rows need. What it leaves in expanded is not defined: few rows
// are multiplied with numbers that never leave the registers, as fast as memory delivers the panel.
func MultiplyHalfOnce(dst []float32, dstStride int, a []float32, aStride int, expanded []float32, panel []uint16, rows, depth int, rescale []float32) {
	if rows > 0 && depth > 0 && multiplyHalfOnce(dst, dstStride, a, aStride, panel, rows, depth, rescale) {
		return
	}
	MultiplyHalf(dst, dstStride, a, aStride, expanded, panel, rows, depth, rescale)
}

// MultiplyBFloat16Once is MultiplyHalfOnce for bfloat16.
func MultiplyBFloat16Once(dst []float32, dstStride int, a []float32, aStride int, expanded []float32, panel []uint16, rows, depth int, rescale []float32) {
	if rows > 0 && depth > 0 && multiplyBFloat16Once(dst, dstStride, a, aStride, panel, rows, depth, rescale) {
		return
	}
	MultiplyBFloat16(dst, dstStride, a, aStride, expanded, panel, rows, depth, rescale)
}
