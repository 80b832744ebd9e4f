// Package matmul multiplies activations by parameter matrices that keep the width in which they are stored: float32,
// float16, bfloat16 or blocks of ggml, in a mapped file or in the program itself. A Matrix is made once when a model is
// loaded and then used by any number of goroutines. A Product is a layer: its first run lays the matrix out for the kernels,
// and each run expands narrower parameters a few at a time. Row is the look-up of an embedding.
package matmul

import (
	"fmt"
	"math"

	"github.com/rapt-go/rapt/internal/kernel"
)

// Format says how stored numbers are encoded. All formats are little-endian.
type Format int

// The formats that a Matrix can hold. In those of ggml, 32 neighbours of a row are a block with a float16 d before them, and
// in Q4_1 a float16 m after that; of 4-bit numbers, number i of a block is in the lower half of byte i, and 16+i in the upper.
const (
	F32  Format = iota // IEEE 754 binary32
	F16                // IEEE 754 binary16
	BF16               // the upper half of a binary32
	Q8_0               // q·d, q an int8
	Q4_0               // (q − 8)·d, q from 0 to 15
	Q4_1               // q·d + m, q from 0 to 15
)

var formatNames = [...]string{"F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1"}

func (f Format) String() string {
	if f < 0 || int(f) >= len(formatNames) {
		return fmt.Sprintf("format %d", int(f))
	}
	return formatNames[f]
}

// block is how many numbers of a row take how many bytes together.
func (f Format) block() (numbers, bytes int) {
	switch f {
	case F32:
		return 1, 4
	case F16, BF16:
		return 1, 2
	}
	quant, _ := f.quant()
	return kernel.BlockLen, quant.BlockBytes() / kernel.PanelWidth
}

// size is the number of bytes of one number of a format without blocks.
func (f Format) size() int {
	_, bytes := f.block()
	return bytes
}

// quant is a format of blocks as the kernels know it.
func (f Format) quant() (q kernel.Quant, ok bool) {
	switch f {
	case Q8_0:
		return kernel.Q8_0, true
	case Q4_0:
		return kernel.Q4_0, true
	case Q4_1:
		return kernel.Q4_1, true
	}
	return 0, false
}

// A Matrix is a view of parameters [out][in] that somebody else owns, as torch.nn.Linear and torch.nn.Embedding store
// them: row i holds what output (or token) i needs.
type Matrix struct {
	data    []byte // [out][in], encoded in format; nil in a stack
	format  Format
	out, in int
	turned  bool     // data is [in][out]
	stack   []Matrix // of which it is made; nil: of data
	order   []int    // row i is row order[i] of what it is made of; nil: row i
	panels  *panels  // for Product; shared by all copies of the Matrix
}

// New is the matrix [out][in] in data, which it aliases.
func New(format Format, data []byte, out, in int) (Matrix, error) {
	if format < F32 || format > Q4_1 {
		return Matrix{}, fmt.Errorf("matmul: unknown format %d", format)
	}
	numbers, bytes := format.block()
	if in%numbers != 0 {
		return Matrix{}, fmt.Errorf("matmul: a matrix [%d][%d] has no rows of whole blocks of %s, which have %d numbers", out, in, format, numbers)
	}
	if out <= 0 || in <= 0 || out > math.MaxInt/bytes/(in/numbers) || len(data) != out*(in/numbers)*bytes {
		return Matrix{}, fmt.Errorf("matmul: a matrix [%d][%d] of %s doesn't fit %d bytes", out, in, format, len(data))
	}
	return Matrix{data: data, format: format, out: out, in: in, panels: new(panels)}, nil
}

// NewTransposed is the matrix [out][in] of which data is the transpose [in][out], as GPT-2 and the experts of gpt-oss store
// theirs. Blocks, which are of neighbours in a row, can't be transposed.
func NewTransposed(format Format, data []byte, out, in int) (Matrix, error) {
	if _, blocks := format.quant(); blocks {
		return Matrix{}, fmt.Errorf("matmul: a transposed matrix [%d][%d] is in blocks of %s", out, in, format)
	}
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

// Reorder is the matrix whose row i is row order[i] of m. Nothing is copied.
func Reorder(m Matrix, order []int) (Matrix, error) {
	switch {
	case len(order) == 0:
		return Matrix{}, fmt.Errorf("matmul: an order of no rows")
	case m.turned:
		return Matrix{}, fmt.Errorf("matmul: an order of rows of a transposed matrix")
	}
	for i, from := range order {
		if from < 0 || from >= m.out {
			return Matrix{}, fmt.Errorf("matmul: row %d of an order is row %d of a matrix [%d][%d]", i, from, m.out, m.in)
		}
	}
	return Matrix{format: m.format, out: len(order), in: m.in, stack: []Matrix{m}, order: order, panels: new(panels)}, nil
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
	if m.order != nil {
		i = m.order[i]
	}
	for s := range m.stack {
		if i < m.stack[s].out {
			return m.stack[s].at(i)
		}
		i -= m.stack[s].out
	}
	return m, i
}
