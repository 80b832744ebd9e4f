package kernel

import (
	"math"
	"testing"
)

// Both norms against float64. The error of a sum in lanes of k numbers each is at most k+5 roundings of the sum of the
// absolute values, relative to which the variance is off by twice as many; its root by half of that; and there are a few
// more roundings.
func TestNorm(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		next := numbers(t)
		const most = 2 * 260
		dstRoom, xRoom := newRoom[float32](t, most), newRoom[float32](t, most)
		scaleRoom, shiftRoom := newRoom[float32](t, 260), newRoom[float32](t, 260)
		const eps = 1e-5
		for _, n := range lengths() {
			if n == 0 {
				continue
			}
			for i, edge := range edges {
				for _, rms := range []bool{false, true} {
					rows, stride := 1+i, n+n%2
					size := matrixSize(rows, n, stride)
					x := xRoom.fill(edge, size, func() float32 { return 3 + 2*next() })
					dst, scale, shift := dstRoom.slice(edge, size), scaleRoom.fill(edge, n, next), shiftRoom.fill(edge, n, next)
					in := clone(x)
					if rms {
						RMSNorm(dst, x, stride, rows, n, scale, eps)
						RMSNorm(in, in, stride, rows, n, scale, eps)
					} else {
						LayerNorm(dst, x, stride, rows, n, scale, shift, eps)
						LayerNorm(in, in, stride, rows, n, scale, shift, eps)
					}
					for r := range rows {
						checkNorm(t, dst[r*stride:][:n], x[r*stride:][:n], scale, shift, eps, rms)
						checkSame(t, in[r*stride:][:n], dst[r*stride:][:n])
						if r < rows-1 && n < stride && !same(dst[r*stride+n], sentinel[float32]()) {
							t.Fatalf("n=%d: a number between rows was written", n)
						}
					}
					dstRoom.checkAround(t, "dst")
					xRoom.checkUnchanged(t, "x")
					scaleRoom.checkUnchanged(t, "scale")
					shiftRoom.checkUnchanged(t, "shift")
				}
			}
		}
	})
}

func checkNorm(t *testing.T, dst, x, scale, shift []float32, eps float64, rms bool) {
	t.Helper()
	n := float64(len(x))
	var mean, size, squares float64
	for _, v := range x {
		size += math.Abs(float64(v)) / n
		if !rms {
			mean += float64(v) / n
		}
	}
	for _, v := range x {
		squares += (float64(v) - mean) * (float64(v) - mean)
	}
	inverse := 1 / math.Sqrt(squares/n+eps)
	for j, v := range x {
		want := (float64(v) - mean) * inverse * float64(scale[j])
		roundings := n/8 + 10
		tolerance := roundings * epsilon * math.Abs(float64(scale[j])) * (math.Abs(float64(v)) + size) * inverse
		if !rms {
			want += float64(shift[j])
			tolerance += epsilon * math.Abs(want)
		}
		if !near(dst[j], want, tolerance) {
			t.Fatalf("n=%d: dst[%d] is %v, expected %v within %v", len(x), j, dst[j], want, tolerance)
		}
	}
}

func TestBeginRows(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		next := numbers(t)
		dstRoom, rowRoom := newRoom[float32](t, 3*260), newRoom[float32](t, 260)
		for _, n := range lengths() {
			for rows := range 4 {
				for _, edge := range edges {
					stride := n + (n+rows)%3
					dst, row := dstRoom.fill(edge, matrixSize(rows, n, stride), next), rowRoom.fill(edge, n, next)
					before := clone(dst)
					AddRows(dst, stride, rows, row)
					set := clone(before)
					SetRows(set, stride, rows, row)
					for i := range dst {
						added, put := before[i], before[i]
						if r, j := i/max(stride, 1), i%max(stride, 1); r < rows && j < n {
							added, put = before[i]+row[j], row[j]
						}
						checkSame(t, []float32{dst[i], set[i]}, []float32{added, put})
					}
					dstRoom.checkAround(t, "dst")
					rowRoom.checkUnchanged(t, "row")
				}
			}
		}
	})
}

func BenchmarkNorm(b *testing.B) {
	const rows, n = 12, 384
	x, scale, shift := make([]float32, rows*n), make([]float32, n), make([]float32, n)
	for i := range x {
		x[i] = float32(i % 7)
	}
	bench(b, "do=LayerNorm", "number", rows*n, func() { LayerNorm(x, x, n, rows, n, scale, shift, 1e-12) })
	bench(b, "do=SetRows", "number", rows*32, func() { SetRows(x, n, rows, shift[:32]) })
}
