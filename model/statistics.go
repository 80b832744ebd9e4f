package model

import (
	"context"
	"errors"
	"fmt"

	"github.com/rapt-go/rapt"
)

// A Gather says what Statistics gathers of the attention in every layer.
type Gather struct {
	Edit *Edit // what is switched off; nil: nothing

	// Stats are the statistics that are wanted of a layer: room for them, as rapt.Statistics takes it, of a batch of one, all
	// heads of the model and as many queries and keys as there are tokens. It may be the same for each layer. A nil function,
	// or nil from it, asks for none.
	Stats func(layer int) *rapt.Stats

	// Queries are those whose weights are wanted as they are, in every layer. A query may come up more than once.
	Queries []int

	// Visit gets what is wanted of a layer. rows are valid during Visit only. An error ends the run and is what Statistics
	// returns.
	Visit func(layer int, stats *rapt.Stats, rows []float32) error // rows [head][len(Queries)][key]
}

// Statistics runs the model over one sequence and gathers what is asked for of the weights of every layer, which are never
// stored together: memory grows with the number of tokens, not with its square. What is gathered is exact, and so are the
// activations: they have the bits of Forward. Of an encoder–decoder model it's the encoder's attention.
func (m *Model) Statistics(ctx context.Context, s Sequence, g Gather) error {
	taps := &Taps{Edit: g.Edit, gather: &g}
	if err := check(&m.info, []Sequence{s}, taps); err != nil {
		return err
	}
	if s.DecoderIDs != nil {
		return errors.New("statistics are of the encoder's attention: the sequence has ids for the decoder, expected none")
	}
	for _, query := range g.Queries {
		if query < 0 || query >= len(s.IDs) {
			return fmt.Errorf("query %d: the sequence has tokens 0 to %d", query, len(s.IDs)-1)
		}
	}
	_, err := m.Forward(ctx, []Sequence{s}, taps)
	return err
}

// errLayerDone ends a run after the only layer that matters.
var errLayerDone = errors.New("the layer is done")

// WeightRows runs the model over one sequence, edited if edit isn't nil, as far as one layer, and gives the weights of some
// queries there: a few rows of a map that is too large to be kept.
func (m *Model) WeightRows(ctx context.Context, s Sequence, edit *Edit, layer int, queries []int) ([]float32, error) { // [head][len(queries)][key]
	if layer < 0 || layer >= m.info.NumLayers {
		return nil, fmt.Errorf("layer %d: the model has layers 0 to %d", layer, m.info.NumLayers-1)
	}
	var found []float32
	err := m.Statistics(ctx, s, Gather{Edit: edit, Queries: queries, Visit: func(at int, _ *rapt.Stats, rows []float32) error {
		if at < layer {
			return nil
		}
		found = append(found, rows...)
		return errLayerDone
	}})
	if err != nil && !errors.Is(err, errLayerDone) {
		return nil, err
	}
	return found, nil
}

// attend computes z of the only sequence of a pass, and what is to be gathered of the layer at hand.
func (g *Gather) attend(p *pass) error {
	s := &p.attention
	o := *s.told
	o.Threads, o.MaskFunc = p.team.Size(), p.cuts()
	if s.bias != nil {
		o.ScoreFunc = func(scores []float32, at rapt.Segment) { s.bias.add(scores, at.Head, at.Query, at.FirstKey) }
	}
	var stats *rapt.Stats
	if g.Stats != nil {
		stats = g.Stats(p.layer)
	}
	var err error
	if stats != nil {
		err = rapt.Statistics(stats, &s.z, s.q, s.k, s.v, &o)
	} else {
		err = s.run(p, nil, nil)
	}
	if err != nil {
		return err
	}
	rows := p.room(s.q.Heads * len(g.Queries) * s.k.Seq)
	if len(g.Queries) > 0 {
		if err := rapt.Weights(rows, s.q, s.k, g.Queries, &o); err != nil {
			return err
		}
	}
	return g.Visit(p.layer, stats, rows)
}
