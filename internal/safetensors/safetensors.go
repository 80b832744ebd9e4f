// Package safetensors reads and writes the file format in which Hugging Face stores the parameters of models.
//
// Open maps a file into memory, OpenIndex the several files of a model that is divided into shards, and Parse takes one that
// is there already, such as an embedded one; none copies tensors. Write makes a file. A file is
//
//	8 bytes   length of the header, little-endian
//	header    JSON: {"NAME": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, …, "__metadata__": {…}}
//	data      the tensors, one after another, without gaps; little-endian, last axis contiguous
//
// Nothing in a header is believed: a file is read only if its tensors fill the data exactly, each with as many bytes as
// its type and shape need.
package safetensors

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/rapt-go/rapt/internal/mapped"
)

// A File holds the tensors of one file, or of all shards of an index. It is safe for concurrent reading.
type File struct {
	tensors  map[string]Tensor
	metadata map[string]string
	mapped   []*mapped.File // what Close closes: none if the bytes belong to the caller
	size     int64          // bytes
}

// Open maps the file at path into memory, or reads it where the system can't map it, and parses it. The file must not be
// shortened while it is open.
func Open(path string) (*File, error) {
	m, err := mapped.Open(path)
	if err != nil {
		return nil, err
	}
	f, err := Parse(m.Data)
	if err != nil {
		m.Close() // the file is bad, which is what the caller has to hear
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	f.mapped = []*mapped.File{m}
	return f, nil
}

// Parse reads a file that is in memory. Its tensors alias data, which must stay as it is.
func Parse(data []byte) (*File, error) {
	f, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	f.size = int64(len(data))
	return f, nil
}

// Size is the number of bytes of the file, or of all shards together.
func (f *File) Size() int64 { return f.size }

// Close gives the memory back. The Data of the file's tensors must not be used after that.
func (f *File) Close() error {
	var errs []error
	for _, m := range f.mapped {
		errs = append(errs, m.Close())
	}
	f.tensors, f.mapped = nil, nil // a second call finds nothing to do
	return errors.Join(errs...)
}

// Names are the names of all tensors, sorted.
func (f *File) Names() []string {
	return slices.Sorted(maps.Keys(f.tensors))
}

// Tensor is the tensor of that name; ok is false if there is none.
func (f *File) Tensor(name string) (t Tensor, ok bool) {
	t, ok = f.tensors[name]
	return t, ok
}

// Metadata is what the file says about itself, a copy; empty if it says nothing. Shards usually say the same; where they
// don't, the last one's word is here.
func (f *File) Metadata() map[string]string {
	return maps.Clone(f.metadata)
}
