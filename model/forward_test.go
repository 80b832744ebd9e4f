package model_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"sync"
	"testing"

	"github.com/rapt-go/rapt/internal/half"
	"github.com/rapt-go/rapt/internal/safetensors"
	"github.com/rapt-go/rapt/model"
)

// inputs are a short and a longer sequence that every tiny model takes.
var inputs = []model.Sequence{{IDs: []int{7, 99, 3, 12}}, {IDs: []int{5, 6, 100, 8, 9, 110, 11, 4, 2, 1}}}

// TestBatchSameBits shows that a sequence has the same result alone and beside others.
func TestBatchSameBits(t *testing.T) {
	m := load(t, "bert", "config.json")
	together := forward(t, m, inputs)
	for i := range inputs {
		alone := forward(t, m, inputs[i:i+1])
		if !slices.Equal(alone.Hidden[0], together.Hidden[i]) || !slices.Equal(alone.Pooled[0], together.Pooled[i]) {
			t.Errorf("sequence %d alone differs from the same in a batch", i)
		}
	}
	if out := forward(t, m, nil); len(out.Hidden) != 0 {
		t.Errorf("an empty batch has %d results", len(out.Hidden))
	}
}

func forward(t *testing.T, m *model.Model, batch []model.Sequence) *model.Output {
	t.Helper()
	out, err := m.Forward(context.Background(), batch, nil)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestStoredWidths shows that parameters in 16 bits give, to the bit, what the same values give in float32.
func TestStoredWidths(t *testing.T) {
	for _, test := range []struct {
		dtype safetensors.DType
		name  string
		round func(float32) uint16
		value func(uint16) float32
	}{
		{safetensors.F16, "float16", half.FloatToHalf, half.HalfToFloat},
		{safetensors.BF16, "bfloat16", func(f float32) uint16 { return uint16(math.Float32bits(f) >> 16) }, half.BFloat16ToFloat},
	} {
		t.Run(test.name, func(t *testing.T) {
			var narrow, wide model.Files
			narrow.Config, wide.Config = read(t, "electra", "config.json"), read(t, "electra", "config.json")
			narrow.Params = rewritten(t, read(t, "electra", "model.safetensors"), func(x safetensors.Tensor) safetensors.Tensor {
				values, err := x.Float32s()
				if err != nil {
					t.Fatal(err)
				}
				x.DType, x.Data = test.dtype, nil
				for _, v := range values {
					x.Data = binary.LittleEndian.AppendUint16(x.Data, test.round(v))
				}
				return x
			})
			wide.Params = rewritten(t, narrow.Params, func(x safetensors.Tensor) safetensors.Tensor {
				bits := x.Data
				x.DType, x.Data = safetensors.F32, nil
				for ; len(bits) > 0; bits = bits[2:] {
					v := test.value(binary.LittleEndian.Uint16(bits))
					x.Data = binary.LittleEndian.AppendUint32(x.Data, math.Float32bits(v))
				}
				return x
			})
			a, b := loadFiles(t, narrow), loadFiles(t, wide)
			if got := a.Info().ParamType; got != test.name {
				t.Errorf("ParamType is %q", got)
			}
			x, y := forward(t, a, inputs), forward(t, b, inputs)
			for i := range inputs {
				if !slices.Equal(x.Hidden[i], y.Hidden[i]) {
					t.Errorf("sequence %d differs", i)
				}
			}
		})
	}
}

func loadFiles(t *testing.T, f model.Files) *model.Model {
	t.Helper()
	m, err := model.Load(f)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestTaps checks the shape of every point, and that the points fit together: softmax(scores) is weights, and
// weights·v is z.
func TestTaps(t *testing.T) {
	m := load(t, "bert", "config.json")
	all := []model.Point{model.Embedding, model.Query, model.Key, model.Value, model.Scores, model.Weights, model.Z,
		model.AttentionOutput, model.MLPOutput, model.Residual}
	taps := map[model.Point]model.Tap{} // of layer 1 and sequence 1
	var order []model.Point
	_, err := m.Forward(context.Background(), inputs, &model.Taps{Points: all, Layers: []int{1}, Visit: func(tap model.Tap) {
		if tap.Seq != 1 {
			return
		}
		if wantLayer := map[bool]int{true: -1, false: 1}[tap.Point == model.Embedding]; tap.Layer != wantLayer {
			t.Errorf("%s has layer %d, expected %d", tap.Point, tap.Layer, wantLayer)
		}
		tap.Data = slices.Clone(tap.Data)
		taps[tap.Point] = tap
		order = append(order, tap.Point)
	}})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(order, all) {
		t.Errorf("the points came as %q, expected %q", order, all)
	}
	const n, heads, dim = 10, 4, 8
	for point, tap := range taps {
		want := []int{n, heads, dim}
		switch point {
		case model.Embedding, model.AttentionOutput, model.MLPOutput, model.Residual:
			want = []int{n, heads * dim}
		case model.Scores, model.Weights:
			want = []int{heads, n, n}
		}
		if !slices.Equal(tap.Shape, want) {
			t.Errorf("%s has shape %v, expected %v", point, tap.Shape, want)
		}
	}
	checkAttention(t, taps, n, heads, dim)
}

// checkAttention recomputes weights from the tapped scores, and z from the tapped weights and values.
func checkAttention(t *testing.T, taps map[model.Point]model.Tap, n, heads, dim int) {
	t.Helper()
	scores, weights := taps[model.Scores].Data, taps[model.Weights].Data
	v, z := taps[model.Value].Data, taps[model.Z].Data
	for row := range heads * n {
		h, i := row/n, row%n
		var sum float64
		for _, s := range scores[row*n : (row+1)*n] {
			sum += math.Exp(float64(s))
		}
		want := make([]float64, dim)
		for j := range n {
			w := math.Exp(float64(scores[row*n+j])) / sum
			if got := float64(weights[row*n+j]); math.Abs(got-w) > 1e-6 {
				t.Fatalf("head %d query %d key %d: weight %v, expected %v", h, i, j, got, w)
			}
			for d := range dim {
				want[d] += w * float64(v[(j*heads+h)*dim+d])
			}
		}
		for d := range dim {
			if got := float64(z[(i*heads+h)*dim+d]); math.Abs(got-want[d]) > 1e-5 {
				t.Fatalf("head %d query %d: z[%d] is %v, expected %v", h, i, d, got, want[d])
			}
		}
	}
}

func TestTapsErrors(t *testing.T) {
	m := load(t, "bert", "config.json")
	visit := func(model.Tap) { t.Error("visited") }
	for _, test := range []struct {
		name string
		taps model.Taps
		want []string
	}{
		{"no function", model.Taps{Points: []model.Point{model.Z}}, []string{"Visit"}},
		{"unknown point", model.Taps{Points: []model.Point{"zz"}, Visit: visit}, []string{`"zz"`, `"attention_output"`}},
		{"no such layer", model.Taps{Points: []model.Point{model.Z}, Layers: []int{3}, Visit: visit}, []string{"layer 3", "0 to 2"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := m.Forward(context.Background(), inputs, &test.taps)
			wantError(t, err, test.want...)
		})
	}
}

// TestTrace compares a trace with the taps and the output that it is made of.
func TestTrace(t *testing.T) {
	m := load(t, "bert_mlm", "config.json")
	trace, err := m.Trace(context.Background(), inputs[0], model.Want{Weights: true, Hidden: true, Logits: true})
	if err != nil {
		t.Fatal(err)
	}
	out := forward(t, m, inputs[:1])
	if !slices.Equal(trace.Hidden[2], out.Hidden[0]) || !slices.Equal(trace.Pooled, out.Pooled[0]) || len(trace.Hidden) != 3 {
		t.Error("hidden states or pooled output differ from Forward's")
	}
	logits, err := m.Logits(out.Hidden[0])
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(trace.Logits, logits) || len(logits) != 4*120 {
		t.Error("logits differ from those of the last hidden states")
	}
	last, err := m.Logits(out.Hidden[0][3*32:])
	if err != nil || !slices.Equal(last, logits[3*120:]) {
		t.Error("logits of the last token alone differ:", err)
	}
	a := trace.Attention
	for layer := range 2 {
		for head := range 4 {
			if got, want := a.Map(layer, head), a.Weights[(layer*4+head)*16:][:16]; !slices.Equal(got, want) {
				t.Errorf("map of layer %d head %d is %v, expected %v", layer, head, got, want)
			}
			for query := range 4 {
				if got, want := a.Row(layer, head, query), a.Map(layer, head)[query*4:][:4]; !slices.Equal(got, want) {
					t.Errorf("row %d of layer %d head %d is %v, expected %v", query, layer, head, got, want)
				}
			}
		}
	}
}

// A trace that takes another's memory is the same, and takes it away.
func TestTraceReuse(t *testing.T) {
	m := load(t, "bert", "config.json")
	trace := func(i int, reuse *model.Trace) *model.Trace {
		got, err := m.Trace(context.Background(), inputs[i], model.Want{Weights: true, Reuse: reuse})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	long, want := trace(1, nil), trace(0, nil)
	memory := &long.Attention.Weights[0]
	short := trace(0, long)
	if &short.Attention.Weights[0] != memory || long.Attention != nil {
		t.Error("the memory wasn't used, or is still there")
	}
	if !slices.Equal(short.Attention.Weights, want.Attention.Weights) {
		t.Error("the weights differ")
	}
	if again := trace(1, trace(0, nil)); len(again.Attention.Weights) != 3*4*10*10 {
		t.Errorf("there are %d weights", len(again.Attention.Weights))
	}
}

// TestTraceUnwanted shows what a trace leaves out, and that a model without a head has no logits.
func TestTraceUnwanted(t *testing.T) {
	m := load(t, "electra", "config.json")
	trace, err := m.Trace(context.Background(), inputs[0], model.Want{Logits: true})
	if err != nil {
		t.Fatal(err)
	}
	if trace.Attention != nil || trace.Hidden != nil || trace.Pooled != nil || trace.Logits != nil {
		t.Errorf("the trace has what wasn't wanted or isn't there: %+v", trace)
	}
	_, err = m.Logits(make([]float32, 32))
	wantError(t, err, "no head")
	_, err = load(t, "bert_mlm", "config.json").Logits(make([]float32, 33))
	wantError(t, err, "33", "32")
}

func TestEmbed(t *testing.T) {
	m := load(t, "bert", "config.json")
	embeddings, err := m.Embed(context.Background(), inputs)
	if err != nil {
		t.Fatal(err)
	}
	for s, hidden := range forward(t, m, inputs).Hidden {
		mean, length := make([]float64, 32), 0.0
		for i, v := range hidden {
			mean[i%32] += float64(v) / float64(len(inputs[s].IDs))
		}
		for _, v := range mean {
			length += v * v
		}
		for d, v := range embeddings[s] {
			if want := mean[d] / math.Sqrt(length); math.Abs(float64(v)-want) > 1e-6 {
				t.Fatalf("sequence %d: embedding[%d] is %v, expected %v", s, d, v, want)
			}
		}
	}
}

// TestCancel shows that a cancelled context ends a pass between two layers.
func TestCancel(t *testing.T) {
	m := load(t, "bert", "config.json")
	ctx, cancel := context.WithCancel(context.Background())
	last := -1
	_, err := m.Forward(ctx, inputs, &model.Taps{Points: []model.Point{model.Residual}, Visit: func(tap model.Tap) {
		last = tap.Layer
		cancel()
	}})
	if !errors.Is(err, context.Canceled) || last != 0 {
		t.Errorf("error %v after layer %d, expected %v after layer 0", err, last, context.Canceled)
	}
}

// TestConcurrent uses one model from many goroutines, as the race detector should see.
func TestConcurrent(t *testing.T) {
	m := load(t, "bert_mlm", "config.json")
	want := forward(t, m, inputs)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			out, err := m.Forward(context.Background(), inputs, nil)
			if err != nil || !slices.Equal(out.Hidden[1], want.Hidden[1]) {
				t.Error("a concurrent pass differs:", err)
			}
		})
	}
	wg.Wait()
}

// TestLoadInPlace shows that embeddings are used where they lie: a change of the caller's bytes changes the result.
func TestLoadInPlace(t *testing.T) {
	params := bytes.Clone(read(t, "bert", "model.safetensors"))
	m := loadFiles(t, model.Files{Config: read(t, "bert", "config.json"), Params: params})
	before := forward(t, m, inputs)
	file, err := safetensors.Parse(params)
	if err != nil {
		t.Fatal(err)
	}
	tensor, _ := file.Tensor("embeddings.word_embeddings.weight")
	clear(tensor.Data)
	if slices.Equal(before.Hidden[0], forward(t, m, inputs).Hidden[0]) {
		t.Error("the parameters were copied")
	}
}
