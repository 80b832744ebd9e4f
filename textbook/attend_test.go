package textbook_test

import (
	"math"
	"strings"
	"testing"

	"github.com/rapt-go/rapt/textbook"
)

// TestVisible draws which key each of 3 queries sees of 4.
func TestVisible(t *testing.T) {
	inf := math.Inf(-1)
	for _, c := range []struct {
		name    string
		options textbook.Options
		want    string
	}{
		{"all", textbook.Options{}, "1111 1111 1111"},
		{"causal", textbook.Options{Causal: true}, "1000 1100 1110"},
		{"causal, the last queries", textbook.Options{Causal: true, QueryStart: 1}, "1100 1110 1111"},
		{"causal, before the first key", textbook.Options{Causal: true, QueryStart: -2}, "0000 0000 1000"},
		{"window of one to the left", textbook.Options{Window: &textbook.Window{Left: 1, Right: -1}}, "1111 1111 0111"},
		{"window of one to the right", textbook.Options{Window: &textbook.Window{Left: -1, Right: 1}}, "1100 1110 1111"},
		{"own key", textbook.Options{Window: &textbook.Window{}, QueryStart: 1}, "0100 0010 0001"},
		{"key length", textbook.Options{KeyLen: new(2)}, "1100 1100 1100"},
		{"no keys", textbook.Options{KeyLen: new(0)}, "0000 0000 0000"},
		{"mask", textbook.Options{Mask: [][]bool{{true, false, true, false}, {false, false, false, false}, {true, true, true, true}}},
			"1010 0000 1111"},
		{"bias", textbook.Options{Bias: [][]float64{{0, inf, -1e300, 3}, {inf, inf, inf, inf}, {0, 0, 0, 0}}}, "1011 0000 1111"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rows := make([]string, 3)
			for i := range rows {
				for j := range 4 {
					if c.options.Visible(i, j) {
						rows[i] += "1"
					} else {
						rows[i] += "0"
					}
				}
			}
			if got := strings.Join(rows, " "); got != c.want {
				t.Errorf("sees %s, expected %s", got, c.want)
			}
		})
	}
}

// TestNoVisibleKey pins down what a row is that sees nothing, and one that sees only its sink.
func TestNoVisibleKey(t *testing.T) {
	one := [][]float64{{1}}
	r, err := textbook.Attend(one, one, one, textbook.Options{KeyLen: new(0)})
	if err != nil {
		t.Fatal(err)
	}
	if r.Output[0][0] != 0 || r.Weights[0][0] != 0 || !math.IsInf(r.LSE[0], -1) {
		t.Errorf("without a key: output %v, weight %v, lse %v; expected 0, 0, -Inf", r.Output[0][0], r.Weights[0][0], r.LSE[0])
	}
	r, err = textbook.Attend(one, one, one, textbook.Options{KeyLen: new(0), Sink: new(2.5)})
	if err != nil {
		t.Fatal(err)
	}
	if r.Output[0][0] != 0 || r.Weights[0][0] != 0 || r.LSE[0] != 2.5 {
		t.Errorf("with a sink: output %v, weight %v, lse %v; expected 0, 0, 2.5", r.Output[0][0], r.Weights[0][0], r.LSE[0])
	}
}

func TestAttendErrors(t *testing.T) {
	m := func(rows, columns int) [][]float64 {
		m := make([][]float64, rows)
		for i := range m {
			m[i] = make([]float64, columns)
		}
		return m
	}
	for _, c := range []struct {
		name    string
		q, k, v [][]float64
		options textbook.Options
		want    string
	}{
		{"no keys", m(2, 3), nil, m(1, 1), textbook.Options{}, "k is empty"},
		{"width of k", m(2, 3), m(4, 2), m(4, 1), textbook.Options{}, "k has 2 columns, expected 3"},
		{"rows of v", m(2, 3), m(4, 3), m(5, 1), textbook.Options{}, "v has 5 rows, expected 4"},
		{"rows of the bias", m(2, 3), m(4, 3), m(4, 1), textbook.Options{Bias: m(1, 4)}, "Bias has 1 rows, expected 2"},
		{"columns of the bias", m(2, 3), m(4, 3), m(4, 1), textbook.Options{Bias: m(2, 5)}, "row 0 of Bias has 5 columns, expected 4"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := textbook.Attend(c.q, c.k, c.v, c.options)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, expected %q in it", err, c.want)
			}
		})
	}
}

func TestMultiHeadErrors(t *testing.T) {
	heads := func(batch, heads int) [][][][]float64 {
		x := make([][][][]float64, batch)
		for b := range x {
			for range heads {
				x[b] = append(x[b], [][]float64{{1}})
			}
		}
		return x
	}
	for _, c := range []struct {
		name    string
		q, k, v [][][][]float64
		want    string
	}{
		{"batch", heads(2, 2), heads(1, 2), heads(2, 2), "batches of 1 and 2, expected 2"},
		{"groups", heads(1, 3), heads(1, 2), heads(1, 2), "q has 3 heads, which is no multiple of the 2"},
		{"no heads", heads(1, 3), heads(1, 0), heads(1, 0), "q has 3 heads, which is no multiple of the 0"},
		{"heads of v", heads(1, 2), heads(1, 2), heads(1, 1), "v has 1 heads, expected 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := textbook.MultiHead(c.q, c.k, c.v, func(int, int) textbook.Options { return textbook.Options{} })
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, expected %q in it", err, c.want)
			}
		})
	}
}
