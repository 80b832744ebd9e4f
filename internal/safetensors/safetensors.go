// Package safetensors reads and writes the file format in which Hugging Face stores the parameters of models.
//
// Open maps a file into memory, and Parse takes one that is there already, such as an embedded one; neither copies
// tensors. Write makes a file. A file is
//
//	8 bytes   length of the header, little-endian
//	header    JSON: {"NAME": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, …, "__metadata__": {…}}
//	data      the tensors, one after another, without gaps; little-endian, last axis contiguous
//
// Nothing in a header is believed: a file is read only if its tensors fill the data exactly, each with as many bytes as
// its type and shape need.
package safetensors

import (
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"

	"github.com/edsrzf/mmap-go"
)

// A File holds the tensors of one file. It is safe for concurrent reading.
type File struct {
	tensors  map[string]Tensor
	metadata map[string]string
	mapped   mmap.MMap // nil if the bytes belong to the caller or the heap
}

// Open maps the file at path into memory, or reads it where the system can't map it, and parses it. The file must not be
// shortened while it is open.
func Open(path string) (*File, error) {
	data, mapped, err := load(path)
	if err != nil {
		return nil, err
	}
	f, err := Parse(data)
	if err != nil {
		if mapped != nil {
			mapped.Unmap() // the file is bad, which is what the caller has to hear
		}
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	f.mapped = mapped
	return f, nil
}

// load gives the bytes of a file, and the map that they lie in if there is one.
func load(path string) (data []byte, mapped mmap.MMap, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	switch {
	case err != nil:
		return nil, nil, err
	case !info.Mode().IsRegular():
		return nil, nil, fmt.Errorf("%s: not a regular file", path)
	case info.Size() > math.MaxInt:
		return nil, nil, fmt.Errorf("%s: %d bytes are more than this system can address", path, info.Size())
	case info.Size() == 0:
		return nil, nil, nil // a map can't be empty; Parse says what is wrong with the file
	}
	if mapped, err = mmap.Map(file, mmap.RDONLY, 0); err == nil {
		return mapped, mapped, nil
	}
	data = make([]byte, info.Size())
	if _, err := io.ReadFull(file, data); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return data, nil, nil
}

// Parse reads a file that is in memory. Its tensors alias data, which must stay as it is.
func Parse(data []byte) (*File, error) {
	f, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	return f, nil
}

// Close gives the memory back. The Data of the file's tensors must not be used after that.
func (f *File) Close() error {
	f.tensors = nil
	if f.mapped == nil {
		return nil
	}
	return f.mapped.Unmap() // a second call finds nil and does nothing
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

// Metadata is what the file says about itself, a copy; empty if it says nothing.
func (f *File) Metadata() map[string]string {
	return maps.Clone(f.metadata)
}
