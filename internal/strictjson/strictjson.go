// Package strictjson reads JSON one value at a time, each as the type that must be there. It is for files that have to be
// understood completely or not at all: encoding/json's Unmarshal takes null for anything, lets the last of two equal
// keys win, and skips keys that it doesn't know.
//
// Nesting costs nothing, since a reader goes only as deep as its caller asks it to.
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/rapt-go/rapt/internal/quote"
)

// A Reader reads the values of one JSON text in order.
type Reader struct{ d *json.Decoder }

// NewReader is a reader at the beginning of a text.
func NewReader(text []byte) *Reader {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return &Reader{d}
}

// Object reads an object. It calls member for each key, to read the value that belongs to it. A key that comes again is
// an error.
func (r *Reader) Object(member func(key string) error) error {
	if err := r.delim('{'); err != nil {
		return err
	}
	seen := map[string]bool{}
	for r.d.More() {
		key, err := r.Text()
		if err != nil {
			return err
		}
		if seen[key] {
			return fmt.Errorf("%s is there twice", quote.Text(key))
		}
		seen[key] = true
		if err := member(key); err != nil {
			return err
		}
	}
	return r.delim('}')
}

// Array reads an array. It calls element to read each of its elements.
func (r *Reader) Array(element func() error) error {
	if err := r.delim('['); err != nil {
		return err
	}
	for r.d.More() {
		if err := element(); err != nil {
			return err
		}
	}
	return r.delim(']')
}

// Text reads a string.
func (r *Reader) Text() (string, error) { return read[string](r, "a string") }

// Number reads a number, as it is written.
func (r *Reader) Number() (string, error) {
	number, err := read[json.Number](r, "a number")
	return number.String(), err
}

// Skip reads a value of any type, and forgets it.
func (r *Reader) Skip() error {
	at := r.d.InputOffset()
	var value json.RawMessage
	if err := r.d.Decode(&value); err != nil {
		return fmt.Errorf("after byte %d: %w", at, err)
	}
	return nil
}

// End checks that nothing but blanks follows.
func (r *Reader) End() error {
	at := r.d.InputOffset()
	if _, err := r.d.Token(); err != io.EOF {
		return fmt.Errorf("after byte %d: something follows the end", at)
	}
	return nil
}

func (r *Reader) delim(want json.Delim) error {
	at := r.d.InputOffset()
	got, err := read[json.Delim](r, want.String())
	if err == nil && got != want {
		return fmt.Errorf("after byte %d: found %s, expected %s", at, got, want)
	}
	return err
}

// read reads a token of type T. The errors say where the one before it ended.
func read[T any](r *Reader, expected string) (T, error) {
	var none T
	at := r.d.InputOffset()
	token, err := r.d.Token()
	switch {
	case err == io.EOF:
		return none, errors.New("the JSON ends too early")
	case err != nil:
		return none, fmt.Errorf("after byte %d: %w", at, err)
	}
	value, ok := token.(T)
	if !ok {
		return none, fmt.Errorf("after byte %d: found %s, expected %s", at, describe(token), expected)
	}
	return value, nil
}

// describe is a token as an error shows it.
func describe(token json.Token) string {
	switch t := token.(type) {
	case nil:
		return "null"
	case string:
		return quote.Text(t)
	case json.Number:
		if s := t.String(); len(s) <= 20 {
			return s
		}
		return "a long number"
	}
	return fmt.Sprint(token) // a bracket, true or false
}
