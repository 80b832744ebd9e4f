package gguf

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"

	"github.com/rapt-go/rapt/internal/quote"
)

const (
	magic = "GGUF"

	// alignmentKey is the key whose value is the multiple at which tensors begin.
	alignmentKey = "general.alignment"

	defaultAlignment = 32

	// maxAxes is the largest number of axes of a tensor: ggml has the same limit.
	maxAxes = 4

	// maxName is the longest key or name of a tensor, in bytes. The format has 65,535 for keys, ggml 63 for names.
	maxName = 1<<16 - 1
)

// parse is Parse without the package's name on its errors.
func parse(data []byte) (*File, error) {
	d := &decoder{data: data}
	tensors, values, err := d.counts()
	if err != nil {
		return nil, err
	}
	f := &File{values: map[string]Value{}, tensors: map[string]Tensor{}, size: int64(len(data))}
	for i := range values {
		if err := f.readValue(d); err != nil {
			return nil, fmt.Errorf("metadata %d of %d: %w", i, values, err)
		}
	}
	alignment, err := f.alignment()
	if err != nil {
		return nil, err
	}
	for i := range tensors {
		if err := f.readTensor(d, alignment); err != nil {
			return nil, fmt.Errorf("tensor %d of %d: %w", i, tensors, err)
		}
	}
	begin := (uint64(d.at) + alignment - 1) / alignment * alignment
	return f, f.place(data[min(begin, uint64(len(data))):])
}

// A decoder reads a header from its beginning on.
type decoder struct {
	data []byte
	at   int
}

// take gives the next n bytes.
func (d *decoder) take(n uint64) ([]byte, error) {
	if rest := uint64(len(d.data) - d.at); n > rest {
		return nil, fmt.Errorf("at byte %d: %d bytes are needed, but the file has %d more", d.at, n, rest)
	}
	b := d.data[d.at:][:n:n]
	d.at += int(n)
	return b, nil
}

func (d *decoder) uint32() (uint32, error) {
	b, err := d.take(4)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint32(b), nil
}

func (d *decoder) uint64() (uint64, error) {
	b, err := d.take(8)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint64(b), nil
}

// string gives the bytes of a string.
func (d *decoder) string() ([]byte, error) {
	n, err := d.uint64()
	if err != nil {
		return nil, err
	}
	return d.take(n)
}

// name gives a key or the name of a tensor.
func (d *decoder) name() (string, error) {
	b, err := d.string()
	switch {
	case err != nil:
		return "", err
	case len(b) > maxName:
		return "", fmt.Errorf("a name has %d bytes, expected at most %d", len(b), maxName)
	}
	return text(b)
}

// counts reads the beginning of a file: how many tensors and values it has. Each takes some bytes of the file.
func (d *decoder) counts() (tensors, values uint64, err error) {
	const least = len(magic) + 4 + 8 + 8 // version and both counts
	if len(d.data) < least {
		return 0, 0, fmt.Errorf("the file has %d bytes; the beginning of its header alone takes %d", len(d.data), least)
	}
	if start := string(d.data[:len(magic)]); start != magic {
		return 0, 0, fmt.Errorf("the file begins with %s, expected %q", quote.Text(start), magic)
	}
	d.at = len(magic)
	version, _ := d.uint32()
	tensors, _ = d.uint64()
	values, _ = d.uint64()
	switch {
	case version != 2 && version != 3 && bits.ReverseBytes32(version) <= 3:
		return 0, 0, errors.New("the file is big-endian; only little-endian files are read")
	case version != 2 && version != 3:
		return 0, 0, fmt.Errorf("the file has version %d of the format; only 2 and 3 are read", version)
	}
	const value, tensor = 8 + 4 + 1, 8 + 4 + 4 + 8 // the least bytes that each takes
	rest := uint64(len(d.data) - d.at)
	if values > rest/value || tensors > rest/tensor {
		return 0, 0, fmt.Errorf("the header claims %d values and %d tensors; the file has %d bytes after that", values, tensors, rest)
	}
	return tensors, values, nil
}

// readValue reads a key and its value.
func (f *File) readValue(d *decoder) error {
	key, err := d.name()
	if err != nil {
		return err
	}
	v, err := d.value()
	if err != nil {
		return fmt.Errorf("%s: %w", quote.Text(key), err)
	}
	if _, again := f.values[key]; again {
		return fmt.Errorf("%s is there twice", quote.Text(key))
	}
	f.values[key] = v
	return nil
}

func (d *decoder) value() (v Value, err error) {
	kind, err := d.uint32()
	if err != nil {
		return v, err
	}
	v.kind = Kind(kind)
	switch {
	case v.kind == String:
		v.data, err = d.string()
	case v.kind == Array:
		err = d.array(&v)
	case v.kind.size() > 0:
		v.data, err = d.take(uint64(v.kind.size()))
		if err == nil && v.kind == Bool && v.data[0] > 1 {
			err = fmt.Errorf("a bool is %d, expected 0 or 1", v.data[0])
		}
	default:
		err = fmt.Errorf("unknown type %d", kind)
	}
	return v, err
}

// array reads the rest of an array: type, length and elements.
func (d *decoder) array(v *Value) error {
	elem, err := d.uint32()
	if err != nil {
		return err
	}
	n, err := d.uint64()
	if err != nil {
		return err
	}
	v.elem = Kind(elem)
	least := uint64(v.elem.size())
	switch {
	case v.elem == Array:
		return errors.New("an array of arrays isn't supported")
	case v.elem == String:
		least = 8
	case least == 0:
		return fmt.Errorf("an array has elements of unknown type %d", elem)
	}
	if rest := uint64(len(d.data) - d.at); n > rest/least {
		return fmt.Errorf("an array claims %d elements of %s; the file has %d more bytes", n, v.elem, rest)
	}
	v.n = int(n)
	if v.elem != String {
		v.data, err = d.take(n * least)
		return err
	}
	from := d.at
	for range n {
		if _, err := d.string(); err != nil {
			return err
		}
	}
	v.data = d.data[from:d.at:d.at]
	return nil
}

// alignment is the multiple at which tensors begin, a power of two.
func (f *File) alignment() (uint64, error) {
	v, ok := f.values[alignmentKey]
	if !ok {
		return defaultAlignment, nil
	}
	n, err := v.Int()
	switch {
	case err != nil:
		return 0, fmt.Errorf("%s: %w", alignmentKey, err)
	case n < 1 || n > 1<<20 || n&(n-1) != 0:
		return 0, fmt.Errorf("%s is %d, expected a power of two up to %d", alignmentKey, n, 1<<20)
	}
	return uint64(n), nil
}

// readTensor reads the description of a tensor.
func (f *File) readTensor(d *decoder, alignment uint64) error {
	name, err := d.name()
	if err != nil {
		return err
	}
	t := Tensor{Name: name}
	if err := d.tensor(&t); err != nil {
		return fmt.Errorf("%s: %w", quote.Text(name), err)
	}
	if t.offset%alignment != 0 {
		return fmt.Errorf("%s begins at byte %d of the data, which is no multiple of %d", quote.Text(name), t.offset, alignment)
	}
	if _, again := f.tensors[name]; again {
		return fmt.Errorf("%s is there twice", quote.Text(name))
	}
	f.tensors[name] = t
	return nil
}

// tensor reads what follows a tensor's name.
func (d *decoder) tensor(t *Tensor) error {
	axes, err := d.uint32()
	if err != nil {
		return err
	}
	if axes > maxAxes {
		return fmt.Errorf("it has %d axes; the most is %d", axes, maxAxes)
	}
	t.Shape = make([]int, axes)
	numbers := uint64(1)
	for i := range t.Shape {
		length, err := d.uint64()
		if err != nil {
			return err
		}
		high, product := bits.Mul64(numbers, length)
		if high > 0 || product > math.MaxInt || length > math.MaxInt {
			return fmt.Errorf("it has %d × %d and more numbers, which are more than this system can address", numbers, length)
		}
		t.Shape[len(t.Shape)-1-i], numbers = int(length), product
	}
	kind, err := d.uint32()
	if err != nil {
		return err
	}
	t.Type = Type(kind)
	t.offset, err = d.uint64()
	return err
}

// byteLen is the number of bytes of a tensor's numbers; known is false if nobody here knows.
func (t *Tensor) byteLen() (n uint64, known bool, err error) {
	numbers, bytes := t.Type.block()
	if numbers == 0 {
		return 0, false, nil
	}
	row := 1
	if len(t.Shape) > 0 {
		row = t.Shape[len(t.Shape)-1]
	}
	if uint64(row)%numbers != 0 {
		return 0, true, fmt.Errorf("its rows have %d numbers, which isn't a multiple of the %d in a block of %s", row, numbers, t.Type)
	}
	high, n := bits.Mul64(uint64(t.Len())/numbers, bytes)
	if high > 0 {
		n = math.MaxUint64 // more than any file has
	}
	return n, true, nil
}

// place gives the tensors their bytes of the data, each its own.
func (f *File) place(data []byte) error {
	list := make([]Tensor, 0, len(f.tensors))
	for _, t := range f.tensors {
		list = append(list, t)
	}
	slices.SortFunc(list, func(a, b Tensor) int {
		return cmp.Or(cmp.Compare(a.offset, b.offset), cmp.Compare(len(a.Name), len(b.Name)), cmp.Compare(a.Name, b.Name))
	})
	end, last := uint64(0), ""
	for _, t := range list {
		n, known, err := t.byteLen()
		switch size := uint64(len(data)); {
		case err != nil:
			return fmt.Errorf("tensor %s: %w", quote.Text(t.Name), err)
		case t.offset > size || n > size-t.offset:
			return fmt.Errorf("tensor %s (%s of shape %v) takes %d bytes from byte %d of the data on; the file has %d",
				quote.Text(t.Name), t.Type, t.Shape, n, t.offset, size)
		case t.offset < end:
			return fmt.Errorf("tensor %s begins at byte %d of the data, before %s ends at %d", quote.Text(t.Name), t.offset, quote.Text(last), end)
		}
		end, last = t.offset+n, t.Name
		if known {
			t.Data = data[t.offset:end:end]
			f.tensors[t.Name] = t
		}
	}
	return nil
}
