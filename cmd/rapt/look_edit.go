package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rapt-go/rapt/lens"
	"github.com/rapt-go/rapt/model"
)

// edit is what --off and --cut ask for; nil if they don't. Notes say it in words.
func (f *lookFlags) edit(info model.Info, in *lookInput) (e *model.Edit, notes []string, err error) {
	if len(f.off) == 0 && len(f.cut) == 0 {
		return nil, nil, nil
	}
	e = &model.Edit{}
	var off []string
	for _, s := range f.off {
		at, err := parseHead(s, info)
		if err != nil {
			return nil, nil, err
		}
		e.HeadsOff = append(e.HeadsOff, at)
		off = append(off, lens.Head{Layer: at.Layer, Head: at.Head}.String())
	}
	if len(off) > 0 {
		notes = append(notes, "switched off: "+strings.Join(off, ", "))
	}
	for _, s := range f.cut {
		query, key, err := in.edge("cut", s)
		if err != nil {
			return nil, nil, err
		}
		for _, i := range query.tokens {
			for _, j := range key.tokens {
				e.Cuts = append(e.Cuts, model.Cut{Layer: model.All, Head: model.All, Query: i, Key: j})
			}
		}
		notes = append(notes, fmt.Sprintf("cut in every head: %s → %s", query.name, key.name))
		notes = append(notes, slices.Concat(query.notes, key.notes)...)
	}
	return e, notes, nil
}

// parseHead reads L:H.
func parseHead(s string, info model.Info) (at model.HeadAt, err error) {
	layer, head, ok := strings.Cut(s, ":")
	l, errL := strconv.Atoi(layer)
	h, errH := strconv.Atoi(head)
	switch {
	case !ok || errL != nil || errH != nil:
		return at, usagef("--off is %q, expected layer:head, such as 3:1", s)
	case l < 0 || l >= info.NumLayers:
		return at, usagef("--off %s: the model has layers 0 to %d", s, info.NumLayers-1)
	case h < 0 || h >= info.NumHeads:
		return at, usagef("--off %s: a layer has heads 0 to %d", s, info.NumHeads-1)
	}
	return model.HeadAt{Layer: l, Head: h}, nil
}

// An effect is what the edit changes, as JSON has it.
type effect struct {
	Sentence float64     `json:"sentence"` // 1 − cos of the sentence's vectors
	Hidden   [][]float64 `json:"hidden"`   // [layer+1][token]: 1 − cos of the states
	Position *int        `json:"position,omitempty"`
	Before   []predicted `json:"before,omitempty"`
	After    []predicted `json:"after,omitempty"`
}

type predicted struct {
	Text  string  `json:"text"`
	ID    int     `json:"id"`
	Logit float32 `json:"logit"`
}

// effectOf runs the model with and without the edit. Predictions are at the first mask of the text or, in a model that
// continues texts, at its end.
func effectOf(ctx context.Context, m *model.Model, in *lookInput, e *model.Edit) (*effect, error) {
	position := slices.IndexFunc(in.Names, func(name string) bool { return name == "[MASK]" || name == "<mask>" })
	if m.Info().Causal {
		position = len(in.Names) - 1
	}
	found, err := lens.Switch(ctx, m, in.Sequence, e, position) // −1 is lens.NoPosition
	if err != nil {
		return nil, err
	}
	result := &effect{Sentence: found.Sentence, Hidden: found.Hidden}
	if found.Before == nil {
		return result, nil
	}
	result.Position = &position
	if result.Before, err = namePredictions(m, found.Before); err != nil {
		return nil, err
	}
	result.After, err = namePredictions(m, found.After)
	return result, err
}

// namePredictions says what the tokens are called.
func namePredictions(m *model.Model, list []lens.Prediction) ([]predicted, error) {
	ids := make([]int, len(list))
	for i, p := range list {
		ids[i] = p.ID
	}
	in, _, err := lens.InputOfIDs(m, ids, nil)
	if err != nil {
		return nil, err
	}
	named := make([]predicted, len(list))
	for i, p := range list {
		named[i] = predicted{in.Labels[i], p.ID, p.Logit}
	}
	return named, nil
}

// notes say the effect in words.
func (e *effect) notes(names []string) []string {
	notes := []string{fmt.Sprintf("that turns the sentence's vector by %.4f (1 − cos)", e.Sentence)}
	last := e.Hidden[len(e.Hidden)-1]
	most := 0
	for i, turned := range last {
		if turned > last[most] {
			most = i
		}
	}
	notes[0] += fmt.Sprintf(", and of the tokens' last states that of %s most, by %.4f", names[most], last[most])
	if e.Position == nil {
		return notes
	}
	list := func(predictions []predicted) string {
		var parts []string
		for _, p := range predictions {
			parts = append(parts, fmt.Sprintf("%s %.1f", p.Text, p.Logit))
		}
		return strings.Join(parts, ", ")
	}
	return append(notes, fmt.Sprintf("%s before: %s", names[*e.Position], list(e.Before)),
		fmt.Sprintf("%s after: %s", names[*e.Position], list(e.After)))
}
