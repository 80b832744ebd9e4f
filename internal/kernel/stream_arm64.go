//go:build !purego

package kernel

//go:noescape
func sumNEON(x *uint64, n int) uint64 // n a multiple of 16, > 0

func sum(x []uint64) uint64 {
	n := len(x) &^ 15
	if !useNEON || n == 0 {
		return sumGeneric(x)
	}
	return sumNEON(&x[0], n) + sumGeneric(x[n:])
}
