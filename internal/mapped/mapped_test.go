package mapped

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	for _, content := range []string{"", "x", "two pages and a bit"} {
		path := filepath.Join(dir, "file")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if string(f.Data) != content {
			t.Errorf("a file of %q reads as %q", content, f.Data)
		}
		for range 2 {
			if err := f.Close(); err != nil || f.Data != nil {
				t.Errorf("closed: %v, and %d bytes are left", err, len(f.Data))
			}
		}
	}
	if _, err := Open(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that isn't there: %v", err)
	}
	if _, err := Open(dir); err == nil {
		t.Error("a directory is no error")
	}
}

// What was forgotten is read again; what isn't of a map stays as it is.
func TestForget(t *testing.T) {
	page := os.Getpagesize()
	want := make([]byte, 5*page+123)
	for i := range want {
		want[i] = byte(i*i/7 + i)
	}
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, want, 0o666); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	heap := bytes.Clone(want)
	for _, data := range [][]byte{f.Data, f.Data[page+1 : 4*page], f.Data[page : 2*page], f.Data[3:5], f.Data[5*page:], f.Data[:0], nil, heap} {
		Forget(data)
		if !bytes.Equal(f.Data, want) || !bytes.Equal(heap, want) {
			t.Fatalf("bytes changed after %d of them were forgotten", len(data))
		}
	}
	for _, test := range []struct{ from, to, first, last int }{
		{0, len(want), 0, 5}, {1, len(want), 1, 5}, {page, 2 * page, 1, 2}, {page + 1, 2*page + 5, 0, 0}, {page - 1, 3*page - 1, 1, 2}, {7, 9, 0, 0},
	} {
		got := f.pages(f.Data[test.from:test.to])
		if test.first == test.last {
			if got != nil {
				t.Errorf("pages of %d to %d are %d bytes, expected none", test.from, test.to, len(got))
			}
			continue
		}
		if len(got) != (test.last-test.first)*page || &got[0] != &f.Data[test.first*page] {
			t.Errorf("pages of %d to %d are %d bytes, expected pages %d to %d", test.from, test.to, len(got), test.first, test.last)
		}
	}
	if f.pages(heap) != nil {
		t.Error("the file has pages of other memory")
	}
}
