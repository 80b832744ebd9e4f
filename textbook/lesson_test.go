package textbook_test

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/rapt-go/rapt/textbook"
)

// TestLessonSteps holds every intermediate to PyTorch's. The numbers are of order 1 and every one is a sum of three
// products, of an exp or two: a dozen roundings of 2⁻⁵³ at most.
func TestLessonSteps(t *testing.T) {
	data, err := os.ReadFile("testdata/lesson.json")
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		X, Q, K, V, Scores, Scaled, Weights, Output [][]float64

		WQ             [][]float64 `json:"W_q"`
		WK             [][]float64 `json:"W_k"`
		WV             [][]float64 `json:"W_v"`
		PrintedWeights [][]float64 `json:"printed_weights"`
		PrintedOutput  [][]float64 `json:"printed_output"`
	}
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	x, wq, wk, wv := textbook.Lesson()
	got, err := textbook.SelfAttention(x, wq, wk, wv)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []struct {
		name      string
		got, want [][]float64
		tolerance float64
	}{
		{"x", x, want.X, 0},
		{"wq", wq, want.WQ, 0},
		{"wk", wk, want.WK, 0},
		{"wv", wv, want.WV, 0},
		{"Q", got.Q, want.Q, 1e-14},
		{"K", got.K, want.K, 1e-14},
		{"V", got.V, want.V, 1e-14},
		{"Scores", got.Scores, want.Scores, 1e-14},
		{"Scaled", got.Scaled, want.Scaled, 1e-14},
		{"Weights", got.Weights, want.Weights, 1e-14},
		{"Output", got.Output, want.Output, 1e-14},
		{"Weights as printed", got.Weights, want.PrintedWeights, 5e-5},
		{"Output as printed", got.Output, want.PrintedOutput, 5e-5},
	} {
		if diff := cmp.Diff(m.want, m.got, cmpopts.EquateApprox(0, m.tolerance)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", m.name, diff)
		}
	}
}

// drawLesson draws words and matrices of sizes that fit.
func drawLesson(t *rapid.T) (x, wq, wk, wv [][]float64) {
	size := rapid.IntRange(1, 6)
	n, d, dk, dv := size.Draw(t, "n"), size.Draw(t, "d"), size.Draw(t, "dk"), size.Draw(t, "dv")
	draw := func(name string, rows, columns int) [][]float64 {
		row := rapid.SliceOfN(rapid.Float64Range(-1, 1), columns, columns)
		return rapid.SliceOfN(row, rows, rows).Draw(t, name)
	}
	return draw("x", n, d), draw("wq", d, dk), draw("wk", d, dk), draw("wv", d, dv)
}

// TestNoOrderOfItsOwn permutes the words: the rows of the output are permuted, and otherwise the same up to the order of
// the additions.
func TestNoOrderOfItsOwn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, wq, wk, wv := drawLesson(t)
		order := make([]int, len(x))
		for i := range order {
			order[i] = i
		}
		order = rapid.Permutation(order).Draw(t, "order")

		plain, err := textbook.SelfAttention(x, wq, wk, wv)
		if err != nil {
			t.Fatal(err)
		}
		permuted, err := textbook.SelfAttention(permute(x, order), wq, wk, wv)
		if err != nil {
			t.Fatal(err)
		}
		want := permute(plain.Output, order)
		if diff := cmp.Diff(want, permuted.Output, cmpopts.EquateApprox(0, 1e-12)); diff != "" {
			t.Errorf("output after order %v (-want +got):\n%s", order, diff)
		}
	})
}

// permute is the rows of m in another order.
func permute(m [][]float64, order []int) [][]float64 {
	rows := make([][]float64, len(m))
	for i, from := range order {
		rows[i] = m[from]
	}
	return rows
}

func TestWeightsSumToOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, wq, wk, wv := drawLesson(t)
		s, err := textbook.SelfAttention(x, wq, wk, wv)
		if err != nil {
			t.Fatal(err)
		}
		for i, row := range s.Weights {
			sum := 0.0
			for _, weight := range row {
				sum += weight
			}
			if math.Abs(sum-1) > 1e-14 {
				t.Errorf("row %d of weights sums to %v", i, sum)
			}
		}
	})
}

// TestLessonIsAttend says that the seven steps are the full operation without options.
func TestLessonIsAttend(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, err := textbook.SelfAttention(drawLesson(t))
		if err != nil {
			t.Fatal(err)
		}
		r, err := textbook.Attend(s.Q, s.K, s.V, textbook.Options{})
		if err != nil {
			t.Fatal(err)
		}
		near := cmpopts.EquateApprox(0, 1e-12)
		if diff := cmp.Diff(s.Weights, r.Weights, near); diff != "" {
			t.Errorf("weights (-lesson +attend):\n%s", diff)
		}
		if diff := cmp.Diff(s.Output, r.Output, near); diff != "" {
			t.Errorf("output (-lesson +attend):\n%s", diff)
		}
	})
}

func TestSelfAttentionErrors(t *testing.T) {
	m := func(rows, columns int) [][]float64 {
		m := make([][]float64, rows)
		for i := range m {
			m[i] = make([]float64, columns)
		}
		return m
	}
	ragged := [][]float64{{1, 2, 3}, {4, 5}}
	for _, c := range []struct {
		name          string
		x, wq, wk, wv [][]float64
		want          string
	}{
		{"no words", nil, m(3, 2), m(3, 2), m(3, 2), "x is empty"},
		{"words without numbers", m(2, 0), m(3, 2), m(3, 2), m(3, 2), "x is empty"},
		{"ragged x", ragged, m(3, 2), m(3, 2), m(3, 2), "row 1 of x has 2 columns, expected 3"},
		{"rows of wq", m(2, 3), m(4, 2), m(3, 2), m(3, 2), "wq has 4 rows, expected 3"},
		{"rows of wv", m(2, 3), m(3, 2), m(3, 2), m(2, 2), "wv has 2 rows, expected 3"},
		{"columns of wk", m(2, 3), m(3, 2), m(3, 5), m(3, 2), "wk has 5 columns, expected 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := textbook.SelfAttention(c.x, c.wq, c.wk, c.wv)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %q, expected %q in it", err, c.want)
			}
		})
	}
}
