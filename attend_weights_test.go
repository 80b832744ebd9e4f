package rapt_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/rapt-go/rapt"
)

// AttendWeights gives what Attend gives, to the bit, and what Weights gives up to the last digits.
func TestAttendWeights(t *testing.T) {
	for _, test := range []struct {
		batch, heads, kvHeads, queries, keys, dim int
		options                                   rapt.Options
	}{
		{1, 12, 12, 9, 9, 32, rapt.Options{}},
		{2, 4, 4, 128, 128, 32, rapt.Options{}},
		{1, 4, 2, 50, 77, 40, rapt.Options{Scale: 0.3}},
		{1, 8, 2, 1, 300, 64, rapt.Options{}},
		{1, 2, 2, 40, 512, 16, rapt.Options{Sinks: []float32{0.5, -1}}},
		{1, 2, 2, 40, 513, 16, rapt.Options{}},
		{1, 2, 2, 40, 40, 16, rapt.Options{Causal: true}},
		{1, 2, 2, 40, 60, 16, rapt.Options{KeyLens: []int{33}}},
		{1, 2, 2, 40, 60, 16, rapt.Options{Softcap: 3}},
		{1, 2, 2, 5, 0, 16, rapt.Options{}},
	} {
		o := test.options
		t.Run(fmt.Sprintf("heads=%d:%d/q=%d/k=%d", test.heads, test.kvHeads, test.queries, test.keys), func(t *testing.T) {
			q := waves(test.batch, test.queries, test.heads, test.dim, 0.7)
			k := waves(test.batch, test.keys, test.kvHeads, test.dim, 0.9)
			v := waves(test.batch, test.keys, test.kvHeads, test.dim, 1.3)
			size := test.batch * test.heads * test.queries * test.keys
			out, both := waves(test.batch, test.queries, test.heads, test.dim, 0), waves(test.batch, test.queries, test.heads, test.dim, 0)
			weights, want := make([]float32, size), make([]float32, size)
			for _, err := range []error{
				rapt.Attend(out, q, k, v, &o), rapt.Weights(want, q, k, nil, &o), rapt.AttendWeights(both, weights, q, k, v, &o),
			} {
				if err != nil {
					t.Fatal(err)
				}
			}
			if !slices.Equal(both.Data, out.Data) {
				t.Error("out isn't that of Attend")
			}
			for i := range want {
				if math.Abs(float64(weights[i]-want[i])) > 1e-6*float64(want[i]) {
					t.Fatalf("weights[%d] is %v, expected %v", i, weights[i], want[i])
				}
			}
		})
	}
}

// waves is a tensor of numbers between −2 and 2 that repeat nowhere.
func waves(batch, seq, heads, dim int, step float64) rapt.Tensor[float32] {
	x := make([]float32, batch*seq*heads*dim)
	for i := range x {
		x[i] = float32(2 * math.Sin(step*float64(i)+float64(i%7)))
	}
	return rapt.Dense(x, batch, seq, heads, dim)
}

func TestAttendWeightsErrors(t *testing.T) {
	x := waves(1, 4, 2, 8, 1)
	for want, call := range map[string]func() error{
		"weights has 31 elements": func() error { return rapt.AttendWeights(x, make([]float32, 31), x, x, x, nil) },
		"QueryOffsets": func() error {
			o := &rapt.Options{QueryOffsets: []int{0, 4}, KeyOffsets: []int{0, 4}}
			return rapt.AttendWeights(x, make([]float32, 32), x, x, x, o)
		},
		"v.Seq is 3": func() error {
			return rapt.AttendWeights(x, make([]float32, 32), x, x, waves(1, 3, 2, 8, 1), nil)
		},
	} {
		if err := call(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, expected one with %q", err, want)
		}
	}
}
