package npy

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadNPZReferences(t *testing.T) {
	attention := &Array{[]int{3, 4}, quarters}
	ids := &Array{[]int{3, 4}, ramp(func(i int) int64 { return int64(i) << 40 })}
	for file, want := range map[string]map[string]*Array{
		"stored.npz":     {"attention": attention, "ids": ids, "scalar": {[]int{}, []float32{2.5}}},
		"compressed.npz": {"attention": attention, "ids": ids, "zeros": {[]int{1000, 10}, make([]float64, 10000)}},
	} {
		got, err := ReadNPZFile(filepath.Join("testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
	}
}

// The directory of an archive that this package wrote says what that of NumPy's says, and so do the entries.
func TestWriteNPZ(t *testing.T) {
	arrays, err := ReadNPZFile(filepath.Join("testdata", "stored.npz"))
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"attention", "ids", "scalar"}
	write := func() []byte {
		var b bytes.Buffer
		if err := WriteNPZ(&b, names, []*Array{arrays["attention"], arrays["ids"], arrays["scalar"]}); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	written := write()
	if !bytes.Equal(written, write()) {
		t.Error("the same arrays make other bytes")
	}
	again, err := ReadNPZ(bytes.NewReader(written), int64(len(written)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(arrays, again); diff != "" {
		t.Errorf("written and read again (-want +got):\n%s", diff)
	}
	reference, err := os.ReadFile(filepath.Join("testdata", "stored.npz"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(directory(t, reference), directory(t, written)); diff != "" {
		t.Errorf("directory (-NumPy +got):\n%s", diff)
	}
	for _, entry := range directory(t, written) {
		if entry.Flags&8 != 0 {
			t.Errorf("%s has its size behind it, not in front", entry.Name)
		}
	}
}

// An entry is what an archive's directory says about a file, as far as readers depend on it.
type entry struct {
	Name             string
	Method           uint16
	Flags            uint16
	CRC32            uint32
	Compressed, Size uint64
	Date             string
}

func directory(t *testing.T, archive []byte) []entry {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	var list []entry
	for _, f := range r.File {
		list = append(list, entry{f.Name, f.Method, f.Flags, f.CRC32, f.CompressedSize64, f.UncompressedSize64, f.Modified.Format("2006-01-02")})
	}
	return list
}

func TestWriteNPZRefuses(t *testing.T) {
	a := &Array{[]int{1}, []float32{1}}
	for _, c := range []struct {
		names  []string
		arrays []*Array
		want   string
	}{
		{[]string{"a"}, nil, "1 names for 0 arrays"},
		{[]string{"a", "a"}, []*Array{a, a}, `"a" is empty or there twice`},
		{[]string{""}, []*Array{a}, `"" is empty`},
		{[]string{"a"}, []*Array{{[]int{2}, []float32{1}}}, `"a": shape (2,) doesn't fit 1 elements`},
	} {
		if err := WriteNPZ(&bytes.Buffer{}, c.names, c.arrays); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}

func TestReadNPZRefuses(t *testing.T) {
	zipped := func(files ...string) []byte {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		for i := 0; i < len(files); i += 2 {
			f, err := w.Create(files[i])
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.Write([]byte(files[i+1])); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	stored, err := os.ReadFile(filepath.Join("testdata", "stored.npz"))
	if err != nil {
		t.Fatal(err)
	}
	damaged := bytes.Clone(stored)
	damaged[bytes.Index(damaged, []byte("\n"))+1] ^= 1 // the first byte of the first array
	array := string(file(dict("()"), 4))
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "not a valid zip file"},
		{"cut short", stored[:len(stored)-30], "not a valid zip file"},
		{"other file", zipped("a.txt", "cat"), `"a.txt" isn't a .npy file`},
		{"twice", zipped("a.npy", array, "a.npy", array), `"a.npy" is there twice`},
		{"bad array", zipped("a.npy", "cat"), `"a.npy": not a .npy file`},
		{"short array", zipped("a.npy", array[:len(array)-1]), "the data ends after 3 bytes, expected 4"},
		{"long array", zipped("a.npy", array+"x"), "the file has more"},
		{"claims much", zipped("a.npy", string(file(dict("(1000000000000,)"), 4))), "the data ends after 4 bytes, expected 4000000000000"},
		{"damaged", damaged, "checksum error"},
	} {
		if _, err := ReadNPZ(bytes.NewReader(c.data), int64(len(c.data))); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}
