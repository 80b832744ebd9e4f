package minilm_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/rapt-go/rapt/internal/safetensors"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/minilm"
)

// A text is what the original computes for one text.
type text struct {
	name      string
	input     model.Sequence
	attention []float32 // [layer][head][query][key]
	hidden    []float32 // [layer+1][seq][dim]
	embedding []float32 // [dim]
}

func texts(t *testing.T) []text {
	t.Helper()
	file, err := safetensors.Open("testdata/golden.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	ints := func(name string) (list []int) {
		tensor, _ := file.Tensor(name)
		values, err := tensor.Int64s()
		if err != nil {
			t.Fatal(name, err)
		}
		for _, v := range values {
			list = append(list, int(v))
		}
		return list
	}
	floats := func(name string) []float32 {
		tensor, _ := file.Tensor(name)
		values, err := tensor.Float32s()
		if err != nil {
			t.Fatal(name, err)
		}
		return values
	}
	var list []text
	for _, name := range []string{"word", "cat", "accents", "pair"} {
		list = append(list, text{
			name:      name,
			input:     model.Sequence{IDs: ints(name + ".input_ids"), TypeIDs: ints(name + ".token_type_ids")},
			attention: floats(name + ".attentions"),
			hidden:    floats(name + ".hidden_states"),
			embedding: floats(name + ".embedding"),
		})
	}
	return list
}

// limits are how far a result may be from the float32 original.
type limits struct{ attention, hidden, embedding float64 }

// TestEmbedded compares the model in the program with the float32 original. What differs is the rounding of the
// parameters to float16. Over the eight texts from which testdata is taken it was measured as 0.0013 in attention (the
// longest text; 0.0008 in these four), 0.0035 in the hidden states and 0.00022 in the embedding.
func TestEmbedded(t *testing.T) {
	m, err := minilm.Load()
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	testModel(t, m, limits{attention: 0.0015, hidden: 0.005, embedding: 0.0003})
}

// TestOriginal runs the original.
func TestOriginal(t *testing.T) {
	dir := os.Getenv("RAPT_MINILM")
	if dir == "" {
		t.Skip("set RAPT_MINILM to the directory of the original all-MiniLM-L6-v2 to run this")
	}
	m, err := model.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	testModel(t, m, limits{attention: 2e-5, hidden: 2e-5, embedding: 2e-6})
}

func testModel(t *testing.T, m *model.Model, limit limits) {
	ctx := context.Background()
	for _, text := range texts(t) {
		t.Run(text.name, func(t *testing.T) {
			trace, err := m.Trace(ctx, text.input, model.Want{Weights: true, Hidden: true})
			if err != nil {
				t.Fatal(err)
			}
			var hidden []float32
			for _, h := range trace.Hidden {
				hidden = append(hidden, h...)
			}
			embeddings, err := m.Embed(ctx, []model.Sequence{text.input})
			if err != nil {
				t.Fatal(err)
			}
			compare(t, "attention", trace.Attention.Weights, text.attention, limit.attention)
			compare(t, "hidden states", hidden, text.hidden, limit.hidden)
			compare(t, "embedding", embeddings[0], text.embedding, limit.embedding)
		})
	}
}

func compare(t *testing.T, what string, got, want []float32, limit float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers, expected %d", what, len(got), len(want))
	}
	var worst float64
	for i := range got {
		d := math.Abs(float64(got[i]) - float64(want[i]))
		if !(d <= limit) {
			t.Fatalf("%s[%d] is %v, expected %v within %v", what, i, got[i], want[i], limit)
		}
		worst = max(worst, d)
	}
	t.Logf("%s: within %.2g", what, worst)
}

func TestInfo(t *testing.T) {
	m, err := minilm.Load()
	if err != nil {
		t.Fatal(err)
	}
	want := model.Info{
		Name: "all-MiniLM-L6-v2", Family: "bert",
		NumLayers: 6, NumHeads: 12, NumKVHeads: 12, HeadDim: 32, ModelDim: 384, MLPDim: 1536,
		VocabSize: 30522, MaxSeqLen: 512, NumTypes: 2,
		NumParams: 22565376, ParamType: "float16", ParamBytes: 45142160,
	}
	if info := m.Info(); info != want {
		t.Errorf("Info is %+v, expected %+v", info, want)
	}
}

// It embeds as the original does: the mean, scaled to length 1, of at most 256 tokens.
func TestEmbeddingInfo(t *testing.T) {
	m, err := minilm.Load()
	if err != nil {
		t.Fatal(err)
	}
	e, err := m.EmbeddingInfo()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(e.Pooling, []model.Pooling{model.PoolMean}) || !e.Normalize || e.MaxSeqLen != 256 || e.Dim != 384 {
		t.Errorf("EmbeddingInfo is %+v", e)
	}
}

func BenchmarkForward(b *testing.B) {
	m, err := minilm.Load()
	if err != nil {
		b.Fatal(err)
	}
	for _, n := range []int{9, 128, 512} {
		b.Run(fmt.Sprintf("tokens=%d", n), func(b *testing.B) {
			ids := make([]int, n)
			for i := range ids {
				ids[i] = 1000 + 37*i
			}
			for b.Loop() {
				if _, err := m.Forward(context.Background(), []model.Sequence{{IDs: ids}}, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
