package web

import (
	"context"
	"slices"

	"github.com/rapt-go/rapt/lens"
	"github.com/rapt-go/rapt/model"
)

// A Run is a model's attention on an input, by one measure.
type Run struct {
	*lens.Input
	Model   *model.Model
	Measure lens.Measure
	View    *lens.View       // the weights, whatever the measure
	Map     *model.Attention // what the measure gives; View's own if that is weights
	Edit    *model.Edit      // what was switched off; nil: nothing
	Address string           // what a file opens with, as behind # in its address; "": what the page picks
}

// Look runs the model on an input, edited if edit isn't nil.
func Look(ctx context.Context, m *model.Model, in *lens.Input, measure lens.Measure, edit *model.Edit) (*Run, error) {
	r := &Run{Input: in, Model: m, Measure: measure, Edit: edit}
	weights, err := r.compute(ctx)
	if err != nil {
		return nil, err
	}
	r.View, err = lens.NewView(weights, in.Tokens)
	return r, err
}

// bytes is how much memory its maps take.
func (r *Run) bytes() int {
	size := 4 * len(r.View.Weights)
	if r.Map != r.View.Attention {
		size += 4 * len(r.Map.Weights)
	}
	return size
}

// compute sets Map and gives the weights, for which alone no record is needed.
func (r *Run) compute(ctx context.Context) (*model.Attention, error) {
	if r.Measure.Name == "weights" {
		trace, err := r.Model.Trace(ctx, r.Sequence, model.Want{Weights: true, Edit: r.Edit})
		if err != nil {
			return nil, err
		}
		r.Map = trace.Attention
		return r.Map, nil
	}
	record, err := lens.Run(ctx, r.Model, r.Sequence, r.Edit)
	if err != nil {
		return nil, err
	}
	if r.Map, err = r.Measure.Compute(ctx, r.Model, record); err != nil {
		return nil, err
	}
	return record.Attention(), nil
}

// inside is what one layer computes its attention from.
type inside struct {
	x []float32 // [seq][dim]: what enters the layer
	q []float32 // [seq][head][headDim]
	k []float32 // [seq][head][headDim]
	v []float32 // [seq][head][headDim]
}

// insides runs the model again and keeps q, k and v of the layers asked for; nil: all.
func (r *Run) insides(ctx context.Context, layers []int) (map[int]*inside, error) {
	found := map[int]*inside{}
	of := func(l int) *inside { // that of a layer which isn't wanted is lost
		if l == r.Model.Info().NumLayers || (layers != nil && !slices.Contains(layers, l)) {
			return &inside{}
		}
		if found[l] == nil {
			found[l] = &inside{}
		}
		return found[l]
	}
	taps := &model.Taps{
		Edit:   r.Edit,
		Points: []model.Point{model.Embedding, model.Query, model.Key, model.Value, model.Residual},
		Visit: func(t model.Tap) {
			switch data := slices.Clone(t.Data); t.Point {
			case model.Embedding, model.Residual: // what leaves one layer enters the next
				of(t.Layer + 1).x = data
			case model.Query:
				of(t.Layer).q = data
			case model.Key:
				of(t.Layer).k = data
			case model.Value:
				of(t.Layer).v = data
			}
		},
	}
	_, err := r.Model.Forward(ctx, []model.Sequence{r.Sequence}, taps)
	return found, err
}

// ofHead takes the part of one head out of [seq][head][headDim].
func ofHead(x []float32, head, numHeads, dim int) []float32 { // [seq][headDim]
	var part []float32
	for at := head * dim; at < len(x); at += numHeads * dim {
		part = append(part, x[at:at+dim]...)
	}
	return part
}
