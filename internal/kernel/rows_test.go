package kernel

import (
	"math"
	"testing"
)

func TestCombine(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		next := numbers(t)
		dstRoom, srcRoom := newRoom[float32](t, 257), newRoom[float32](t, 257)
		for _, n := range lengths() {
			for _, edge := range edges {
				dst, src, a, b := dstRoom.fill(edge, n, next), srcRoom.fill(edge, n, next), next(), next()
				Combine(dst, a, src, b)
				for j, x := range dst {
					p, q := float64(a)*float64(dstRoom.before[j]), float64(b)*float64(src[j])
					if !near(x, p+q, 2*epsilon*(math.Abs(p)+math.Abs(q))) {
						t.Fatalf("n=%d: dst[%d] is %v, expected %v", n, j, x, p+q)
					}
				}
				dstRoom.checkAround(t, "dst")
				srcRoom.checkUnchanged(t, "src")
			}
		}
	})
}

func TestScale(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		next := numbers(t)
		dstRoom, srcRoom := newRoom[float32](t, 257), newRoom[float32](t, 257)
		for _, n := range lengths() {
			for _, edge := range edges {
				dst, src, a := dstRoom.slice(edge, n), srcRoom.fill(edge, n, next), next()
				Scale(dst, a, src)
				dstRoom.checkAround(t, "dst")
				srcRoom.checkUnchanged(t, "src")
				in := append([]float32(nil), src...)
				Scale(in, a, in)
				for j, x := range dst {
					if want := a * src[j]; x != want || in[j] != want {
						t.Fatalf("n=%d: dst[%d] is %v, in place %v, expected %v", n, j, x, in[j], want)
					}
				}
			}
		}
	})
}

func TestFinite(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		next := numbers(t)
		xRoom := newRoom[float32](t, 257)
		for _, n := range lengths() {
			for _, edge := range edges {
				x := xRoom.fill(edge, n, next)
				if n > 1 {
					x[0], x[n-1], xRoom.before[0], xRoom.before[n-1] = math.MaxFloat32, -math.MaxFloat32, math.MaxFloat32, -math.MaxFloat32
				}
				if !Finite(x) {
					t.Fatalf("n=%d: all numbers are finite, reported as not", n)
				}
				xRoom.checkUnchanged(t, "x")
				for j := range x {
					for _, bad := range []float32{nan, inf, -inf, sentinel[float32]()} {
						kept := x[j]
						x[j] = bad
						if Finite(x) {
							t.Fatalf("n=%d: x[%d] is %v, not found", n, j, bad)
						}
						x[j] = kept
					}
				}
			}
		}
	})
}
