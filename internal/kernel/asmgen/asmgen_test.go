package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The files that the package is built from are what this program writes.
func TestFresh(t *testing.T) {
	for name, want := range files() {
		have, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Fatal(err)
		}
		if string(have) == want {
			continue
		}
		a, b := strings.Split(string(have), "\n"), strings.Split(want, "\n")
		line := 0
		for line < min(len(a), len(b))-1 && a[line] == b[line] {
			line++
		}
		t.Errorf("internal/kernel/%s is stale from line %d on:\n  have %q\n  want %q\nrun go generate ./internal/kernel", name, line+1, a[line], b[line])
	}
}
