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
	"github.com/rapt-go/rapt/internal/team"
)

var formats = []Format{F32, F16, BF16, Q8_0, Q4_0, Q4_1}

// randomMatrix is a matrix [out][in] of random parameters in that format, and their values.
func randomMatrix(t testing.TB, r *rand.Rand, format Format, out, in int) (m Matrix, values []float32) {
	t.Helper()
	var data []byte
	if _, blocks := format.quant(); blocks {
		for range out * in / 32 {
			data, values = appendBlock(data, values, r, format)
		}
	}
	for len(values) < out*in {
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

// wholeBlocks is in, rounded up to what a matrix of the format can have.
func wholeBlocks(format Format, in int) int {
	numbers, _ := format.block()
	return (in + numbers - 1) / numbers * numbers
}

// appendBlock appends a random block of ggml and its values.
func appendBlock(data []byte, values []float32, r *rand.Rand, format Format) ([]byte, []float32) {
	d := half.FloatToHalf(float32(r.NormFloat64()) / 8)
	data = binary.LittleEndian.AppendUint16(data, d)
	scale, least := half.HalfToFloat(d), -8*half.HalfToFloat(d)
	if format == Q4_1 {
		m := half.FloatToHalf(float32(r.NormFloat64()))
		data, least = binary.LittleEndian.AppendUint16(data, m), half.HalfToFloat(m)
	}
	if format == Q8_0 {
		for range 32 {
			q := int8(r.IntN(256) - 128)
			data, values = append(data, byte(q)), append(values, float32(q)*scale)
		}
		return data, values
	}
	var block [32]float32
	for i := range 16 {
		q := byte(r.IntN(256))
		data = append(data, q)
		block[i], block[16+i] = float32(q%16)*scale+least, float32(q/16)*scale+least
	}
	return data, append(values, block[:]...)
}

func randomVector(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// multiply is a product of dense rows on so many threads; 0 is GOMAXPROCS.
func multiply(m *Matrix, dst, x []float32, rows int, bias []float32, threads int) {
	p := Product{Matrix: m, Dst: dst, X: x, Bias: bias, Rows: rows, DstStride: m.out, XStride: m.in}
	tm := team.Start(threads)
	defer tm.Stop()
	p.Run(tm)
}

// TestProduct compares with float64. A sum of n products in float32 is off by at most n·ε·Σ|products|, with ε = 2^-24 for
// each rounding.
func TestProduct(t *testing.T) {
	for _, f := range formats {
		for _, size := range [][3]int{
			{1, 1, 1}, {1, 4, 3}, {2, 3, 5}, {3, 16, 8}, {5, 17, 33}, {4, 35, 7}, {9, 130, 96},
			{13, 64, 192}, {25, 48, 193}, {40, 32, 500}, {300, 40, 1000},
		} {
			rows, out, in := size[0], size[1], wholeBlocks(f, size[2])
			for _, withBias := range []bool{false, true} {
				t.Run(fmt.Sprintf("format=%s/rows=%d/out=%d/in=%d/bias=%v", f, rows, out, in, withBias), func(t *testing.T) {
					r := rand.New(rand.NewPCG(1, uint64(out)))
					m, w := randomMatrix(t, r, f, out, in)
					x := randomVector(r, rows*in)
					var bias []float32
					if withBias {
						bias = randomVector(r, out)
					}
					const guard = 12345
					dst := slices.Repeat([]float32{guard}, rows*out+1)
					multiply(&m, dst, x, rows, bias, 0)
					if dst[rows*out] != guard {
						t.Error("something was written behind the result")
					}
					checkProduct(t, dst, x, w, bias, rows, out, in)
				})
			}
		}
	}
}

// Rows at a distance give what dense rows give, an activation is applied to each number once, and nothing between the rows
// is touched.
func TestProductStrides(t *testing.T) {
	const rows, out, in, dstStride, xStride = 30, 83, 210, 90, 222
	r := rand.New(rand.NewPCG(5, 5))
	m, _ := randomMatrix(t, r, BF16, out, in)
	x, bias := randomVector(r, rows*xStride), randomVector(r, out)
	dense, want := make([]float32, rows*in), make([]float32, rows*out)
	for i := range rows {
		copy(dense[i*in:][:in], x[i*xStride:])
	}
	multiply(&m, want, dense, rows, bias, 0)
	const guard = 12345
	dst := slices.Repeat([]float32{guard}, rows*dstStride)
	p := Product{Matrix: &m, Dst: dst, X: x, Bias: bias, Rows: rows, DstStride: dstStride, XStride: xStride,
		Act: func(x []float32, stride, rows, n int) {
			for i := range rows {
				for j := range n {
					x[i*stride+j] += 1
				}
			}
		}}
	tm := team.Start(2)
	defer tm.Stop()
	p.Run(tm)
	for i, v := range dst {
		if row, col := i/dstStride, i%dstStride; col >= out && v != guard || col < out && v != want[row*out+col]+1 {
			t.Fatalf("dst[%d][%d] is %v", row, col, v)
		}
	}
}

// A stack gives what its parts give, to the bit, even if they are stored differently.
func TestStack(t *testing.T) {
	const rows, in = 7, 64
	r := rand.New(rand.NewPCG(6, 6))
	x := randomVector(r, rows*in)
	for _, formats := range [][3]Format{{F16, F16, F16}, {F16, F32, F32}, {Q4_1, Q4_1, Q4_1}, {Q4_0, Q8_0, F32}, {Q8_0, BF16, F32}} {
		a, _ := randomMatrix(t, r, formats[0], 20, in)
		b, _ := randomMatrix(t, r, formats[1], 45, in)
		s, err := Stack(a, b)
		if err != nil || s.Out() != 65 || s.In() != in || s.format != formats[2] {
			t.Fatalf("a stack of 20 and 45 rows is [%d][%d] in %s: %v", s.Out(), s.In(), s.format, err)
		}
		got, upper, lower := make([]float32, rows*65), make([]float32, rows*20), make([]float32, rows*45)
		multiply(&s, got, x, rows, nil, 2)
		multiply(&a, upper, x, rows, nil, 2)
		multiply(&b, lower, x, rows, nil, 2)
		for i := range rows {
			if !slices.Equal(got[i*65:][:20], upper[i*20:][:20]) || !slices.Equal(got[i*65+20:][:45], lower[i*45:][:45]) {
				t.Fatalf("row %d of the stack's product differs from its parts'", i)
			}
		}
		row, want := make([]float32, in), make([]float32, in)
		s.Row(row, 22)
		b.Row(want, 2)
		if !slices.Equal(row, want) {
			t.Error("row 22 isn't row 2 of the second part")
		}
	}
	a, _ := randomMatrix(t, r, F32, 2, 3)
	b, _ := randomMatrix(t, r, F32, 2, 4)
	for _, list := range [][]Matrix{{}, {a, b}} {
		if _, err := Stack(list...); err == nil {
			t.Errorf("a stack of %d that don't fit is no error", len(list))
		}
	}
}

// A product that is run again allocates nothing.
func TestProductAllocations(t *testing.T) {
	const rows, out, in = 13, 50, 300
	r := rand.New(rand.NewPCG(7, 7))
	m, _ := randomMatrix(t, r, F16, out, in)
	p := Product{Matrix: &m, Dst: make([]float32, rows*out), X: randomVector(r, rows*in), Rows: rows, DstStride: out, XStride: in}
	tm := team.Start(2)
	defer tm.Stop()
	if n := testing.AllocsPerRun(10, func() { p.Run(tm) }); n > 0 {
		t.Errorf("%v allocations", n)
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

// TestProductSameBits shows that neither the number of threads nor the other rows change a bit.
func TestProductSameBits(t *testing.T) {
	const rows, out, in = 41, 203, 448
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, f := range formats {
		r := rand.New(rand.NewPCG(2, 2))
		m, _ := randomMatrix(t, r, f, out, in)
		x, bias := randomVector(r, rows*in), randomVector(r, out)
		all := make([]float32, rows*out)
		multiply(&m, all, x, rows, bias, 1)
		for _, threads := range []int{1, 2, 3, 8} {
			runtime.GOMAXPROCS(threads)
			dst := make([]float32, rows*out)
			multiply(&m, dst, x, rows, bias, threads)
			if !slices.Equal(dst, all) {
				t.Errorf("%s with %d threads: the result differs", f, threads)
			}
			for i := range rows {
				multiply(&m, dst, x[i*in:], 1, bias, threads)
				if !slices.Equal(dst[:out], all[i*out:(i+1)*out]) {
					t.Errorf("%s with %d threads: row %d alone differs", f, threads, i)
				}
			}
		}
	}
}

// A matrix in another order of rows is the matrix that has them so, to the bit, in a stack too.
func TestReorder(t *testing.T) {
	const rows, out, in = 3, 70, 64
	r := rand.New(rand.NewPCG(8, 8))
	for _, f := range formats {
		m, values := randomMatrix(t, r, f, out, in)
		order := r.Perm(out)[:out-4]
		n, err := Reorder(m, order)
		if err != nil || n.Out() != out-4 || n.In() != in {
			t.Fatalf("%s: [%d][%d]: %v", f, n.Out(), n.In(), err)
		}
		s, err := Stack(m, n)
		if err != nil {
			t.Fatal(err)
		}
		x := randomVector(r, rows*in)
		all, got, stacked := make([]float32, rows*out), make([]float32, rows*len(order)), make([]float32, rows*(out+len(order)))
		multiply(&m, all, x, rows, nil, 2)
		multiply(&n, got, x, rows, nil, 2)
		multiply(&s, stacked, x, rows, nil, 2)
		row := make([]float32, in)
		for i, from := range order {
			for k := range rows {
				if want := all[k*out+from]; got[k*len(order)+i] != want || stacked[k*(out+len(order))+out+i] != want {
					t.Fatalf("%s: row %d isn't row %d of the matrix", f, i, from)
				}
			}
			if n.Row(row, i); !slices.Equal(row, values[from*in:][:in]) {
				t.Fatalf("%s: row %d reads as %v", f, i, row)
			}
		}
	}
}

func TestReorderErrors(t *testing.T) {
	m, _ := randomMatrix(t, rand.New(rand.NewPCG(9, 9)), F32, 2, 3)
	turned, err := NewTransposed(F32, m.data, 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		m     Matrix
		order []int
		want  string
	}{
		{m, nil, "an order of no rows"},
		{m, []int{0, 2}, "row 1 of an order is row 2 of a matrix [2][3]"},
		{m, []int{-1}, "row -1"},
		{turned, []int{0}, "transposed"},
	} {
		if _, err := Reorder(c.m, c.order); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, expected one with %q", err, c.want)
		}
	}
}

func TestRow(t *testing.T) {
	for _, f := range formats {
		t.Run(f.String(), func(t *testing.T) {
			in := wholeBlocks(f, 7)
			m, values := randomMatrix(t, rand.New(rand.NewPCG(3, 3)), f, 5, in)
			for i := range 5 {
				dst := make([]float32, in)
				m.Row(dst, i)
				if want := values[i*in : (i+1)*in]; !slices.Equal(dst, want) {
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
		{"too short", F32, 23, 2, 3, "[2][3] of F32 doesn't fit 23 bytes"},
		{"too long", F16, 14, 2, 3, "[2][3] of F16 doesn't fit 14 bytes"},
		{"empty", F32, 0, 0, 3, "[0][3]"},
		{"negative", F32, 24, -2, -3, "[-2][-3]"},
		{"product overflows", F32, 0, 1 << 32, 1 << 32, "doesn't fit 0 bytes"},
		{"blocks too short", Q4_1, 39, 2, 32, "[2][32] of Q4_1 doesn't fit 39 bytes"},
		{"part of a block", Q8_0, 34, 1, 48, "[1][48] has no rows of whole blocks of Q8_0, which have 32 numbers"},
		{"half blocks", Q4_0, 18, 2, 16, "[2][16] has no rows of whole blocks"},
		{"blocks overflow", Q8_0, 0, 1 << 40, 1 << 40, "doesn't fit 0 bytes"},
		{"no blocks", Q4_0, 0, 1, 0, "[1][0]"},
		{"format", 6, 8, 1, 2, "unknown format 6"},
		{"format", -1, 8, 1, 2, "unknown format -1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := New(test.format, make([]byte, test.bytes), test.out, test.in)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, expected one with %q", err, test.want)
			}
		})
	}
}

// BenchmarkDecode has one row and the shapes of SmolLM2-135M, whose matrices all together are read for each token.
func BenchmarkDecode(b *testing.B) {
	r := rand.New(rand.NewPCG(4, 4))
	for _, f := range formats {
		for _, size := range [][2]int{{960, 576}, {576, 1536}, {49152, 576}} {
			out, in := size[0], size[1]
			b.Run(fmt.Sprintf("format=%s/out=%d/in=%d", f, out, in), func(b *testing.B) {
				m, _ := randomMatrix(b, r, f, out, in)
				p := Product{Matrix: &m, Dst: make([]float32, out), X: randomVector(r, in), Rows: 1, DstStride: out, XStride: in}
				tm := team.Start(0)
				defer tm.Stop()
				p.Run(tm)
				for b.Loop() {
					p.Run(tm)
				}
				b.ReportMetric(float64(len(m.data))*float64(b.N)/b.Elapsed().Seconds()/1e9, "GB/s")
			})
		}
	}
}

// BenchmarkProduct has the shapes of MiniLM's layers.
func BenchmarkProduct(b *testing.B) {
	r := rand.New(rand.NewPCG(4, 4))
	for _, size := range [][3]int{{1, 1536, 384}, {9, 1536, 384}, {128, 1152, 384}, {128, 384, 384}, {128, 1536, 384}, {128, 384, 1536}} {
		rows, out, in := size[0], size[1], size[2]
		b.Run(fmt.Sprintf("rows=%d/out=%d/in=%d", rows, out, in), func(b *testing.B) {
			m, _ := randomMatrix(b, r, F16, out, in)
			const pad = 16
			p := Product{Matrix: &m, Dst: make([]float32, rows*(out+pad)), X: randomVector(r, rows*(in+pad)), Rows: rows, DstStride: out + pad, XStride: in + pad}
			tm := team.Start(0)
			defer tm.Stop()
			for b.Loop() {
				p.Run(tm)
			}
			b.ReportMetric(2*float64(rows*out*in)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
		})
	}
}

// A matrix that is stored transposed gives the same as the same matrix stored in rows, to the bit.
func TestTransposed(t *testing.T) {
	for _, f := range []Format{F32, F16, BF16} {
		for _, size := range [][2]int{{1, 1}, {3, 5}, {35, 7}, {130, 96}, {33, 500}} {
			out, in := size[0], size[1]
			t.Run(fmt.Sprintf("format=%s/out=%d/in=%d", f, out, in), func(t *testing.T) {
				r := rand.New(rand.NewPCG(2, uint64(out)))
				m, _ := randomMatrix(t, r, f, out, in)
				n := f.size()
				data := make([]byte, len(m.data))
				for i := range out {
					for j := range in {
						copy(data[(j*out+i)*n:][:n], m.data[(i*in+j)*n:])
					}
				}
				turned, err := NewTransposed(f, data, out, in)
				if err != nil {
					t.Fatal(err)
				}
				const rows = 14
				x, bias := randomVector(r, rows*in), randomVector(r, out)
				want, got := make([]float32, rows*out), make([]float32, rows*out)
				multiply(&m, want, x, rows, bias, 2)
				multiply(&turned, got, x, rows, bias, 2)
				if !slices.Equal(got, want) {
					t.Error("the products differ")
				}
				wantRow, gotRow := make([]float32, in), make([]float32, in)
				for i := range out {
					m.Row(wantRow, i)
					turned.Row(gotRow, i)
					if !slices.Equal(gotRow, wantRow) {
						t.Fatalf("row %d is %v, expected %v", i, gotRow, wantRow)
					}
				}
			})
		}
	}
	m, _ := randomMatrix(t, rand.New(rand.NewPCG(3, 3)), F32, 2, 3)
	turned, err := NewTransposed(F32, m.data, 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewTransposed(Q8_0, make([]byte, 34), 1, 32); err == nil || !strings.Contains(err.Error(), "transposed matrix [1][32] is in blocks of Q8_0") {
		t.Errorf("transposed blocks: error %v", err)
	}
	if _, err := Stack(m, turned); err == nil || !strings.Contains(err.Error(), "matrix 1 of a stack is transposed") {
		t.Errorf("stack with a transposed matrix: error %v", err)
	}
}
