package matrix

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/rapt-go/rapt/internal/npy"
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

// parseJSON reads an array of arrays of numbers, token by token: unmarshalling would take null for 0.
func parseJSON(data []byte) ([][]float64, error) {
	var b builder
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := expect(d, '[', "the matrix"); err != nil {
		return nil, err
	}
	for d.More() {
		if err := parseJSONRow(d, &b); err != nil {
			return nil, err
		}
	}
	if err := expect(d, ']', "the end of the matrix"); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("there is something after the matrix")
	}
	return b.matrix()
}

// parseJSONRow reads one row, with its brackets.
func parseJSONRow(d *json.Decoder, b *builder) error {
	row := fmt.Sprintf("row %d", len(b.rows)+1)
	if err := expect(d, '[', row); err != nil {
		return err
	}
	for d.More() {
		token, err := next(d)
		if err != nil {
			return fmt.Errorf("%s: %w", b.at(), err)
		}
		number, ok := token.(json.Number)
		if !ok {
			return fmt.Errorf("%s: %s is not a number", b.at(), describe(token))
		}
		if err := b.parse(number.String()); err != nil {
			return err
		}
	}
	if err := expect(d, ']', "the end of "+row); err != nil {
		return err
	}
	return b.endRow()
}

// expect reads a bracket, with which what begins or ends.
func expect(d *json.Decoder, want json.Delim, what string) error {
	token, err := next(d)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if token != want {
		return fmt.Errorf("%s: found %s, expected %s", what, describe(token), want)
	}
	return nil
}

func next(d *json.Decoder) (json.Token, error) {
	token, err := d.Token()
	if err == io.EOF {
		return nil, errors.New("the JSON ends too early")
	}
	return token, err
}

// describe is a token of JSON as an error shows it.
func describe(token json.Token) string {
	switch t := token.(type) {
	case nil:
		return "null"
	case string:
		return quote(t)
	case json.Number:
		return quote(t.String())
	}
	return fmt.Sprint(token) // a bracket, true or false
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
