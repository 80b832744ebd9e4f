package kernel

import (
	"math/rand/v2"
	"testing"
	"unsafe"
)

// TestSum compares with a plain loop, to the bit: addition modulo 2⁶⁴ doesn't depend on the order.
func TestSum(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 1))
		words := newRoom[int32](t, 2*1100)
		for _, n := range append(lengths(), 1023, 1024, 1025, 1100) {
			for _, edge := range edges {
				x := words.fill(edge, 2*n, func() int32 { return int32(rng.Uint32()) })
				list := unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(x))), n)
				want := uint64(0)
				for _, word := range list {
					want += word
				}
				if have := Sum(list); have != want {
					t.Fatalf("n=%d at the %s: the sum is %d, expected %d", n, edge, have, want)
				}
				words.checkUnchanged(t, "x")
			}
		}
	})
}
