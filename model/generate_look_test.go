package model_test

import (
	"context"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rapt-go/rapt/model"
)

// What a token looks at is the row of all weights, for windows, sinks, caps and shared keys alike.
func TestGenerateLook(t *testing.T) {
	for _, name := range append([]string{"stories260K"}, decoders...) {
		t.Run(name, func(t *testing.T) {
			m := openWith(t, name, "config.json")
			prompt := model.Sequence{IDs: []int{1, 40, 7, 30, 12, 61, 7, 30, 9, 50, 33, 21, 18}}
			const tokens, keys = 20, 5
			var looks []*model.Look
			whole := slices.Clone(prompt.IDs)
			for token, err := range m.Generate(context.Background(), []model.Sequence{prompt}, &model.GenerateOptions{MaxTokens: tokens, TopKeys: keys, Ends: []int{}}) {
				if err != nil {
					t.Fatal(err)
				}
				looks, whole = append(looks, token.Look), append(whole, token.ID)
			}
			trace, err := m.Trace(context.Background(), model.Sequence{IDs: whole}, model.Want{Weights: true})
			if err != nil {
				t.Fatal(err)
			}
			for i, look := range looks {
				if want := len(prompt.IDs) + i - 1; look.Query != want {
					t.Fatalf("token %d is of query %d, expected %d", i, look.Query, want)
				}
				checkLook(t, look, trace.Attention, keys)
			}
		})
	}
}

func checkLook(t *testing.T, look *model.Look, a *model.Attention, keys int) {
	t.Helper()
	const limit = 1e-5
	for l := range a.NumLayers {
		for h := range a.NumHeads {
			row := a.Row(l, h, look.Query)
			gotKeys, gotWeights, entropy := look.Head(l, h)
			var want float64
			visible := 0
			for _, w := range row {
				if w > 0 {
					want -= float64(w) * math.Log(float64(w))
					visible++
				}
			}
			if math.Abs(float64(entropy)-want) > limit {
				t.Fatalf("layer %d head %d query %d has entropy %v, expected %v", l, h, look.Query, entropy, want)
			}
			if len(gotKeys) != min(keys, visible) {
				t.Fatalf("layer %d head %d query %d has %d keys, expected %d", l, h, look.Query, len(gotKeys), min(keys, visible))
			}
			sorted := slices.Sorted(slices.Values(row))
			for i, key := range gotKeys {
				w := sorted[len(sorted)-1-i]
				if math.Abs(float64(gotWeights[i]-w)) > limit || math.Abs(float64(gotWeights[i]-row[key])) > limit {
					t.Fatalf("layer %d head %d query %d: key %d, the %dth, has weight %v, expected %v, the key's own is %v",
						l, h, look.Query, key, i, gotWeights[i], w, row[key])
				}
			}
		}
	}
}

// A prompt that is longer than what is run at once, beside a short one, has the look of its last token.
func TestGenerateLookLongPrompt(t *testing.T) {
	dir := copyModel(t, "mistral")
	setConfig(t, filepath.Join(dir, "config.json"), "max_position_embeddings", `2048`)
	m, err := model.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	prompts := []model.Sequence{sequenceOf(700), sequenceOf(20), sequenceOf(650)}
	o := &model.GenerateOptions{MaxTokens: 1, TopKeys: 3}
	for token, err := range m.Generate(context.Background(), prompts, o) {
		if err != nil {
			t.Fatal(err)
		}
		prompt := prompts[token.Seq]
		if want := len(prompt.IDs) - 1; token.Look.Query != want {
			t.Fatalf("sequence %d: query %d, expected %d", token.Seq, token.Look.Query, want)
		}
		trace, err := m.Trace(context.Background(), prompt, model.Want{Weights: true})
		if err != nil {
			t.Fatal(err)
		}
		checkLook(t, token.Look, trace.Attention, 3)
	}
}
