package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/rapt-go/rapt/textbook"
)

// TestExplainJSON holds what is printed in full to the textbook's numbers, bit for bit.
func TestExplainJSON(t *testing.T) {
	stdout, err := runCommand(t, "explain", "--json")
	if err != nil {
		t.Fatal(err)
	}
	stdout = strings.Replace(stdout, `"words":["word 1","word 2","word 3"],`, "", 1) // leaves matrices alone
	var got map[string][][]float64
	if err := json.Unmarshal([]byte(stdout), &got); err != nil {
		t.Fatal(err)
	}
	x, wq, wk, wv := textbook.Lesson()
	s, err := textbook.SelfAttention(x, wq, wk, wv)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][][]float64{
		"x": x, "wq": wq, "wk": wk, "wv": wv,
		"q": s.Q, "k": s.K, "v": s.V, "scores": s.Scores, "scaled": s.Scaled, "weights": s.Weights, "output": s.Output,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestExplainDraws fixes what a seed draws: an explanation that somebody cites can be had again.
func TestExplainDraws(t *testing.T) {
	in, err := explainOptions{seed: 1, seeded: true}.inputs()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"W_q", in.wq.rows[0][0], 0.9063577669680134},
		{"W_k", in.wk.rows[0][0], 0.37944549835531083},
		{"W_v", in.wv.rows[0][0], 0.5595421369566238},
	} {
		if c.got != c.want {
			t.Errorf("%s begins with %v, expected %v", c.name, c.got, c.want)
		}
	}
}

// TestExplainDistribution looks at 512·512 drawn numbers: mean and variance of the standard normal distribution, to
// within five standard errors.
func TestExplainDistribution(t *testing.T) {
	var in input
	in.draw(3, 1, 512, 512)
	sum, squares, n := 0.0, 0.0, 512.0*512
	for _, row := range in.rows {
		for _, x := range row {
			sum, squares = sum+x, squares+x*x
		}
	}
	if mean := sum / n; math.Abs(mean) > 5/math.Sqrt(n) {
		t.Errorf("the mean is %v", mean)
	}
	if variance := squares / n; math.Abs(variance-1) > 5*math.Sqrt(2/n) {
		t.Errorf("the variance is %v", variance)
	}
}

// TestExplainWidth prints explanations of several shapes on pages of several widths.
func TestExplainWidth(t *testing.T) {
	dir := t.TempDir()
	for _, shape := range [][2]int{{1, 1}, {3, 3}, {2, 9}, {20, 3}, {5, 64}} {
		var csv strings.Builder
		for i := range shape[0] {
			for j := range shape[1] {
				fmt.Fprintf(&csv, "%v,", math.Sin(float64(i*shape[1]+j)))
			}
			csv.WriteByte('\n')
		}
		path := filepath.Join(dir, "x.csv")
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(csv.String(), ",\n", "\n")), 0o666); err != nil {
			t.Fatal(err)
		}
		e, err := explainOptions{x: path, seed: 1, seeded: true}.explain()
		if err != nil {
			t.Fatal(err)
		}
		e.sources = "" // of any length
		for _, width := range []int{80, 100, 200} {
			var page strings.Builder
			if err := e.print(&page, width); err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(page.String()) {
				if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > width {
					t.Errorf("%v words and numbers on %d columns: %q takes %d", shape, width, line, n)
				}
			}
		}
	}
}

// TestExplainLimits refuses what nobody could read.
func TestExplainLimits(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		name, csv, want string
	}{
		{"words", strings.Repeat("1,2\n", maxExplainWords+1), "has 257 rows; explain takes at most 256"},
		{"columns", strings.Repeat("1,", maxExplainColumns) + "1\n", "has 513 columns; explain takes at most 512"},
	} {
		path := filepath.Join(dir, "x.csv")
		if err := os.WriteFile(path, []byte(c.csv), 0o666); err != nil {
			t.Fatal(err)
		}
		_, err := runCommand(t, "explain", "--x", path, "--seed", "1")
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, expected %q in it", c.name, err, c.want)
		}
	}
}

func TestNumberFormat(t *testing.T) {
	for _, c := range []struct {
		m    [][]float64
		want string
	}{
		{[][]float64{{1, 0}, {-2, 3}}, "[ 1  0]"},
		{[][]float64{{1, 0.5}}, "[1.0 0.5]"},
		{[][]float64{{-0.45999999999999996, 0.57}}, "[-0.46  0.57]"}, // rounding isn't a digit
		{[][]float64{{1. / 3, 1}}, "[0.3333 1.0000]"},
		{[][]float64{{-1e-9, 1}}, "[0.0000 1.0000]"}, // no minus before 0
		{[][]float64{{1e-17, 1}}, "[0.0000 1.0000]"}, // small, not 0
		{[][]float64{{1e-5, 0}}, "[1.0000e-05 0.0000e+00]"},
		{[][]float64{{1234567, 0}}, "[1.2346e+06 0.0000e+00]"},
	} {
		if got := matrixRows(c.m, len(c.m[0]))[0]; got != c.want {
			t.Errorf("%v is shown as %s, expected %s", c.m, got, c.want)
		}
	}
}
