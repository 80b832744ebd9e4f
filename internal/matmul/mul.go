package matmul

import (
	"runtime"
	"sync"
	"sync/atomic"
)

const (
	// blockRows rows of the matrix are expanded at a time, once in a call, and used for every row of x: few enough to
	// stay in the nearer caches meanwhile, and enough that handing a block to a worker costs nothing beside its work.
	blockRows = 16

	// serialLimit is the number of products below which starting goroutines costs more than it saves.
	serialLimit = 1 << 16
)

// scratch keeps the memory of expanded blocks between calls.
var scratch = sync.Pool{New: func() any { return new([]float32) }}

// Mul computes dst = x·mᵀ + bias:
//
//	dst[r][i] = bias[i] + Σ_j x[r][j]·m[i][j]    r < rows, i < Out, j < In
//
// A nil bias is 0. dst must not overlap x. Blocks of output columns are shared among GOMAXPROCS goroutines; every sum
// runs over j in order, whoever computes it, so that the result doesn't depend on their number, nor a row of it on the
// other rows.
func (m *Matrix) Mul(dst, x []float32, rows int, bias []float32) { // dst [rows][out], x [rows][in], bias [out]
	dst, x = dst[:rows*m.out], x[:rows*m.in]
	blocks := (m.out + blockRows - 1) / blockRows
	workers := min(runtime.GOMAXPROCS(0), blocks)
	if rows*m.out*m.in < serialLimit {
		workers = 1
	}
	var next atomic.Int64 // the first block that nobody has taken
	work := func() {
		buf := scratch.Get().(*[]float32)
		defer scratch.Put(buf)
		if need := blockRows * m.in; len(*buf) < need {
			*buf = make([]float32, need)
		}
		for b := next.Add(1) - 1; b < int64(blocks); b = next.Add(1) - 1 {
			m.mulBlock(dst, x, bias, int(b)*blockRows, *buf)
		}
	}
	var wg sync.WaitGroup
	for range workers - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
}

// mulBlock computes the output columns from first on, blockRows of them or as many as there are, for all rows of x. The
// rows of the matrix that they need are expanded into buf.
func (m *Matrix) mulBlock(dst, x, bias []float32, first int, buf []float32) {
	last := min(first+blockRows, m.out)
	buf = buf[:(last-first)*m.in] // [last-first][in]
	m.expand(buf, first)
	i := first
	for ; i+4 <= last; i += 4 {
		var b [4]float32
		if bias != nil {
			b = [4]float32(bias[i:])
		}
		for r := 0; r < len(x)/m.in; r++ {
			sums := dot4(x[r*m.in:(r+1)*m.in], buf[(i-first)*m.in:])
			out := dst[r*m.out+i:][:4]
			out[0], out[1], out[2], out[3] = b[0]+sums[0], b[1]+sums[1], b[2]+sums[2], b[3]+sums[3]
		}
	}
	for ; i < last; i++ {
		var b float32
		if bias != nil {
			b = bias[i]
		}
		for r := 0; r < len(x)/m.in; r++ {
			dst[r*m.out+i] = b + dot(x[r*m.in:(r+1)*m.in], buf[(i-first)*m.in:])
		}
	}
}

// dot4 is the dot product of x with each of the first four rows of w. Four sums that don't wait for each other keep the
// adder busy, and each is summed in order, as dot does.
func dot4(x, w []float32) [4]float32 { // x [n], w [≥4][n]
	n := len(x)
	w0, w1, w2, w3 := w[:n], w[n:2*n], w[2*n:3*n], w[3*n:4*n]
	var s0, s1, s2, s3 float32
	for j, v := range x {
		s0 += v * w0[j]
		s1 += v * w1[j]
		s2 += v * w2[j]
		s3 += v * w3[j]
	}
	return [4]float32{s0, s1, s2, s3}
}

// dot is the dot product of x with the first row of w.
func dot(x, w []float32) float32 { // x [n], w [≥1][n]
	w = w[:len(x)]
	var s float32
	for j, v := range x {
		s += v * w[j]
	}
	return s
}
