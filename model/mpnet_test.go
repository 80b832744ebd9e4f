package model_test

import (
	"context"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rapt-go/rapt/internal/safetensors"
	"github.com/rapt-go/rapt/model"
)

// TestMPNetMaskedLM gives MPNet a prefix and RoBERTa's head, with a matrix of its own: then both heads are the same.
func TestMPNetMaskedLM(t *testing.T) {
	mpnet, err := safetensors.Parse(read(t, "mpnet", "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	roberta, err := safetensors.Parse(read(t, "roberta", "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	var tensors []safetensors.Tensor
	for _, name := range mpnet.Names() {
		x, _ := mpnet.Tensor(name)
		x.Name = "mpnet." + name
		tensors = append(tensors, x)
	}
	for _, name := range roberta.Names() {
		x, _ := roberta.Tensor(name)
		if strings.HasSuffix(name, "word_embeddings.weight") {
			x.Name = "lm_head.decoder.weight"
		}
		if strings.HasPrefix(x.Name, "lm_head.") {
			tensors = append(tensors, x)
		}
	}
	m := loadFiles(t, model.Files{Config: read(t, "mpnet", "config.json"), Params: written(t, tensors)})
	testRun(t, m, openGolden(t, filepath.Join("testdata", "mpnet", "golden.safetensors")), "batch")
	hidden := forward(t, m, inputs[1:]).Hidden[0]
	got, err := m.Logits(hidden)
	if err != nil {
		t.Fatal(err)
	}
	want, err := load(t, "roberta", "config.json").Logits(hidden)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, want) {
		t.Error("the head of MPNet differs from that of RoBERTa with the same parameters")
	}
}

// Distances beyond 128 have the bias of 128. The scores that go into the softmax have it in them, whether heads are computed
// in pieces or all at once.
func TestMPNetFar(t *testing.T) {
	const far, heads, headDim = 300, 4, 8
	m := loadFiles(t, model.Files{
		Config: edited(t, "mpnet", map[string]any{"max_position_embeddings": far + 2}),
		Params: stretched(t, read(t, "mpnet", "model.safetensors"), "embeddings.position_embeddings.weight", far+2),
	})
	bias, _ := openGolden(t, filepath.Join("testdata", "mpnet", "model.safetensors")).floats("encoder.relative_attention_bias.weight")
	s := model.Sequence{IDs: make([]int, far)}
	for i := range s.IDs {
		s.IDs[i] = 3 + i*i%117
	}
	for _, threads := range []int{1, 3} {
		setThreads(t, threads)
		var q, k, weights []float32
		taps := &model.Taps{Points: []model.Point{model.Query, model.Key, model.Scores, model.Weights}, Layers: []int{1}}
		taps.Visit = func(tap model.Tap) {
			switch tap.Point {
			case model.Query:
				q = slices.Clone(tap.Data)
			case model.Key:
				k = slices.Clone(tap.Data)
			case model.Weights:
				weights = slices.Clone(tap.Data)
			case model.Scores:
				product := func(i, j, h int) (sum float64) {
					for d := range headDim {
						sum += float64(q[(i*heads+h)*headDim+d]) * float64(k[(j*heads+h)*headDim+d])
					}
					return sum / math.Sqrt(headDim)
				}
				for h := range heads {
					for _, edge := range []struct{ query, key, class int }{{0, 299, 31}, {0, 128, 31}, {0, 90, 30}, {0, 1, 17}, {7, 7, 0}, {299, 298, 1}, {299, 171, 15}, {299, 0, 15}} {
						got := float64(tap.Data[(h*far+edge.query)*far+edge.key])
						want := product(edge.query, edge.key, h) + float64(bias[edge.class*heads+h])
						if math.Abs(got-want) > 2e-5 {
							t.Errorf("%d threads: score of head %d, %d → %d is %v, expected %v", threads, h, edge.query, edge.key, got, want)
						}
					}
				}
			}
		}
		if _, err := m.Forward(context.Background(), []model.Sequence{s}, taps); err != nil {
			t.Fatal(err)
		}
		alone := forward(t, m, []model.Sequence{s}).Hidden[0]
		beside := forward(t, m, []model.Sequence{{IDs: []int{3, 4}}, s}).Hidden[1]
		if !slices.Equal(alone, beside) || len(weights) != heads*far*far {
			t.Errorf("%d threads: a sequence alone differs from the same beside another", threads)
		}
	}
}
