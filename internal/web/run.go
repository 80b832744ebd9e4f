package web

import (
	"context"

	"github.com/rapt-go/rapt/lens"
	"github.com/rapt-go/rapt/model"
)

// A Run is a model's attention on a subject, by one measure.
type Run struct {
	*Subject
	Model   *model.Model
	Measure lens.Measure
	View    *lens.View       // the weights, whatever the measure
	Map     *model.Attention // what the measure gives; View's own if that is weights
	Off     []model.HeadAt   // heads that were switched off
}

// Look runs the model on a subject.
func Look(ctx context.Context, m *model.Model, s *Subject, measure lens.Measure, off []model.HeadAt) (*Run, error) {
	r := &Run{Subject: s, Model: m, Measure: measure, Off: off}
	var edit *model.Edit
	if len(off) > 0 {
		edit = &model.Edit{HeadsOff: off}
	}
	weights, err := r.compute(ctx, edit)
	if err != nil {
		return nil, err
	}
	r.View, err = lens.NewView(weights, s.Tokens)
	return r, err
}

// compute sets Map and gives the weights, for which alone no record is needed.
func (r *Run) compute(ctx context.Context, edit *model.Edit) (*model.Attention, error) {
	if r.Measure.Name == "weights" {
		trace, err := r.Model.Trace(ctx, r.Sequence, model.Want{Weights: true, Edit: edit})
		if err != nil {
			return nil, err
		}
		r.Map = trace.Attention
		return r.Map, nil
	}
	record, err := lens.Run(ctx, r.Model, r.Sequence, edit)
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
	at := func(l int) *inside {
		if found[l] == nil {
			found[l] = &inside{}
		}
		return found[l]
	}
	wanted := func(l int) bool {
		if layers == nil {
			return l < r.Map.NumLayers
		}
		for _, w := range layers {
			if w == l {
				return true
			}
		}
		return false
	}
	taps := &model.Taps{
		Points: []model.Point{model.Embedding, model.Query, model.Key, model.Value, model.Residual},
		Visit: func(t model.Tap) {
			data := append([]float32(nil), t.Data...)
			switch t.Point {
			case model.Embedding, model.Residual: // what leaves one layer enters the next
				if wanted(t.Layer + 1) {
					at(t.Layer + 1).x = data
				}
			case model.Query:
				if wanted(t.Layer) {
					at(t.Layer).q = data
				}
			case model.Key:
				if wanted(t.Layer) {
					at(t.Layer).k = data
				}
			case model.Value:
				if wanted(t.Layer) {
					at(t.Layer).v = data
				}
			}
		},
	}
	if len(r.Off) > 0 {
		taps.Edit = &model.Edit{HeadsOff: r.Off}
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
