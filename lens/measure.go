package lens

import (
	"context"
	"fmt"
	"strings"

	"github.com/rapt-go/rapt/model"
)

// A Unit says what the numbers of a map are.
type Unit uint8

const (
	Share    Unit = iota // parts of 1
	Length               // Euclidean lengths of vectors
	Distance             // cosine distances, 0 to 2
)

// A Measure is one way to say how much a token looks at another: a map [query][key] for every head, or for every layer.
type Measure struct {
	Name    string // on the command line and in files
	Title   string // in a picture
	Unit    Unit
	PerHead bool // maps are of heads; else each layer has one map, as if it had one head

	// Additive measures can be summed over keys and averaged over queries, and so be given for whole words.
	Additive bool

	needsParams bool // it looks at the layers' Params
	compute     func(ctx context.Context, m *model.Model, r *Record) (*model.Attention, error)
}

// Measures are all there are. Each names the function that has its formula.
var Measures = []Measure{
	{"weights", "weights (softmax)", Share, true, true, false, computeWeights},
	{"norm", "norm-weighted attention ‖A v W_O‖", Length, true, false, true, computeNorms},                   // Layer.Norms
	{"norm-sum", "norm-weighted attention of all heads ‖Σ A v W_O‖", Length, false, false, true, computeSum}, // Layer.SumNorms
	{"rollout", "attention rollout", Share, false, true, false, computeRollout},                              // Rollout
	{"flow", "attention flow (maximum flow)", Share, false, false, false, computeFlow},                       // Flow
	{"alti-layer", "ALTI contributions of one layer", Share, false, true, true, computeContributions},        // Layer.Contributions
	{"alti", "ALTI contributions, rolled out", Share, false, true, true, computeALTI},
	{"value-zeroing", "value zeroing, 1 − cos", Distance, false, false, false, computeZeroing}, // ValueZeroing
}

// MeasureNamed is the measure of that name.
func MeasureNamed(name string) (Measure, error) {
	var names []string
	for _, m := range Measures {
		if m.Name == name {
			return m, nil
		}
		names = append(names, m.Name)
	}
	return Measure{}, fmt.Errorf("there is no measure %q; there are %s", name, strings.Join(names, ", "))
}

// Compute measures a run of the model. What it gives has the shape of attention, with one head in each layer if the
// measure isn't PerHead.
func (ms Measure) Compute(ctx context.Context, m *model.Model, r *Record) (*model.Attention, error) {
	if ms.needsParams && r.opaque != nil {
		return nil, fmt.Errorf("%s: %w", ms.Name, r.opaque)
	}
	a, err := ms.compute(ctx, m, r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ms.Name, err)
	}
	return a, nil
}

func computeWeights(_ context.Context, _ *model.Model, r *Record) (*model.Attention, error) {
	return r.Attention(), nil
}

func computeNorms(_ context.Context, _ *model.Model, r *Record) (*model.Attention, error) {
	return r.collect(r.Layers[0].NumHeads, (*Layer).Norms), nil
}

func computeSum(_ context.Context, _ *model.Model, r *Record) (*model.Attention, error) {
	return r.collect(1, (*Layer).SumNorms), nil
}

func computeRollout(_ context.Context, _ *model.Model, r *Record) (*model.Attention, error) {
	return r.stack(Rollout(r.means(), r.Layers[0].Seq)), nil
}

func computeFlow(ctx context.Context, _ *model.Model, r *Record) (*model.Attention, error) {
	means, flows := r.means(), make([][]float64, len(r.Layers))
	for l := range flows {
		var err error
		if flows[l], err = Flow(ctx, means[:l+1], r.Layers[0].Seq); err != nil {
			return nil, err
		}
	}
	return r.stack(flows), nil
}

func computeContributions(ctx context.Context, _ *model.Model, r *Record) (*model.Attention, error) {
	maps, err := r.contributions(ctx)
	if err != nil {
		return nil, err
	}
	return r.stack(maps), nil
}

func computeALTI(ctx context.Context, _ *model.Model, r *Record) (*model.Attention, error) {
	maps, err := r.contributions(ctx)
	if err != nil {
		return nil, err
	}
	return r.stack(Rollout(maps, r.Layers[0].Seq)), nil
}

func computeZeroing(ctx context.Context, m *model.Model, r *Record) (*model.Attention, error) {
	maps := make([][]float64, len(r.Layers))
	for l := range maps {
		var err error
		if maps[l], err = ValueZeroing(ctx, m, l, r.Layers[l].Input, r.edit); err != nil {
			return nil, err
		}
	}
	return r.stack(maps), nil
}

// means are MeanWithResidual of every layer.
func (r *Record) means() [][]float64 {
	maps := make([][]float64, len(r.Layers))
	for l := range maps {
		maps[l] = r.Layers[l].MeanWithResidual()
	}
	return maps
}

// contributions are Contributions of every layer.
func (r *Record) contributions(ctx context.Context) ([][]float64, error) {
	maps := make([][]float64, len(r.Layers))
	for l := range maps {
		var err error
		if maps[l], err = r.Layers[l].Contributions(ctx); err != nil {
			return nil, fmt.Errorf("layer %d: %w", l, err)
		}
	}
	return maps, nil
}

// stack puts one map of every layer into the shape of attention.
func (r *Record) stack(maps [][]float64) *model.Attention {
	n := r.Layers[0].Seq
	a := &model.Attention{NumLayers: len(maps), NumHeads: 1, QueryLen: n, KeyLen: n}
	for _, m := range maps {
		for _, v := range m {
			a.Weights = append(a.Weights, float32(v))
		}
	}
	return a
}
