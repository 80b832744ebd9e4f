//go:build !purego

package kernel

//go:noescape
func rotaryNEON(x *float32, stride, rows, half int, cos, sin *float32) // rows, half ≥ 1

func rotary(x []float32, stride, rows, half int, cos, sin []float32) {
	if !useNEON {
		rotaryGeneric(x, stride, rows, half, cos, sin)
		return
	}
	rotaryNEON(&x[0], stride, rows, half, &cos[0], &sin[0])
}
