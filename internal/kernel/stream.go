package kernel

// Sum adds up x, modulo 2⁶⁴. It does hardly more than read: a large x takes as long as memory takes to give it.
func Sum(x []uint64) uint64 { return sum(x) }

// sumGeneric reads the halves of x side by side, for the reason that sumAVX2 has, into sums that don't wait for each
// other.
func sumGeneric(x []uint64) uint64 {
	var a, b, c, d uint64
	half := len(x) / 2 &^ 1
	low, high := x[:half], x[half:][:half]
	for i := 0; i+1 < len(low) && i+1 < len(high); i += 2 {
		a += low[i]
		b += low[i+1]
		c += high[i]
		d += high[i+1]
	}
	for _, word := range x[2*half:] {
		a += word
	}
	return a + b + c + d
}
