package model_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/rapt-go/rapt/internal/safetensors"
	"github.com/rapt-go/rapt/model"
)

// generator is the tiny ELECTRA as a generator is saved: with a prefix, and a head of random parameters, whose values
// it gives too.
func generator(t *testing.T) (m *model.Model, head map[string][]float32) {
	t.Helper()
	const dim, embeddingDim, vocab = 32, 16, 120
	file, err := safetensors.Parse(read(t, "electra", "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	var tensors []safetensors.Tensor
	for _, name := range file.Names() {
		tensor, _ := file.Tensor(name)
		tensor.Name = "electra." + name
		tensors = append(tensors, tensor)
	}
	head = map[string][]float32{}
	for _, h := range []struct {
		name  string
		shape []int
	}{
		{"generator_predictions.dense.weight", []int{embeddingDim, dim}},
		{"generator_predictions.dense.bias", []int{embeddingDim}},
		{"generator_predictions.LayerNorm.weight", []int{embeddingDim}},
		{"generator_predictions.LayerNorm.bias", []int{embeddingDim}},
		{"generator_lm_head.bias", []int{vocab}},
	} {
		tensor := safetensors.Tensor{Name: h.name, DType: safetensors.F32, Shape: h.shape}
		for i := range tensor.Len() {
			v := float32(math.Sin(float64(7*i + len(h.name))))
			head[h.name] = append(head[h.name], v)
			tensor.Data = binary.LittleEndian.AppendUint32(tensor.Data, math.Float32bits(v))
		}
		tensors = append(tensors, tensor)
	}
	word, _ := file.Tensor("embeddings.word_embeddings.weight")
	if head["word"], err = word.Float32s(); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := safetensors.Write(&b, tensors, nil); err != nil {
		t.Fatal(err)
	}
	return loadFiles(t, model.Files{Config: read(t, "electra", "config.json"), Params: b.Bytes()}), head
}

// TestElectraGenerator holds the head of a generator against its formula in float64: logits = W·LN(gelu(W_t·x + b_t)) + b
// with W the word embeddings.
func TestElectraGenerator(t *testing.T) {
	m, head := generator(t)
	trace, err := m.Trace(context.Background(), inputs[0], model.Want{Logits: true, Hidden: true})
	if err != nil {
		t.Fatal(err)
	}
	last := trace.Hidden[len(trace.Hidden)-1]
	if want := forward(t, load(t, "electra", "config.json"), inputs[:1]).Hidden[0]; !slices.Equal(last, want) {
		t.Error("with the prefix electra. the hidden states differ")
	}
	for i := range inputs[0].IDs {
		y := affine(head["generator_predictions.dense.weight"], head["generator_predictions.dense.bias"], float64s(last[i*32:][:32]))
		var mean, variance float64
		for d, v := range y {
			y[d] = v / 2 * (1 + math.Erf(v/math.Sqrt2))
			mean += y[d] / 16
		}
		for _, v := range y {
			variance += (v - mean) * (v - mean) / 16
		}
		scale, shift := head["generator_predictions.LayerNorm.weight"], head["generator_predictions.LayerNorm.bias"]
		for d, v := range y {
			y[d] = (v-mean)/math.Sqrt(variance+1e-12)*float64(scale[d]) + float64(shift[d])
		}
		for id, want := range affine(head["word"], head["generator_lm_head.bias"], y) {
			if got := float64(trace.Logits[i*120+id]); math.Abs(got-want) > logitsLimit {
				t.Fatalf("logit of id %d at position %d is %v, expected %v", id, i, got, want)
			}
		}
	}
}

// affine is W·x + b in float64.
func affine(w, b []float32, x []float64) []float64 { // w [out][in], b [out], x [in]
	y := make([]float64, len(b))
	for i := range y {
		y[i] = float64(b[i])
		for j, v := range x {
			y[i] += float64(w[i*len(x)+j]) * v
		}
	}
	return y
}

func float64s(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

// TestElectraSameWidth shows that embeddings as wide as the layers have no projection.
func TestElectraSameWidth(t *testing.T) {
	params := rewritten(t, read(t, "bert", "model.safetensors"), func(x safetensors.Tensor) safetensors.Tensor {
		if strings.HasPrefix(x.Name, "pooler.") {
			x.Name = ""
		}
		return x
	})
	config := edited(t, "bert", map[string]any{"model_type": "electra", "embedding_size": 32})
	m := loadFiles(t, model.Files{Config: config, Params: params})
	if got, want := forward(t, m, inputs).Hidden[1], forward(t, load(t, "bert", "config.json"), inputs).Hidden[1]; !slices.Equal(got, want) {
		t.Error("an ELECTRA without a projection differs from the BERT with the same parameters")
	}
}
