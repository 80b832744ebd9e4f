package safetensors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// file is the bytes of a file with this header and as many bytes of data, each of them its index.
func file(header string, dataLen int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	b = append(b, header...)
	for i := range dataLen {
		b = append(b, byte(i))
	}
	return b
}

// The reference file has every type that the format's own library writes from NumPy, and bfloat16.
func TestOpenReferenceFile(t *testing.T) {
	f, err := Open(filepath.Join("testdata", "types.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	values := func(list any, err error) any {
		if err != nil {
			t.Error(err)
		}
		return list
	}
	float32s := func(x Tensor) any { return values(x.Float32s()) }
	float64s := func(x Tensor) any { return values(x.Float64s()) }
	int64s := func(x Tensor) any { return values(x.Int64s()) }
	bools := func(x Tensor) any { return values(x.Bools()) }
	for _, c := range []struct {
		name  string
		dtype DType
		shape []int
		read  func(Tensor) any
		want  any
	}{
		{"f64", F64, []int{1, 3}, float64s, []float64{1.5, -2, 1e300}},
		{"f64", F64, []int{1, 3}, float32s, []float32{1.5, -2, float32(math.Inf(1))}},
		{"f32", F32, []int{2, 1}, float32s, []float32{0.5, -0.25}},
		{"f32", F32, []int{2, 1}, float64s, []float64{0.5, -0.25}},
		{"f16", F16, []int{3}, float32s, []float32{1, 65504, 0x1p-24}},
		{"f16", F16, []int{3}, float64s, []float64{1, 65504, 0x1p-24}},
		{"bf16", BF16, []int{2}, float32s, []float32{1, -3}},
		{"bf16", BF16, []int{2}, float64s, []float64{1, -3}},
		{"i64", I64, []int{2}, int64s, []int64{math.MinInt64, math.MaxInt64}},
		{"i32", I32, []int{2}, int64s, []int64{-5, 7}},
		{"i16", I16, []int{2}, int64s, []int64{-300, 300}},
		{"i8", I8, []int{2}, int64s, []int64{-128, 127}},
		{"u32", U32, []int{1}, int64s, []int64{math.MaxUint32}},
		{"u16", U16, []int{1}, int64s, []int64{math.MaxUint16}},
		{"u8", U8, []int{1}, int64s, []int64{255}},
		{"bool", Bool, []int{3}, bools, []bool{true, false, true}},
		{"scalar", F32, []int{}, float32s, []float32{3}},
		{"empty", F32, []int{0, 4}, float32s, []float32{}},
	} {
		tensor, ok := f.Tensor(c.name)
		if !ok {
			t.Errorf("no tensor %s", c.name)
			continue
		}
		if tensor.DType != c.dtype || !slices.Equal(tensor.Shape, c.shape) {
			t.Errorf("%s is %s%v, want %s%v", c.name, tensor.DType, tensor.Shape, c.dtype, c.shape)
		}
		got := c.read(tensor)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
	names := []string{"bf16", "bool", "empty", "f16", "f32", "f64", "i16", "i32", "i64", "i8", "scalar", "u16", "u32", "u8"}
	if diff := cmp.Diff(names, f.Names()); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"format": "np", "made": "for a test"}, f.Metadata()); diff != "" {
		t.Errorf("metadata (-want +got):\n%s", diff)
	}
}

func TestParseRefuses(t *testing.T) {
	const f32x2 = `{"dtype":"F32","shape":[2],"data_offsets":[0,8]}`
	for _, c := range []struct {
		name string
		data []byte
		want string // in the error
	}{
		{"empty file", nil, "has 0 bytes"},
		{"half a length", []byte{1, 0, 0}, "has 3 bytes"},
		{"header larger than the file", file(`{}`, 0)[:9], "claims 2 bytes; the file has 1"},
		{"header larger than what is read", binary.LittleEndian.AppendUint64(nil, 1<<24+1), "claims 16777217 bytes"},
		{"length beyond int64", binary.LittleEndian.AppendUint64(nil, math.MaxUint64), "claims 18446744073709551615 bytes"},
		{"no header", file(``, 0), "doesn't begin with {"},
		{"blank first", file(` {}`, 0), "doesn't begin with {"},
		{"not UTF-8", file("{\"\xff\":1}", 0), "isn't UTF-8"},
		{"open object", file(`{`, 0), "ends too early"},
		{"text for a tensor", file(`{"a":"b"}`, 0), `tensor "a": after byte 4: found "b", expected {`},
		{"null for a tensor", file(`{"a":null}`, 0), "found null, expected {"},
		{"not JSON", file(`{"a":{"dtype":F32}}`, 0), "invalid character 'F'"},
		{"comma at the end", file(`{"a":`+f32x2+`,}`, 8), "invalid character"},
		{"more after the object", file(`{} {}`, 0), "after byte 2: something follows the end"},
		{"NUL as padding", file("{}\x00", 0), "after byte 2: something follows the end"},
		{"deep nesting", file(`{"a":`+strings.Repeat(`[`, 1e6)+`}`, 0), "found [, expected {"},
		{"deep objects", file(strings.Repeat(`{"a":`, 1e6)+`}`, 0), `unknown key "a"`},
		{"deep shape", file(`{"a":{"shape":`+strings.Repeat(`[`, 1e6)+`}}`, 0), "shape: after byte 15: found [, expected a number"},

		{"name twice", file(`{"a":`+f32x2+`,"a":`+f32x2+`}`, 8), `"a" is there twice`},
		{"name twice, once escaped", file(`{"a":`+f32x2+`,"\u0061":`+f32x2+`}`, 8), `"a" is there twice`},
		{"key twice", file(`{"a":{"dtype":"F32","dtype":"F16","shape":[2],"data_offsets":[0,8]}}`, 8), `"dtype" is there twice`},
		{"key unknown", file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"device":"x"}}`, 8), `unknown key "device"`},
		{"no dtype", file(`{"a":{"shape":[2],"data_offsets":[0,8]}}`, 8), "no dtype"},
		{"no shape", file(`{"a":{"dtype":"F32","data_offsets":[0,8]}}`, 8), "no shape"},
		{"no offsets", file(`{"a":{"dtype":"F32","shape":[2]}}`, 8), "no data_offsets"},
		{"dtype unknown", file(`{"a":{"dtype":"F23","shape":[2],"data_offsets":[0,8]}}`, 8), `unknown dtype "F23"`},
		{"dtype a number", file(`{"a":{"dtype":32,"shape":[2],"data_offsets":[0,8]}}`, 8), "found 32, expected a string"},
		{"shape a number", file(`{"a":{"dtype":"F32","shape":2,"data_offsets":[0,8]}}`, 8), "found 2, expected ["},
		{"shape negative", file(`{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}`, 8), `"-2" is not an integer`},
		{"shape with a fraction", file(`{"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}}`, 8), `"2.0" is not an integer`},
		{"shape beyond int", file(`{"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,8]}}`, 8), "is not an integer"},
		{"shape product overflows", file(`{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}`, 0), "larger than any file"},
		{"shape product overflows to its size", file(`{"a":{"dtype":"U8","shape":[4294967297,4294967295,3],"data_offsets":[0,8]}}`, 8), "larger than any file"},
		{"shape product overflows before a 0", file(`{"a":{"dtype":"F32","shape":[4294967296,4294967296,0],"data_offsets":[0,0]}}`, 0), "larger than any file"},
		{"too many axes", file(`{"a":{"dtype":"F32","shape":[1`+strings.Repeat(`,1`, 64)+`],"data_offsets":[0,4]}}`, 4), "65 axes"},
		{"half a byte", file(`{"a":{"dtype":"F4","shape":[3],"data_offsets":[0,2]}}`, 2), "middle of a byte"},
		{"bytes too few", file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,7]}}`, 7), "takes 8 bytes; data_offsets give it 7"},
		{"bytes too many", file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,9]}}`, 9), "takes 8 bytes; data_offsets give it 9"},
		{"one offset", file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}}`, 8), "has 1 numbers"},
		{"three offsets", file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}}`, 8), "has 3 numbers"},
		{"begin after end", file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}`, 8), "begin at 8, after their end at 0"},
		{"offset negative", file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}`, 8), "is not an integer"},

		{"beyond the file", file(`{"a":`+f32x2+`}`, 7), "ends at byte 8 of the data; the file has 7"},
		{"trailing bytes", file(`{"a":`+f32x2+`}`, 9), "take 8 bytes; the file has 9"},
		{"nothing but trailing bytes", file(`{}`, 1), "take 0 bytes; the file has 1"},
		{"gap at the front", file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8), "bytes 0 to 4 belong to no tensor"},
		{"gap between", file(`{"a":`+f32x2+`,"b":{"dtype":"U8","shape":[1],"data_offsets":[9,10]}}`, 10), "bytes 8 to 9 belong to no tensor"},
		{"overlap", file(`{"a":`+f32x2+`,"b":{"dtype":"U8","shape":[1],"data_offsets":[7,8]}}`, 8), `"b" begins at byte 7, before "a" ends at 8`},
		{"the same bytes twice", file(`{"a":`+f32x2+`,"b":`+f32x2+`}`, 8), `"b" begins at byte 0, before "a" ends at 8`},
		{"empty tensor inside another", file(`{"a":`+f32x2+`,"b":{"dtype":"U8","shape":[0],"data_offsets":[4,4]}}`, 8), `"b" begins at byte 4`},

		{"metadata a text", file(`{"__metadata__":"x"}`, 0), "found \"x\", expected {"},
		{"metadata with a number", file(`{"__metadata__":{"step":7}}`, 0), `__metadata__: "step": after byte 23: found 7, expected a string`},
		{"metadata with an object", file(`{"__metadata__":{"step":{}}}`, 0), "found {, expected a string"},
		{"metadata key twice", file(`{"__metadata__":{"a":"1","a":"2"}}`, 0), `"a" is there twice`},
		{"metadata twice", file(`{"__metadata__":{},"__metadata__":{}}`, 0), `"__metadata__" is there twice`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse(c.data)
			switch {
			case err == nil:
				t.Fatal("no error")
			case !strings.Contains(err.Error(), c.want):
				t.Errorf("error %q, want one with %q", err, c.want)
			case len(err.Error()) > 400 || strings.ContainsAny(err.Error(), "\n\x00"):
				t.Errorf("not a short line: %q", err)
			}
		})
	}
}

func TestErrorsStayShort(t *testing.T) {
	long := strings.Repeat("n\\n", 1e5)
	_, err := Parse(file(`{"`+long+`":{"dtype":"F32","shape":[2],"data_offsets":[0,7]}}`, 7))
	if err == nil || len(err.Error()) > 400 || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %.500q, want one short line", err)
	}
}

func TestParseAcceptsPaddingAndSmallTypes(t *testing.T) {
	f, err := Parse(file(`{"b":{"dtype":"F4","shape":[4],"data_offsets":[4,6]},"c":{"dtype":"F32","shape":[0,7],"data_offsets":[6,6]},`+
		`"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}   `, 6))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]byte{"a": {0, 1, 2, 3}, "b": {4, 5}, "c": {}} {
		if tensor, ok := f.Tensor(name); !ok || !bytes.Equal(tensor.Data, want) || cap(tensor.Data) != len(want) {
			t.Errorf("tensor %s is %v (%v, capacity %d), want %v", name, tensor.Data, ok, cap(tensor.Data), want)
		}
	}
	if _, ok := f.Tensor("d"); ok {
		t.Error("found a tensor that isn't there")
	}
}

func TestConversionsRefuseOtherTypes(t *testing.T) {
	tensor := Tensor{Name: "x", DType: I32, Shape: []int{1}, Data: []byte{1, 0, 0, 0}}
	float := Tensor{Name: "x", DType: F32, Shape: []int{1}, Data: []byte{1, 0, 0, 0}}
	for _, c := range []struct {
		read func() (any, error)
		want string
	}{
		{func() (any, error) { return tensor.Float32s() }, `tensor "x" is I32, expected F32, F16, BF16 or F64`},
		{func() (any, error) { return tensor.Float64s() }, `tensor "x" is I32, expected F64`},
		{func() (any, error) { return tensor.Bools() }, `tensor "x" is I32, expected BOOL`},
		{func() (any, error) { return float.Int64s() }, `tensor "x" is F32, expected I64`},
		{func() (any, error) { return Tensor{Name: "x", DType: "U64"}.Int64s() }, `tensor "x" is U64, expected I64`},
		{func() (any, error) { return Tensor{Name: "x", DType: Bool, Data: []byte{1, 2}}.Bools() }, "element 1 is 2"},
	} {
		if _, err := c.read(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty")
	cut := filepath.Join(dir, "cut")
	for path, data := range map[string][]byte{empty: nil, cut: file(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}`, 1)} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]string{
		dir:   "not a regular file",
		empty: "has 0 bytes",
		cut:   "ends at byte 2 of the data; the file has 1",
	} {
		if _, err := Open(path); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), path) {
			t.Errorf("Open(%s): error %v, want the path and %q", path, err, want)
		}
	}
	if _, err := Open(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v, want one of a file that doesn't exist", err)
	}
}

func TestCloseTwice(t *testing.T) {
	f, err := Open(filepath.Join("testdata", "types.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, ok := f.Tensor("f32"); ok {
		t.Error("a closed file still gives tensors")
	}
}

// The header and the data change independently: a length that must fit would stop nearly every mutation at the door.
func FuzzParse(f *testing.F) {
	reference, err := os.ReadFile(filepath.Join("testdata", "types.safetensors"))
	if err != nil {
		f.Fatal(err)
	}
	dataAt := 8 + binary.LittleEndian.Uint64(reference)
	f.Add(string(reference[8:dataAt]), reference[dataAt:])
	f.Add(`{"a":{"dtype":"BOOL","shape":[2],"data_offsets":[0,2]},"__metadata__":{"k":"v"}}  `, []byte{0, 1})
	f.Add(`{"a":{"dtype":"F4","shape":[0,3],"data_offsets":[0,0]}}`, []byte{})
	f.Fuzz(func(t *testing.T, header string, body []byte) {
		data := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
		data = append(append(data, header...), body...)
		parsed, err := Parse(data)
		if err != nil {
			return
		}
		tensors, total := []Tensor{}, 0
		for _, name := range parsed.Names() {
			tensor, _ := parsed.Tensor(name)
			tensors = append(tensors, tensor)
			total += len(tensor.Data)
			if floats, err := tensor.Float32s(); err == nil && len(floats) != tensor.Len() {
				t.Errorf("%s: %d numbers, Len is %d", name, len(floats), tensor.Len())
			}
		}
		if total > len(data) {
			t.Errorf("tensors of %d bytes from a file of %d", total, len(data))
		}
		var b bytes.Buffer
		if err := Write(&b, tensors, parsed.Metadata()); err != nil {
			t.Fatal(err)
		}
		again, err := Parse(b.Bytes())
		if err != nil {
			t.Fatalf("what Write wrote: %v", err)
		}
		for _, want := range tensors {
			got, _ := again.Tensor(want.Name)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("written and read again (-want +got):\n%s", diff)
			}
		}
	})
}
