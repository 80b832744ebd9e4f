package safetensors

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"

	"github.com/rapt-go/rapt/internal/half"
	"github.com/rapt-go/rapt/internal/quote"
)

// DType is the type of a tensor's numbers, as the format spells it.
type DType string

// The types that this package converts. It also reads and writes tensors of the format's other types, as bytes.
const (
	F64  DType = "F64"
	F32  DType = "F32"
	F16  DType = "F16"
	BF16 DType = "BF16"
	I64  DType = "I64"
	I32  DType = "I32"
	I16  DType = "I16"
	I8   DType = "I8"
	U32  DType = "U32"
	U16  DType = "U16"
	U8   DType = "U8"
	Bool DType = "BOOL"
)

// bitsOf has the size of one number of each type of the format, in bits: some are smaller than a byte.
var bitsOf = map[DType]uint64{
	F64: 64, F32: 32, F16: 16, BF16: 16, "C64": 64,
	I64: 64, I32: 32, I16: 16, I8: 8, "U64": 64, U32: 32, U16: 16, U8: 8, Bool: 8,
	"F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8,
	"F6_E2M3": 6, "F6_E3M2": 6, "F4": 4,
}

// A Tensor is one tensor of a file.
type Tensor struct {
	Name  string
	DType DType
	Shape []int  // lengths of the axes, the outermost first; none for a single number
	Data  []byte // little-endian, the last axis contiguous; aliases the file: read only
}

// Len is the number of numbers: the product of Shape.
func (t Tensor) Len() int {
	n := 1
	for _, length := range t.Shape {
		n *= length
	}
	return n
}

// Float32s are the numbers as float32, a copy. The tensor must be F32, F16 or BF16, which is exact, or F64, which is
// rounded.
func (t Tensor) Float32s() ([]float32, error) {
	le := binary.LittleEndian
	switch t.DType {
	case F32:
		return convert(t.Data, 4, func(b []byte) float32 { return math.Float32frombits(le.Uint32(b)) }), nil
	case F16:
		return convert(t.Data, 2, func(b []byte) float32 { return half.HalfToFloat(le.Uint16(b)) }), nil
	case BF16:
		return convert(t.Data, 2, func(b []byte) float32 { return half.BFloat16ToFloat(le.Uint16(b)) }), nil
	case F64:
		return convert(t.Data, 8, func(b []byte) float32 { return float32(math.Float64frombits(le.Uint64(b))) }), nil
	}
	return nil, t.wrongType("F32, F16, BF16 or F64")
}

// Float64s are the numbers as float64, a copy. The tensor must be F64, F32, F16 or BF16; all are exact.
func (t Tensor) Float64s() ([]float64, error) {
	le := binary.LittleEndian
	switch t.DType {
	case F64:
		return convert(t.Data, 8, func(b []byte) float64 { return math.Float64frombits(le.Uint64(b)) }), nil
	case F32:
		return convert(t.Data, 4, func(b []byte) float64 { return float64(math.Float32frombits(le.Uint32(b))) }), nil
	case F16:
		return convert(t.Data, 2, func(b []byte) float64 { return float64(half.HalfToFloat(le.Uint16(b))) }), nil
	case BF16:
		return convert(t.Data, 2, func(b []byte) float64 { return float64(half.BFloat16ToFloat(le.Uint16(b))) }), nil
	}
	return nil, t.wrongType("F64, F32, F16 or BF16")
}

// Int64s are the numbers as int64, a copy. The tensor must be of integers that an int64 can hold, so not U64.
func (t Tensor) Int64s() ([]int64, error) {
	le := binary.LittleEndian
	switch t.DType {
	case I64:
		return convert(t.Data, 8, func(b []byte) int64 { return int64(le.Uint64(b)) }), nil
	case I32:
		return convert(t.Data, 4, func(b []byte) int64 { return int64(int32(le.Uint32(b))) }), nil
	case I16:
		return convert(t.Data, 2, func(b []byte) int64 { return int64(int16(le.Uint16(b))) }), nil
	case I8:
		return convert(t.Data, 1, func(b []byte) int64 { return int64(int8(b[0])) }), nil
	case U32:
		return convert(t.Data, 4, func(b []byte) int64 { return int64(le.Uint32(b)) }), nil
	case U16:
		return convert(t.Data, 2, func(b []byte) int64 { return int64(le.Uint16(b)) }), nil
	case U8:
		return convert(t.Data, 1, func(b []byte) int64 { return int64(b[0]) }), nil
	}
	return nil, t.wrongType("I64, I32, I16, I8, U32, U16 or U8")
}

// Bools are the truth values, a copy. The tensor must be BOOL, and each of its bytes 0 or 1.
func (t Tensor) Bools() ([]bool, error) {
	if t.DType != Bool {
		return nil, t.wrongType("BOOL")
	}
	for i, b := range t.Data {
		if b > 1 {
			return nil, fmt.Errorf("safetensors: tensor %s: element %d is %d; a BOOL is 0 or 1", quote.Text(t.Name), i, b)
		}
	}
	return convert(t.Data, 1, func(b []byte) bool { return b[0] == 1 }), nil
}

func (t Tensor) wrongType(expected string) error {
	return fmt.Errorf("safetensors: tensor %s is %s, expected %s", quote.Text(t.Name), t.DType, expected)
}

// convert reads data as elements of size bytes each.
func convert[T any](data []byte, size int, element func([]byte) T) []T {
	list := make([]T, len(data)/size)
	for i := range list {
		list[i] = element(data[i*size : (i+1)*size])
	}
	return list
}

// byteLen is the number of bytes that a tensor of that type and shape takes. Lengths are not negative.
func byteLen(dtype DType, shape []int) (int, error) {
	size, known := bitsOf[dtype]
	if !known {
		return 0, fmt.Errorf("unknown dtype %s", quote.Text(string(dtype)))
	}
	// Axes of length 0 are left out of the product at first, so that no part of it can overflow either.
	product, empty := size, false
	for _, length := range shape {
		if length == 0 {
			empty = true
			continue
		}
		high, low := bits.Mul64(product, uint64(length))
		if high != 0 {
			return 0, fmt.Errorf("%s of shape %v is larger than any file", dtype, shape)
		}
		product = low
	}
	switch {
	case empty:
		return 0, nil
	case product%8 != 0:
		return 0, fmt.Errorf("%s of shape %v ends in the middle of a byte", dtype, shape)
	case product/8 > math.MaxInt:
		return 0, fmt.Errorf("%s of shape %v is larger than any file", dtype, shape)
	}
	return int(product / 8), nil
}
