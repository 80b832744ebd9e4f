//go:build !purego

package kernel

// The functions in assembly take rows, half ≥ 1.

//go:noescape
func rotaryAVX512(x *float32, stride, rows, half int, cos, sin *float32)

//go:noescape
func rotaryAVX2(x *float32, stride, rows, half int, cos, sin *float32)

func rotary(x []float32, stride, rows, half int, cos, sin []float32) {
	switch {
	case useAVX512:
		rotaryAVX512(&x[0], stride, rows, half, &cos[0], &sin[0])
	case useAVX2:
		rotaryAVX2(&x[0], stride, rows, half, &cos[0], &sin[0])
	default:
		rotaryGeneric(x, stride, rows, half, cos, sin)
	}
}
