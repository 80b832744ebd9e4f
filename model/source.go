package model

import (
	"github.com/rapt-go/rapt/internal/matmul"
	"github.com/rapt-go/rapt/internal/safetensors"
)

// A source is where parameters come from: safetensors, or a GGUF file. Tensors go by the names that transformers has for
// them.
type source interface {
	tensor(name string) (t tensor, ok bool) // without ok t has its name alone, as the source would have it
	types() string                          // those of tensors that can be used, for errors
	Size() int64                            // bytes of the files
	Close() error
}

// A tensor is one of a source's.
type tensor struct {
	name   string // for errors: as the file has it
	kind   string // of its numbers, as the file has it
	format matmul.Format
	known  bool // whether the format is one of package matmul's
	shape  []int
	data   []byte  // aliases the file
	order  []int   // what row i is in data; nil: row i
	less   float32 // what floats takes off all numbers
}

func (t *tensor) len() int {
	n := 1
	for _, length := range t.shape {
		n *= length
	}
	return n
}

// floats is a copy of all numbers.
func (t *tensor) floats() ([]float32, error) {
	list, err := t.expand()
	if t.less != 0 {
		for i := range list {
			list[i] -= t.less
		}
	}
	return list, err
}

func (t *tensor) expand() ([]float32, error) {
	list := make([]float32, t.len())
	if len(list) == 0 {
		return list, nil
	}
	if t.order == nil {
		m, err := matmul.New(t.format, t.data, 1, len(list))
		if err == nil {
			m.Row(list, 0)
		}
		return list, err
	}
	row := len(list) / t.shape[0]
	m, err := t.matrix(t.shape[0], row)
	if err != nil {
		return nil, err
	}
	for i := range t.shape[0] {
		m.Row(list[i*row:], i)
	}
	return list, nil
}

// matrix is the tensor as a matrix [out][in].
func (t *tensor) matrix(out, in int) (matmul.Matrix, error) {
	m, err := matmul.New(t.format, t.data, out, in)
	if err != nil || t.order == nil {
		return m, err
	}
	return matmul.Reorder(m, t.order)
}

// safetensorsSource is safetensors as a source.
type safetensorsSource struct{ *safetensors.File }

var safetensorsFormats = map[safetensors.DType]matmul.Format{
	safetensors.F32:  matmul.F32,
	safetensors.F16:  matmul.F16,
	safetensors.BF16: matmul.BF16,
}

func (s safetensorsSource) tensor(name string) (tensor, bool) {
	t, ok := s.Tensor(name)
	format, known := safetensorsFormats[t.DType]
	return tensor{name: name, kind: string(t.DType), format: format, known: known, shape: t.Shape, data: t.Data}, ok
}

func (s safetensorsSource) types() string { return "F32, F16 or BF16" }
