package gguf_test

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rapt-go/rapt/internal/gguf"
	"github.com/rapt-go/rapt/internal/gguf/gguftest"
)

// small is a file with a value of each kind and tensors of most types.
func small() *gguftest.File {
	f := &gguftest.File{}
	f.Set("general.architecture", "llama").Set("u8", uint8(200)).Set("i32", int32(-5)).Set("u32", uint32(math.MaxUint32))
	f.Set("u64", uint64(math.MaxUint64)).Set("i64", int64(math.MinInt64)).Set("f32", float32(0.5)).Set("f64", 1e300)
	f.Set("yes", true).Set("texts", []string{"", "▁the", "a"}).Set("ints", []int32{3, -1}).Set("floats", []float32{1, -0.25})
	f.Set("flags", []bool{true}).Set("none", []string{}).Set("broken", "\xff").Set("broken texts", []string{"a", "\xff"})
	f.Add("token_embd.weight", gguf.F32, []int{2, 3}, gguftest.Float32s(1, 2, 3, 4, 5, 6))
	f.Add("half", gguf.F16, []int{2}, []byte{0, 0x3c, 0, 0xc0})
	f.Add("bfloat", gguf.BF16, []int{1}, []byte{0x80, 0x3f})
	f.Add("double", gguf.F64, nil, binary.LittleEndian.AppendUint64(nil, math.Float64bits(2.5)))
	f.Add("q8", gguf.Q8_0, []int{1, 32}, make([]byte, 34))
	f.Add("q4", gguf.Q4_0, []int{2, 64}, make([]byte, 4*18))
	f.Add("q41", gguf.Q4_1, []int{1, 2, 32}, make([]byte, 2*20))
	f.Add("k", 12, []int{1, 256}, make([]byte, 144))
	return f.Add("later", 77, []int{5}, make([]byte, 9))
}

func TestRead(t *testing.T) {
	for _, version := range []uint32{2, 3} {
		file := small()
		file.Version = version
		path := filepath.Join(t.TempDir(), "x.gguf")
		data := file.Bytes()
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := gguf.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if f.Size() != int64(len(data)) {
			t.Errorf("the size is %d, expected %d", f.Size(), len(data))
		}
		if len(f.Keys()) != len(file.Values) || len(f.Names()) != len(file.Tensors) {
			t.Errorf("keys %q and names %q", f.Keys(), f.Names())
		}
		for _, want := range file.Tensors {
			got, ok := f.Tensor(want.Name)
			if !ok || got.Type != want.Type || !slices.Equal(got.Shape, want.Shape) {
				t.Errorf("%s is %v%v, expected %v%v", want.Name, got.Type, got.Shape, want.Type, want.Shape)
			}
			if known := want.Type != 12 && want.Type != 77; known && !slices.Equal(got.Data, want.Data) || !known && got.Data != nil {
				t.Errorf("%s has the bytes %v", want.Name, got.Data)
			}
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		if err := f.Close(); err != nil {
			t.Error("closed again:", err)
		}
	}
}

func TestTypeNames(t *testing.T) {
	for kind, want := range map[gguf.Type]string{gguf.Q4_1: "Q4_1", 12: "Q4_K", 77: "type 77"} {
		if got := kind.String(); got != want {
			t.Errorf("type %d is called %s, expected %s", uint32(kind), got, want)
		}
	}
}

func TestFloat32s(t *testing.T) {
	f, err := gguf.Parse(small().Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]float32{"token_embd.weight": {1, 2, 3, 4, 5, 6}, "half": {1, -2}, "bfloat": {1}, "double": {2.5}} {
		tensor, _ := f.Tensor(name)
		got, err := tensor.Float32s()
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s is %v, expected %v: %v", name, got, want, err)
		}
	}
	for _, name := range []string{"q8", "k", "later"} {
		tensor, _ := f.Tensor(name)
		if _, err := tensor.Float32s(); err == nil || !strings.Contains(err.Error(), tensor.Type.String()) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// value makes a function that gives a result as any.
func value[T any](get func(gguf.Value) (T, error)) func(gguf.Value) (any, error) {
	return func(v gguf.Value) (any, error) { return get(v) }
}

func TestValues(t *testing.T) {
	f, err := gguf.Parse(small().Bytes())
	if err != nil {
		t.Fatal(err)
	}
	getInt, getFloat, getText := value(gguf.Value.Int), value(gguf.Value.Float), value(gguf.Value.Text)
	getBool, getTexts, getInts, getFloats := value(gguf.Value.Bool), value(gguf.Value.Texts), value(gguf.Value.Ints), value(gguf.Value.Floats)
	for _, c := range []struct {
		key     string
		get     func(gguf.Value) (any, error)
		want    any
		refused string // in the error
	}{
		{"u8", getInt, int64(200), ""},
		{"i32", getInt, int64(-5), ""},
		{"u32", getInt, int64(math.MaxUint32), ""},
		{"i64", getInt, int64(math.MinInt64), ""},
		{"f32", getFloat, 0.5, ""},
		{"f64", getFloat, 1e300, ""},
		{"yes", getBool, true, ""},
		{"general.architecture", getText, "llama", ""},
		{"texts", getTexts, []string{"", "▁the", "a"}, ""},
		{"none", getTexts, []string{}, ""},
		{"ints", getInts, []int64{3, -1}, ""},
		{"floats", getFloats, []float64{1, -0.25}, ""},

		{"u64", getInt, nil, "18446744073709551615"},
		{"f32", getInt, nil, "the value is float32, expected a whole number"},
		{"i32", getFloat, nil, "the value is int32, expected float32 or float64"},
		{"u8", getBool, nil, "the value is uint8, expected bool"},
		{"texts", getText, nil, "the value is an array of 3 string, expected string"},
		{"general.architecture", getTexts, nil, "the value is string, expected an array of string"},
		{"ints", getTexts, nil, "an array of 2 int32"},
		{"floats", getInts, nil, "an array of 2 float32, expected a whole number"},
		{"ints", getFloats, nil, "an array of 2 int32"},
		{"texts", getInts, nil, "expected an array of numbers"},
		{"flags", getInts, nil, "an array of 1 bool"},
		{"broken", getText, nil, `"\xff" isn't UTF-8`},
		{"broken texts", getTexts, nil, `element 1: "\xff" isn't UTF-8`},
	} {
		v, ok := f.Value(c.key)
		if !ok {
			t.Fatalf("there is no %s", c.key)
		}
		got, err := c.get(v)
		if c.refused != "" {
			if err == nil || !strings.Contains(err.Error(), c.refused) {
				t.Errorf("%s: error %v, expected one with %q", c.key, err, c.refused)
			}
			continue
		}
		if d := cmp.Diff(c.want, got); err != nil || d != "" {
			t.Errorf("%s: %v (-want +got):\n%s", c.key, err, d)
		}
	}
	if _, ok := f.Value("nothing"); ok {
		t.Error("there is a value that isn't in the file")
	}
}
