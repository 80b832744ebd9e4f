package lens

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/rapt-go/rapt/model"
)

// An Effect is what it changes to switch something off.
type Effect struct {
	// Hidden is how far each token's state turns, 1 − cos, after each layer; row 0 is what enters layer 0.
	Hidden [][]float64 // [layer+1][seq]

	// Sentence is how far the sentence's vector turns, 1 − cos: the mean of the last hidden states.
	Sentence float64

	// Before and After are the likeliest tokens at Position, where the model has a head that scores the vocabulary and a
	// position was asked for.
	Position      int
	Before, After []Prediction
}

// A Prediction is a token of the vocabulary and its logit, a score without a unit.
type Prediction struct {
	ID    int
	Logit float32
}

// NoPosition asks Switch for no predictions.
const NoPosition = -1

// maxPredictions is how many of the likeliest tokens an Effect has.
const maxPredictions = 5

// Switch runs the model over a sequence twice, the second time with the edit, and compares: heads off (ablation), edges
// cut (knockout, Geva et al. 2023), values zeroed. Position is where predictions are wanted, or NoPosition.
func Switch(ctx context.Context, m *model.Model, s model.Sequence, edit *model.Edit, position int) (*Effect, error) {
	logits := position != NoPosition && m.Info().HasHead && m.Info().NumDecoderLayers == 0 // else it is the decoder's
	if position != NoPosition && (position < 0 || position >= len(s.IDs)) {
		return nil, fmt.Errorf("position %d: there are tokens 0 to %d", position, len(s.IDs)-1)
	}
	before, err := m.Trace(ctx, s, model.Want{Hidden: true})
	if err != nil {
		return nil, err
	}
	after, err := m.Trace(ctx, s, model.Want{Hidden: true, Edit: edit})
	if err != nil {
		return nil, err
	}
	e := &Effect{Position: position}
	dim := m.Info().ModelDim
	for l := range before.Hidden {
		turned := make([]float64, len(s.IDs))
		for i := range turned {
			turned[i] = cosineDistance(before.Hidden[l][i*dim:(i+1)*dim], after.Hidden[l][i*dim:(i+1)*dim])
		}
		e.Hidden = append(e.Hidden, turned)
	}
	last := len(before.Hidden) - 1
	e.Sentence = cosineDistance(m.MeanPool(before.Hidden[last]), m.MeanPool(after.Hidden[last]))
	if !logits {
		return e, nil
	}
	for hidden, list := range map[*model.Trace]*[]Prediction{before: &e.Before, after: &e.After} {
		scores, err := m.Logits(hidden.Hidden[last][position*dim : (position+1)*dim])
		if err != nil {
			return nil, err
		}
		*list = top(scores)
	}
	return e, nil
}

// top lists the largest scores, largest first; of equal ones the first.
func top(scores []float32) []Prediction {
	all := make([]Prediction, len(scores))
	for id, score := range scores {
		all[id] = Prediction{id, score}
	}
	slices.SortStableFunc(all, func(a, b Prediction) int { return cmp.Compare(b.Logit, a.Logit) })
	return all[:min(maxPredictions, len(all))]
}
