//go:build !purego

package kernel

// Wider vectors would gain nothing: memory is slower than this.
//
//go:noescape
func sumAVX2(x *uint64, n int) uint64 // n a multiple of 32, > 0

func sum(x []uint64) uint64 {
	n := len(x) &^ 31
	if !useAVX2 || n == 0 {
		return sumGeneric(x)
	}
	return sumAVX2(&x[0], n) + sumGeneric(x[n:])
}
