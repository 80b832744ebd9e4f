package model_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"testing"

	"github.com/rapt-go/rapt/internal/safetensors"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/minilm"
)

// A reference64 is the network of a BERT in float64, as its paper writes it: what the same parameters give without the
// rounding of float32.
type reference64 struct {
	t      testing.TB
	file   *safetensors.File
	prefix string
	config struct {
		Layers int     `json:"num_hidden_layers"`
		Heads  int     `json:"num_attention_heads"`
		Eps    float64 `json:"layer_norm_eps"`
		Act    string  `json:"hidden_act"`
	}
}

func newReference64(t testing.TB, config, params []byte) *reference64 {
	t.Helper()
	file, err := safetensors.Parse(params)
	if err != nil {
		t.Fatal(err)
	}
	r := &reference64{t: t, file: file}
	r.config.Eps = 1e-12
	if err := json.Unmarshal(config, &r.config); err != nil {
		t.Fatal(err)
	}
	if _, ok := file.Tensor("bert.embeddings.word_embeddings.weight"); ok {
		r.prefix = "bert."
	}
	return r
}

func (r *reference64) tensor(name string) (values []float64, shape []int) {
	r.t.Helper()
	tensor, ok := r.file.Tensor(r.prefix + name)
	if !ok {
		r.t.Fatal("there is no tensor ", name)
	}
	narrow, err := tensor.Float32s()
	if err != nil {
		r.t.Fatal(err)
	}
	for _, v := range narrow {
		values = append(values, float64(v))
	}
	return values, tensor.Shape
}

// linear is x·Wᵀ + b.
func (r *reference64) linear(name string, x [][]float64) [][]float64 {
	w, shape := r.tensor(name + ".weight")
	b, _ := r.tensor(name + ".bias")
	y := make([][]float64, len(x))
	for i := range x {
		for o := range shape[0] {
			sum := b[o]
			for j, v := range x[i] {
				sum += v * w[o*shape[1]+j]
			}
			y[i] = append(y[i], sum)
		}
	}
	return y
}

// addAndNorm is LN(x + y).
func (r *reference64) addAndNorm(name string, x, y [][]float64) [][]float64 {
	weight, bias := name+".weight", name+".bias"
	if _, ok := r.file.Tensor(r.prefix + weight); !ok { // as files that come from TensorFlow call them
		weight, bias = name+".gamma", name+".beta"
	}
	scale, _ := r.tensor(weight)
	shift, _ := r.tensor(bias)
	z := make([][]float64, len(x))
	for i := range x {
		n, mean, variance := float64(len(scale)), 0.0, 0.0
		for j := range x[i] {
			z[i] = append(z[i], x[i][j]+y[i][j])
			mean += z[i][j] / n
		}
		for _, v := range z[i] {
			variance += (v - mean) * (v - mean) / n
		}
		for j, v := range z[i] {
			z[i][j] = scale[j]*(v-mean)/math.Sqrt(variance+r.config.Eps) + shift[j]
		}
	}
	return z
}

// attend is softmax(q·kᵀ/√d)·v, head by head.
func (r *reference64) attend(q, k, v [][]float64) (z [][]float64, weights []float64) {
	dim := len(q[0]) / r.config.Heads
	z = make([][]float64, len(q))
	for i := range z {
		z[i] = make([]float64, len(q[0]))
	}
	for h := range r.config.Heads {
		for i := range q {
			row, sum := make([]float64, len(k)), 0.0
			for j := range k {
				for d := h * dim; d < (h+1)*dim; d++ {
					row[j] += q[i][d] * k[j][d]
				}
				row[j] = math.Exp(row[j] / math.Sqrt(float64(dim)))
				sum += row[j]
			}
			for j := range k {
				row[j] /= sum
				for d := h * dim; d < (h+1)*dim; d++ {
					z[i][d] += row[j] * v[j][d]
				}
			}
			weights = append(weights, row...)
		}
	}
	return z, weights
}

// act is the activation that the configuration names.
func (r *reference64) act(x float64) float64 {
	switch r.config.Act {
	case "gelu":
		return x / 2 * math.Erfc(-x/math.Sqrt2)
	case "gelu_new":
		return x / 2 * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
	}
	r.t.Fatalf("there is no %q here", r.config.Act)
	return 0
}

// run gives the last hidden states and all weights.
func (r *reference64) run(s model.Sequence) (x [][]float64, weights []float64) {
	word, shape := r.tensor("embeddings.word_embeddings.weight")
	position, _ := r.tensor("embeddings.position_embeddings.weight")
	types, _ := r.tensor("embeddings.token_type_embeddings.weight")
	dim := shape[1]
	var rest [][]float64
	for i, id := range s.IDs {
		typeID := 0
		if s.TypeIDs != nil {
			typeID = s.TypeIDs[i]
		}
		rest = append(rest, nil)
		for d := range dim {
			rest[i] = append(rest[i], position[i*dim+d]+types[typeID*dim+d])
		}
		x = append(x, word[id*dim:(id+1)*dim])
	}
	x = r.addAndNorm("embeddings.LayerNorm", x, rest)
	for l := range r.config.Layers {
		at := fmt.Sprintf("encoder.layer.%d.", l)
		z, w := r.attend(r.linear(at+"attention.self.query", x), r.linear(at+"attention.self.key", x), r.linear(at+"attention.self.value", x))
		weights = append(weights, w...)
		x = r.addAndNorm(at+"attention.output.LayerNorm", x, r.linear(at+"attention.output.dense", z))
		mlp := r.linear(at+"intermediate.dense", x)
		for i := range mlp {
			for j, v := range mlp[i] {
				mlp[i][j] = r.act(v)
			}
		}
		x = r.addAndNorm(at+"output.LayerNorm", x, r.linear(at+"output.dense", mlp))
	}
	return x, weights
}

// compare64 runs a model and the reference, and compares hidden states, weights and, if there are any, embeddings.
func compare64(t *testing.T, m *model.Model, r *reference64, s model.Sequence, limit float64) {
	t.Helper()
	trace, err := m.Trace(context.Background(), s, model.Want{Weights: true, Hidden: true})
	if err != nil {
		t.Fatal(err)
	}
	hidden, weights := r.run(s)
	worst, worstWeight := 0.0, 0.0
	dim := len(hidden[0])
	last := trace.Hidden[len(trace.Hidden)-1]
	for i := range hidden {
		for d, want := range hidden[i] {
			worst = max(worst, math.Abs(float64(last[i*dim+d])-want))
		}
	}
	for i, want := range weights {
		worstWeight = max(worstWeight, math.Abs(float64(trace.Attention.Weights[i])-want))
	}
	t.Logf("%d tokens: hidden states within %.1e, weights within %.1e of float64", len(s.IDs), worst, worstWeight)
	if !(worst <= limit) || !(worstWeight <= limit) {
		t.Errorf("hidden states differ by %v and weights by %v from float64, expected at most %v", worst, worstWeight, limit)
	}
}

// The tiny models compute what float64 does, within 2e-5.
func TestFloat64(t *testing.T) {
	for _, name := range []string{"bert", "bert_mlm"} {
		t.Run(name, func(t *testing.T) {
			r := newReference64(t, read(t, name, "config.json"), read(t, name, "model.safetensors"))
			g := openGolden(t, filepath.Join("testdata", name, "golden.safetensors"))
			batch, _ := g.sequences("batch")
			for _, s := range batch {
				compare64(t, load(t, name, "config.json"), r, s, 2e-5)
			}
		})
	}
}

// all-MiniLM-L6-v2 too, in float16, on texts of several lengths.
func TestFloat64MiniLM(t *testing.T) {
	if testing.Short() {
		t.Skip("a float64 pass over 22 million parameters takes seconds")
	}
	files := minilm.Files()
	m := loadFiles(t, files)
	r := newReference64(t, files.Config, files.Params)
	for _, n := range []int{1, 9, 30, 61} {
		s := model.Sequence{IDs: []int{101}}
		for i := range n {
			s.IDs = append(s.IDs, 1996+i*i*37%20000)
		}
		s.IDs = append(s.IDs, 102)
		compare64(t, m, r, s, 2e-5)
	}
}
