package npy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/rapt-go/rapt/internal/quote"
)

// chunkBytes is how much is converted at a time.
const chunkBytes = 1 << 16

// An elementType is one type of elements: how a file names it, and how its slices are read and written.
type elementType struct {
	descr string // in the header
	name  string // as NumPy calls it
	size  int    // bytes of an element
	is    func(data any) bool
	len   func(data any) int
	read  func(r io.Reader, n, reserve int) (data any, err error) // n elements; room for reserve of them from the start
	write func(w io.Writer, data any) error
}

var elementTypes = []elementType{
	typeFor[[]float32]("<f4", "float32", 4,
		func(b []byte) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b)) },
		func(b []byte, x float32) []byte { return binary.LittleEndian.AppendUint32(b, math.Float32bits(x)) }),
	typeFor[[]float64]("<f8", "float64", 8,
		func(b []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(b)) },
		func(b []byte, x float64) []byte { return binary.LittleEndian.AppendUint64(b, math.Float64bits(x)) }),
	typeFor[Float16s]("<f2", "float16", 2, binary.LittleEndian.Uint16, binary.LittleEndian.AppendUint16),
	typeFor[[]int64]("<i8", "int64", 8,
		func(b []byte) int64 { return int64(binary.LittleEndian.Uint64(b)) },
		func(b []byte, x int64) []byte { return binary.LittleEndian.AppendUint64(b, uint64(x)) }),
	typeFor[[]int32]("<i4", "int32", 4,
		func(b []byte) int32 { return int32(binary.LittleEndian.Uint32(b)) },
		func(b []byte, x int32) []byte { return binary.LittleEndian.AppendUint32(b, uint32(x)) }),
	typeFor[[]uint8]("|u1", "uint8", 1,
		func(b []byte) uint8 { return b[0] },
		func(b []byte, x uint8) []byte { return append(b, x) }),
	typeFor[[]bool]("|b1", "bool", 1,
		func(b []byte) bool { return b[0] != 0 }, // as NumPy takes a byte other than 0 and 1
		func(b []byte, x bool) []byte {
			if x {
				return append(b, 1)
			}
			return append(b, 0)
		}),
}

// typeFor is the type of elements T, held in slices S, of which get reads one and put writes one.
func typeFor[S ~[]T, T any](descr, name string, size int, get func([]byte) T, put func([]byte, T) []byte) elementType {
	return elementType{
		descr: descr, name: name, size: size,
		is:  func(data any) bool { _, ok := data.(S); return ok },
		len: func(data any) int { return len(data.(S)) },
		read: func(r io.Reader, n, reserve int) (any, error) {
			list, err := readElements(r, make(S, 0, reserve), n, size, get)
			return list, err
		},
		write: func(w io.Writer, data any) error { return writeElements(w, data.(S), size, put) },
	}
}

// readElements appends n elements of size bytes each to list.
func readElements[S ~[]T, T any](r io.Reader, list S, n, size int, get func([]byte) T) (S, error) {
	buffer := make([]byte, min(n*size, chunkBytes))
	for len(list) < n {
		chunk := buffer[:min((n-len(list))*size, chunkBytes)]
		if got, err := io.ReadFull(r, chunk); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, fmt.Errorf("the data ends after %d bytes, expected %d", len(list)*size+got, n*size)
		} else if err != nil {
			return nil, err
		}
		for ; len(chunk) > 0; chunk = chunk[size:] {
			list = append(list, get(chunk))
		}
	}
	return list, nil
}

// writeElements writes the elements of list.
func writeElements[S ~[]T, T any](w io.Writer, list S, size int, put func([]byte, T) []byte) error {
	buffer := make([]byte, 0, min(len(list)*size, chunkBytes))
	for len(list) > 0 {
		n := min(len(list), chunkBytes/size)
		buffer = buffer[:0]
		for _, x := range list[:n] {
			buffer = put(buffer, x)
		}
		if _, err := w.Write(buffer); err != nil {
			return err
		}
		list = list[n:]
	}
	return nil
}

// typeOf is the type of a slice.
func typeOf(data any) (t elementType, ok bool) {
	for _, t := range elementTypes {
		if t.is(data) {
			return t, true
		}
	}
	return elementType{}, false
}

// typeOfDescr is the type that a header calls descr.
func typeOfDescr(descr string) (t elementType, ok bool) {
	for _, t := range elementTypes {
		if t.descr == descr {
			return t, true
		}
	}
	return elementType{}, false
}

// unknownType says what is wrong with a descr that isn't one of ours.
func unknownType(descr string) error {
	if rest, big := strings.CutPrefix(descr, ">"); big {
		if t, ok := typeOfDescr("<" + rest); ok {
			return fmt.Errorf("the array is big-endian %s ('%s'), expected little-endian", t.name, descr)
		}
	}
	var known []string
	for _, t := range elementTypes {
		known = append(known, t.name)
	}
	return fmt.Errorf("the array has elements of type %s, expected one of %s", quote.Text(descr), strings.Join(known, ", "))
}
