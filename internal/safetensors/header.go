package safetensors

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/rapt-go/rapt/internal/quote"
	"github.com/rapt-go/rapt/internal/strictjson"
)

// maxHeader is the longest header that is read, in bytes, and the largest index. 90,000 tensors, which is what the largest
// models have, need 12 MB. The format's own library reads 100 MB, which can take seconds.
const maxHeader = 16 << 20

// maxAxes is the largest number of axes of a tensor: NumPy has the same limit.
const maxAxes = 64

// metadataKey is the one name in a header that doesn't belong to a tensor.
const metadataKey = "__metadata__"

// parse is Parse without the package's name on its errors.
func parse(data []byte) (*File, error) {
	if len(data) < 8 {
		return nil, fmt.Errorf("the file has %d bytes; the length of the header alone takes 8", len(data))
	}
	length, rest := binary.LittleEndian.Uint64(data), data[8:]
	switch {
	case length > maxHeader:
		return nil, fmt.Errorf("the header claims %d bytes; at most %d are read", length, maxHeader)
	case length > uint64(len(rest)):
		return nil, fmt.Errorf("the header claims %d bytes; the file has %d after its length", length, len(rest))
	}
	header, body := rest[:length], rest[length:]
	switch {
	case len(header) == 0 || header[0] != '{':
		return nil, errors.New("the header doesn't begin with {")
	case !utf8.Valid(header):
		return nil, errors.New("the header isn't UTF-8")
	}
	d := decoder{json: strictjson.NewReader(header)}
	if err := d.header(); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	tensors, err := d.place(body)
	if err != nil {
		return nil, err
	}
	return &File{tensors: tensors, metadata: d.metadata}, nil
}

// A span is where a tensor's bytes lie, counted from the end of the header: from begin to before end.
type span struct{ begin, end int }

// described is a tensor without its Data, and where that lies.
type described struct {
	Tensor
	span
}

// A decoder reads a header.
type decoder struct {
	json     *strictjson.Reader
	tensors  []described // each name once
	metadata map[string]string
}

// header reads the whole of it, up to and including the blanks that pad it.
func (d *decoder) header() error {
	err := d.json.Object(func(name string) error {
		if name == metadataKey {
			return d.readMetadata()
		}
		if err := d.readTensor(name); err != nil {
			return fmt.Errorf("tensor %s: %w", quote.Text(name), err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return d.json.End()
}

// readMetadata reads an object whose values are all strings.
func (d *decoder) readMetadata() error {
	d.metadata = map[string]string{}
	return d.json.Object(func(key string) error {
		value, err := d.json.Text()
		if err != nil {
			return fmt.Errorf("%s: %s: %w", metadataKey, quote.Text(key), err)
		}
		d.metadata[key] = value
		return nil
	})
}

// readTensor reads the object that describes one tensor, and remembers it.
func (d *decoder) readTensor(name string) error {
	var dtype string
	var shape, offsets []int // nil if the key isn't there
	err := d.json.Object(func(key string) (err error) {
		switch key {
		case "dtype":
			dtype, err = d.json.Text()
		case "shape":
			shape, err = d.integers()
		case "data_offsets":
			offsets, err = d.integers()
		default:
			return fmt.Errorf("unknown key %s", quote.Text(key))
		}
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := checkTensor(DType(dtype), shape, offsets); err != nil {
		return err
	}
	d.tensors = append(d.tensors, described{Tensor{Name: name, DType: DType(dtype), Shape: shape}, span{offsets[0], offsets[1]}})
	return nil
}

// checkTensor says what is wrong with a tensor's description by itself.
func checkTensor(dtype DType, shape, offsets []int) error {
	switch {
	case dtype == "":
		return errors.New("no dtype")
	case shape == nil:
		return errors.New("no shape")
	case len(shape) > maxAxes:
		return fmt.Errorf("shape has %d axes; the most is %d", len(shape), maxAxes)
	case offsets == nil:
		return errors.New("no data_offsets")
	case len(offsets) != 2:
		return fmt.Errorf("data_offsets has %d numbers, expected 2", len(offsets))
	case offsets[0] > offsets[1]:
		return fmt.Errorf("data_offsets begin at %d, after their end at %d", offsets[0], offsets[1])
	}
	need, err := byteLen(dtype, shape)
	if err != nil {
		return err
	}
	if have := offsets[1] - offsets[0]; have != need {
		return fmt.Errorf("%s of shape %v takes %d bytes; data_offsets give it %d", dtype, shape, need, have)
	}
	return nil
}

// place gives the tensors their bytes, which must fill body without a gap.
func (d *decoder) place(body []byte) (map[string]Tensor, error) {
	slices.SortFunc(d.tensors, func(a, b described) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end), cmp.Compare(a.Name, b.Name))
	})
	tensors := make(map[string]Tensor, len(d.tensors))
	end, last := 0, ""
	for _, t := range d.tensors {
		switch {
		case t.end > len(body):
			return nil, fmt.Errorf("tensor %s ends at byte %d of the data; the file has %d", quote.Text(t.Name), t.end, len(body))
		case t.begin < end:
			return nil, fmt.Errorf("tensor %s begins at byte %d, before %s ends at %d", quote.Text(t.Name), t.begin, quote.Text(last), end)
		case t.begin > end:
			return nil, fmt.Errorf("tensor %s begins at byte %d; bytes %d to %d belong to no tensor", quote.Text(t.Name), t.begin, end, t.begin)
		}
		t.Data = body[t.begin:t.end:t.end]
		tensors[t.Name] = t.Tensor
		end, last = t.end, t.Name
	}
	if end != len(body) {
		return nil, fmt.Errorf("the tensors take %d bytes; the file has %d after its header", end, len(body))
	}
	return tensors, nil
}

// integers reads an array of numbers that are whole and not negative.
func (d *decoder) integers() ([]int, error) {
	list := []int{}
	err := d.json.Array(func() error {
		number, err := d.json.Number()
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(number)
		if err != nil || n < 0 {
			return fmt.Errorf("%s is not an integer from 0 to %d", quote.Text(number), math.MaxInt)
		}
		list = append(list, n)
		return nil
	})
	return list, err
}
