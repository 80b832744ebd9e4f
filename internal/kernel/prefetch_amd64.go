//go:build !purego

package kernel

//go:noescape
func prefetch(x *float32, stride, rows, lines int) // rows, lines ≥ 1

// Prefetch asks for rows of dim numbers, stride apart, that will be wanted soon.
func Prefetch(x []float32, stride, rows, dim int) {
	if rows > 0 && dim > 0 {
		prefetch(&x[0], stride, rows, (dim+15)/16)
	}
}
