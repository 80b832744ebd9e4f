// Package gguf reads the file format of llama.cpp's models, versions 2 and 3: metadata and tensors in one file.
//
// Open maps a file into memory, and Parse takes one that is there already; neither copies tensors. A file is, little-endian,
//
//	"GGUF"    4 bytes
//	version   uint32: 2 or 3, which differ in nothing that is read here
//	counts    uint64 of tensors, uint64 of metadata
//	metadata  key, uint32 type, value; a key is a string: uint64 length, bytes
//	tensors   name, uint32 axes, uint64 length of each axis, the innermost first, uint32 type, uint64 offset
//	data      from the next multiple of general.alignment on, from which offsets count
//
// Nothing in a header is believed: counts and lengths are compared with what is left of the file before anything is made
// of them, and a tensor is read only if its bytes lie in the file and in no other tensor.
package gguf

import (
	"fmt"
	"maps"
	"slices"

	"github.com/rapt-go/rapt/internal/mapped"
)

// A File holds the metadata and tensors of one file. It is safe for concurrent reading.
type File struct {
	values  map[string]Value
	tensors map[string]Tensor
	size    int64
	mapped  *mapped.File // nil if the bytes belong to the caller
}

// Open maps the file at path into memory and parses it. The file must not be shortened while it is open.
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
	f.mapped = m
	return f, nil
}

// Parse reads a file that is in memory. Its values and tensors alias data, which must stay as it is.
func Parse(data []byte) (*File, error) {
	f, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("gguf: %w", err)
	}
	return f, nil
}

// Close gives the memory back. What the file's values and tensors alias must not be used after that.
func (f *File) Close() error {
	f.values, f.tensors = nil, nil
	if f.mapped == nil {
		return nil
	}
	return f.mapped.Close()
}

// Size is the number of bytes of the file.
func (f *File) Size() int64 { return f.size }

// Keys are the keys of the metadata, sorted.
func (f *File) Keys() []string { return slices.Sorted(maps.Keys(f.values)) }

// Value is the metadata of that key; ok is false if there is none.
func (f *File) Value(key string) (v Value, ok bool) {
	v, ok = f.values[key]
	return v, ok
}

// Names are the names of all tensors, sorted.
func (f *File) Names() []string { return slices.Sorted(maps.Keys(f.tensors)) }

// Tensor is the tensor of that name; ok is false if there is none.
func (f *File) Tensor(name string) (t Tensor, ok bool) {
	t, ok = f.tensors[name]
	return t, ok
}
