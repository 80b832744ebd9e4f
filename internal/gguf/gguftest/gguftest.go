// Package gguftest writes GGUF files for tests. It checks nothing, so that it can also write broken ones.
package gguftest

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/rapt-go/rapt/internal/gguf"
)

// A File is what Bytes writes.
type File struct {
	Version uint32 // 0: 3
	Values  []Value
	Tensors []gguf.Tensor
}

// A Value is a key and its value.
type Value struct {
	Key   string
	Value any
}

// Set adds a value: uint8, int32, uint32, uint64, int64, float32, float64, bool, string, or a slice of string, int32,
// uint32, float32 or bool.
func (f *File) Set(key string, value any) *File {
	f.Values = append(f.Values, Value{key, value})
	return f
}

// Add adds a tensor; its shape has the outermost axis first.
func (f *File) Add(name string, kind gguf.Type, shape []int, data []byte) *File {
	f.Tensors = append(f.Tensors, gguf.Tensor{Name: name, Type: kind, Shape: shape, Data: data})
	return f
}

// Bytes is the file.
func (f *File) Bytes() []byte {
	const alignment = 32
	le := binary.LittleEndian
	version := f.Version
	if version == 0 {
		version = 3
	}
	b := le.AppendUint32([]byte("GGUF"), version)
	b = le.AppendUint64(b, uint64(len(f.Tensors)))
	b = le.AppendUint64(b, uint64(len(f.Values)))
	for _, v := range f.Values {
		b = appendValue(appendString(b, v.Key), v.Value)
	}
	var data []byte
	for _, t := range f.Tensors {
		b = le.AppendUint32(appendString(b, t.Name), uint32(len(t.Shape)))
		for i := range t.Shape {
			b = le.AppendUint64(b, uint64(t.Shape[len(t.Shape)-1-i]))
		}
		b = le.AppendUint32(b, uint32(t.Type))
		b = le.AppendUint64(b, uint64(len(data)))
		data = pad(append(data, t.Data...), alignment)
	}
	if len(f.Tensors) == 0 {
		return b
	}
	return append(pad(b, alignment), data...)
}

// Float32s are numbers as a tensor of F32 has them.
func Float32s(list ...float32) []byte {
	var b []byte
	for _, x := range list {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}

func pad(b []byte, alignment int) []byte {
	for len(b)%alignment != 0 {
		b = append(b, 0)
	}
	return b
}

func appendString(b []byte, s string) []byte {
	return append(binary.LittleEndian.AppendUint64(b, uint64(len(s))), s...)
}

func appendValue(b []byte, value any) []byte {
	switch list := value.(type) {
	case []string:
		return appendArray(b, list)
	case []int32:
		return appendArray(b, list)
	case []uint32:
		return appendArray(b, list)
	case []float32:
		return appendArray(b, list)
	case []bool:
		return appendArray(b, list)
	}
	return appendScalar(binary.LittleEndian.AppendUint32(b, uint32(kindOf(value))), value)
}

func appendArray[T any](b []byte, list []T) []byte {
	var elem T
	b = binary.LittleEndian.AppendUint32(b, uint32(gguf.Array))
	b = binary.LittleEndian.AppendUint32(b, uint32(kindOf(elem)))
	b = binary.LittleEndian.AppendUint64(b, uint64(len(list)))
	for _, x := range list {
		b = appendScalar(b, x)
	}
	return b
}

func kindOf(value any) gguf.Kind {
	switch value.(type) {
	case uint8:
		return gguf.Uint8
	case int32:
		return gguf.Int32
	case uint32:
		return gguf.Uint32
	case uint64:
		return gguf.Uint64
	case int64:
		return gguf.Int64
	case float32:
		return gguf.Float32
	case float64:
		return gguf.Float64
	case bool:
		return gguf.Bool
	case string:
		return gguf.String
	}
	panic(fmt.Sprintf("gguftest: a value is %T", value))
}

// appendScalar appends a value without its type.
func appendScalar(b []byte, value any) []byte {
	if s, ok := value.(string); ok {
		return appendString(b, s)
	}
	b, err := binary.Append(b, binary.LittleEndian, value)
	if err != nil {
		panic(err)
	}
	return b
}
