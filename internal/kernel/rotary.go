package kernel

// Rotary turns heads by the angles of their token's position (Su et al. 2021), in place. Each of some rows, stride apart, is
// a head of dim numbers, of which number j of the first half and number j of the second are the two coordinates of a point:
//
//	a, b = a·cos[j] − b·sin[j], b·cos[j] + a·sin[j]
//
// cos and sin have dim/2 numbers; dim is even. A result is off by at most two roundings of its products' absolute values.
func Rotary(x []float32, stride, rows, dim int, cos, sin []float32) {
	half := dim / 2
	if rows == 0 || half == 0 {
		return
	}
	rotary(x, stride, rows, half, cos[:half], sin[:half])
}

func rotaryGeneric(x []float32, stride, rows, half int, cos, sin []float32) {
	for r := range rows {
		first := x[r*stride:][:half]
		second := x[r*stride+half:][:half]
		for j, a := range first {
			b := second[j]
			first[j] = a*cos[j] - b*sin[j]
			second[j] = b*cos[j] + a*sin[j]
		}
	}
}
