package model_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rapt-go/rapt/internal/safetensors"
	"github.com/rapt-go/rapt/model"
)

// t5Sequences are the inputs of a run, for encoder and decoder.
func (g golden) t5Sequences(run string) []model.Sequence {
	g.t.Helper()
	batch, _ := g.sequences(run)
	ids, shape := g.ints(run + ".decoder_input_ids")
	for s := range batch {
		batch[s].DecoderIDs = ids[s*shape[1] : (s+1)*shape[1]]
	}
	return batch
}

// cut is the part [rows][columns] of every one of n maps in a golden tensor [outer][batch][n][…][…], of sequence s.
func (g golden) cut(name string, outer, s, rows, columns int) []float32 {
	g.t.Helper()
	data, shape := g.floats(name)
	width, n := shape[len(shape)-1], 1
	height := shape[len(shape)-2]
	if len(shape) == 5 {
		n = shape[2]
	}
	var part []float32
	for m := range n {
		for i := range rows {
			at := (((outer*shape[1]+s)*n+m)*height + i) * width
			part = append(part, data[at:at+columns]...)
		}
	}
	return part
}

// TestGoldenT5 runs both kinds of T5 from either spelling of their configurations: encoder, decoder, what lies between them,
// and the head.
func TestGoldenT5(t *testing.T) {
	for _, name := range []string{"t5", "t5_v1_1"} {
		for _, config := range []string{"config.json", "config.v5.json"} {
			m := load(t, name, config)
			g := openGolden(t, filepath.Join("testdata", name, "golden.safetensors"))
			for _, run := range []string{"single", "batch"} {
				t.Run(fmt.Sprintf("%s/%s/%s", name, config, run), func(t *testing.T) { testT5Run(t, m, g, run) })
			}
		}
	}
}

func testT5Run(t *testing.T, m *model.Model, g golden, run string) {
	info, batch := m.Info(), g.t5Sequences(run)
	attention, hidden := &worst{t, "weights", attentionLimit, 0}, &worst{t, "hidden", hiddenLimit, 0}
	taps := &model.Taps{Points: []model.Point{model.Embedding, model.Residual, model.Weights, model.CrossWeights}}
	seen := 0
	taps.Visit = func(tap model.Tap) {
		seen++
		n, layers, stack := len(batch[tap.Seq].IDs), info.NumLayers, "encoder"
		keys := n
		if tap.Decoder {
			n, layers, stack = len(batch[tap.Seq].DecoderIDs), info.NumDecoderLayers, "decoder"
			keys = n
		}
		where := fmt.Sprintf("%s layer %d seq %d", stack, tap.Layer, tap.Seq)
		switch {
		case tap.Point == model.CrossWeights:
			attention.compare("cross "+where, tap.Data, g.cut(run+".cross_attentions", tap.Layer, tap.Seq, n, len(batch[tap.Seq].IDs)))
		case tap.Point == model.Weights:
			attention.compare(where, tap.Data, g.cut(run+"."+stack+"_attentions", tap.Layer, tap.Seq, n, keys))
		case tap.Layer < layers-1: // the last is golden after the norm alone
			hidden.compare(where, tap.Data, g.cut(run+"."+stack+"_hidden_states", tap.Layer+1, tap.Seq, n, info.ModelDim))
		}
	}
	out, err := m.Forward(context.Background(), batch, taps)
	if err != nil {
		t.Fatal(err)
	}
	if want := len(batch) * (2 + 2*info.NumLayers + 3*info.NumDecoderLayers); seen != want {
		t.Errorf("%d taps were visited, expected %d", seen, want)
	}
	logits := &worst{t, "logits", logitsLimit, 0}
	for s := range batch {
		hidden.compare("last of the encoder", out.Hidden[s], g.cut(run+".encoder_hidden_states", info.NumLayers, s, len(batch[s].IDs), info.ModelDim))
		n := len(batch[s].DecoderIDs)
		hidden.compare("last of the decoder", out.DecoderHidden[s], g.cut(run+".decoder_hidden_states", info.NumDecoderLayers, s, n, info.ModelDim))
		got, err := m.Logits(out.DecoderHidden[s])
		if err != nil {
			t.Fatal(err)
		}
		want, _ := g.floats(run + ".logits")
		logits.compare(fmt.Sprintf("seq %d", s), got, want[s*n*info.VocabSize:(s+1)*n*info.VocabSize])
	}
	t.Logf("largest difference: attention %.1e, hidden %.1e, logits %.1e", attention.diff, hidden.diff, logits.diff)
}

// A trace has what the taps show, and hidden states as transformers gives them.
func TestTraceT5(t *testing.T) {
	m := load(t, "t5", "config.json")
	g := openGolden(t, filepath.Join("testdata", "t5", "golden.safetensors"))
	s := g.t5Sequences("single")[0]
	trace, err := m.Trace(context.Background(), s, model.Want{Weights: true, Hidden: true, Logits: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name  string
		got   *model.Attention
		shape [2]int
	}{
		{"encoder", trace.Attention, [2]int{9, 9}},
		{"decoder", trace.DecoderAttention, [2]int{8, 8}},
		{"cross", trace.CrossAttention, [2]int{8, 9}},
	} {
		want, _ := g.floats("single." + test.name + "_attentions")
		if a := test.got; a.NumLayers != 2 || a.NumHeads != 4 || a.QueryLen != test.shape[0] || a.KeyLen != test.shape[1] {
			t.Errorf("%s attention has %d layers, %d heads, %d × %d", test.name, a.NumLayers, a.NumHeads, a.QueryLen, a.KeyLen)
		}
		(&worst{t, test.name, attentionLimit, 0}).compare("", test.got.Weights, want)
	}
	hidden := &worst{t, "hidden", hiddenLimit, 0}
	want, _ := g.floats("single.encoder_hidden_states")
	hidden.compare("of the encoder", slices.Concat(trace.Hidden...), want)
	want, _ = g.floats("single.decoder_hidden_states")
	hidden.compare("of the decoder", slices.Concat(trace.DecoderHidden...), want)
	want, _ = g.floats("single.logits")
	(&worst{t, "logits", logitsLimit, 0}).compare("", trace.Logits, want)

	s.DecoderIDs = nil
	alone, err := m.Trace(context.Background(), s, model.Want{Weights: true, Hidden: true, Logits: true})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(alone.Attention.Weights, trace.Attention.Weights) || !slices.Equal(alone.Hidden[2], trace.Hidden[2]) {
		t.Error("the encoder alone differs from the encoder beside the decoder")
	}
	if alone.DecoderAttention != nil || alone.CrossAttention != nil || alone.DecoderHidden != nil || alone.Logits != nil {
		t.Error("without ids for the decoder the trace has something of it")
	}
}

// In a long batch, which is divided into parts, a sequence has the same bits as alone.
func TestBatchT5(t *testing.T) {
	m := load(t, "t5_v1_1", "config.json")
	batch := manySequences(600)
	for i := range batch {
		for j := range 1 + i%7 {
			batch[i].DecoderIDs = append(batch[i].DecoderIDs, (i*j*j+3*j)%120)
		}
	}
	for _, threads := range []int{1, 3} {
		setThreads(t, threads)
		all := forward(t, m, batch)
		for i := range batch {
			alone := forward(t, m, batch[i:i+1])
			if !slices.Equal(all.Hidden[i], alone.Hidden[0]) || !slices.Equal(all.DecoderHidden[i], alone.DecoderHidden[0]) {
				t.Fatalf("%d threads: sequence %d differs from the same alone", threads, i)
			}
		}
	}
}

// Weights in the decoder are the softmax of the scores shown, of cross-attention q·k without scale or bias.
func TestCrossTaps(t *testing.T) {
	m := load(t, "t5", "config.json")
	const heads, headDim = 4, 8
	points := []model.Point{model.CrossQuery, model.CrossKey, model.CrossValue, model.CrossScores, model.CrossWeights, model.CrossZ, model.CrossOutput, model.MLPOutput}
	s := model.Sequence{IDs: []int{9, 8, 7, 6, 5}, DecoderIDs: []int{0, 4, 99}}
	at := map[model.Point]model.Tap{}
	taps := &model.Taps{Points: points, Layers: []int{1}, Visit: func(tap model.Tap) {
		if tap.Decoder && tap.Seq == 1 {
			tap.Data = slices.Clone(tap.Data)
			at[tap.Point] = tap
		}
	}}
	if _, err := m.Forward(context.Background(), []model.Sequence{{IDs: []int{3, 4}, DecoderIDs: []int{0}}, s}, taps); err != nil {
		t.Fatal(err)
	}
	for point, want := range map[model.Point][]int{
		model.CrossQuery: {3, heads, headDim}, model.CrossKey: {5, heads, headDim}, model.CrossValue: {5, heads, headDim},
		model.CrossScores: {heads, 3, 5}, model.CrossWeights: {heads, 3, 5}, model.CrossZ: {3, heads, headDim},
		model.CrossOutput: {3, 32}, model.MLPOutput: {3, 32},
	} {
		if got := at[point].Shape; !slices.Equal(got, want) {
			t.Errorf("%s has shape %v, expected %v", point, got, want)
		}
	}
	q, k, v := at[model.CrossQuery].Data, at[model.CrossKey].Data, at[model.CrossValue].Data
	for h := range heads {
		for i := range 3 {
			var sum float64
			scores := make([]float64, 5)
			z := make([]float64, headDim)
			for j := range 5 {
				for d := range headDim {
					scores[j] += float64(q[(i*heads+h)*headDim+d]) * float64(k[(j*heads+h)*headDim+d])
				}
				if got := float64(at[model.CrossScores].Data[(h*3+i)*5+j]); math.Abs(got-scores[j]) > 1e-5 {
					t.Errorf("score of head %d, %d → %d is %v, expected %v", h, i, j, got, scores[j])
				}
				sum += math.Exp(scores[j])
			}
			for j := range 5 {
				weight := math.Exp(scores[j]) / sum
				if got := float64(at[model.CrossWeights].Data[(h*3+i)*5+j]); math.Abs(got-weight) > 1e-5 {
					t.Errorf("weight of head %d, %d → %d is %v, expected %v", h, i, j, got, weight)
				}
				for d := range headDim {
					z[d] += weight * float64(v[(j*heads+h)*headDim+d])
				}
			}
			for d, want := range z {
				if got := float64(at[model.CrossZ].Data[(i*heads+h)*headDim+d]); math.Abs(got-want) > 1e-5 {
					t.Errorf("z[%d] of head %d, query %d is %v, expected %v", d, h, i, got, want)
				}
			}
		}
	}
}

// mT5 is T5 1.1 by another name: gated unless it says otherwise, and never with a factor before the head.
func TestMT5(t *testing.T) {
	g := openGolden(t, filepath.Join("testdata", "t5_v1_1", "golden.safetensors"))
	for _, tied := range []any{true, false, remove} {
		m := loadFiles(t, model.Files{Params: read(t, "t5_v1_1", "model.safetensors"),
			Config: edited(t, "t5_v1_1", map[string]any{"model_type": "mt5", "feed_forward_proj": remove, "tie_word_embeddings": tied})})
		testT5Run(t, m, g, "single")
	}
}

// An encoder without a decoder, as sentence embeddings are made of, gives what it gives beside one.
func TestT5Encoder(t *testing.T) {
	encoder := renamed(t, read(t, "t5", "model.safetensors"), func(name string) string {
		if strings.HasPrefix(name, "decoder.") {
			return ""
		}
		if name == "shared.weight" {
			return "encoder.embed_tokens.weight"
		}
		return name
	})
	m := loadFiles(t, model.Files{Config: read(t, "t5", "config.json"), Params: encoder})
	if info := m.Info(); info.HasHead || info.NumDecoderLayers != 0 || info.MaxSeqLen != model.AnyLen {
		t.Errorf("Info is %+v", info)
	}
	if !slices.Equal(forward(t, m, inputs).Hidden[1], forward(t, load(t, "t5", "config.json"), inputs).Hidden[1]) {
		t.Error("the encoder alone differs from that of the whole model")
	}
	_, err := m.Forward(context.Background(), []model.Sequence{{IDs: []int{1}, DecoderIDs: []int{0}}}, nil)
	wantError(t, err, "ids for a decoder", "the model has none")
}

// Heads whose widths together aren't the model's, and more tokens than the configuration has positions for.
func TestT5OtherWidths(t *testing.T) {
	const heads = 2 // of the 4, so that d_kv · heads is half of d_model
	params := rewritten(t, read(t, "t5", "model.safetensors"), func(x safetensors.Tensor) safetensors.Tensor {
		last := x.Name[strings.LastIndex(strings.TrimSuffix(x.Name, ".weight"), ".")+1:]
		values, err := x.Float32s()
		if err != nil {
			t.Fatal(err)
		}
		switch last {
		case "q.weight", "k.weight", "v.weight":
			return tensorOf(x.Name, values[:heads*8*32], heads*8, 32)
		case "o.weight":
			return tensorOf(x.Name, columns(values, 32, heads*8), 32, heads*8)
		case "relative_attention_bias.weight":
			return tensorOf(x.Name, columns(values, 4, heads), 8, heads)
		}
		return x
	})
	m := loadFiles(t, model.Files{Config: edited(t, "t5", map[string]any{"num_heads": heads, "n_positions": 8}), Params: params})
	s := model.Sequence{IDs: []int{5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, DecoderIDs: []int{0, 3, 7}}
	trace, err := m.Trace(context.Background(), s, model.Want{Weights: true})
	if err != nil {
		t.Fatal(err)
	}
	whole, err := load(t, "t5", "config.json").Trace(context.Background(), s, model.Want{Weights: true})
	if err != nil {
		t.Fatal(err)
	}
	// What enters the first layer is the same, so these heads look at the same.
	for h := range heads {
		if !slices.Equal(trace.Attention.Map(0, h), whole.Attention.Map(0, h)) {
			t.Errorf("head %d of layer 0 differs from the same head beside others", h)
		}
	}
}

// columns are the first n columns of rows that have so many.
func columns(values []float32, width, n int) (part []float32) {
	for ; len(values) > 0; values = values[width:] {
		part = append(part, values[:n]...)
	}
	return part
}

// tensorOf is a tensor of float32.
func tensorOf(name string, values []float32, shape ...int) safetensors.Tensor {
	x := safetensors.Tensor{Name: name, DType: safetensors.F32, Shape: shape}
	for _, v := range values {
		x.Data = binary.LittleEndian.AppendUint32(x.Data, math.Float32bits(v))
	}
	return x
}
