//go:build unix

package atomicfile

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestWriteToPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip("no pipes here:", err)
	}
	type result struct {
		data []byte
		err  error
	}
	read := make(chan result)
	go func() {
		data, err := os.ReadFile(path)
		read <- result{data, err}
	}()
	if err := Write(path, text("the cat sat", nil)); err != nil {
		t.Fatal(err)
	}
	if got := <-read; string(got.data) != "the cat sat" || got.err != nil {
		t.Errorf("the pipe gave %q (%v), want %q", got.data, got.err, "the cat sat")
	}
	if info, err := os.Lstat(path); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		t.Errorf("the pipe is gone: %v, %v", info, err)
	}
}
