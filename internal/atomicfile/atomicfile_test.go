package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// text is a write function that writes s and then fails with failure, if there is one.
func text(s string, failure error) func(io.Writer) error {
	return func(w io.Writer) error {
		if _, err := io.WriteString(w, s); err != nil {
			return err
		}
		return failure
	}
}

// wantFile checks what a file holds, and that it is alone in its directory.
func wantFile(t *testing.T, path, want string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s holds %d bytes, %.40q, want %d, %.40q", filepath.Base(path), len(got), got, len(want), want)
	}
	wantNames(t, filepath.Dir(path), filepath.Base(path))
}

// wantNames checks what a directory holds.
func wantNames(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("the directory holds %q, want %q", got, want)
	}
}

func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	large := strings.Repeat("cat ", 1<<18)
	for _, s := range []string{"", "the cat", large, "sat"} {
		if err := Write(path, text(s, nil)); err != nil {
			t.Fatal(err)
		}
		wantFile(t, path, s)
	}
}

func TestErrorLeavesTheTarget(t *testing.T) {
	failure := errors.New("cancelled")
	dir := t.TempDir()
	path := filepath.Join(dir, "out")
	if err := Write(path, text(strings.Repeat("x", 1<<18), failure)); !errors.Is(err, failure) {
		t.Errorf("error %v, want %v", err, failure)
	}
	wantNames(t, dir)
	if err := os.WriteFile(path, []byte("before"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, text("after", failure)); !errors.Is(err, failure) {
		t.Errorf("error %v, want %v", err, failure)
	}
	wantFile(t, path, "before")
}

func TestPanicLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	func() {
		defer func() { recover() }()
		Write(filepath.Join(dir, "out"), func(io.Writer) error { panic("no") })
	}()
	wantNames(t, dir)
}

// An error of the buffer comes out though the write function didn't look.
func TestErrorOfTheBuffer(t *testing.T) {
	const full = "/dev/full"
	if _, err := os.Stat(full); err != nil {
		t.Skip("this system has no /dev/full")
	}
	for _, n := range []int{1, 1 << 18} {
		err := Write(full, func(w io.Writer) error {
			io.WriteString(w, strings.Repeat("x", n))
			return nil
		})
		if err == nil || !strings.Contains(err.Error(), "write /dev/full: no space left on device") {
			t.Errorf("%d bytes: error %v, want one of a full disk", n, err)
		}
	}
}

func TestWriteKeepsPermissionsAndLinks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has other permissions, and links only for some users")
	}
	path := filepath.Join(t.TempDir(), "out")
	if err := os.WriteFile(path, []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if err := Write(link, text("after", nil)); err != nil {
		t.Fatal(err)
	}
	wantFile(t, path, "after")
	if info, err := os.Stat(path); err != nil {
		t.Error(err)
	} else if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, want 0600", info.Mode())
	}
	if target, err := os.Readlink(link); err != nil || target != path {
		t.Errorf("the link leads to %q (%v), want %q", target, err, path)
	}
}

func TestWriteToStdout(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteString("first "); err != nil {
		t.Fatal(err)
	}
	stdout := os.Stdout
	os.Stdout = file
	err = Write(path, text("second ", nil))
	os.Stdout = stdout
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteString("third"); err != nil {
		t.Fatal(err)
	}
	wantFile(t, path, "first second third")
}

func TestErrorsNameThePath(t *testing.T) {
	dir := t.TempDir()
	missing := filepath.Join(dir, "none", "out")
	for path, want := range map[string]string{
		missing: missing,
		dir:     dir + " is a directory",
	} {
		err := Write(path, text("x", nil))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), ".tmp") {
			t.Errorf("error %v, want %q and no other file", err, want)
		}
	}
}

func TestReadOnlyFileStays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	if err := os.WriteFile(path, []byte("before"), 0o444); err != nil {
		t.Fatal(err)
	}
	if file, err := os.OpenFile(path, os.O_WRONLY, 0); err == nil {
		file.Close()
		t.Skip("this user may write files that are read-only")
	}
	if err := Write(path, text("after", nil)); !errors.Is(err, os.ErrPermission) {
		t.Errorf("error %v, want one of permissions", err)
	}
	wantFile(t, path, "before")
}
