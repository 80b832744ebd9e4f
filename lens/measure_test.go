package lens

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rapt-go/rapt/internal/safetensors"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/minilm"
)

// Two layers over three tokens, worked out by hand.
var (
	byHand1 = []float64{1, 0, 0, .5, .5, 0, .25, .25, .5}
	byHand2 = []float64{1, 0, 0, .2, .8, 0, .1, .3, .6}
)

// residual is a layer with one head of such weights.
func residual(weights []float64, n int) []float64 {
	l := Layer{Seq: n, NumHeads: 1}
	for _, w := range weights {
		l.Weights = append(l.Weights, float32(w))
	}
	return l.MeanWithResidual()
}

func TestRolloutByHand(t *testing.T) {
	rolled := Rollout([][]float64{residual(byHand1, 3), residual(byHand2, 3)}, 3)[1]
	for j, want := range []float64{.1875, .2125, .6} {
		near(t, "row 3", rolled[6+j], want, 1e-7)
	}
}

func TestFlowByHand(t *testing.T) {
	flow, err := Flow(context.Background(), [][]float64{residual(byHand1, 3), residual(byHand2, 3)}, 3)
	if err != nil {
		t.Fatal(err)
	}
	var sum float64
	for j, want := range []float64{.325, .275, .75} {
		near(t, "row 3", flow[6+j], want, 1e-7)
		sum += flow[6+j]
	}
	for j, want := range []float64{.240741, .203704, .555556} {
		near(t, "row 3, normalised", flow[6+j]/sum, want, 1e-6)
	}
}

// A way that was taken too early is given back: the first path found (0 to 0 to 0) blocks both others.
func TestFlowTakesBack(t *testing.T) {
	// From token 0 at the top two ways lead down, 0→0 and 0→1; only by 0→1→0 and 0→0→1 … can both be used.
	upper := []float64{1, 1, 0, 0} // [query 0][keys], [query 1][keys]
	middle := []float64{1, 1, 1, 0}
	lower := []float64{1, 0, 1, 0}
	flow, err := Flow(context.Background(), [][]float64{lower, middle, upper}, 2)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "flow from 0 to 0", flow[0], 2, 1e-12)
}

func TestFlowRefusesLongTexts(t *testing.T) {
	_, err := Flow(context.Background(), nil, 31)
	if err == nil || !strings.Contains(err.Error(), "31 tokens; flow takes at most 30") {
		t.Errorf("error %v", err)
	}
}

// What a cut through the layers lets pass bounds every flow: the pipes out of a token, and those into a token.
func TestFlowBounds(t *testing.T) {
	maps := [][]float64{residual(byHand1, 3), residual(byHand2, 3)}
	flow, err := Flow(context.Background(), maps, 3)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		for j := range 3 {
			var into float64
			for k := range 3 {
				into += maps[0][k*3+j]
			}
			if f := flow[i*3+j]; f < -1e-12 || f > min(1, into)+1e-9 {
				t.Errorf("flow from %d to %d is %v", i, j, f)
			}
		}
	}
}

var measured = map[string]string{
	"cat":      "The cat sat on the mat.",
	"pieces":   "Electroencephalography is unbelievable.",
	"question": `Who wrote "Hamlet", and when?`,
}

// embedded is the embedded model, and its input for a text.
func embedded(t *testing.T, text string) (*model.Model, model.Sequence) {
	t.Helper()
	m, err := minilm.Load()
	if err != nil {
		t.Fatal(err)
	}
	tok, err := m.Tokenizer()
	if err != nil {
		t.Fatal(err)
	}
	e, err := tok.Encode(text, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m, model.Sequence{IDs: e.IDs, TypeIDs: e.TypeIDs}
}

// All measures of the embedded model against transformers in float64 with the same parameters. The tolerances are twice
// what float32 changes in this model's own attention (2.5e-6) and norms (6.1e-6), and for what is computed from hidden
// states (4.1e-6 each, 384 of them) 2e-5.
func TestMeasuresMatchPyTorch(t *testing.T) {
	file, err := safetensors.Open(filepath.Join("testdata", "measures.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for name, text := range measured {
		m, s := embedded(t, text)
		record, err := Run(t.Context(), m, s, nil)
		if err != nil {
			t.Fatal(err)
		}
		for measure, c := range map[string]struct {
			tensor    string
			tolerance float64
		}{
			"norm": {"norm", 1.3e-5}, "norm-sum": {"layer_norm", 2e-5}, "rollout": {"rollout", 6e-6},
			"alti-layer": {"alti", 2e-5}, "alti": {"alti_rollout", 2e-5}, "value-zeroing": {"value_zeroing", 2e-5},
		} {
			t.Run(name+"/"+measure, func(t *testing.T) {
				tensor, ok := file.Tensor(name + "." + c.tensor)
				if !ok {
					t.Fatal("testdata doesn't have it")
				}
				want, err := tensor.Float32s()
				if err != nil {
					t.Fatal(err)
				}
				ms, err := MeasureNamed(measure)
				if err != nil {
					t.Fatal(err)
				}
				got, err := ms.Compute(t.Context(), m, record)
				if err != nil {
					t.Fatal(err)
				}
				if len(got.Weights) != len(want) {
					t.Fatalf("there are %d numbers, expected %d", len(got.Weights), len(want))
				}
				var worst float64
				for i, w := range want {
					worst = max(worst, math.Abs(float64(got.Weights[i]-w)))
				}
				t.Logf("largest difference %.2g", worst)
				if !(worst <= c.tolerance) {
					t.Errorf("differs by %v, allowed %v", worst, c.tolerance)
				}
			})
		}
	}
}

// The parts that ALTI takes apart must be those of the model: with another output of the layer it refuses.
func TestContributionsRefuse(t *testing.T) {
	m, s := embedded(t, measured["cat"])
	record, err := Run(t.Context(), m, s, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(l *Layer){
		"output":  func(l *Layer) { l.Output[5] += .01 },
		"weights": func(l *Layer) { l.Weights[0] += .01 },
		"values":  func(l *Layer) { l.Values[0] += .1 },
	} {
		t.Run(name, func(t *testing.T) {
			l := record.Layers[2]
			l.Output, l.Weights, l.Values = append([]float32(nil), l.Output...), append([]float32(nil), l.Weights...), append([]float32(nil), l.Values...)
			if _, err := l.Contributions(t.Context()); err != nil {
				t.Fatal(err)
			}
			change(&l)
			if _, err := l.Contributions(t.Context()); err != errOtherArchitecture {
				t.Errorf("error %v", err)
			}
		})
	}
}

// The Gram trick gives the length of the sum itself.
func TestSumNorms(t *testing.T) {
	m, s := embedded(t, measured["cat"])
	record, err := Run(t.Context(), m, s, nil)
	if err != nil {
		t.Fatal(err)
	}
	l := &record.Layers[3]
	norms := l.SumNorms()
	for i := range l.Seq {
		for j := range l.Seq {
			sum := make([]float64, l.Dim)
			for h := range l.NumHeads {
				for d, x := range l.transformed(j, h) {
					sum[d] += l.weight(h, i, j) * x
				}
			}
			var squares float64
			for _, x := range sum {
				squares += x * x
			}
			near(t, "norm", float64(norms[i*l.Seq+j]), math.Sqrt(squares), 1e-6)
		}
	}
}

func TestMeasureNamed(t *testing.T) {
	if _, err := MeasureNamed("wieghts"); err == nil || !strings.Contains(err.Error(), "weights, norm, norm-sum, rollout") {
		t.Errorf("error %v", err)
	}
}

func TestCosineDistance(t *testing.T) {
	for _, c := range []struct {
		a, b []float32
		want float64
	}{
		{[]float32{1, 0}, []float32{3, 0}, 0},
		{[]float32{1, 0}, []float32{0, 2}, 1},
		{[]float32{1, 0}, []float32{-5, 0}, 2},
		{[]float32{0, 0}, []float32{1, 0}, 1},
		{[]float32{0, 0}, []float32{0, 0}, 0},
	} {
		near(t, "distance", cosineDistance(c.a, c.b), c.want, 1e-15)
	}
}

// Norms of the original float32 model against PyTorch. Twice what float32 and float64 differ by there, plus 1e-6.
func TestNormsOfOriginal(t *testing.T) {
	dir := os.Getenv("RAPT_MINILM")
	if dir == "" {
		t.Skip("set RAPT_MINILM to the directory of the original all-MiniLM-L6-v2 to run this")
	}
	m, err := model.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	file, err := safetensors.Open(filepath.Join("testdata", "norms.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	ints := func(name string) (list []int) {
		tensor, _ := file.Tensor(name)
		values, err := tensor.Int64s()
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range values {
			list = append(list, int(v))
		}
		return list
	}
	for _, name := range []string{"accents", "pair", "pronoun"} {
		record, err := Run(t.Context(), m, model.Sequence{IDs: ints(name + ".input_ids"), TypeIDs: ints(name + ".token_type_ids")}, nil)
		if err != nil {
			t.Fatal(err)
		}
		tensor, _ := file.Tensor(name + ".norm")
		want, err := tensor.Float32s()
		if err != nil {
			t.Fatal(err)
		}
		var got []float32
		for l := range record.Layers {
			got = append(got, record.Layers[l].Norms()...)
		}
		if len(got) != len(want) {
			t.Fatalf("%s: there are %d norms, expected %d", name, len(got), len(want))
		}
		for i, w := range want {
			near(t, name, float64(got[i]), float64(w), 1.4e-5)
		}
	}
}

// With a head off and an edge cut every measure is of the edited run: the parts of ALTI still add up, the head has no norm,
// and zeroing a value that nobody sees changes nothing but its own row.
func TestMeasuresOfEditedRun(t *testing.T) {
	m, s := embedded(t, measured["cat"])
	edit := &model.Edit{HeadsOff: []model.HeadAt{{Layer: 1, Head: 3}}}
	for i := range s.IDs {
		if i != 4 {
			edit.Cuts = append(edit.Cuts, model.Cut{Layer: 2, Head: model.All, Query: i, Key: 4})
		}
	}
	record, err := Run(t.Context(), m, s, edit)
	if err != nil {
		t.Fatal(err)
	}
	for _, ms := range Measures {
		if _, err := ms.Compute(t.Context(), m, record); err != nil {
			t.Error(err)
		}
	}
	n := len(s.IDs)
	for i, norm := range record.Layers[1].Norms()[3*n*n : 4*n*n] {
		if norm != 0 {
			t.Fatalf("the head that is off has the norm %v at %d", norm, i)
		}
	}
	zeroed, err := ValueZeroing(t.Context(), m, 2, record.Layers[2].Input, edit)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if changed := zeroed[i*n+4] > 0; changed != (i == 4) {
			t.Errorf("without the value of 4, row %d turns by %v", i, zeroed[i*n+4])
		}
	}
}
