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
	"unicode/utf8"

	"github.com/rapt-go/rapt/internal/quote"
)

// Write writes a file with these tensors and metadata. The same tensors in another order give the same bytes: the largest
// types come first, so that every tensor begins at a multiple of its type's size, and tensors of one size are
// sorted by name. The header is padded with blanks to a multiple of 8 bytes.
func Write(w io.Writer, tensors []Tensor, metadata map[string]string) error {
	sorted := slices.SortedFunc(slices.Values(tensors), func(a, b Tensor) int {
		return cmp.Or(cmp.Compare(bitsOf[b.DType], bitsOf[a.DType]), cmp.Compare(a.Name, b.Name))
	})
	header, err := encodeHeader(sorted, metadata)
	if err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	if _, err := w.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(header)))); err != nil {
		return err
	}
	if _, err := w.Write(header); err != nil {
		return err
	}
	for _, t := range sorted {
		if _, err := w.Write(t.Data); err != nil {
			return err
		}
	}
	return nil
}

// encodeHeader makes the padded header of tensors that follow each other in this order.
func encodeHeader(tensors []Tensor, metadata map[string]string) ([]byte, error) {
	var fields [][]byte // the members of the object
	add := func(name string, value any) error {
		key, err := json.Marshal(name)
		if err != nil {
			return err
		}
		text, err := json.Marshal(value)
		if err != nil {
			return err
		}
		fields = append(fields, slices.Concat(key, []byte(":"), text))
		return nil
	}
	if len(metadata) > 0 {
		if err := add(metadataKey, metadata); err != nil {
			return nil, err
		}
	}
	seen, offset := map[string]bool{}, 0
	for _, t := range tensors {
		if err := checkWritable(t, seen); err != nil {
			return nil, fmt.Errorf("tensor %s: %w", quote.Text(t.Name), err)
		}
		seen[t.Name] = true
		description := struct {
			DType   DType  `json:"dtype"`
			Shape   []int  `json:"shape"`
			Offsets [2]int `json:"data_offsets"`
		}{t.DType, append([]int{}, t.Shape...), [2]int{offset, offset + len(t.Data)}}
		if err := add(t.Name, description); err != nil {
			return nil, err
		}
		offset += len(t.Data)
	}
	header := slices.Concat([]byte("{"), bytes.Join(fields, []byte(",")), []byte("}"))
	if padding := -len(header) & 7; padding > 0 {
		header = append(header, bytes.Repeat([]byte(" "), padding)...)
	}
	if len(header) > maxHeader {
		return nil, fmt.Errorf("the header takes %d bytes; at most %d are read", len(header), maxHeader)
	}
	return header, nil
}

// checkWritable says why a tensor can't be in a file beside those seen.
func checkWritable(t Tensor, seen map[string]bool) error {
	switch {
	case t.Name == metadataKey:
		return errors.New("the format keeps this name for itself")
	case !utf8.ValidString(t.Name):
		return errors.New("the name isn't UTF-8")
	case seen[t.Name]:
		return errors.New("there are two tensors of this name")
	}
	for _, length := range t.Shape {
		if length < 0 {
			return fmt.Errorf("shape %v has a negative length", t.Shape)
		}
	}
	need, err := byteLen(t.DType, t.Shape)
	if err != nil {
		return err
	}
	if len(t.Data) != need {
		return fmt.Errorf("%s of shape %v takes %d bytes; its data has %d", t.DType, t.Shape, need, len(t.Data))
	}
	return nil
}
