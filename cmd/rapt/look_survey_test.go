package main

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rapt-go/rapt/internal/npy"
	"github.com/rapt-go/rapt/lens"
	"github.com/rapt-go/rapt/model"
)

// TestSurveys says from how many tokens on statistics are gathered in place of weights, and what is refused then.
func TestSurveys(t *testing.T) {
	info := model.Info{NumLayers: 30, NumHeads: 9}
	for _, c := range []struct {
		name, output, format string
		flags                []string
		tokens               int
		want                 bool
		err                  string
	}{
		{name: "short", tokens: 997},
		{name: "long", tokens: 998, want: true},
		{name: "long, a picture", tokens: 998, output: "x.svg", format: ".svg", want: true},
		{name: "short, with --stats", tokens: 9, flags: []string{"stats"}, want: true},
		{name: "long, a file of weights", tokens: 4096, output: "x.npz", format: ".npz",
			err: "-o x.npz needs 30 layers × 9 heads × 4096 × 4096 weights, expected at most 268435456 in all: --stats has statistics"},
		{name: "long, a file of statistics", tokens: 4096, output: "x.npz", format: ".npz", flags: []string{"stats"}, want: true},
		{name: "long, JSON", tokens: 4096, output: "x.json", format: ".json", err: "-o x.json needs 30 layers"},
		{name: "long, the page", tokens: 4096, output: "x.html", format: ".html", want: true},
		{name: "long, the browser", tokens: 4096, flags: []string{"interactive"}, want: true},
		{name: "the page of statistics", tokens: 9, flags: []string{"stats"}, output: "x.html", format: ".html", want: true},
		{name: "long, words", tokens: 4096, flags: []string{"words"}, err: "--words needs 30 layers"},
		{name: "as long as can be", tokens: math.MaxInt32, want: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := lookFlags{measure: lens.Measures[0], output: c.output, format: c.format, stats: slices.Contains(c.flags, "stats")}
			f.given = func(flag string) bool { return slices.Contains(c.flags, flag) }
			got, err := f.surveys(info, c.tokens)
			if got != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("%v and %v, expected %v and %q", got, err, c.want, c.err)
			}
		})
	}
}

// TestLookStatsPage holds that the page of a survey opens with what the flags say, and is of the text as it was edited.
func TestLookStatsPage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.html")
	args := []string{"look", "The cat sat on the mat.", "--stats", "-o", path, "--layer", "3", "--head", "1", "--find", "sat:cat", "--cut", "sat:cat", "--theme", "dark"}
	if code := run(t.Context(), args); code != 0 {
		t.Fatalf("it exits with %d", code)
	}
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"segments":[[0,1]`, `"start":"#v=1\u0026L=3\u0026H=1\u0026q=3\u0026k=2\u0026th=dark"`, `"cuts":[[3,2]]`, `id="weight-5"`} {
		if !bytes.Contains(page, []byte(want)) {
			t.Errorf("there is no %s", want)
		}
	}
}

// TestLookStatsPageFinds holds that --find opens the page at the head that has most of the edge.
func TestLookStatsPageFinds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.html")
	if code := run(t.Context(), []string{"look", "The cat sat on the mat.", "--stats", "-o", path, "--find", "cat:sat"}); code != 0 {
		t.Fatalf("it exits with %d", code)
	}
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := openModel("")
	if err != nil {
		t.Fatal(err)
	}
	in, err := lens.Encode(m, "The cat sat on the mat.", nil, false)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := lens.TakeRows(t.Context(), m, in.Sequence, nil, []int{2})
	if err != nil {
		t.Fatal(err)
	}
	best := (&lens.View{Attention: rows}).Find([]int{0}, []int{3})[0].Head
	if want := fmt.Sprintf(`"start":"#v=1\u0026L=%d\u0026H=%d\u0026q=2\u0026k=3"`, best.Layer, best.Head); !bytes.Contains(page, []byte(want)) {
		t.Errorf("there is no %s", want)
	}
}

// TestLookStatsFile holds the file of --stats against the weights of the same text.
func TestLookStatsFile(t *testing.T) {
	dir := t.TempDir()
	stats, weights := filepath.Join(dir, "s.npz"), filepath.Join(dir, "w.npz")
	const text = "The cat sat on the mat."
	for _, args := range [][]string{{"look", text, "--stats", "-o", stats}, {"look", text, "-o", weights}} {
		if code := run(t.Context(), args); code != 0 {
			t.Fatalf("%v exits with %d", args, code)
		}
	}
	s, err := npy.ReadNPZFile(stats)
	if err != nil {
		t.Fatal(err)
	}
	w, err := npy.ReadNPZFile(weights)
	if err != nil {
		t.Fatal(err)
	}
	const layers, heads, n = 6, 12, 9
	for name, shape := range map[string][]int{
		"entropy": {layers, heads, n}, "topk_index": {layers, heads, n, 8}, "class_mass": {layers, heads, n, 8},
		"received": {layers, heads, n}, "pooled_max": {layers, heads, n, n}, "ids": {n},
	} {
		if s[name] == nil || !slices.Equal(s[name].Shape, shape) {
			t.Fatalf("%s is missing, or has another shape than %v", name, shape)
		}
	}
	if !slices.Equal(s["ids"].Data.([]int64), w["ids"].Data.([]int64)) {
		t.Error("other ids")
	}
	attention := w["attention"].Data.([]float32)
	for i, want := range attention { // as many cells as weights
		if got := s["pooled_max"].Data.([]float32)[i]; math.Abs(float64(got-want)) > 1e-6 {
			t.Fatalf("cell %d is %v, expected %v", i, got, want)
		}
	}
	for row, got := range s["entropy"].Data.([]float32) {
		var want float64
		for _, p := range attention[row*n:][:n] {
			want -= float64(p) * math.Log(float64(p))
		}
		if math.Abs(float64(got)-want) > 1e-5 {
			t.Errorf("the entropy of row %d is %v, expected %v", row, got, want)
		}
	}
}
