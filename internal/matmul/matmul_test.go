package matmul

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/rapt-go/rapt/internal/half"
)

var formats = []struct {
	name   string
	format Format
}{{"F32", F32}, {"F16", F16}, {"BF16", BF16}}

// randomMatrix is a matrix [out][in] of random parameters in that format, and their values.
func randomMatrix(t testing.TB, r *rand.Rand, format Format, out, in int) (m Matrix, values []float32) {
	t.Helper()
	var data []byte
	for range out * in {
		v := float32(r.NormFloat64())
		switch format {
		case F32:
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
		case F16:
			h := half.FloatToHalf(v)
			data, v = binary.LittleEndian.AppendUint16(data, h), half.HalfToFloat(h)
		case BF16:
			upper := uint16(math.Float32bits(v) >> 16)
			data, v = binary.LittleEndian.AppendUint16(data, upper), half.BFloat16ToFloat(upper)
		}
		values = append(values, v)
	}
	m, err := New(format, data, out, in)
	if err != nil {
		t.Fatal(err)
	}
	return m, values
}

func randomVector(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// TestMul compares with float64. A sum of n products in float32 is off by at most n·ε·Σ|products|, with ε = 2^-24 for
// each rounding.
func TestMul(t *testing.T) {
	for _, f := range formats {
		for _, size := range [][3]int{{1, 1, 1}, {1, 4, 3}, {2, 3, 5}, {3, 16, 8}, {5, 17, 33}, {4, 35, 7}, {9, 130, 96}} {
			rows, out, in := size[0], size[1], size[2]
			for _, withBias := range []bool{false, true} {
				t.Run(fmt.Sprintf("format=%s/rows=%d/out=%d/in=%d/bias=%v", f.name, rows, out, in, withBias), func(t *testing.T) {
					r := rand.New(rand.NewPCG(1, uint64(out)))
					m, w := randomMatrix(t, r, f.format, out, in)
					x := randomVector(r, rows*in)
					var bias []float32
					if withBias {
						bias = randomVector(r, out)
					}
					const guard = 12345
					dst := slices.Repeat([]float32{guard}, rows*out+1)
					m.Mul(dst, x, rows, bias)
					if dst[rows*out] != guard {
						t.Error("Mul wrote beyond the result")
					}
					checkProduct(t, dst, x, w, bias, rows, out, in)
				})
			}
		}
	}
}

func checkProduct(t *testing.T, dst, x, w, bias []float32, rows, out, in int) {
	t.Helper()
	for i := range rows * out {
		row, col := i/out, i%out
		var sum, size float64
		if bias != nil {
			sum = float64(bias[col])
			size = math.Abs(sum)
		}
		for j := range in {
			product := float64(x[row*in+j]) * float64(w[col*in+j])
			sum += product
			size += math.Abs(product)
		}
		if limit := float64(in+1) * size / (1 << 24); math.Abs(float64(dst[i])-sum) > limit {
			t.Fatalf("dst[%d][%d] = %v, expected %v within %v", row, col, dst[i], sum, limit)
		}
	}
}

// TestMulSameBits shows that neither the number of threads nor the other rows change a bit.
func TestMulSameBits(t *testing.T) {
	const rows, out, in = 7, 203, 150
	r := rand.New(rand.NewPCG(2, 2))
	m, _ := randomMatrix(t, r, F16, out, in)
	x, bias := randomVector(r, rows*in), randomVector(r, out)
	all := make([]float32, rows*out)
	m.Mul(all, x, rows, bias)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, threads := range []int{1, 2, 3, 8} {
		runtime.GOMAXPROCS(threads)
		dst := make([]float32, rows*out)
		m.Mul(dst, x, rows, bias)
		if !slices.Equal(dst, all) {
			t.Errorf("with %d threads the result differs", threads)
		}
		for i := range rows {
			m.Mul(dst, x[i*in:], 1, bias)
			if !slices.Equal(dst[:out], all[i*out:(i+1)*out]) {
				t.Errorf("with %d threads row %d alone differs", threads, i)
			}
		}
	}
}

func TestRow(t *testing.T) {
	for _, f := range formats {
		t.Run(f.name, func(t *testing.T) {
			m, values := randomMatrix(t, rand.New(rand.NewPCG(3, 3)), f.format, 5, 7)
			for i := range 5 {
				dst := make([]float32, 7)
				m.Row(dst, i)
				if want := values[i*7 : (i+1)*7]; !slices.Equal(dst, want) {
					t.Errorf("row %d = %v, expected %v", i, dst, want)
				}
			}
		})
	}
}

func TestNewErrors(t *testing.T) {
	for _, test := range []struct {
		name    string
		format  Format
		bytes   int
		out, in int
		want    string
	}{
		{"too short", F32, 23, 2, 3, "[2][3] of 4-byte numbers doesn't fit 23 bytes"},
		{"too long", F16, 14, 2, 3, "[2][3] of 2-byte numbers doesn't fit 14 bytes"},
		{"empty", F32, 0, 0, 3, "[0][3]"},
		{"negative", F32, 24, -2, -3, "[-2][-3]"},
		{"product overflows", F32, 0, 1 << 32, 1 << 32, "doesn't fit 0 bytes"},
		{"format", 3, 8, 1, 2, "unknown format 3"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := New(test.format, make([]byte, test.bytes), test.out, test.in)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, expected one with %q", err, test.want)
			}
		})
	}
}

// BenchmarkMul has the shapes of MiniLM's feed-forward layer.
func BenchmarkMul(b *testing.B) {
	r := rand.New(rand.NewPCG(4, 4))
	for _, rows := range []int{1, 9, 128} {
		b.Run(fmt.Sprintf("rows=%d", rows), func(b *testing.B) {
			const out, in = 1536, 384
			m, _ := randomMatrix(b, r, F16, out, in)
			x, dst := randomVector(r, rows*in), make([]float32, rows*out)
			for b.Loop() {
				m.Mul(dst, x, rows, nil)
			}
			b.ReportMetric(2*float64(rows*out*in)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
		})
	}
}
