package gguf_test

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/rapt-go/rapt/internal/gguf"
	"github.com/rapt-go/rapt/internal/gguf/gguftest"
)

// header is the beginning of a file and what follows it.
func header(version uint32, tensors, values uint64, rest ...[]byte) []byte {
	le := binary.LittleEndian
	b := le.AppendUint32([]byte("GGUF"), version)
	return append(le.AppendUint64(le.AppendUint64(b, tensors), values), slices.Concat(rest...)...)
}

// key is a key and the type of its value.
func key(name string, kind uint32) []byte {
	le := binary.LittleEndian
	return le.AppendUint32(append(le.AppendUint64(nil, uint64(len(name))), name...), kind)
}

// array is the type and the length of an array.
func array(elem uint32, n uint64) []byte {
	return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint32(nil, elem), n)
}

// tensor is the description of one.
func tensor(name string, kind uint32, offset uint64, lengths ...uint64) []byte {
	le := binary.LittleEndian
	b := key(name, uint32(len(lengths)))
	for _, n := range lengths {
		b = le.AppendUint64(b, n)
	}
	return le.AppendUint64(le.AppendUint32(b, kind), offset)
}

func TestParseRefuses(t *testing.T) {
	room := make([]byte, 256)
	two := func(kind gguf.Type, offset uint64) []byte { // two tensors, the second at an offset
		return header(3, 2, 0, tensor("a", 0, 0, 4), tensor("b", uint32(kind), offset, 32), room)
	}
	aligned := func(n any) []byte {
		return new(gguftest.File).Set("general.alignment", n).Bytes()
	}
	for _, c := range []struct {
		name string
		data []byte
		want string // in the error
	}{
		{"empty", nil, "the file has 0 bytes"},
		{"too short", []byte("GGUF\x03"), "the file has 5 bytes"},
		{"another format", header(3, 0, 0)[1:], "the file has 23 bytes"},
		{"another magic", append([]byte("GGML"), room...), `begins with "GGML"`},
		{"version 1", header(1, 0, 0), "version 1 of the format"},
		{"version 4", header(4, 0, 0), "version 4 of the format"},
		{"big-endian", header(3<<24, 0, 0), "big-endian"},
		{"counts", header(3, 0, math.MaxUint64), "claims 18446744073709551615 values"},
		{"tensor count", header(3, 11, 0, room), "11 tensors"},
		{"key length", header(3, 0, 1, key("0123456789", 4)[:8], room[:8]), "10 bytes are needed, but the file has 8 more"},
		{"key length beyond int64", header(3, 0, 1, slices.Repeat([]byte{0xff}, 8), room), "18446744073709551615 bytes are needed"},
		{"long key", header(3, 0, 1, key(strings.Repeat("k", 1<<16), 4), room), "a name has 65536 bytes"},
		{"key not UTF-8", header(3, 0, 1, key("\xff", 4), room), `"\xff" isn't UTF-8`},
		{"key twice", header(3, 0, 2, key("k", 4), room[:4], key("k", 4), room), `"k" is there twice`},
		{"no value", header(3, 0, 1, key("long enough", 4), room[:3]), `"long enough": at byte 47: 4 bytes are needed, but the file has 3 more`},
		{"unknown kind", header(3, 0, 1, key("k", 13), room), `"k": unknown type 13`},
		{"bool", header(3, 0, 1, key("k", 7), []byte{2}, room), "a bool is 2"},
		{"string length", header(3, 0, 1, key("k", 8), slices.Repeat([]byte{0xff}, 8), room), "18446744073709551615 bytes are needed"},
		{"array of arrays", header(3, 0, 1, key("k", 9), array(9, 1), room), "an array of arrays"},
		{"array of unknown", header(3, 0, 1, key("k", 9), array(99, 1), room), "elements of unknown type 99"},
		{"array length", header(3, 0, 1, key("k", 9), array(4, 1<<62), room), "claims 4611686018427387904 elements of uint32; the file has 256"},
		{"array of strings", header(3, 0, 1, key("k", 9), array(8, 33), room), "claims 33 elements of string"},
		{"string in an array", header(3, 0, 1, key("k", 9), array(8, 2), room[:8], slices.Repeat([]byte{0xff}, 8)), "bytes are needed"},
		{"alignment 0", aligned(uint32(0)), "general.alignment is 0, expected a power of two"},
		{"alignment 24", aligned(uint32(24)), "general.alignment is 24"},
		{"alignment negative", aligned(int32(-32)), "general.alignment is -32"},
		{"alignment a text", aligned("32"), "general.alignment: the value is string"},
		{"axes", header(3, 1, 0, tensor("a", 0, 0, 1, 1, 1, 1, 1), room), `"a": it has 5 axes; the most is 4`},
		{"axes cut", header(3, 1, 0, tensor("a name of some length", 0, 0, 1)[:36]), "8 bytes are needed, but the file has 3 more"},
		{"product overflows", header(3, 1, 0, tensor("a", 0, 0, 1<<32, 1<<32), room), "more than this system can address"},
		{"negative length", header(3, 1, 0, tensor("a", 0, 0, math.MaxUint64), room), "more than this system can address"},
		{"bytes overflow", header(3, 1, 0, tensor("a", 0, 0, 1<<62), room), `tensor "a" (F32 of shape [4611686018427387904])`},
		{"product of 0", header(3, 1, 0, tensor("a", 0, 1<<62, 0, 1<<62), room), "takes 0 bytes from byte 4611686018427387904"},
		{"tensor twice", header(3, 2, 0, tensor("a", 0, 0, 1), tensor("a", 0, 32, 1), room), `"a" is there twice`},
		{"row of blocks", header(3, 1, 0, tensor("a", 8, 0, 48, 2), room), "its rows have 48 numbers, which isn't a multiple of the 32"},
		{"single block", header(3, 1, 0, tensor("a", 8, 0), room), "its rows have 1 numbers"},
		{"unaligned", header(3, 1, 0, tensor("a", 0, 8, 1), room), "no multiple of 32"},
		{"behind the file", header(3, 1, 0, tensor("a", 0, 1<<40, 1), room), "from byte 1099511627776 of the data on"},
		{"offset overflows", header(3, 1, 0, tensor("a", 0, math.MaxUint64-31, 1), room), "from byte 18446744073709551584"},
		{"unknown type behind the file", header(3, 1, 0, tensor("a", 77, 1<<40, 1), room), `tensor "a" (type 77 of shape [1])`},
		{"end behind the file", header(3, 1, 0, tensor("a", 0, 0, 100), room), "takes 400 bytes from byte 0"},
		{"no data at all", header(3, 1, 0, tensor("a", 0, 0, 1)), "takes 4 bytes from byte 0 of the data on; the file has 0"},
		{"overlap", two(gguf.F32, 0), `tensor "b" begins at byte 0 of the data, before "a" ends at 16`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := gguf.Parse(c.data)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, expected one with %q", err, c.want)
			}
		})
	}
	if _, err := gguf.Parse(two(gguf.F32, 32)); err != nil {
		t.Error("side by side:", err)
	}
}

// A header that claims much makes nobody allocate much.
func TestParseAllocations(t *testing.T) {
	data := header(3, 0, 1, key("k", 9), array(8, 1<<40), make([]byte, 64))
	if n := testing.AllocsPerRun(10, func() { gguf.Parse(data) }); n > 30 {
		t.Errorf("%v allocations for a broken file", n)
	}
}

// Whatever the bytes, there is an error or a file whose parts can be read.
func FuzzParse(f *testing.F) {
	f.Add(small().Bytes())
	f.Add(header(3, 1, 0, tensor("a", 8, 0, 32, 2), make([]byte, 128)))
	f.Add(header(2, 0, 1, key("k", 9), array(8, 2), make([]byte, 16)))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := gguf.Parse(data)
		if err != nil {
			return
		}
		for _, k := range file.Keys() {
			v, _ := file.Value(k)
			for _, get := range []func() error{
				func() error { _, err := v.Int(); return err },
				func() error { _, err := v.Float(); return err },
				func() error { _, err := v.Bool(); return err },
				func() error { _, err := v.Text(); return err },
				func() error { list, err := v.Texts(); return check(len(list), v.Len(), err) },
				func() error { list, err := v.Ints(); return check(len(list), v.Len(), err) },
				func() error { list, err := v.Floats(); return check(len(list), v.Len(), err) },
			} {
				if err := get(); err == errLength {
					t.Errorf("%s: %v", k, err)
				}
			}
		}
		for _, name := range file.Names() {
			tensor, _ := file.Tensor(name)
			if list, err := tensor.Float32s(); err == nil && len(list) != tensor.Len() {
				t.Errorf("%s has %d numbers, expected %d", name, len(list), tensor.Len())
			}
		}
	})
}

var errLength = errorString("the list has another length than the array")

type errorString string

func (e errorString) Error() string { return string(e) }

func check(n, want int, err error) error {
	if err == nil && n != want {
		return errLength
	}
	return err
}
