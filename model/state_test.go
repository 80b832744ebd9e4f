package model_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rapt-go/rapt/model"
)

// states are new states of a model.
func states(t testing.TB, m *model.Model, n int) []*model.State {
	t.Helper()
	var list []*model.State
	for range n {
		s, err := m.NewState()
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, s)
	}
	return list
}

// greedy is the n tokens that come after ids, each the likeliest.
func greedy(t testing.TB, m *model.Model, ids []int, n int) (generated []int) {
	t.Helper()
	s, next := states(t, m, 1), ids
	for range n {
		logits, err := m.Next(context.Background(), s, []model.Sequence{{IDs: next}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		best := 0
		for id, logit := range logits[0] {
			if logit > logits[0][best] {
				best = id
			}
		}
		next = []int{best}
		generated = append(generated, best)
	}
	return generated
}

// Tokens written one after another are those that transformers writes.
func TestGreedy(t *testing.T) {
	for _, name := range decoders {
		for _, config := range []string{"config.json", "config.v5.json"} {
			t.Run(name+"/"+config, func(t *testing.T) {
				g := openGolden(t, filepath.Join("testdata", name, "golden.safetensors"))
				ids, _ := g.ints("single.input_ids")
				want, _ := g.ints("single.generated_ids")
				if got := greedy(t, openWith(t, name, config), ids, len(want)); !slices.Equal(got, want) {
					t.Errorf("generated %v, expected %v", got, want)
				}
			})
		}
	}
}

// sequenceOf is a sequence of n tokens that every decoder of testdata takes.
func sequenceOf(n int) model.Sequence {
	var s model.Sequence
	for i := range n {
		s.IDs = append(s.IDs, 5+(i*i*7+i*3)%110)
	}
	return s
}

// What a state gives in parts of any lengths, hidden states and weights, is what Forward gives of the sequence so far. The
// sums of attention run over the same keys in other groups, so the last digits may differ.
func TestExtendInParts(t *testing.T) {
	const n = 27
	for _, name := range decoders {
		m := openWith(t, name, "config.json")
		for _, part := range []int{1, 8, 20} {
			t.Run(fmt.Sprintf("%s/part=%d", name, part), func(t *testing.T) {
				s := states(t, m, 1)
				for first := 0; first < n; first += part {
					testExtend(t, m, s, sequenceOf(min(first+part, n)).IDs, first)
				}
				if s[0].Len() != n {
					t.Errorf("the state has %d tokens, expected %d", s[0].Len(), n)
				}
			})
		}
	}
}

// testExtend adds what ids have from first on to a state.
func testExtend(t *testing.T, m *model.Model, s []*model.State, ids []int, first int) {
	t.Helper()
	const limit = 1e-5
	attention, hidden := &worst{t, "weights", limit, 0}, &worst{t, "hidden", 2 * limit, 0} // of numbers up to 30
	info, last := m.Info(), len(ids)
	trace, err := m.Trace(context.Background(), model.Sequence{IDs: ids}, model.Want{Weights: true})
	if err != nil {
		t.Fatal(err)
	}
	taps := &model.Taps{Points: []model.Point{model.Weights}, Visit: func(tap model.Tap) {
		if tap.Start != first || !slices.Equal(tap.Shape, []int{info.NumHeads, last - first, last}) {
			t.Fatalf("a tap of shape %v begins at %d, expected %d", tap.Shape, tap.Start, first)
		}
		for h := range info.NumHeads {
			for i := first; i < last; i++ {
				got := tap.Data[(h*(last-first)+i-first)*last:][:last]
				attention.compare(fmt.Sprintf("layer %d head %d query %d", tap.Layer, h, i), got, trace.Attention.Row(tap.Layer, h, i))
			}
		}
	}}
	got, err := m.Extend(context.Background(), s, []model.Sequence{{IDs: ids[first:]}}, taps)
	if err != nil {
		t.Fatal(err)
	}
	whole := forward(t, m, []model.Sequence{{IDs: ids}})
	hidden.compare(fmt.Sprintf("from token %d on", first), got.Hidden[0], whole.Hidden[0][first*info.ModelDim:])
}

// Sequences of any lengths beside each other, some at their beginning and some not, have what each has alone, to the bit.
func TestExtendBatch(t *testing.T) {
	for _, name := range decoders {
		t.Run(name, func(t *testing.T) {
			m := openWith(t, name, "config.json")
			together, alone := states(t, m, 3), states(t, m, 3)
			for round := range 4 {
				batch := []model.Sequence{sequenceOf(1 + 5*round), sequenceOf(3), sequenceOf(1)}
				if round == 0 {
					batch[2] = sequenceOf(17)
				}
				out, err := m.Extend(context.Background(), together, batch, nil)
				if err != nil {
					t.Fatal(err)
				}
				for s := range batch {
					one, err := m.Extend(context.Background(), alone[s:s+1], batch[s:s+1], nil)
					if err != nil {
						t.Fatal(err)
					}
					if !slices.Equal(one.Hidden[0], out.Hidden[s]) {
						t.Fatalf("round %d: sequence %d differs from the same alone", round, s)
					}
				}
			}
		})
	}
}

// A sequence has the same beside others without a state, too, in all causal models and in ModernBERT.
func TestForwardBatch(t *testing.T) {
	for _, name := range append([]string{"modernbert"}, decoders...) {
		t.Run(name, func(t *testing.T) {
			m := openWith(t, name, "config.json")
			batch := []model.Sequence{sequenceOf(21), sequenceOf(4), sequenceOf(33), sequenceOf(1)}
			together := forward(t, m, batch)
			for s := range batch {
				if alone := forward(t, m, batch[s:s+1]); !slices.Equal(alone.Hidden[0], together.Hidden[s]) {
					t.Errorf("sequence %d differs from the same alone", s)
				}
			}
		})
	}
}

// Next runs a long beginning in chunks, and gives the logits of the last token alone.
func TestNextInChunks(t *testing.T) {
	m := modelWith(t, "mistral", map[string]any{"max_position_embeddings": 5000})
	batch := []model.Sequence{sequenceOf(1300), sequenceOf(7), sequenceOf(513)}
	got, err := m.Next(context.Background(), states(t, m, len(batch)), batch, nil)
	if err != nil {
		t.Fatal(err)
	}
	dim := m.Info().ModelDim
	out := forward(t, m, batch)
	for s := range batch {
		want, err := m.Logits(out.Hidden[s][len(out.Hidden[s])-dim:])
		if err != nil {
			t.Fatal(err)
		}
		(&worst{t, "logits", logitsLimit, 0}).compare(fmt.Sprintf("of sequence %d", s), got[s], want)
	}
}

// modelWith loads a directory in testdata with some keys of its configuration changed.
func modelWith(t *testing.T, name string, changes map[string]any) *model.Model {
	t.Helper()
	m, err := model.Load(model.Files{Config: edited(t, name, changes), Params: read(t, name, "model.safetensors")})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// A call that was interrupted leaves the state as it was.
func TestExtendInterrupted(t *testing.T) {
	for _, name := range []string{"llama", "mistral"} {
		t.Run(name, func(t *testing.T) {
			m := openWith(t, name, "config.json")
			disturbed, other := states(t, m, 1), states(t, m, 1)
			for round := range 6 {
				part := []model.Sequence{{IDs: sequenceOf(24).IDs[4*round:][:4]}}
				ctx, cancel := context.WithCancel(context.Background())
				_, err := m.Extend(ctx, disturbed, []model.Sequence{sequenceOf(6)}, &model.Taps{
					Points: []model.Point{model.Residual}, Layers: []int{1}, Visit: func(model.Tap) { cancel() },
				})
				if err != context.Canceled {
					t.Fatalf("error %v of a call that was interrupted, expected %v", err, context.Canceled)
				}
				got, err := m.Extend(context.Background(), disturbed, part, nil)
				if err != nil {
					t.Fatal(err)
				}
				want, err := m.Extend(context.Background(), other, part, nil)
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(got.Hidden[0], want.Hidden[0]) {
					t.Fatalf("round %d differs after an interruption", round)
				}
			}
		})
	}
}

// So does one that was interrupted when the sequence had become long, where what the state had was computed again for that.
func TestExtendInterruptedLong(t *testing.T) {
	m := openWith(t, "phi3_longrope", "config.json") // which was trained on 8 tokens
	ids, s := sequenceOf(20).IDs, states(t, m, 1)
	testExtend(t, m, s, ids[:5], 0)
	ctx, cancel := context.WithCancel(context.Background())
	_, err := m.Extend(ctx, s, []model.Sequence{{IDs: ids[5:]}}, &model.Taps{
		Points: []model.Point{model.Residual}, Layers: []int{0}, Visit: func(model.Tap) { cancel() },
	})
	cancel()
	if err != context.Canceled || s[0].Len() != 5 {
		t.Fatalf("error %v of a call that was interrupted and %d tokens, expected %v and 5", err, s[0].Len(), context.Canceled)
	}
	testExtend(t, m, s, ids[:6], 5)
	testExtend(t, m, s, ids, 6)
}

func TestExtendErrors(t *testing.T) {
	bert, llama := load(t, "bert", "config.json"), load(t, "llama", "config.json")
	_, err := bert.NewState()
	wantError(t, err, "bert isn't causal")
	s, other := states(t, llama, 2), states(t, load(t, "llama", "config.json"), 1)
	one := []model.Sequence{sequenceOf(3)}
	two := []model.Sequence{sequenceOf(3), sequenceOf(4)}
	for _, test := range []struct {
		name   string
		states []*model.State
		batch  []model.Sequence
		taps   *model.Taps
		want   []string
	}{
		{"fewer states", s[:1], two, nil, []string{"1 states for 2 sequences"}},
		{"the same state", []*model.State{s[0], s[0]}, two, nil, []string{"states 0 and 1 are the same"}},
		{"no state", []*model.State{nil}, one, nil, []string{"state 0"}},
		{"another model's", other, one, nil, []string{"state 0 isn't one of this model"}},
		{"no tokens", s[:1], []model.Sequence{{}}, nil, []string{"the sequence is empty"}},
		{"too many", s[:1], []model.Sequence{sequenceOf(129)}, nil, []string{"129 tokens", "at most 128"}},
		{"outside the vocabulary", s[:1], []model.Sequence{{IDs: []int{128}}}, nil, []string{"id 128", "vocabulary of 128"}},
		{"an edit", s[:1], one, &model.Taps{Edit: &model.Edit{}}, []string{"an edit needs the whole sequence"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := llama.Extend(context.Background(), test.states, test.batch, test.taps)
			wantError(t, err, test.want...)
			_, err = llama.Next(context.Background(), test.states, test.batch, test.taps)
			wantError(t, err, test.want...)
		})
	}
	if _, err := llama.Extend(context.Background(), s[:1], []model.Sequence{sequenceOf(100)}, nil); err != nil {
		t.Fatal(err)
	}
	_, err = llama.Extend(context.Background(), s[:1], []model.Sequence{sequenceOf(29)}, nil)
	wantError(t, err, "100 tokens and 29 new ones", "at most 128")
	if s[0].Len() != 100 {
		t.Errorf("the state has %d tokens, expected 100", s[0].Len())
	}
}

// What a token looks at is the same beside long beginnings, which come in parts.
func TestLooksInChunks(t *testing.T) {
	m := modelWith(t, "llama", map[string]any{"max_position_embeddings": 2000})
	prompts := []model.Sequence{sequenceOf(600), sequenceOf(5), sequenceOf(1100)}
	looks := func(prompts []model.Sequence) (list []*model.Look) {
		for token, err := range m.Generate(context.Background(), prompts, &model.GenerateOptions{MaxTokens: 1, TopKeys: 3}) {
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, token.Look)
		}
		return list
	}
	together := looks(prompts)
	for s := range prompts {
		alone := looks(prompts[s : s+1])[0]
		if got := together[s]; got.Query != len(prompts[s].IDs)-1 || !slices.Equal(got.Keys, alone.Keys) || !slices.Equal(got.Weights, alone.Weights) {
			t.Errorf("prompt %d looks at %v, alone at %v", s, got.Keys, alone.Keys)
		}
	}
}
