package gguf

import (
	"encoding/binary"
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/rapt-go/rapt/internal/quote"
)

// A Kind is the type of a value, by the number that the format has for it.
type Kind uint32

// The kinds of values.
const (
	Uint8 Kind = iota
	Int8
	Uint16
	Int16
	Uint32
	Int32
	Float32
	Bool
	String
	Array
	Uint64
	Int64
	Float64
)

var kindNames = [...]string{
	"uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "bool", "string", "array", "uint64", "int64", "float64",
}

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind %d", uint32(k))
}

// size is the number of bytes of a value of this kind, or 0 if that depends on the value.
func (k Kind) size() int {
	switch k {
	case Uint8, Int8, Bool:
		return 1
	case Uint16, Int16:
		return 2
	case Uint32, Int32, Float32:
		return 4
	case Uint64, Int64, Float64:
		return 8
	}
	return 0
}

// A Value is a value of the metadata. Its methods give it as a Go value, or an error that says what it is instead.
type Value struct {
	kind Kind
	elem Kind   // of an array
	n    int    // elements of an array
	data []byte // as in the file; of a string and an array: without length and type
}

// Kind is the kind of the value.
func (v Value) Kind() Kind { return v.kind }

// Len is the number of elements of an array, and 1 of anything else.
func (v Value) Len() int {
	if v.kind == Array {
		return v.n
	}
	return 1
}

func (v Value) describe() string {
	if v.kind == Array {
		return fmt.Sprintf("an array of %d %s", v.n, v.elem)
	}
	return v.kind.String()
}

// Int is a whole number of any kind.
func (v Value) Int() (int64, error) { return integer(v.kind, v.data, v.describe) }

// Float is a number with a fraction.
func (v Value) Float() (float64, error) { return float(v.kind, v.data, v.describe) }

// Bool is true or false.
func (v Value) Bool() (bool, error) {
	if v.kind != Bool {
		return false, fmt.Errorf("the value is %s, expected bool", v.describe())
	}
	return v.data[0] == 1, nil
}

// Text is a string, a copy, of valid UTF-8.
func (v Value) Text() (string, error) {
	if v.kind != String {
		return "", fmt.Errorf("the value is %s, expected string", v.describe())
	}
	return text(v.data)
}

// Texts are the strings of an array, copies, of valid UTF-8.
func (v Value) Texts() ([]string, error) {
	if v.kind != Array || v.elem != String {
		return nil, fmt.Errorf("the value is %s, expected an array of string", v.describe())
	}
	list := make([]string, 0, v.n) // each takes 8 bytes of the file at least
	for rest := v.data; len(rest) > 0; {
		length := binary.LittleEndian.Uint64(rest) // checked when the file was read
		s, err := text(rest[8:][:length])
		if err != nil {
			return nil, fmt.Errorf("element %d: %w", len(list), err)
		}
		list, rest = append(list, s), rest[8+length:]
	}
	return list, nil
}

// Ints are the whole numbers of an array.
func (v Value) Ints() ([]int64, error) { return elements(v, integer) }

// Floats are the numbers with a fraction of an array.
func (v Value) Floats() ([]float64, error) { return elements(v, float) }

// elements reads the elements of an array of numbers.
func elements[T any](v Value, read func(k Kind, data []byte, describe func() string) (T, error)) ([]T, error) {
	size := v.elem.size()
	if v.kind != Array || size == 0 {
		return nil, fmt.Errorf("the value is %s, expected an array of numbers", v.describe())
	}
	list := make([]T, v.n)
	for i := range list {
		var err error
		if list[i], err = read(v.elem, v.data[i*size:][:size], v.describe); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func text(data []byte) (string, error) {
	if !utf8.Valid(data) {
		return "", fmt.Errorf("%s isn't UTF-8", quote.Text(string(data[:min(len(data), 100)])))
	}
	return string(data), nil
}

func integer(k Kind, data []byte, describe func() string) (int64, error) {
	le := binary.LittleEndian
	switch k {
	case Uint8:
		return int64(data[0]), nil
	case Int8:
		return int64(int8(data[0])), nil
	case Uint16:
		return int64(le.Uint16(data)), nil
	case Int16:
		return int64(int16(le.Uint16(data))), nil
	case Uint32:
		return int64(le.Uint32(data)), nil
	case Int32:
		return int64(int32(le.Uint32(data))), nil
	case Uint64:
		if n := le.Uint64(data); n > math.MaxInt64 {
			return 0, fmt.Errorf("the value is %d, expected at most %d", n, int64(math.MaxInt64))
		}
		return int64(le.Uint64(data)), nil
	case Int64:
		return int64(le.Uint64(data)), nil
	}
	return 0, fmt.Errorf("the value is %s, expected a whole number", describe())
}

func float(k Kind, data []byte, describe func() string) (float64, error) {
	switch k {
	case Float32:
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(data))), nil
	case Float64:
		return math.Float64frombits(binary.LittleEndian.Uint64(data)), nil
	}
	return 0, fmt.Errorf("the value is %s, expected float32 or float64", describe())
}
