//go:build unix

package regular

import (
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A pipe without a writer would be waited for without end.
func TestPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Skip("no pipes here:", err)
	}
	if _, err := Read(path, 5); err == nil || !strings.Contains(err.Error(), "pipe: not a regular file") {
		t.Errorf("error %v", err)
	}
}
