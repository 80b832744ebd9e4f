package model_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rapt-go/rapt/internal/safetensors"
	"github.com/rapt-go/rapt/model"
)

// renamed is a file of parameters with all names changed; an empty one takes the tensor out.
func renamed(t *testing.T, data []byte, rename func(string) string) []byte {
	t.Helper()
	return rewritten(t, data, func(x safetensors.Tensor) safetensors.Tensor {
		x.Name = rename(x.Name)
		return x
	})
}

// The three families that share RoBERTa's network give the same, with the prefix of their names and without.
func TestRoBERTaFamilies(t *testing.T) {
	g := openGolden(t, filepath.Join("testdata", "roberta", "golden.safetensors"))
	params := read(t, "roberta", "model.safetensors")
	bare := renamed(t, params, func(name string) string { return strings.TrimPrefix(name, "roberta.") })
	for _, family := range []string{"roberta", "xlm-roberta", "camembert"} {
		for prefix, params := range map[string][]byte{"with": params, "without": bare} {
			t.Run(fmt.Sprintf("%s/%s prefix", family, prefix), func(t *testing.T) {
				m := loadFiles(t, model.Files{Config: edited(t, "roberta", map[string]any{"model_type": family}), Params: params})
				if info := m.Info(); info.Family != family || info.MaxSeqLen != 40 || !info.HasHead || info.HasPooler {
					t.Errorf("Info is %+v", info)
				}
				testRun(t, m, g, "batch")
			})
		}
	}
}

// stretched is a file of parameters with one tensor whose rows are repeated up to so many.
func stretched(t *testing.T, data []byte, name string, rows int) []byte {
	t.Helper()
	return rewritten(t, data, func(x safetensors.Tensor) safetensors.Tensor {
		if x.Name == name {
			size := len(x.Data) / x.Shape[0] * rows
			data := slices.Clone(x.Data)
			for len(data) < size {
				data = append(data, x.Data...)
			}
			x.Data, x.Shape = data[:size], []int{rows, x.Shape[1]}
		}
		return x
	})
}

// written is a file of parameters.
func written(t *testing.T, tensors []safetensors.Tensor) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := safetensors.Write(&b, tensors, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Padding among the ids has the position of padding, and the tokens behind it count on as if it weren't there.
func TestPaddingPositions(t *testing.T) {
	const dim, padding = 32, 1
	ids := []int{0, 5, padding, padding, 6, 7, 0, 5, padding, 8, 9, 10, 11, 12, 13, 14, 15, padding, 16, 17, 18, 2}
	positions := []int{2, 3, 1, 1, 4, 5, 6, 7, 1, 8, 9, 10, 11, 12, 13, 14, 15, 1, 16, 17, 18, 19}
	for name, prefix := range map[string]string{"roberta": "roberta.", "mpnet": ""} {
		t.Run(name, func(t *testing.T) {
			file := openGolden(t, filepath.Join("testdata", name, "model.safetensors"))
			vector := func(name string, row int) []float32 {
				data, _ := file.floats(prefix + "embeddings." + name)
				return data[row*dim : (row+1)*dim]
			}
			var want []float32
			for i, id := range ids {
				x, square, mean := make([]float64, dim), 0.0, 0.0
				for d := range x {
					x[d] = float64(vector("word_embeddings.weight", id)[d]) + float64(vector("position_embeddings.weight", positions[i])[d])
					if name == "roberta" {
						x[d] += float64(vector("token_type_embeddings.weight", 0)[d])
					}
					mean += x[d] / dim
				}
				for _, v := range x {
					square += (v - mean) * (v - mean) / dim
				}
				for d, v := range x {
					scale, shift := vector("LayerNorm.weight", 0)[d], vector("LayerNorm.bias", 0)[d]
					want = append(want, float32((v-mean)/math.Sqrt(square+1e-5)*float64(scale)+float64(shift)))
				}
			}
			got := &worst{t, "embedding", hiddenLimit, 0}
			taps := &model.Taps{Points: []model.Point{model.Embedding}, Visit: func(tap model.Tap) {
				if tap.Seq == 1 {
					got.compare("", tap.Data, want)
				}
			}}
			batch := []model.Sequence{{IDs: []int{0, 4, 2}}, {IDs: ids}}
			if _, err := load(t, name, "config.json").Forward(context.Background(), batch, taps); err != nil {
				t.Fatal(err)
			}
		})
	}
}
