package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"unicode/utf8"
)

// maxHeader is the longest header, in bytes, that the format's own library reads.
const maxHeader = 100_000_000

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
		return nil, fmt.Errorf("the header claims %d bytes; the format allows %d", length, maxHeader)
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
	d := decoder{json: json.NewDecoder(bytes.NewReader(header)), tensors: map[string]Tensor{}, spans: map[string]span{}}
	d.json.UseNumber()
	if err := d.header(); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	if err := d.place(body); err != nil {
		return nil, err
	}
	return &File{tensors: d.tensors, metadata: d.metadata}, nil
}

// A span is where a tensor's bytes lie, counted from the end of the header: from begin to before end.
type span struct{ begin, end int }

// A decoder reads a header token by token. Unmarshalling it instead would let the last of two equal names win in
// silence, and would accept whatever else it doesn't know.
type decoder struct {
	json     *json.Decoder
	tensors  map[string]Tensor // without Data
	spans    map[string]span
	metadata map[string]string
}

// header reads the whole of it, up to and including the blanks that pad it.
func (d *decoder) header() error {
	err := d.object(func(name string) error {
		if name == metadataKey {
			return d.readMetadata()
		}
		if err := d.readTensor(name); err != nil {
			return fmt.Errorf("tensor %s: %w", quote(name), err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if _, err := d.json.Token(); err != io.EOF {
		return errors.New("there is something after the closing }")
	}
	return nil
}

// readMetadata reads an object whose values are all strings.
func (d *decoder) readMetadata() error {
	d.metadata = map[string]string{}
	return d.object(func(key string) error {
		value, err := d.text()
		if err != nil {
			return fmt.Errorf("%s: %s: %w", metadataKey, quote(key), err)
		}
		d.metadata[key] = value
		return nil
	})
}

// readTensor reads the object that describes one tensor, and remembers it.
func (d *decoder) readTensor(name string) error {
	t, shape, offsets := Tensor{Name: name}, []int(nil), []int(nil)
	err := d.object(func(key string) (err error) {
		switch key {
		case "dtype":
			var dtype string
			dtype, err = d.text()
			t.DType = DType(dtype)
		case "shape":
			shape, err = d.integers()
		case "data_offsets":
			offsets, err = d.integers()
		default:
			return fmt.Errorf("unknown key %s", quote(key))
		}
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case t.DType == "":
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
	t.Shape = shape
	need, err := byteLen(t.DType, shape)
	if err != nil {
		return err
	}
	if have := offsets[1] - offsets[0]; have != need {
		return fmt.Errorf("%s of shape %v takes %d bytes; data_offsets give it %d", t.DType, shape, need, have)
	}
	d.tensors[name] = t
	d.spans[name] = span{offsets[0], offsets[1]}
	return nil
}

// place gives the tensors their bytes, which must fill body without a gap.
func (d *decoder) place(body []byte) error {
	names := make([]string, 0, len(d.tensors))
	for name := range d.tensors {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		x, y := d.spans[a], d.spans[b]
		return cmp.Or(cmp.Compare(x.begin, y.begin), cmp.Compare(x.end, y.end), cmp.Compare(a, b))
	})
	end, last := 0, ""
	for _, name := range names {
		s := d.spans[name]
		switch {
		case s.end > len(body):
			return fmt.Errorf("tensor %s ends at byte %d of the data; the file has %d", quote(name), s.end, len(body))
		case s.begin < end:
			return fmt.Errorf("tensor %s begins at byte %d, before %s ends at %d", quote(name), s.begin, quote(last), end)
		case s.begin > end:
			return fmt.Errorf("tensor %s begins at byte %d; bytes %d to %d belong to no tensor", quote(name), s.begin, end, s.begin)
		}
		t := d.tensors[name]
		t.Data = body[s.begin:s.end:s.end]
		d.tensors[name] = t
		end, last = s.end, name
	}
	if end != len(body) {
		return fmt.Errorf("the tensors take %d bytes; the file has %d after its header", end, len(body))
	}
	return nil
}

// object reads an object and calls value for each of its keys, to read what belongs to it.
func (d *decoder) object(value func(key string) error) error {
	if err := d.delim('{'); err != nil {
		return err
	}
	seen := map[string]bool{}
	for d.json.More() {
		key, err := d.text()
		if err != nil {
			return err
		}
		if seen[key] {
			return fmt.Errorf("%s is there twice", quote(key))
		}
		seen[key] = true
		if err := value(key); err != nil {
			return err
		}
	}
	return d.delim('}')
}

// integers reads an array of numbers that are whole and not negative.
func (d *decoder) integers() ([]int, error) {
	if err := d.delim('['); err != nil {
		return nil, err
	}
	list := []int{}
	for d.json.More() {
		token, err := d.token()
		if err != nil {
			return nil, err
		}
		number, ok := token.(json.Number)
		if !ok {
			return nil, fmt.Errorf("found %s, expected a number", describe(token))
		}
		n, err := strconv.Atoi(number.String())
		if err != nil || n < 0 {
			return nil, fmt.Errorf("%s is not an integer from 0 to the largest int", quote(number.String()))
		}
		list = append(list, n)
	}
	return list, d.delim(']')
}

func (d *decoder) text() (string, error) {
	token, err := d.token()
	if err != nil {
		return "", err
	}
	s, ok := token.(string)
	if !ok {
		return "", fmt.Errorf("found %s, expected a string", describe(token))
	}
	return s, nil
}

func (d *decoder) delim(want json.Delim) error {
	token, err := d.token()
	if err != nil {
		return err
	}
	if token != want {
		return fmt.Errorf("found %s, expected %s", describe(token), want)
	}
	return nil
}

// token is the next one; the end of the header is an error, since it is only asked for where something must follow.
func (d *decoder) token() (json.Token, error) {
	token, err := d.json.Token()
	switch {
	case err == io.EOF:
		return nil, errors.New("the JSON ends too early")
	case err != nil:
		return nil, fmt.Errorf("at byte %d: %w", d.json.InputOffset(), err)
	}
	return token, nil
}

// describe names a token for an error.
func describe(token json.Token) string {
	switch v := token.(type) {
	case nil:
		return "null"
	case json.Delim:
		return v.String()
	case string:
		return quote(v)
	case json.Number:
		return v.String()
	}
	return fmt.Sprint(token) // true or false
}

// quote is a string from the file as an error shows it: in quotes, without control characters, at most 80 bytes of it.
func quote(s string) string {
	const limit = 80
	if len(s) > limit {
		return strconv.Quote(s[:limit]) + "…"
	}
	return strconv.Quote(s)
}
