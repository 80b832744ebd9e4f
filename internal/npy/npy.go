// Package npy reads and writes the files in which NumPy keeps arrays: .npy, which holds one, and .npz, a zip archive of
// several.
//
// ReadFile and Write are for one array, ReadNPZ and WriteNPZ for several. The element types are float32, float64,
// float16, int64, int32, uint8 and bool, little-endian; the order is C's, the last axis contiguous. What else a file
// may hold is refused by name. A large array is read straight into the slice that it ends up in.
package npy

import (
	"fmt"
	"io"
	"math"
	"os"

	"github.com/rapt-go/rapt/internal/half"
)

// An Array is an array of any number of axes. Data is one of []float32, []float64, Float16s, []int64, []int32, []uint8
// and []bool, with as many elements as the product of Shape.
type Array struct {
	Shape []int // lengths of the axes, the outermost first; none for a single number
	Data  any   // the last axis contiguous
}

// Float16s are float16 numbers as their bits.
type Float16s []uint16

// DType is the type of the elements as NumPy calls it, such as "float32".
func (a *Array) DType() string {
	if t, ok := typeOf(a.Data); ok {
		return t.name
	}
	return fmt.Sprintf("%T", a.Data)
}

// Float32s are the elements as float32. The array must be float32, whose elements are not copied, float16, which is
// exact, or float64, which is rounded.
func (a *Array) Float32s() ([]float32, error) {
	switch data := a.Data.(type) {
	case []float32:
		return data, nil
	case Float16s:
		list := make([]float32, len(data))
		for i, h := range data {
			list[i] = half.HalfToFloat(h)
		}
		return list, nil
	case []float64:
		list := make([]float32, len(data))
		for i, f := range data {
			list[i] = float32(f)
		}
		return list, nil
	}
	return nil, fmt.Errorf("the array is %s, expected float32, float16 or float64", a.DType())
}

// ReadFile reads a .npy file. Pipes are read too.
func ReadFile(path string) (*Array, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	size := int64(-1)
	if info.Mode().IsRegular() {
		size = info.Size()
	}
	a, err := Read(file, size)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return a, nil
}

// Read reads one array, which must be all that r holds. Size is the number of bytes that r will give, or negative if
// that isn't known; with it, an array that claims more is refused before anything is allocated for it.
func Read(r io.Reader, size int64) (*Array, error) {
	a, err := read(r, size)
	if err != nil {
		return nil, fmt.Errorf("npy: %w", err)
	}
	return a, nil
}

// read is Read without the package's name on its errors.
func read(r io.Reader, size int64) (*Array, error) {
	h, headerLen, err := readHeader(r)
	if err != nil {
		return nil, err
	}
	t, ok := typeOfDescr(h.descr)
	if !ok {
		return nil, unknownType(h.descr)
	}
	if h.fortran && orderMatters(h.shape) {
		return nil, fmt.Errorf("the array of shape %s is in Fortran order; numpy.ascontiguousarray makes it one in C order", tuple(h.shape))
	}
	n, ok := count(h.shape, t.size)
	if !ok {
		return nil, fmt.Errorf("%s of shape %s is larger than any file", t.name, tuple(h.shape))
	}
	reserve := min(n, chunkBytes)
	if size >= 0 {
		if have, need := size-int64(headerLen), int64(n)*int64(t.size); have != need {
			return nil, fmt.Errorf("%s of shape %s takes %d bytes; the file has %d after its header", t.name, tuple(h.shape), need, have)
		}
		reserve = n
	}
	data, err := t.read(r, n, reserve)
	if err != nil {
		return nil, err
	}
	if extra, err := io.ReadFull(r, make([]byte, 1)); extra > 0 {
		return nil, fmt.Errorf("%s of shape %s takes %d bytes; the file has more after its header", t.name, tuple(h.shape), n*t.size)
	} else if err != io.EOF {
		return nil, err
	}
	return &Array{Shape: h.shape, Data: data}, nil
}

// Write writes an array as NumPy's save does, byte for byte.
func Write(w io.Writer, a *Array) error {
	t, err := a.check()
	if err != nil {
		return fmt.Errorf("npy: %w", err)
	}
	return a.write(w, t)
}

// write is Write for an array that has been checked, of type t.
func (a *Array) write(w io.Writer, t elementType) error {
	if _, err := w.Write(encodeHeader(t.descr, a.Shape)); err != nil {
		return err
	}
	return t.write(w, a.Data)
}

// check says why an array can't be written, or gives its type.
func (a *Array) check() (elementType, error) {
	t, ok := typeOf(a.Data)
	if !ok {
		return t, fmt.Errorf("arrays of %T can't be written", a.Data)
	}
	if len(a.Shape) > maxAxes {
		return t, fmt.Errorf("the array has %d axes; the most is %d", len(a.Shape), maxAxes)
	}
	for _, length := range a.Shape {
		if length < 0 {
			return t, fmt.Errorf("shape %s has a negative length", tuple(a.Shape))
		}
	}
	if n, ok := count(a.Shape, t.size); !ok || n != t.len(a.Data) {
		return t, fmt.Errorf("shape %s doesn't fit %d elements", tuple(a.Shape), t.len(a.Data))
	}
	return t, nil
}

// count is the product of shape, whose lengths are not negative; ok is false if an int can't hold that many elements of
// size bytes, or as many as the axes that aren't empty ask for.
func count(shape []int, size int) (n int, ok bool) {
	n, empty := 1, false
	for _, length := range shape {
		switch {
		case length == 0:
			empty = true
		case n > math.MaxInt/size/length:
			return 0, false
		default:
			n *= length
		}
	}
	if empty {
		n = 0
	}
	return n, true
}

// orderMatters is whether an array's elements lie otherwise in Fortran order than in C's: if two axes or more have
// several positions.
func orderMatters(shape []int) bool {
	long := 0
	for _, length := range shape {
		if length == 0 {
			return false
		}
		if length > 1 {
			long++
		}
	}
	return long > 1
}
