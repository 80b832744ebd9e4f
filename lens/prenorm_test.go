package lens

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rapt-go/rapt/model"
)

// recordOf runs a small random model of a family over a few tokens.
func recordOf(t *testing.T, family string, edit *model.Edit) (*model.Model, *Record) {
	t.Helper()
	m, err := model.Open(filepath.Join("..", "model", "testdata", family))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	r, err := Run(t.Context(), m, model.Sequence{IDs: []int{7, 30, 12, 5, 30, 41}}, edit)
	if err != nil {
		t.Fatal(err)
	}
	return m, r
}

// In models that norm what enters a layer's halves, heads that share values or not, the parts of heads and keys add up to
// what the model's attention gives, and the parts of a logit to the logit.
func TestPreNormParts(t *testing.T) {
	for _, family := range []string{"gpt2", "llama", "mistral", "qwen2", "qwen3", "phi3", "gpt_oss", "modernbert"} {
		t.Run(family, func(t *testing.T) {
			m, r := recordOf(t, family, &model.Edit{HeadsOff: []model.HeadAt{{Layer: 1, Head: 1}}})
			for l := range r.Layers {
				layer := &r.Layers[l]
				checkParts(t, l, layer)
				c, err := layer.Contributions(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				for i := range layer.Seq {
					var sum float64
					for _, x := range c[i*layer.Seq : (i+1)*layer.Seq] {
						sum += x
					}
					near(t, "sum of contributions", sum, 1, 1e-9)
				}
			}
			a, err := r.Logit(m, 3, 9)
			if err != nil {
				t.Fatal(err)
			}
			logits, err := m.Logits(lastHidden(t, m, r))
			if err != nil {
				t.Fatal(err)
			}
			want := float64(logits[3*m.Info().VocabSize+9])
			near(t, "logit", a.Logit, want, 1e-4*max(1, math.Abs(want)))
			if a.Heads[1][1] != 0 {
				t.Errorf("the head that is off brings %v", a.Heads[1][1])
			}
		})
	}
}

// checkParts compares Σ_h Σ_j A·f_h(j) + b_O with what the model's attention adds.
func checkParts(t *testing.T, l int, layer *Layer) {
	t.Helper()
	for i := range layer.Seq {
		sum := make([]float64, layer.Dim)
		for h := range layer.NumHeads {
			for j := range layer.Seq {
				for d, x := range layer.transformed(j, h) {
					sum[d] += layer.weight(h, i, j) * x
				}
			}
		}
		for d, b := range layer.Params.OutputBias {
			sum[d] += float64(b)
		}
		for d, x := range sum {
			if !close64(x, float64(layer.AttentionOutput[i*layer.Dim+d]), layer.scale(i)) {
				t.Fatalf("layer %d, token %d: number %d is %v, expected %v", l, i, d, x, layer.AttentionOutput[i*layer.Dim+d])
			}
		}
	}
}

// lastHidden is what the head of the model takes, of the same run.
func lastHidden(t *testing.T, m *model.Model, r *Record) []float32 {
	t.Helper()
	out, err := m.Forward(t.Context(), []model.Sequence{{IDs: []int{7, 30, 12, 5, 30, 41}}}, &model.Taps{Edit: r.edit})
	if err != nil {
		t.Fatal(err)
	}
	return out.Hidden[0]
}

// Where what attention gives is normed before it is added, its parts don't add up: measures of parts are refused by the
// family's name, and those of weights work.
func TestMeasuresRefused(t *testing.T) {
	m, r := recordOf(t, "gemma2", nil)
	for _, measure := range Measures {
		a, err := measure.Compute(t.Context(), m, r)
		switch {
		case measure.needsParams:
			if err == nil || !strings.Contains(err.Error(), "gemma2") || !strings.HasPrefix(err.Error(), measure.Name+": ") {
				t.Errorf("%s: error %v", measure.Name, err)
			}
		case err != nil:
			t.Errorf("%s: %v", measure.Name, err)
		default:
			v, err := NewView(a, Tokens(make([]Piece, 6)))
			if err != nil || !v.Causal {
				t.Errorf("%s looks ahead: %v", measure.Name, err)
			}
		}
	}
}
