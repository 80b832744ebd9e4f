package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rapt-go/rapt/internal/npy"
)

// The array in a file has the rows that are printed as JSON, to the bit.
func TestEmbedArray(t *testing.T) {
	dir := t.TempDir()
	texts, array := filepath.Join(dir, "texts.txt"), filepath.Join(dir, "out.npy")
	if err := os.WriteFile(texts, []byte("The cat sat on the mat.\r\nStop\nCafé"), 0o600); err != nil {
		t.Fatal(err)
	}
	printed, err := runCommand(t, "embed", "--input", texts)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := runCommand(t, "embed", "--input", texts, "-o", array); err != nil {
		t.Fatal(err)
	}
	a, err := npy.ReadFile(array)
	if err != nil {
		t.Fatal(err)
	}
	got, err := a.Float32s()
	if err != nil || !slices.Equal(a.Shape, []int{3, 384}) {
		t.Fatalf("shape %v (%v), expected [3 384]", a.Shape, err)
	}
	for i, line := range strings.Split(strings.TrimSpace(printed), "\n") {
		var want struct{ Embedding []float32 }
		if err := json.Unmarshal([]byte(line), &want); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got[i*384:][:384], want.Embedding) {
			t.Errorf("row %d differs from what is printed", i)
		}
	}
}
