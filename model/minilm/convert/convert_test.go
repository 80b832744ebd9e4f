package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rapt-go/rapt/internal/safetensors"
)

// TestCommitted shows that the files beside the package are what this command makes of the original.
func TestCommitted(t *testing.T) {
	dir := os.Getenv("RAPT_MINILM")
	if dir == "" {
		t.Skip("set RAPT_MINILM to the directory of the original all-MiniLM-L6-v2 to run this")
	}
	out := t.TempDir()
	if err := run(dir, out); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		made, err := os.ReadFile(filepath.Join(out, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		committed, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(made, committed) {
			t.Errorf("%s is not what convert makes: it has %d bytes, the one made has %d, or they differ", name, len(committed), len(made))
		}
	}
}

func TestConvertRefusesOthers(t *testing.T) {
	if _, err := convert([]byte("something else")); err == nil || !strings.Contains(err.Error(), original) {
		t.Errorf("error %v, expected one with the sha256 of the original", err)
	}
}

func TestToHalf(t *testing.T) {
	tensor := func(dtype safetensors.DType, data ...byte) safetensors.Tensor {
		return safetensors.Tensor{Name: "x", DType: dtype, Shape: []int{1}, Data: data}
	}
	for _, test := range []struct {
		name string
		in   safetensors.Tensor
		want []byte
		err  string
	}{
		{name: "1", in: tensor(safetensors.F32, 0, 0, 0x80, 0x3f), want: []byte{0, 0x3c}},
		{name: "tie to even below", in: tensor(safetensors.F32, 0, 0x10, 0x80, 0x3f), want: []byte{0, 0x3c}}, // 1 + 2^-11
		{name: "tie to even above", in: tensor(safetensors.F32, 0, 0x30, 0x80, 0x3f), want: []byte{2, 0x3c}}, // 1 + 3·2^-11
		{name: "too large", in: tensor(safetensors.F32, 0, 0xf0, 0x7f, 0x47), err: "can't hold"},             // 65520
		{name: "not float32", in: tensor(safetensors.I32, 0, 0, 0, 0), err: "tensor x is I32, expected F32"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := toHalf(test.in)
			switch {
			case test.err != "":
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("error %v, expected one with %q", err, test.err)
				}
			case err != nil:
				t.Error(err)
			case got.DType != safetensors.F16 || !bytes.Equal(got.Data, test.want):
				t.Errorf("%s %x, expected F16 %x", got.DType, got.Data, test.want)
			}
		})
	}
}
