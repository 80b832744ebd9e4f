package rapt_test

import (
	"math"
	"testing"

	"github.com/rapt-go/rapt"
	"github.com/rapt-go/rapt/internal/golden"
)

// TestONNX runs ONNX's conformance cases in float32. What they expect was computed in the type of their inputs, down to
// float16 and bfloat16; its distance from float64 is on record (to two digits, hence the tenth more), and what float32
// adds to it is that of TestTorch.
func TestONNX(t *testing.T) {
	for _, c := range golden.ONNX(t) {
		t.Run(c.Name, func(t *testing.T) {
			n := newONNXNode(c)
			n.run(t)
			if want, ok := c.Outputs["qk_matmul_output"]; ok {
				scores := nanSlice(len(want.Floats))
				if err := rapt.Scores(scores, n.q, n.k, nil, rapt.Stage(c.Attributes.QKMatmulOutputMode), &n.o); err != nil {
					t.Fatal(err)
				}
				compare(t, "qk_matmul_output", scores, want.Floats, 0.55*c.ErrorVsFloat64["qk_matmul_output"]+1e-6)
			}
		})
	}
}

// An onnxNode is a case in the terms of this package.
type onnxNode struct {
	golden.ONNXCase
	q, k, v rapt.Tensor[float32]
	o       rapt.Options
}

func newONNXNode(c golden.ONNXCase) *onnxNode {
	n := &onnxNode{ONNXCase: c}
	n.q = tensorOf(c.Inputs["Q"], c.Attributes.QNumHeads)
	n.k = afterPast(c.Inputs["past_key"], tensorOf(c.Inputs["K"], c.Attributes.KVNumHeads))
	n.v = afterPast(c.Inputs["past_value"], tensorOf(c.Inputs["V"], c.Attributes.KVNumHeads))
	a := c.Attributes
	n.o = rapt.Options{Softcap: float32(a.Softcap), Causal: a.IsCausal != 0}
	if a.Scale != nil {
		n.o.Scale = float32(*a.Scale)
	}
	if a.LeftWindowSize != nil || a.RightWindowSize != nil {
		n.o.Window = &rapt.Window{Left: side(a.LeftWindowSize), Right: side(a.RightWindowSize)}
	}
	if past, ok := c.Inputs["past_key"]; ok {
		n.o.QueryStart = past.Shape[2]
	}
	for _, length := range c.Inputs["nonpad_kv_seqlen"].Ints {
		n.o.KeyLens = append(n.o.KeyLens, int(length))
		n.o.QueryStarts = append(n.o.QueryStarts, int(length)-n.q.Seq)
	}
	n.mask()
	return n
}

// tensorOf is x as it lies in memory: [batch][heads][seq][dim], or [batch][seq][heads·dim] where it has three axes.
func tensorOf(x golden.Tensor, heads int) rapt.Tensor[float32] {
	data, s := toFloat32(x.Floats), x.Shape
	if len(s) == 4 {
		return rapt.HeadMajor(data, s[0], s[1], s[2], s[3])
	}
	return rapt.Dense(data, s[0], s[1], heads, s[2]/heads)
}

func toFloat32(x []float64) []float32 {
	y := make([]float32, len(x))
	for i, f := range x {
		y[i] = float32(f)
	}
	return y
}

// afterPast puts the positions of x behind those of past, if there is one.
func afterPast(past golden.Tensor, x rapt.Tensor[float32]) rapt.Tensor[float32] {
	if past.Shape == nil {
		return x
	}
	p := tensorOf(past, 0)
	whole := rapt.HeadMajor(make([]float32, x.Batch*x.Heads*(p.Seq+x.Seq)*x.Dim), x.Batch, x.Heads, p.Seq+x.Seq, x.Dim)
	for b := range x.Batch {
		for h := range x.Heads {
			for s := range whole.Seq {
				from, at := p, s
				if s >= p.Seq {
					from, at = x, s-p.Seq
				}
				copy(whole.Data[b*whole.BatchStride+s*whole.SeqStride+h*whole.HeadStride:][:x.Dim],
					from.Data[b*from.BatchStride+at*from.SeqStride+h*from.HeadStride:])
			}
		}
	}
	return whole
}

// mask sets Mask or Bias from attn_mask. Its axes align at the right, and keys behind its end are hidden.
func (n *onnxNode) mask() {
	x, ok := n.Inputs["attn_mask"]
	if !ok {
		return
	}
	shape := [4]int{1, 1, 1, 1}
	copy(shape[4-len(x.Shape):], x.Shape)
	keys, rows := shape[3], shape[0]*shape[1]*shape[2]
	if x.Bools != nil {
		n.o.Mask = rapt.Broadcast(widen(x.Bools, rows, keys, n.k.Seq, false), shape[0], shape[1], shape[2], n.k.Seq)
	} else {
		n.o.Bias = rapt.Broadcast(widen(toFloat32(x.Floats), rows, keys, n.k.Seq, float32(math.Inf(-1))), shape[0], shape[1], shape[2], n.k.Seq)
	}
}

// widen makes rows of width elements from rows of fewer.
func widen[T any](x []T, rows, have, width int, fill T) []T {
	y := make([]T, 0, rows*width)
	for r := range rows {
		y = append(y, x[r*have:(r+1)*have]...)
		for range width - have {
			y = append(y, fill)
		}
	}
	return y
}

func (n *onnxNode) run(t *testing.T) {
	t.Helper()
	want := n.Outputs["Y"]
	got := nanSlice(len(want.Floats))
	out := rapt.HeadMajor(got, n.q.Batch, n.q.Heads, n.q.Seq, n.v.Dim)
	if len(want.Shape) == 3 {
		out = rapt.Dense(got, n.q.Batch, n.q.Seq, n.q.Heads, n.v.Dim)
	}
	if err := rapt.Attend(out, n.q, n.k, n.v, &n.o); err != nil {
		t.Fatal(err)
	}
	compare(t, "Y", got, want.Floats, 0.55*n.ErrorVsFloat64["Y"]+1e-6)
}
