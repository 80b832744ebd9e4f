package golden

import (
	"testing"

	"github.com/rapt-go/rapt/internal/safetensors"
)

// An ONNXCase is one conformance case of an ONNX operator: a node with its inputs and the outputs that ONNX expects.
type ONNXCase struct {
	Name   string `json:"name"`
	About  string `json:"about"`
	Op     string `json:"op"` // Attention or FlexAttention
	Opset  int    `json:"opset"`
	Domain string `json:"domain"`

	Attributes Attributes `json:"attributes"`

	Inputs  map[string]Tensor `json:"-"` // Q K V, and some of attn_mask past_key past_value nonpad_kv_seqlen
	Outputs map[string]Tensor `json:"-"` // Y, and some of present_key present_value qk_matmul_output

	RTol float64 `json:"rtol"` // ONNX's own tolerances
	ATol float64 `json:"atol"`

	// ErrorVsFloat64 says how far the expected outputs themselves are from float64 throughout, by output.
	ErrorVsFloat64 map[string]float64 `json:"error_vs_float64"`

	InputNames  []string `json:"inputs"`
	OutputNames []string `json:"outputs"`
}

// Attributes are those of a node. What a case doesn't have is nil, or 0 where ONNX's default is 0.
type Attributes struct {
	IsCausal           int      `json:"is_causal"`
	QNumHeads          int      `json:"q_num_heads"`  // only for Q of three axes
	KVNumHeads         int      `json:"kv_num_heads"` // only for K and V of three axes
	Scale              *float64 `json:"scale"`        // nil: 1/√d
	Softcap            float64  `json:"softcap"`
	LeftWindowSize     *int     `json:"left_window_size"`  // nil or negative: open
	RightWindowSize    *int     `json:"right_window_size"` // nil or negative: open
	QKMatmulOutputMode int      `json:"qk_matmul_output_mode"`
	SoftmaxPrecision   int      `json:"softmax_precision"`
}

// A Tensor is one input or output of a node. Exactly one of the slices has the numbers, according to DType.
type Tensor struct {
	DType safetensors.DType
	Shape []int // [batch][heads][seq][dim], or [batch][seq][heads·dim]

	Floats []float64 // of F64, F32, F16 and BF16, all exact
	Ints   []int64   // of I64
	Bools  []bool    // of BOOL
}

// ONNX is the 93 cases of Attention and the 10 of FlexAttention that need no function of the user's.
func ONNX(t testing.TB) []ONNXCase {
	t.Helper()
	var cases []ONNXCase
	tensors := open(t, onnxSuite, &cases)
	for i := range cases {
		c := &cases[i]
		c.Inputs = c.read(t, tensors, c.InputNames)
		c.Outputs = c.read(t, tensors, c.OutputNames)
	}
	return cases
}

func (c *ONNXCase) read(t testing.TB, tensors *safetensors.File, names []string) map[string]Tensor {
	t.Helper()
	read := map[string]Tensor{}
	for _, name := range names {
		x, ok := tensors.Tensor(c.Name + "/" + name)
		if !ok {
			t.Fatalf("%s has no tensor %s", c.Name, name)
		}
		to := Tensor{DType: x.DType, Shape: x.Shape}
		var err error
		switch x.DType {
		case safetensors.Bool:
			to.Bools, err = x.Bools()
		case safetensors.I64:
			to.Ints, err = x.Int64s()
		default:
			to.Floats, err = x.Float64s()
		}
		read[name] = must(t, to, err)
	}
	return read
}
