package matrix

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/rapt-go/rapt/internal/npy"
	"github.com/rapt-go/rapt/internal/strictjson"
)

// parseCSV reads a row a line.
func parseCSV(data []byte) ([][]float64, error) {
	var b builder
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // spreadsheets write a byte order mark
	for line := range bytes.Lines(data) {
		line, _, _ = bytes.Cut(line, []byte("#"))
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		for field := range strings.SplitSeq(string(line), ",") {
			if err := b.parse(strings.TrimSpace(field)); err != nil {
				return nil, err
			}
		}
		if err := b.endRow(); err != nil {
			return nil, err
		}
	}
	return b.matrix()
}

// parseJSON reads an array of rows, which are arrays of numbers.
func parseJSON(data []byte) ([][]float64, error) {
	var b builder
	r := strictjson.NewReader(data)
	err := r.Array(func() error {
		if err := r.Array(func() error { return parseJSONNumber(r, &b) }); err != nil {
			return err
		}
		return b.endRow()
	})
	if err != nil {
		return nil, err
	}
	if err := r.End(); err != nil {
		return nil, err
	}
	return b.matrix()
}

func parseJSONNumber(r *strictjson.Reader, b *builder) error {
	number, err := r.Number()
	if err != nil {
		return fmt.Errorf("%s: %w", b.at(), err)
	}
	return b.parse(number)
}

// parseNPY reads an array of two axes. Integers are taken up to 2^53, as far as a float64 holds each of them.
func parseNPY(data []byte) ([][]float64, error) {
	a, err := npy.Read(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	if len(a.Shape) != 2 {
		return nil, fmt.Errorf("the array has %d axes, expected 2 (rows, columns)", len(a.Shape))
	}
	switch values := a.Data.(type) {
	case []float64:
		return fromArray(a.Shape, values)
	case []float32:
		return fromArray(a.Shape, values)
	case npy.Float16s:
		floats, err := a.Float32s()
		if err != nil {
			return nil, err
		}
		return fromArray(a.Shape, floats)
	case []int64:
		const exact = 1 << 53
		for i, x := range values {
			if x < -exact || x > exact {
				return nil, fmt.Errorf("row %d, column %d: %d is beyond 2^53", i/a.Shape[1]+1, i%a.Shape[1]+1, x)
			}
		}
		return fromArray(a.Shape, values)
	case []int32:
		return fromArray(a.Shape, values)
	}
	return nil, fmt.Errorf("the array is %s, expected a floating-point or integer type", a.DType())
}

// fromArray cuts values into rows.
func fromArray[T float32 | float64 | int32 | int64](shape []int, values []T) ([][]float64, error) {
	var b builder
	for range shape[0] {
		for _, x := range values[:shape[1]] {
			if err := b.add(float64(x)); err != nil {
				return nil, err
			}
		}
		values = values[shape[1]:]
		if err := b.endRow(); err != nil {
			return nil, err
		}
	}
	return b.matrix()
}
