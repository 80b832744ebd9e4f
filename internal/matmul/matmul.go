// Package matmul multiplies activations by parameter matrices that keep the width in which they are stored: float32,
// float16 or bfloat16, in a mapped file or in the program itself. A Matrix is made once when a model is loaded and then
// used by any number of goroutines. Mul is the product of a layer: its first call lays the matrix out for the kernels, and
// each call expands 16-bit parameters a few at a time. MulAll is several products of the same rows. Row is the look-up of an
// embedding.
package matmul

import (
	"fmt"
	"math"
)

// Format says how a stored number is encoded. All formats are little-endian.
type Format int

// The formats that a Matrix can hold.
const (
	F32  Format = iota // IEEE 754 binary32
	F16                // IEEE 754 binary16
	BF16               // the upper half of a binary32
)

// size is the number of bytes of one number.
func (f Format) size() int {
	if f == F32 {
		return 4
	}
	return 2
}

// A Matrix is a view of parameters [out][in] that somebody else owns, as torch.nn.Linear and torch.nn.Embedding store
// them: row i holds what output (or token) i needs.
type Matrix struct {
	data    []byte // [out][in], encoded in format
	format  Format
	out, in int
	panels  *panels // for Mul; shared by all copies of the Matrix
}

// New is the matrix [out][in] in data, which it aliases.
func New(format Format, data []byte, out, in int) (Matrix, error) {
	if format < F32 || format > BF16 {
		return Matrix{}, fmt.Errorf("matmul: unknown format %d", format)
	}
	if out <= 0 || in <= 0 || out > math.MaxInt/format.size()/in || len(data) != out*in*format.size() {
		return Matrix{}, fmt.Errorf("matmul: a matrix [%d][%d] of %d-byte numbers doesn't fit %d bytes",
			out, in, format.size(), len(data))
	}
	return Matrix{data, format, out, in, new(panels)}, nil
}

// Out is the number of rows: how many numbers Mul writes for each row of x.
func (m *Matrix) Out() int { return m.out }

// In is the length of a row: how many numbers Mul reads of each row of x.
func (m *Matrix) In() int { return m.in }

// Row expands row i to float32: dst[j] = m[i][j].
func (m *Matrix) Row(dst []float32, i int) { // dst [in]
	m.expand(dst[:m.in], i)
}

// expand writes the rows from first on, as many as fill dst, as float32.
func (m *Matrix) expand(dst []float32, first int) { // dst [n][in]
	size := m.format.size()
	data := m.data[first*m.in*size:][:len(dst)*size]
	switch m.format {
	case F32:
		expandFloat32(dst, data)
	case F16:
		expandFloat16(dst, data)
	case BF16:
		expandBFloat16(dst, data)
	}
}
