package lens

import (
	"context"

	"github.com/rapt-go/rapt/model"
)

// A Summary is what is known of every head without keeping its map.
type Summary struct {
	NumLayers, NumHeads int

	Roles map[Head]Roles

	special, all float64 // weights
}

// Summarise is the summary of a stored view.
func (v *View) Summarise() *Summary {
	s := &Summary{NumLayers: v.NumLayers, NumHeads: v.NumHeads, Roles: map[Head]Roles{}}
	s.add(v, 0)
	return s
}

// Stream makes the same summary while the model runs, from one layer's weights at a time: for texts whose weights of all
// layers are more than there is room for.
func Stream(ctx context.Context, m *model.Model, s model.Sequence, tokens []Token) (*Summary, error) {
	info := m.Info()
	sum := &Summary{NumLayers: info.NumLayers, NumHeads: info.NumHeads, Roles: map[Head]Roles{}}
	var failed error
	taps := &model.Taps{Points: []model.Point{model.Weights}, Visit: func(tap model.Tap) {
		if failed != nil {
			return
		}
		var layer *View
		layer, failed = NewView(&model.Attention{NumLayers: 1, NumHeads: tap.Shape[0], QueryLen: tap.Shape[1], KeyLen: tap.Shape[2],
			Weights: tap.Data}, tokens)
		if failed == nil {
			sum.add(layer, tap.Layer)
		}
	}}
	if _, err := m.Forward(ctx, []model.Sequence{s}, taps); err != nil {
		return nil, err
	}
	return sum, failed
}

// add takes a view in, whose layer 0 is the model's layer first.
func (s *Summary) add(v *View, first int) {
	for _, h := range v.Heads() {
		s.Roles[Head{first + h.Layer, h.Head}] = v.Roles(h)
	}
	special, all := v.specialSum()
	s.special, s.all = s.special+special, s.all+all
}

// SpecialShare is the part of all attention that goes to special tokens; see View.SpecialShare.
func (s *Summary) SpecialShare() float64 { return ratio(s.special, s.all) }
