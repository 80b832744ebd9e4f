package model_test

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/rapt-go/rapt/model"
)

// runEdited keeps every point, to see what the edit has done there.
func runEdited(t *testing.T, m *model.Model, s model.Sequence, e *model.Edit) map[model.Point][][]float32 { // [point][layer]
	t.Helper()
	points := map[model.Point][][]float32{}
	_, err := m.Forward(context.Background(), []model.Sequence{s}, &model.Taps{Edit: e,
		Points: []model.Point{model.Embedding, model.Value, model.Weights, model.Z, model.AttentionOutput, model.Residual},
		Visit: func(tap model.Tap) {
			points[tap.Point] = append(points[tap.Point], slices.Clone(tap.Data))
		}})
	if err != nil {
		t.Fatal(err)
	}
	return points
}

func TestEdit(t *testing.T) {
	const n, heads, dim = 10, 4, 8
	m := load(t, "bert", "config.json")
	s := inputs[1]
	plain := runEdited(t, m, s, nil)

	t.Run("head off", func(t *testing.T) {
		got := runEdited(t, m, s, &model.Edit{HeadsOff: []model.HeadAt{{Layer: 1, Head: 2}}})
		if !slices.Equal(got[model.Residual][0], plain[model.Residual][0]) {
			t.Error("layer 0 has changed")
		}
		for i, v := range got[model.Z][1] {
			want := plain[model.Z][1][i]
			if i/dim%heads == 2 {
				want = 0
			}
			if v != want {
				t.Fatalf("z[%d] is %v, expected %v", i, v, want)
			}
		}
		if slices.Equal(got[model.Residual][1], plain[model.Residual][1]) {
			t.Error("what leaves layer 1 hasn't changed")
		}
	})
	t.Run("cut", func(t *testing.T) {
		got := runEdited(t, m, s, &model.Edit{Cuts: []model.Cut{{Layer: 1, Head: model.All, Query: 3, Key: 7}}})
		for row := range heads * n {
			want, now := plain[model.Weights][1][row*n:(row+1)*n], got[model.Weights][1][row*n:(row+1)*n]
			rest := 1 - want[7]
			for j := range n {
				w := want[j]
				if row%n == 3 {
					w /= rest // without its key 7 the row shares out 1 in the same proportions
					if j == 7 {
						w = 0
					}
				}
				if math.Abs(float64(now[j]-w)) > 1e-6 {
					t.Fatalf("head %d query %d key %d: %v, expected %v", row/n, row%n, j, now[j], w)
				}
			}
		}
	})
	t.Run("zero value", func(t *testing.T) {
		got := runEdited(t, m, s, &model.Edit{ZeroValues: []model.ValueAt{{Layer: 0, Token: 4}}})
		if !slices.Equal(got[model.Weights][0], plain[model.Weights][0]) {
			t.Error("the weights have changed")
		}
		for i, v := range got[model.Value][0] {
			want := plain[model.Value][0][i]
			if i/(heads*dim) == 4 {
				want = 0
			}
			if v != want {
				t.Fatalf("v[%d] is %v, expected %v", i, v, want)
			}
		}
	})
	t.Run("all layers", func(t *testing.T) {
		got := runEdited(t, m, s, &model.Edit{HeadsOff: []model.HeadAt{{Layer: model.All, Head: model.All}}})
		for layer := range got[model.Z] {
			if slices.ContainsFunc(got[model.Z][layer], func(v float32) bool { return v != 0 }) {
				t.Errorf("layer %d still attends", layer)
			}
		}
	})
}

// A query that may see nothing has no weights, and nothing that isn't a number comes of it.
func TestEditCutsEverything(t *testing.T) {
	m := load(t, "bert", "config.json")
	e := &model.Edit{}
	for key := range inputs[1].IDs {
		e.Cuts = append(e.Cuts, model.Cut{Layer: model.All, Head: model.All, Query: 0, Key: key})
	}
	for point, layers := range runEdited(t, m, inputs[1], e) {
		for layer, data := range layers {
			if slices.ContainsFunc(data, func(v float32) bool { return math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) }) {
				t.Errorf("%s of layer %d isn't finite", point, layer)
			}
		}
	}
}

func TestEditErrors(t *testing.T) {
	m := load(t, "bert", "config.json")
	for want, e := range map[string]model.Edit{
		"layer 3: there are layers 0 to 2":  {HeadsOff: []model.HeadAt{{Layer: 3}}},
		"head 4: there are heads 0 to 3":    {HeadsOff: []model.HeadAt{{Head: 4}}},
		"token -1: there are tokens 0 to 9": {Cuts: []model.Cut{{Query: -1}}},
		"token 10: there are tokens 0 to 9": {ZeroValues: []model.ValueAt{{Token: 10}}},
	} {
		_, err := m.Forward(context.Background(), inputs[1:2], &model.Taps{Edit: &e})
		wantError(t, err, want)
	}
}

// A layer alone does what it does in its place.
func TestRunLayer(t *testing.T) {
	m := load(t, "bert", "config.json")
	plain := runEdited(t, m, inputs[1], nil)
	got, err := m.RunLayer(context.Background(), 1, plain[model.Residual][0], nil)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, plain[model.Residual][1]) {
		t.Error("layer 1 alone gives something else")
	}
	_, err = m.RunLayer(context.Background(), 3, plain[model.Residual][0], nil)
	wantError(t, err, "layer 3", "0 to 2")
	_, err = m.RunLayer(context.Background(), 0, make([]float32, 33), nil)
	wantError(t, err, "33 hidden numbers", "32")
}

// z through the output matrix that LayerParams gives is what the model adds.
func TestLayerParams(t *testing.T) {
	m := load(t, "bert", "config.json")
	plain := runEdited(t, m, inputs[1], nil)
	p, err := m.LayerParams(1)
	if err != nil {
		t.Fatal(err)
	}
	const n, dim = 10, 32
	for i := range n {
		for o := range dim {
			sum := float64(p.OutputBias[o])
			for d := range dim {
				sum += float64(p.Output[o*dim+d]) * float64(plain[model.Z][1][i*dim+d])
			}
			if got := float64(plain[model.AttentionOutput][1][i*dim+o]); math.Abs(got-sum) > 1e-5 {
				t.Fatalf("output %d of token %d is %v, expected %v", o, i, got, sum)
			}
		}
	}
	_, err = m.LayerParams(-1)
	wantError(t, err, "layer -1", "0 to 2")
}

// The logit is that of Logits; what the direction is worth is tested in package lens, where parts have to add up to it.
func TestLogitDirection(t *testing.T) {
	m := load(t, "bert_mlm", "config.json")
	out := forward(t, m, inputs[:1])
	hidden := out.Hidden[0][:m.Info().ModelDim]
	logits, err := m.Logits(hidden)
	if err != nil {
		t.Fatal(err)
	}
	for token, want := range logits {
		_, logit, err := m.LogitDirection(hidden, token)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(logit-float64(want)) > 1e-5*(1+math.Abs(logit)) {
			t.Fatalf("logit of token %d is %v, expected %v", token, logit, want)
		}
	}
	_, _, err = m.LogitDirection(hidden, len(logits))
	wantError(t, err, "outside the vocabulary")
	_, _, err = m.LogitDirection(hidden[1:], 0)
	wantError(t, err, "expected 32")
	_, _, err = load(t, "bert", "config.json").LogitDirection(hidden, 0)
	wantError(t, err, "no head")
}
