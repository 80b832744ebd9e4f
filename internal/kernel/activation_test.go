package kernel

import (
	"math"
	"testing"
)

// An activationCase is a function, its value in float64 and its error.
type activationCase struct {
	name      string
	f         func(x []float32, stride, rows, n int)
	want      func(x float64) float64
	tolerance func(x, want float64) float64
}

var activationCases = []activationCase{
	{"gelu", GELU, gelu64, func(x, _ float64) float64 { return 2.5e-7 * math.Abs(x) }},
	{"gelu tanh", func(x []float32, stride, rows, n int) { Swish(x, stride, rows, n, GELUTanhA, GELUTanhB) },
		func(x float64) float64 { return x / (1 + math.Exp(-geluTanhArgument(x))) },
		func(x, want float64) float64 { return swishTolerance(x, want, geluTanhArgument(x)) }},
	{"silu", func(x []float32, stride, rows, n int) { Swish(x, stride, rows, n, 1, 0) },
		func(x float64) float64 { return x / (1 + math.Exp(-x)) },
		func(x, want float64) float64 { return swishTolerance(x, want, x) }},
	{"relu", ReLU, func(x float64) float64 { return max(x, 0) }, func(_, _ float64) float64 { return 0 }},
	{"tanh", func(x []float32, stride, rows, n int) {
		for r := range rows {
			Tanh(x[r*stride:][:n])
		}
	}, math.Tanh, func(_, want float64) float64 { return 5e-7 * math.Abs(want) }},
}

func swishTolerance(x, want, t float64) float64 {
	return (5e-7+4e-7*math.Abs(t))*math.Abs(want) + least*math.Abs(x)
}

// geluTanhArgument is twice that of tanh.
func geluTanhArgument(x float64) float64 { return math.Sqrt(8/math.Pi) * (x + 0.044715*x*x*x) }

// gelu64 is x·Φ(x) without cancellation on either side.
func gelu64(x float64) float64 { return x / 2 * math.Erfc(-x/math.Sqrt2) }

// Every function over the range where it bends, and far outside.
func TestActivationValues(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		for _, c := range activationCases {
			t.Run(c.name, func(t *testing.T) {
				const n = 1 << 12
				worst := 0.0
				x := make([]float32, n)
				for block := -100; block < 100; block++ {
					for j := range x {
						x[j] = (float32(block) + float32(j)/n) / 4
						if block == 99 {
							x[j] = x[j] * x[j] * x[j] * float32(1-j%2*2)
						}
					}
					in := clone(x)
					c.f(x, n, 1, n)
					for j, v := range in {
						want := c.want(float64(v))
						tolerance := c.tolerance(float64(v), want)
						if !near(x[j], want, tolerance) {
							t.Fatalf("f(%v) is %v, expected %v within %v", v, x[j], want, tolerance)
						}
						if tolerance > 0 {
							worst = max(worst, math.Abs(float64(x[j])-want)/tolerance)
						}
					}
				}
				t.Logf("largest error: %.2f of the tolerance", worst)
				edges := []float32{nan, inf}
				if c.f(edges, 2, 1, 2); edges[0] == edges[0] || edges[1] != inf && edges[1] != 1 {
					t.Errorf("f(NaN) and f(Inf) are %v", edges)
				}
			})
		}
	})
}

// Rows of any length and at any distance, with numbers beyond all others among them; nothing else is touched, and a number
// has the same bits wherever it stands.
func TestActivationRows(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		next := numbers(t)
		far, count := []float32{nan, inf, -inf, 1e30, -1e30, 1e-40}, 0
		number := func() float32 {
			if count++; count%11 == 0 {
				return far[count/11%len(far)]
			}
			return 3 * next()
		}
		room := newRoom[float32](t, 3*260)
		for _, c := range activationCases {
			for _, n := range lengths() {
				for rows := range 4 {
					for _, edge := range edges {
						stride := n + (n+rows)%3
						x := room.fill(edge, matrixSize(rows, n, stride), number)
						if rows == 0 {
							x = nil
						}
						before := clone(x)
						c.f(x, stride, rows, n)
						room.checkAround(t, c.name)
						for i := range x {
							if r, j := i/max(stride, 1), i%max(stride, 1); j >= n || r >= rows {
								checkSame(t, x[i:i+1], before[i:i+1])
								continue
							}
							c.f(before, 1, 1, 0)
							c.f(before[i:], 1, 1, 1)
							checkSame(t, x[i:i+1], before[i:i+1])
						}
					}
				}
			}
		}
	})
}

func TestTimes(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		next := numbers(t)
		dstRoom, xRoom := newRoom[float32](t, 3*260), newRoom[float32](t, 3*260)
		for _, n := range lengths() {
			for rows := range 4 {
				for _, edge := range edges {
					dstStride, xStride := n+(n+rows)%3, n+n%2
					dst := dstRoom.fill(edge, matrixSize(rows, n, dstStride), next)
					x := xRoom.fill(edge, matrixSize(rows, n, xStride), next)
					Times(dst, dstStride, x, xStride, rows, n)
					for i := range dst {
						want := dstRoom.before[i]
						if r, j := i/max(dstStride, 1), i%max(dstStride, 1); r < rows && j < n {
							want *= x[r*xStride+j]
						}
						checkSame(t, dst[i:i+1], []float32{want})
					}
					dstRoom.checkAround(t, "dst")
					xRoom.checkUnchanged(t, "x")
				}
			}
		}
	})
}

func BenchmarkActivation(b *testing.B) {
	const rows, n, stride = 12, 32, 400
	x := make([]float32, rows*stride)
	for i := range x {
		x[i] = float32(i%64)/8 - 4
	}
	bench(b, "do=GELU", "number", rows*n, func() { GELU(x, stride, rows, n) })
	bench(b, "do=Swish", "number", rows*n, func() { Swish(x, stride, rows, n, 1, 0) })
	ones := make([]float32, n)
	Fill(ones, 1)
	bench(b, "do=Times", "number", rows*n, func() { Times(x, stride, ones, 0, rows, n) })
}
