// Package matmul multiplies activations by parameter matrices that keep the width in which they are stored: float32,
// float16 or bfloat16, in a mapped file or in the program itself. A Matrix is made once when a model is loaded and then
// used by any number of goroutines. A Product is a layer: its first run lays the matrix out for the kernels, and each run
// expands 16-bit parameters a few at a time. Row is the look-up of an embedding.
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
	data    []byte // [out][in], encoded in format; nil in a stack
	format  Format
	out, in int
	turned  bool     // data is [in][out]
	stack   []Matrix // of which it is made; nil: of data
	panels  *panels  // for Product; shared by all copies of the Matrix
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
	return Matrix{data: data, format: format, out: out, in: in, panels: new(panels)}, nil
}

// NewTransposed is the matrix [out][in] of which data is the transpose [in][out], as GPT-2 and the experts of gpt-oss store
// theirs.
func NewTransposed(format Format, data []byte, out, in int) (Matrix, error) {
	m, err := New(format, data, out, in)
	m.turned = true
	return m, err
}

// Stack is the matrix of the rows of several, one below the other: what gives their products of the same x side by side.
// If their formats differ it is laid out as float32.
func Stack(list ...Matrix) (Matrix, error) {
	if len(list) == 0 {
		return Matrix{}, fmt.Errorf("matmul: a stack of no matrix")
	}
	s := Matrix{format: list[0].format, in: list[0].in, stack: list, panels: new(panels)}
	for i, m := range list {
		if m.in != s.in {
			return Matrix{}, fmt.Errorf("matmul: a stack of matrices [%d][%d] and, at %d, [%d][%d]", list[0].out, s.in, i, m.out, m.in)
		}
		if m.turned {
			return Matrix{}, fmt.Errorf("matmul: matrix %d of a stack is transposed", i)
		}
		if m.format != s.format {
			s.format = F32
		}
		s.out += m.out
	}
	return s, nil
}

// Out is the number of rows: how many numbers a Product gives for each row of x.
func (m *Matrix) Out() int { return m.out }

// In is the length of a row: how many numbers a Product takes of each row of x.
func (m *Matrix) In() int { return m.in }

// Row expands row i to float32: dst[j] = m[i][j].
func (m *Matrix) Row(dst []float32, i int) { // dst [in]
	of, i := m.at(i)
	if of.turned {
		of.expandColumn(dst[:m.in], i)
		return
	}
	of.expand(dst[:m.in], i)
}

// at is the matrix in whose data row i is, and its row there.
func (m *Matrix) at(i int) (of *Matrix, row int) {
	for s := range m.stack {
		if i < m.stack[s].out {
			return m.stack[s].at(i)
		}
		i -= m.stack[s].out
	}
	return m, i
}
