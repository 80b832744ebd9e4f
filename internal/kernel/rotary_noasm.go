//go:build purego || !(amd64 || arm64)

package kernel

func rotary(x []float32, stride, rows, half int, cos, sin []float32) {
	rotaryGeneric(x, stride, rows, half, cos, sin)
}
