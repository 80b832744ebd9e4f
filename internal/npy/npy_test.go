package npy

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// ramp is f of -6, -5, …, 5: what testdata/generate.py makes its arrays from.
func ramp[T any](f func(i int) T) []T {
	list := make([]T, 12)
	for i := range list {
		list[i] = f(i - 6)
	}
	return list
}

// upTo is 0, 1, …, n-1.
func upTo(n int) []float32 {
	list := make([]float32, n)
	for i := range list {
		list[i] = float32(i)
	}
	return list
}

var quarters = ramp(func(i int) float32 { return float32(i) / 4 })

// The files that NumPy wrote and what is in them.
var references = []struct {
	file string
	want *Array
}{
	{"float32.npy", &Array{[]int{3, 4}, quarters}},
	{"float64.npy", &Array{[]int{3, 4}, ramp(func(i int) float64 { return float64(i) / 3 })}},
	{"float16.npy", &Array{[]int{3, 4}, Float16s{0xbe00, 0xbd00, 0xbc00, 0xba00, 0xb800, 0xb400, 0, 0x3400, 0x3800, 0x3a00, 0x3c00, 0x3d00}}},
	{"int64.npy", &Array{[]int{3, 4}, ramp(func(i int) int64 { return int64(i) << 40 })}},
	{"int32.npy", &Array{[]int{3, 4}, ramp(func(i int) int32 { return int32(i) })}},
	{"uint8.npy", &Array{[]int{3, 4}, ramp(func(i int) uint8 { return uint8(i + 6) })}},
	{"bool.npy", &Array{[]int{3, 4}, ramp(func(i int) bool { return i%3 == 0 })}},
	{"scalar.npy", &Array{[]int{}, []float32{2.5}}},
	{"vector.npy", &Array{[]int{5}, upTo(5)}},
	{"empty.npy", &Array{[]int{0, 3}, []float32{}}},
	{"five_axes.npy", &Array{[]int{2, 1, 3, 1, 4}, upTo(24)}},
	{"version2.npy", &Array{[]int{3, 4}, quarters}},
	{"version3.npy", &Array{[]int{3, 4}, quarters}},
}

func TestReadReferences(t *testing.T) {
	for _, c := range references {
		t.Run(c.file, func(t *testing.T) {
			path := filepath.Join("testdata", c.file)
			got, err := ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			got, err = Read(iotest.OneByteReader(bytes.NewReader(data)), -1)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("as a stream of unknown length (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWriteReferences(t *testing.T) {
	for _, c := range references {
		if strings.HasPrefix(c.file, "version") {
			continue // Write writes version 1
		}
		want, err := os.ReadFile(filepath.Join("testdata", c.file))
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		if err := Write(&got, c.want); err != nil {
			t.Errorf("%s: %v", c.file, err)
		}
		if diff := cmp.Diff(string(want), got.String()); diff != "" {
			t.Errorf("%s (-NumPy +got):\n%s", c.file, diff)
		}
	}
}

func TestReadRefusesReferences(t *testing.T) {
	for file, want := range map[string]string{
		"fortran.npy":    "shape (3, 4) is in Fortran order",
		"big_endian.npy": "big-endian float32 ('>f4'), expected little-endian",
		"complex.npy":    `type "<c8", expected one of float32, float64, float16, int64, int32, uint8, bool`,
		"structured.npy": `"descr": structured types can't be read`,
		"object.npy":     `type "|O"`,
		"text.npy":       `type "<U3"`,
	} {
		path := filepath.Join("testdata", file)
		if _, err := ReadFile(path); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), path) {
			t.Errorf("%s: error %v, want %q", file, err, want)
		}
	}
}

// file is the bytes of a file in version 1 with this dictionary and as many bytes of data, all 0.
func file(dict string, dataLen int) []byte {
	b := append([]byte(magic), 1, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(dict)))
	return append(append(b, dict...), make([]byte, dataLen)...)
}

// dict is a dictionary of float32 with this shape.
func dict(shape string) string {
	return "{'descr': '<f4', 'fortran_order': False, 'shape': " + shape + "}"
}

func TestReadRefuses(t *testing.T) {
	long := append([]byte(magic), 2, 0, 0xff, 0xff, 0xff, 0xff)
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"empty file", nil, "not a .npy file"},
		{"other magic", []byte("\x93NUMPX\x01\x00\x00\x00"), "not a .npy file"},
		{"version 4", []byte(magic + "\x04\x00\x00\x00"), "version 4.0, expected"},
		{"version 1.1", []byte(magic + "\x01\x01\x00\x00"), "version 1.1, expected"},
		{"ends before the length", []byte(magic + "\x01\x00\x10"), "ends inside its header"},
		{"ends inside the header", file(dict("(2,)"), 0)[:40], "ends inside its header"},
		{"header of 4 GB", long, "claims 4294967295 bytes"},
		{"data short", file(dict("(2,)"), 7), "shape (2,) takes 8 bytes; the file has 7"},
		{"data long", file(dict("(2,)"), 9), "shape (2,) takes 8 bytes; the file has 9"},
		{"scalar without data", file(dict("()"), 0), "shape () takes 4 bytes; the file has 0"},
		{"more than the file", file(dict("(1000000, 1000000, 1000)"), 8), "takes 4000000000000000 bytes; the file has 8"},
		{"product overflows", file(dict("(4294967296, 4294967296)"), 0), "larger than any file"},
		{"product overflows before a 0", file(dict("(4294967296, 4294967296, 0)"), 0), "larger than any file"},
		{"length overflows", file(dict("(99999999999999999999,)"), 0), "larger than any file"},
		{"Fortran order", file("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 1, 2)}", 16), "Fortran order"},

		{"no dictionary", file("", 0), "ends where { is expected"},
		{"open dictionary", file("{", 0), "ends where a string is expected"},
		{"open string", file("{'descr", 0), "isn't a string"},
		{"escape", file(`{'des\x63r': '<f4'}`, 0), "isn't a string"},
		{"no colon", file("{'descr' '<f4'}", 0), "expected :"},
		{"no comma", file("{'descr': '<f4' 'shape': ()}", 0), "expected ,"},
		{"two commas", file("{'descr': '<f4',, 'shape': ()}", 0), `found ", `},
		{"something after", file(dict("()")+"import os", 4), `found "import os" after`},
		{"NUL after", file(dict("()")+"\x00", 4), "after the dictionary"},
		{"no descr", file("{'fortran_order': False, 'shape': ()}", 4), "no 'descr'"},
		{"no order", file("{'descr': '<f4', 'shape': ()}", 4), "no 'fortran_order'"},
		{"no shape", file("{'descr': '<f4', 'fortran_order': False}", 4), "no 'shape'"},
		{"key twice", file("{'descr': '<f4', 'descr': '<f8', 'fortran_order': False, 'shape': ()}", 4), `"descr" is there twice`},
		{"unknown key", file("{'descr': '<f4', 'order': 'C'}", 4), `"order": unknown key`},
		{"descr a number", file("{'descr': 4}", 4), `found "4}", expected a string`},
		{"order a number", file("{'fortran_order': 0}", 4), "expected True or False"},
		{"shape a list", file(dict("[2]"), 8), "expected ("},
		{"shape a number", file(dict("2"), 8), "expected ("},
		{"shape no tuple", file(dict("(2)"), 8), "expected a comma"},
		{"shape negative", file(dict("(-2,)"), 8), "expected a length"},
		{"shape with a fraction", file(dict("(2.0,)"), 8), "expected a comma"},
		{"shape without commas", file(dict("(2, 2 2)"), 8), "expected a comma"},
		{"shape a lone comma", file(dict("(,)"), 8), "expected a length"},
		{"shape open", file("{'shape': (2,", 8), "ends where a length is expected"},
		{"shape nested", file("{'shape': "+strings.Repeat("(", 60000), 0), "expected a length"},
		{"65 axes", file(dict("("+strings.Repeat("1, ", 65)+")"), 4), "the most axes are 64"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Read(bytes.NewReader(c.data), int64(len(c.data)))
			switch {
			case err == nil:
				t.Fatal("no error")
			case !strings.Contains(err.Error(), c.want):
				t.Errorf("error %q, want one with %q", err, c.want)
			case len(err.Error()) > 300 || strings.ContainsAny(err.Error(), "\n\x00"):
				t.Errorf("not a short line: %q", err)
			}
			if _, err := Read(bytes.NewReader(c.data), -1); err == nil {
				t.Error("no error when the length isn't known")
			}
		})
	}
}

func TestReadAccepts(t *testing.T) {
	for _, c := range []struct {
		name string
		data []byte
		want *Array
	}{
		{"Fortran order of one long axis", file("{'descr': '<f4', 'fortran_order': True, 'shape': (1, 2, 1)}", 8), &Array{[]int{1, 2, 1}, []float32{0, 0}}},
		{"Fortran order of nothing", file("{'descr': '<f4', 'fortran_order': True, 'shape': (3, 2, 0)}", 0), &Array{[]int{3, 2, 0}, []float32{}}},
		{"double quotes, another order, no comma", file(`{"shape":(2,),"descr":"<f4","fortran_order":False}`, 8), &Array{[]int{2}, []float32{0, 0}}},
		{"written by Python 2", file(dict("(2L, 1L)")+"      \n", 8), &Array{[]int{2, 1}, []float32{0, 0}}},
	} {
		got, err := Read(bytes.NewReader(c.data), int64(len(c.data)))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestWriteRefuses(t *testing.T) {
	for _, c := range []struct {
		array *Array
		want  string
	}{
		{&Array{[]int{1}, []complex64{1}}, "arrays of []complex64 can't be written"},
		{&Array{[]int{1}, nil}, "arrays of <nil> can't be written"},
		{&Array{[]int{2, 2}, []float32{1, 2, 3}}, "shape (2, 2) doesn't fit 3 elements"},
		{&Array{[]int{-1, -1}, []float32{1}}, "shape (-1, -1) has a negative length"},
		{&Array{[]int{math.MaxInt, 2}, []float32{}}, "doesn't fit 0 elements"},
		{&Array{make([]int, 65), []float32{}}, "65 axes; the most is 64"},
	} {
		var b bytes.Buffer
		if err := Write(&b, c.array); err == nil || !strings.Contains(err.Error(), c.want) || b.Len() > 0 {
			t.Errorf("error %v and %d bytes, want %q and none", err, b.Len(), c.want)
		}
	}
}

func TestFloat32s(t *testing.T) {
	shape := []int{3}
	want := []float32{1, -0.5, float32(math.Inf(1))}
	for _, a := range []*Array{
		{shape, []float32{1, -0.5, float32(math.Inf(1))}},
		{shape, []float64{1, -0.5, 1e300}},
		{shape, Float16s{0x3c00, 0xb800, 0x7c00}},
	} {
		got, err := a.Float32s()
		if err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", a.DType(), diff)
		}
	}
	for _, data := range []any{[]int64{1}, []int32{1}, []uint8{1}, []bool{true}} {
		a := &Array{[]int{1}, data}
		want := fmt.Sprintf("the array is %s, expected float32, float16 or float64", a.DType())
		if _, err := a.Float32s(); err == nil || err.Error() != want {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// A large array is read without a second copy of it.
func TestReadAllocatesOnce(t *testing.T) {
	const n = 1 << 20
	var b bytes.Buffer
	if err := Write(&b, &Array{[]int{n / 64, 64}, make([]float32, n)}); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := Read(&b, int64(b.Len())); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if got, limit := after.TotalAlloc-before.TotalAlloc, uint64(4*n+4*chunkBytes); got > limit {
		t.Errorf("%d bytes were allocated for an array of %d, want at most %d", got, 4*n, limit)
	}
}

func TestReadErrorOfReader(t *testing.T) {
	data := file(dict("(2,)"), 8)
	for _, n := range []int{0, 9, 20, len(data) - 1, len(data)} {
		r := io.MultiReader(bytes.NewReader(data[:n]), iotest.ErrReader(os.ErrDeadlineExceeded))
		if _, err := Read(r, int64(len(data))); err == nil || !strings.Contains(err.Error(), os.ErrDeadlineExceeded.Error()) {
			t.Errorf("after %d bytes: error %v, want that of the reader", n, err)
		}
	}
}

func TestReadFileErrors(t *testing.T) {
	if _, err := ReadFile(filepath.Join(t.TempDir(), "none.npy")); !os.IsNotExist(err) {
		t.Errorf("error %v, want one of a file that doesn't exist", err)
	}
	if _, err := ReadFile(t.TempDir()); err == nil {
		t.Error("a directory was read")
	}
}

func FuzzRead(f *testing.F) {
	for _, c := range references {
		data, err := os.ReadFile(filepath.Join("testdata", c.file))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add(file(dict("(2, 0)"), 0))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := Read(bytes.NewReader(data), int64(len(data)))
		stream, streamErr := Read(bytes.NewReader(data), -1)
		if (err == nil) != (streamErr == nil) {
			t.Fatalf("error %v, and %v when the length isn't known", err, streamErr)
		}
		if err != nil {
			return
		}
		var first, second, third bytes.Buffer
		if err := Write(&first, a); err != nil {
			t.Fatal(err)
		}
		if err := Write(&second, stream); err != nil {
			t.Fatal(err)
		}
		again, err := Read(&first, int64(first.Len()))
		if err != nil {
			t.Fatalf("what Write wrote: %v", err)
		}
		if err := Write(&third, again); err != nil {
			t.Fatal(err)
		}
		// Compared as bytes, so that a NaN equals itself.
		if !bytes.Equal(second.Bytes(), third.Bytes()) {
			t.Error("written and read again, the array is another one")
		}
	})
}
