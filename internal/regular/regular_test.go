package regular

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRead(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "five")
	if err := os.WriteFile(path, []byte("12345"), 0o600); err != nil {
		t.Fatal(err)
	}
	if data, err := Read(path, 5); err != nil || string(data) != "12345" {
		t.Errorf("%q, %v", data, err)
	}
	for _, c := range []struct {
		path  string
		limit int64
		want  string
	}{
		{path, 4, "five: the file has 5 bytes, at most 4 are read"},
		{dir, 5, dir + ": not a regular file"},
		{os.DevNull, 5, "not a regular file"},
	} {
		if _, err := Read(c.path, c.limit); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Read(%s, %d): %v, want %q", c.path, c.limit, err, c.want)
		}
	}
	if _, err := Read(filepath.Join(dir, "none"), 5); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v, want one of a file that doesn't exist", err)
	}
}
