package textbook_test

import (
	"math"
	"testing"

	"github.com/rapt-go/rapt/internal/golden"
	"github.com/rapt-go/rapt/textbook"
)

// TestONNX runs ONNX's own conformance cases in float64. What they expect was computed in the type of their inputs, down
// to float16 and bfloat16, and its distance from float64 is on record (to two digits, hence the tenth more): that is
// the tolerance.
func TestONNX(t *testing.T) {
	for _, c := range golden.ONNX(t) {
		t.Run(c.Name, func(t *testing.T) {
			n := newNode(c)
			heads, err := textbook.MultiHead(n.q, n.k, n.v, n.options)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string][]float64{
				"Y":                n.pack(heads),
				"present_key":      appendAll(n.k),
				"present_value":    appendAll(n.v),
				"qk_matmul_output": n.scores(t, heads),
			}
			for name, want := range c.Outputs {
				equal(t, name, got[name], want.Floats, 1.1*c.ErrorVsFloat64[name]+tolerance)
			}
		})
	}
}

// A node is a case in the textbook's terms.
type node struct {
	golden.ONNXCase
	q, k, v [][][][]float64 // [batch][heads][seq][dim], keys and values of the cache included
	past    int             // length of the cache
}

func newNode(c golden.ONNXCase) node {
	n := node{ONNXCase: c}
	n.q = split(c.Inputs["Q"], c.Attributes.QNumHeads)
	n.k = split(c.Inputs["K"], c.Attributes.KVNumHeads)
	n.v = split(c.Inputs["V"], c.Attributes.KVNumHeads)
	if past, ok := c.Inputs["past_key"]; ok {
		n.past = past.Shape[2]
		n.k = join(split(past, 0), n.k)
		n.v = join(split(c.Inputs["past_value"], 0), n.v)
	}
	return n
}

// split is a tensor as [batch][heads][seq][dim]: one of four axes as it is, [batch][seq][heads·dim] cut into heads.
func split(x golden.Tensor, heads int) [][][][]float64 {
	s := x.Shape
	if len(s) == 4 {
		return golden.Nest(x.Floats, s[0], s[1], s[2], s[3])
	}
	batch, seq, dim := s[0], s[1], s[2]/heads
	rows := golden.Nest(x.Floats, batch, seq, heads, dim)
	return transpose(rows, batch, heads, seq)
}

// transpose is [batch][seq][heads] rows as [batch][heads][seq] rows.
func transpose(x [][][][]float64, batch, heads, seq int) [][][][]float64 {
	y := make([][][][]float64, batch)
	for b := range y {
		y[b] = make([][][]float64, heads)
		for h := range y[b] {
			for s := range seq {
				y[b][h] = append(y[b][h], x[b][s][h])
			}
		}
	}
	return y
}

// join puts the rows of b behind those of a.
func join(a, b [][][][]float64) [][][][]float64 {
	for i := range a {
		for h := range a[i] {
			a[i][h] = append(a[i][h], b[i][h]...)
		}
	}
	return a
}

func (n node) options(b, h int) textbook.Options {
	o := textbook.Options{Softcap: n.Attributes.Softcap, Causal: n.Attributes.IsCausal != 0, QueryStart: n.past}
	if n.Attributes.Scale != nil {
		o.Scale = *n.Attributes.Scale
	}
	if n.Attributes.LeftWindowSize != nil || n.Attributes.RightWindowSize != nil {
		o.Window = &textbook.Window{Left: orOpen(n.Attributes.LeftWindowSize), Right: orOpen(n.Attributes.RightWindowSize)}
	}
	if lens, ok := n.Inputs["nonpad_kv_seqlen"]; ok {
		o.KeyLen = new(int(lens.Ints[b]))
		o.QueryStart = *o.KeyLen - len(n.q[b][h])
	}
	if mask, ok := n.Inputs["attn_mask"]; ok {
		if mask.Bools != nil {
			o.Mask = maskOf(mask.Bools, mask.Shape, false, b, h, len(n.q[b][h]), len(n.k[b][0]))
		} else {
			o.Bias = maskOf(mask.Floats, mask.Shape, math.Inf(-1), b, h, len(n.q[b][h]), len(n.k[b][0]))
		}
	}
	return o
}

// maskOf is the [queries][keys] that head h of sequence b has in a mask of shape [batch][heads][queries][keys], of which
// leading axes may be missing and the first three may be 1. Keys behind its end are hidden.
func maskOf[T any](data []T, shape []int, hidden T, b, h, queries, keys int) [][]T {
	full := [4]int{1, 1, 1, 1}
	copy(full[4-len(shape):], shape)
	grid := make([][]T, queries)
	rows := gridOf(data, full[:], b, h)
	for i := range grid {
		grid[i] = append(grid[i], rows[min(i, full[2]-1)]...)
		for len(grid[i]) < keys {
			grid[i] = append(grid[i], hidden)
		}
	}
	return grid
}

// pack is the output of all heads in the layout of Q.
func (n node) pack(heads [][]textbook.Result) []float64 {
	if len(n.Inputs["Q"].Shape) == 4 {
		return flatten(heads).out
	}
	var y []float64
	for _, sequence := range heads {
		for i := range sequence[0].Output {
			for _, r := range sequence {
				y = append(y, r.Output[i]...)
			}
		}
	}
	return y
}

// scores is what qk_matmul_output_mode asks for: scores as they are (0), after the softcap (1), after the mask (2), or
// weights (3). The first two are there for invisible keys too, so they are computed without what hides keys.
func (n node) scores(t *testing.T, heads [][]textbook.Result) []float64 {
	t.Helper()
	open, err := textbook.MultiHead(n.q, n.k, n.v, func(b, h int) textbook.Options {
		o := n.options(b, h)
		return textbook.Options{Scale: o.Scale, Softcap: o.Softcap}
	})
	if err != nil {
		t.Fatal(err)
	}
	var scores []float64
	for b := range heads {
		for h, r := range heads[b] {
			stages := [][][]float64{open[b][h].Scores, open[b][h].Capped, r.Biased, r.Weights}
			scores = appendRows(scores, stages[n.Attributes.QKMatmulOutputMode])
		}
	}
	return scores
}

func appendAll(x [][][][]float64) []float64 {
	var list []float64
	for b := range x {
		for h := range x[b] {
			list = appendRows(list, x[b][h])
		}
	}
	return list
}
