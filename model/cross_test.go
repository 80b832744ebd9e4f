package model_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rapt-go/rapt/model"
)

// likeliest is the id with the largest logit.
func likeliest(logits []float32) int {
	return slices.Index(logits, slices.Max(logits))
}

// Written one token after another, by several decoders at once, the tokens are those that transformers writes.
func TestGreedyT5(t *testing.T) {
	for _, name := range []string{"t5", "t5_v1_1"} {
		for _, config := range []string{"config.json", "config.v5.json"} {
			t.Run(name+"/"+config, func(t *testing.T) {
				m := load(t, name, config)
				g := openGolden(t, filepath.Join("testdata", name, "golden.safetensors"))
				batch, _ := g.sequences("batch")
				want, shape := g.ints("batch.generated_ids")
				states, err := m.Encode(context.Background(), batch)
				if err != nil {
					t.Fatal(err)
				}
				next := []model.Sequence{{IDs: []int{m.Info().DecoderStart}}, {IDs: []int{m.Info().DecoderStart}}}
				for i := range shape[1] {
					logits, err := m.Next(context.Background(), states, next, nil)
					if err != nil {
						t.Fatal(err)
					}
					for s := range next {
						next[s].IDs = []int{likeliest(logits[s])}
						if want := want[s*shape[1]+i]; next[s].IDs[0] != want {
							t.Fatalf("sequence %d: token %d is %d, expected %d", s, i, next[s].IDs[0], want)
						}
					}
				}
			})
		}
	}
}

// What a decoder's state gives in parts of any length is what Forward gives of the whole, and taps show the same.
func TestExtendT5(t *testing.T) {
	const limit = 1e-5
	m := load(t, "t5_v1_1", "config.json")
	info := m.Info()
	s := model.Sequence{IDs: []int{9, 8, 7, 6, 5, 11}}
	for i := range 30 {
		s.DecoderIDs = append(s.DecoderIDs, i*i%120)
	}
	points := []model.Point{model.Embedding, model.Query, model.Weights, model.AttentionOutput, model.CrossQuery, model.CrossKey,
		model.CrossValue, model.CrossScores, model.CrossWeights, model.CrossZ, model.CrossOutput, model.MLPOutput, model.Residual}
	type place struct {
		point model.Point
		layer int
	}
	whole := map[place]model.Tap{}
	out, err := m.Forward(context.Background(), []model.Sequence{s}, &model.Taps{Points: points, Visit: func(tap model.Tap) {
		if tap.Decoder {
			tap.Data = slices.Clone(tap.Data)
			whole[place{tap.Point, tap.Layer}] = tap
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []int{1, 7, 30} {
		t.Run(fmt.Sprintf("part=%d", part), func(t *testing.T) {
			other := model.Sequence{IDs: []int{3, 4, 5, 6, 7, 8, 9, 10, 11}}
			states, err := m.Encode(context.Background(), []model.Sequence{other, {IDs: s.IDs}})
			if err != nil {
				t.Fatal(err)
			}
			diff := &worst{t, "taps", limit, 0}
			for first := 0; first < 30; first += part {
				last, seen := min(first+part, 30), 0
				taps := &model.Taps{Points: points, Visit: func(tap model.Tap) {
					if tap.Seq == 0 {
						return
					}
					seen++
					if !tap.Decoder {
						t.Errorf("the tap %s isn't in the decoder", tap.Point)
					}
					want := whole[place{tap.Point, tap.Layer}]
					diff.compare(fmt.Sprintf("%s of layer %d", tap.Point, tap.Layer), tap.Data, newPart(want, first, last))
				}}
				got, err := m.Extend(context.Background(), states, []model.Sequence{{IDs: []int{7}}, {IDs: s.DecoderIDs[first:last]}}, taps)
				if err != nil {
					t.Fatal(err)
				}
				if want := 1 + 12*info.NumDecoderLayers; seen != want {
					t.Errorf("%d taps were visited, expected %d", seen, want)
				}
				diff.compare("hidden", got.Hidden[1], out.DecoderHidden[0][first*info.ModelDim:last*info.ModelDim])
			}
		})
	}
}

// newPart is what a tap has of the tokens from first to last−1 when it is shown only those.
func newPart(tap model.Tap, first, last int) (part []float32) {
	switch tap.Point {
	case model.CrossKey, model.CrossValue:
		return tap.Data
	case model.Weights, model.CrossScores, model.CrossWeights: // [head][query][key]
		heads, queries, keys := tap.Shape[0], tap.Shape[1], tap.Shape[2]
		columns := keys
		if tap.Point == model.Weights {
			columns = last
		}
		for h := range heads {
			for i := first; i < last; i++ {
				part = append(part, tap.Data[(h*queries+i)*keys:][:columns]...)
			}
		}
		return part
	}
	width := len(tap.Data) / tap.Shape[0]
	return tap.Data[first*width : last*width]
}

func TestEncodeErrors(t *testing.T) {
	t5, bert := load(t, "t5", "config.json"), load(t, "bert", "config.json")
	ctx := context.Background()
	_, err := bert.Encode(ctx, inputs)
	wantError(t, err, "bert has no decoder")
	_, err = t5.Encode(ctx, []model.Sequence{{IDs: []int{5}, DecoderIDs: []int{0}}})
	wantError(t, err, "they come after Encode")
	_, err = t5.Encode(ctx, []model.Sequence{{IDs: []int{120}}})
	wantError(t, err, "id 120 at position 0")
	_, err = t5.NewState()
	wantError(t, err, "t5", "Encode makes its states")
	states, err := t5.Encode(ctx, inputs)
	if err != nil {
		t.Fatal(err)
	}
	_, err = t5.Extend(ctx, states[:1], []model.Sequence{{IDs: []int{5}, DecoderIDs: []int{0}}}, nil)
	wantError(t, err, "new tokens are IDs here")
	_, err = load(t, "t5", "config.json").Extend(ctx, states[:1], inputs[:1], nil)
	wantError(t, err, "state 0 isn't one of this model")
	if states, err := t5.Encode(ctx, nil); err != nil || len(states) != 0 {
		t.Errorf("an empty batch has %d states and error %v", len(states), err)
	}
}

// Generate reads prompts with the encoder and writes what transformers writes, alone and side by side; with ids for the
// decoder it goes on with these.
func TestGenerateT5(t *testing.T) {
	for _, name := range []string{"t5", "t5_v1_1"} {
		t.Run(name, func(t *testing.T) {
			m := load(t, name, "config.json")
			g := openGolden(t, filepath.Join("testdata", name, "golden.safetensors"))
			prompts, _ := g.sequences("batch")
			want, shape := g.ints("batch.generated_ids")
			n := shape[1]
			for s, got := range generate(t, m, prompts, &model.GenerateOptions{MaxTokens: n}) {
				if !slices.Equal(got.IDs, want[s*n:(s+1)*n]) {
					t.Errorf("sequence %d: %v, expected %v", s, got.IDs, want[s*n:(s+1)*n])
				}
				if alone := generate(t, m, prompts[s:s+1], &model.GenerateOptions{MaxTokens: n}); !slices.Equal(alone[0].IDs, got.IDs) {
					t.Errorf("sequence %d alone: %v", s, alone[0].IDs)
				}
			}
			for s := range prompts {
				prompts[s].DecoderIDs = slices.Concat([]int{0}, want[s*n:][:5])
			}
			for s, got := range generate(t, m, prompts, &model.GenerateOptions{MaxTokens: n - 5}) {
				if !slices.Equal(got.IDs, want[s*n+5:(s+1)*n]) {
					t.Errorf("sequence %d goes on with %v, expected %v", s, got.IDs, want[s*n+5:(s+1)*n])
				}
			}
			wantError(t, m.CheckGenerate(prompts, nil), "number of new tokens is 0")
		})
	}
}

// What a new token looks at, among the decoder's tokens and the encoder's, is the largest of the weights that Trace has.
func TestGenerateLookT5(t *testing.T) {
	m := load(t, "t5_v1_1", "config.json")
	prompt := model.Sequence{IDs: []int{5, 9, 40, 41, 60, 2, 1}}
	written := []int{m.Info().DecoderStart}
	for token, err := range m.Generate(context.Background(), []model.Sequence{prompt}, &model.GenerateOptions{MaxTokens: 20, TopKeys: 4}) {
		if err != nil {
			t.Fatal(err)
		}
		prompt.DecoderIDs = written
		trace, err := m.Trace(context.Background(), prompt, model.Want{Weights: true})
		if err != nil {
			t.Fatal(err)
		}
		if token.Look.Query != len(written)-1 {
			t.Fatalf("position %d looks, expected %d", token.Look.Query, len(written)-1)
		}
		checkLook(t, token.Look, trace.DecoderAttention, 4)
		checkLook(t, token.Look.Encoder, trace.CrossAttention, 4)
		written = append(written, token.ID)
	}
}
