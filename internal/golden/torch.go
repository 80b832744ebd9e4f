package golden

import (
	"testing"

	"github.com/rapt-go/rapt/internal/safetensors"
)

// A Case is one call of attention by PyTorch. Layout [batch][heads][seq][dim]. The inputs are float32, exactly what
// PyTorch was given; what it answered is float64, computed from them in float64. What a case doesn't have is nil.
type Case struct {
	Name  string `json:"name"`
	About string `json:"about"`

	Batch    int `json:"batch"`
	Heads    int `json:"heads"` // of queries
	KVHeads  int `json:"kv_heads"`
	QueryLen int `json:"q_len"`
	KeyLen   int `json:"k_len"`
	HeadDim  int `json:"head_dim"`
	ValueDim int `json:"value_dim"`

	Causal      bool     `json:"causal"`
	QueryStart  int      `json:"query_start"`
	WindowLeft  *int     `json:"window_left"`  // nil: open
	WindowRight *int     `json:"window_right"` // nil: open
	Scale       *float64 `json:"scale"`        // nil: 1/√HeadDim
	Softcap     float64  `json:"softcap"`      // 0: off
	KeyLens     []int    `json:"key_lens"`     // [batch]

	Q []float32 `json:"-"` // [batch][heads][queries][headDim]
	K []float32 `json:"-"` // [batch][kvHeads][keys][headDim]
	V []float32 `json:"-"` // [batch][kvHeads][keys][valueDim]

	Mask      []bool    `json:"-"` // of MaskShape; true: visible
	MaskShape []int     `json:"-"` // batch or 1, heads or 1, queries, keys
	Bias      []float32 `json:"-"` // of BiasShape
	BiasShape []int     `json:"-"` // batch or 1, heads or 1, queries, keys
	Sinks     []float32 `json:"-"` // [heads]
	ALiBi     []float32 `json:"-"` // [heads]

	Out     []float64 `json:"-"` // [batch][heads][queries][valueDim]
	LSE     []float64 `json:"-"` // [batch][heads][queries]; nil where a query sees nothing but its sink
	Weights []float64 `json:"-"` // [batch][heads][queries][keys]; only where it is small

	// Float32Error is the largest absolute error of plain float32 PyTorch on the same case, by "out", "lse", "weights":
	// something to derive tolerances from.
	Float32Error map[string]float64 `json:"float32_error"`
}

// Torch is the 70 cases that PyTorch computed.
func Torch(t testing.TB) []Case {
	t.Helper()
	var cases []Case
	tensors := open(t, torchSuite, &cases)
	for i := range cases {
		cases[i].read(t, tensors)
	}
	return cases
}

func (c *Case) read(t testing.TB, tensors *safetensors.File) {
	t.Helper()
	for name, to := range map[string]*[]float32{
		"q": &c.Q, "k": &c.K, "v": &c.V, "bias": &c.Bias, "sinks": &c.Sinks, "alibi": &c.ALiBi,
	} {
		if x, ok := tensors.Tensor(c.Name + "/" + name); ok {
			numbers, err := x.Float32s()
			*to = must(t, numbers, err)
		}
	}
	for name, to := range map[string]*[]float64{"out": &c.Out, "lse": &c.LSE, "weights": &c.Weights} {
		if x, ok := tensors.Tensor(c.Name + "/" + name); ok {
			numbers, err := x.Float64s()
			*to = must(t, numbers, err)
		}
	}
	if x, ok := tensors.Tensor(c.Name + "/mask"); ok {
		truths, err := x.Bools()
		c.Mask, c.MaskShape = must(t, truths, err), x.Shape
	}
	if x, ok := tensors.Tensor(c.Name + "/bias"); ok {
		c.BiasShape = x.Shape
	}
}
