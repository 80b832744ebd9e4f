package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Every tensor of the reference file is written and read again.
func TestWriteReferenceFile(t *testing.T) {
	f, err := Open(filepath.Join("testdata", "types.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var tensors []Tensor
	for _, name := range f.Names() {
		tensor, _ := f.Tensor(name)
		tensors = append(tensors, tensor)
	}
	write := func(tensors []Tensor) []byte {
		var b bytes.Buffer
		if err := Write(&b, tensors, f.Metadata()); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	written := write(tensors)
	slices.Reverse(tensors)
	if !bytes.Equal(written, write(tensors)) {
		t.Error("the order of the arguments shows in the file")
	}
	headerLen := binary.LittleEndian.Uint64(written)
	if headerLen%8 != 0 {
		t.Errorf("the header has %d bytes, want a multiple of 8", headerLen)
	}
	again, err := Parse(written)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range tensors {
		got, ok := again.Tensor(want.Name)
		if !ok {
			t.Errorf("%s is gone", want.Name)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", want.Name, diff)
		}
	}
	if diff := cmp.Diff(f.Metadata(), again.Metadata()); diff != "" {
		t.Errorf("metadata (-want +got):\n%s", diff)
	}
	for name, place := range spansOf(t, written) {
		tensor, _ := again.Tensor(name)
		if size := int(bitsOf[tensor.DType] / 8); place.begin%size != 0 {
			t.Errorf("%s begins at byte %d, want a multiple of %d", name, place.begin, size)
		}
	}
}

// spansOf is where a file's header says that its tensors lie.
func spansOf(t *testing.T, file []byte) map[string]span {
	t.Helper()
	var header map[string]struct {
		Offsets [2]int `json:"data_offsets"`
	}
	if err := json.Unmarshal(file[8:8+binary.LittleEndian.Uint64(file)], &header); err != nil {
		t.Fatal(err)
	}
	delete(header, metadataKey)
	spans := map[string]span{}
	for name, h := range header {
		spans[name] = span{h.Offsets[0], h.Offsets[1]}
	}
	return spans
}

func TestWriteExactBytes(t *testing.T) {
	var b bytes.Buffer
	err := Write(&b, []Tensor{
		{Name: "b", DType: U8, Shape: []int{3}, Data: []byte{7, 8, 9}},
		{Name: "a", DType: U8, Data: []byte{6}},
		{Name: "z", DType: F16, Shape: []int{1, 1}, Data: []byte{0, 0x3c}},
	}, map[string]string{"made by": "hand"})
	if err != nil {
		t.Fatal(err)
	}
	header := `{"__metadata__":{"made by":"hand"},"z":{"dtype":"F16","shape":[1,1],"data_offsets":[0,2]},` +
		`"a":{"dtype":"U8","shape":[],"data_offsets":[2,3]},"b":{"dtype":"U8","shape":[3],"data_offsets":[3,6]}}`
	header += strings.Repeat(" ", 200-len(header))
	want := append(binary.LittleEndian.AppendUint64(nil, 200), header+"\x00\x3c\x06\x07\x08\x09"...)
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("file (-want +got):\n%s", diff)
	}
}

func TestWriteRefuses(t *testing.T) {
	good := Tensor{Name: "a", DType: U8, Shape: []int{1}, Data: []byte{1}}
	for _, c := range []struct {
		name    string
		tensors []Tensor
		want    string
	}{
		{"twice", []Tensor{good, good}, "two tensors of this name"},
		{"reserved", []Tensor{{Name: "__metadata__", DType: U8, Shape: []int{0}}}, "keeps this name"},
		{"not UTF-8", []Tensor{{Name: "\xff", DType: U8, Shape: []int{0}}}, "isn't UTF-8"},
		{"unknown type", []Tensor{{Name: "a", DType: "F23"}}, `unknown dtype "F23"`},
		{"negative", []Tensor{{Name: "a", DType: U8, Shape: []int{-1, -1}, Data: []byte{1}}}, "negative length"},
		{"data too short", []Tensor{{Name: "a", DType: F32, Shape: []int{2}, Data: make([]byte, 4)}}, "takes 8 bytes; its data has 4"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b bytes.Buffer
			err := Write(&b, c.tensors, nil)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
			if b.Len() > 0 {
				t.Errorf("%d bytes were written", b.Len())
			}
		})
	}
}

// limited fails after that many bytes.
type limited int

func (l *limited) Write(p []byte) (int, error) {
	if len(p) > int(*l) {
		return 0, io.ErrShortWrite
	}
	*l -= limited(len(p))
	return len(p), nil
}

func TestWriteReportsTheWriter(t *testing.T) {
	tensor := Tensor{Name: "a", DType: U8, Shape: []int{1}, Data: []byte{1}}
	for _, n := range []limited{7, 8, 8 + 55, 8 + 56} {
		if err := Write(&n, []Tensor{tensor}, nil); !errors.Is(err, io.ErrShortWrite) {
			t.Errorf("error %v, want that of the writer", err)
		}
	}
}
