package kernel

import (
	"math"
	"testing"
)

// scoreValues gives scores with NaN and infinities among them.
func scoreValues(t *testing.T) func() float32 {
	next := numbers(t)
	i := 0
	return func() float32 {
		i++
		switch i % 41 {
		case 11:
			return nan
		case 22:
			return inf
		case 33:
			return -inf
		}
		return 10 * next()
	}
}

// eachScores runs a kernel on rows of scores of all lengths, at both edges of their room, and compares with want, what a
// score x with index j becomes, and how far that may be off.
func eachScores(t *testing.T, kernel func(t *testing.T, edge string, s []float32) (want func(j int, x float32) (y, tolerance float64))) {
	next := scoreValues(t)
	room := newRoom[float32](t, 300)
	for _, n := range lengths() {
		for _, edge := range edges {
			s := room.fill(edge, n, next)
			want := kernel(t, edge, s)
			room.checkAround(t, "s")
			for j, have := range s {
				x := room.before[j]
				if y, tolerance := want(j, x); !near(have, y, tolerance) {
					t.Fatalf("n=%d: s[%d] = %v became %v, expected %v ± %.2g", n, j, x, have, y, tolerance)
				}
			}
		}
	}
}

func TestFill(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		eachScores(t, func(_ *testing.T, _ string, s []float32) func(int, float32) (float64, float64) {
			Fill(s, -inf)
			return func(int, float32) (float64, float64) { return math.Inf(-1), 0 }
		})
	})
}

func TestSoftcap(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		for _, c := range []struct{ a, limit float32 }{
			{1, 30}, {0.125, 50}, {-0.5, 2}, {3, 1e-3}, {1e-3, 1e20},
			{1, 1e-39}, {1e-20, 1e30}, {1e30, 1e-20}, // a/limit isn't a normal number
		} {
			eachScores(t, func(_ *testing.T, _ string, s []float32) func(int, float32) (float64, float64) {
				Softcap(s, c.a, c.limit)
				return func(_ int, x float32) (float64, float64) {
					y := float64(c.limit) * math.Tanh(float64(c.a)*float64(x)/float64(c.limit))
					return y, 5e-7*math.Abs(y) + math.SmallestNonzeroFloat32
				}
			})
		}
	})
}

// tanh keeps its relative accuracy near 0, is never above 1, and is 1 from 9.02 on.
func TestSoftcapRange(t *testing.T) {
	all := []float32{0, 1e-37, 1e-20, 1e-10, 20, 1e10, math.MaxFloat32, inf}
	for x := float32(1e-4); x < 12; x *= 1.00003 {
		all = append(all, x, -x)
	}
	eachVariant(t, func(t *testing.T) {
		worst := 0.0
		s := clone(all)
		Softcap(s, 1, 1)
		for j, x := range all {
			want := math.Tanh(float64(x))
			err := math.Abs(float64(s[j]) - want)
			if err > 3.3e-7*math.Abs(want) || s[j] > 1 || s[j] < -1 || x > 9.02 && s[j] != 1 {
				t.Fatalf("tanh(%v) is %v, expected %v", x, s[j], want)
			}
			if x != 0 {
				worst = max(worst, err/math.Abs(want))
			}
		}
		t.Logf("largest relative error: %.3g", worst)
	})
}

func TestAddBias(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		room, next := newRoom[float32](t, 257), scoreValues(t)
		next() // so that the infinities of the bias stand beside those of the scores, and elsewhere
		eachScores(t, func(t *testing.T, edge string, s []float32) func(int, float32) (float64, float64) {
			const a = 0.7
			bias := room.fill(edge, len(s), next)
			AddBias(s, a, bias)
			room.checkUnchanged(t, "bias")
			return func(j int, x float32) (float64, float64) {
				if bias[j] == -inf {
					return math.Inf(-1), 0
				}
				p, b := float64(float32(a))*float64(x), float64(bias[j])
				return p + b, 2 * epsilon * (math.Abs(p) + math.Abs(b))
			}
		})
	})
}

func TestAddDistance(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		const a, slope = 0.7, -0.25
		for _, distance := range []int{0, 1, 50, -3, 1 << 20, 1<<31 - 1, 1 << 31, -1 << 31, -1<<31 + 100, 1 << 40, -1 << 40} {
			eachScores(t, func(_ *testing.T, _ string, s []float32) func(int, float32) (float64, float64) {
				AddDistance(s, a, slope, distance)
				return func(j int, x float32) (float64, float64) {
					p, q := float64(float32(a))*float64(x), slope*math.Abs(float64(distance-j))
					return p + q, 3 * epsilon * (math.Abs(p) + math.Abs(q))
				}
			})
		}
	})
}

func TestHide(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		room, next := newRoom[bool](t, 257), numbers(t)
		eachScores(t, func(t *testing.T, edge string, s []float32) func(int, float32) (float64, float64) {
			keep := room.fill(edge, len(s), func() bool { return next() > 0 })
			Hide(s, keep)
			room.checkUnchanged(t, "keep")
			return func(j int, x float32) (float64, float64) {
				if !keep[j] {
					return math.Inf(-1), 0
				}
				return float64(x), 0
			}
		})
	})
}

func TestHideOthers(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		room, next := newRoom[int32](t, 257), numbers(t)
		eachScores(t, func(t *testing.T, edge string, s []float32) func(int, float32) (float64, float64) {
			ids := room.fill(edge, len(s), func() int32 { return int32(2 * next()) })
			HideOthers(s, ids, 1)
			room.checkUnchanged(t, "ids")
			return func(j int, x float32) (float64, float64) {
				if ids[j] != 1 {
					return math.Inf(-1), 0
				}
				return float64(x), 0
			}
		})
	})
}

// Whatever is hidden stays so, NaN included, at each place of a row.
func TestHideNaN(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		const n = 37
		for j := range n {
			keep, bias, ids := make([]bool, n), make([]float32, n), make([]int32, n)
			for i := range n {
				keep[i], ids[i] = i != j, 5
			}
			bias[j], ids[j] = -inf, 4
			for name, hide := range map[string]func(s []float32){
				"Hide":       func(s []float32) { Hide(s, keep) },
				"AddBias":    func(s []float32) { AddBias(s, 1, bias) },
				"HideOthers": func(s []float32) { HideOthers(s, ids, 5) },
			} {
				for _, x := range []float32{nan, inf, -inf, 0} {
					s := make([]float32, n)
					s[j] = x
					hide(s)
					for i, y := range s {
						if i == j && y != -inf || i != j && y != 0 {
							t.Fatalf("%s of %v at %d: s[%d] is %v", name, x, j, i, y)
						}
					}
				}
			}
		}
	})
}
