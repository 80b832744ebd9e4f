package gguf

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/rapt-go/rapt/internal/half"
)

// A Type says how a tensor's numbers are stored, by the number that ggml has for it.
type Type uint32

// The types that this package knows the size of. In those with a Q, 32 numbers of a row make a block, which begins with what
// they share, as float16: a scale d and, in Q4_1, a least value m.
const (
	F32  Type = 0
	F16  Type = 1
	Q4_0 Type = 2 // d, 16 bytes q of two numbers: (q − 8)·d, number i and 16+i in the lower and the upper half of byte i
	Q4_1 Type = 3 // d, m, 16 bytes: q·d + m
	Q8_0 Type = 8 // d, 32 bytes of an int8: q·d
	F64  Type = 28
	BF16 Type = 30
)

// typeNames are the names of the types that ggml has, or had and is still found in files.
var typeNames = map[Type]string{
	F32: "F32", F16: "F16", Q4_0: "Q4_0", Q4_1: "Q4_1", 4: "Q4_2", 5: "Q4_3", 6: "Q5_0", 7: "Q5_1", Q8_0: "Q8_0", 9: "Q8_1",
	10: "Q2_K", 11: "Q3_K", 12: "Q4_K", 13: "Q5_K", 14: "Q6_K", 15: "Q8_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS",
	19: "IQ1_S", 20: "IQ4_NL", 21: "IQ3_S", 22: "IQ2_S", 23: "IQ4_XS", 24: "I8", 25: "I16", 26: "I32", 27: "I64", F64: "F64",
	29: "IQ1_M", BF16: "BF16", 34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4",
}

func (t Type) String() string {
	if name, ok := typeNames[t]; ok {
		return name
	}
	return fmt.Sprintf("type %d", uint32(t))
}

// block is how many numbers take how many bytes together; 0, 0 if this package doesn't know.
func (t Type) block() (numbers, bytes uint64) {
	switch t {
	case F32:
		return 1, 4
	case F16, BF16:
		return 1, 2
	case F64:
		return 1, 8
	case Q4_0:
		return 32, 2 + 16
	case Q4_1:
		return 32, 2 + 2 + 16
	case Q8_0:
		return 32, 2 + 32
	}
	return 0, 0
}

// A Tensor is one tensor of a file.
type Tensor struct {
	Name  string
	Type  Type
	Shape []int // lengths of the axes, the outermost first, as PyTorch has them

	// Data is the numbers, the last axis contiguous; it aliases the file: read only. It is nil if nobody here knows how
	// many bytes a tensor of the type takes.
	Data []byte

	offset uint64 // of Data, in the data of the file
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
	var at func(i int) float32
	switch t.Type {
	case F32:
		at = func(i int) float32 { return math.Float32frombits(le.Uint32(t.Data[4*i:])) }
	case F16:
		at = func(i int) float32 { return half.HalfToFloat(le.Uint16(t.Data[2*i:])) }
	case BF16:
		at = func(i int) float32 { return half.BFloat16ToFloat(le.Uint16(t.Data[2*i:])) }
	case F64:
		at = func(i int) float32 { return float32(math.Float64frombits(le.Uint64(t.Data[8*i:]))) }
	default:
		return nil, fmt.Errorf("tensor %s is %s, expected F32, F16, BF16 or F64", t.Name, t.Type)
	}
	list := make([]float32, t.Len())
	for i := range list {
		list[i] = at(i)
	}
	return list, nil
}
