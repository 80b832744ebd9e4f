package main

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/rapt-go/rapt/lens"
	"github.com/rapt-go/rapt/model"
)

// A reading is one input, run through the model and measured: tokens or whole words, and their maps.
type reading struct {
	tokens []jsonToken  // [token] as they stand in files
	labels []string     // [token] as they stand in pictures
	places []string     // [token] as two models' tokens are told to be the same
	kinds  []lens.Token // [token]
	maps   *model.Attention
	view   *lens.View // of the maps
	picker *lens.View // of the weights, by which the head to show is picked
	trace  *model.Trace
	took   time.Duration
}

// read runs the model over one input and measures it.
func (f *lookFlags) read(ctx context.Context, m *model.Model, in *lookInput, edit *model.Edit) (*reading, error) {
	start := time.Now()
	plain := f.measure.Name == lens.Measures[0].Name
	r := &reading{labels: in.Labels, kinds: in.Tokens}
	var err error
	if plain || f.hidden {
		if r.trace, err = m.Trace(ctx, in.Sequence, model.Want{Weights: plain, Hidden: f.hidden, Logits: f.hidden, Edit: edit}); err != nil {
			return nil, err
		}
	}
	var weights *model.Attention
	if plain {
		weights = r.trace.Attention
		r.maps = weights
	} else {
		record, err := lens.Run(ctx, m, in.Sequence, edit)
		if err != nil {
			return nil, err
		}
		if r.maps, err = f.measure.Compute(ctx, m, record); err != nil {
			return nil, err
		}
		weights = record.Attention()
	}
	r.took = time.Since(start)
	for i, name := range in.Names {
		r.tokens = append(r.tokens, jsonToken{name, in.Sequence.IDs[i], in.Offsets[i][0], in.Offsets[i][1], in.Special[i]})
	}
	r.places = in.Places(single(len(in.Names)))
	if f.words && f.format != ".html" { // a page joins them itself
		if weights, err = r.join(in, weights); err != nil {
			return nil, err
		}
	}
	if r.view, err = lens.NewView(r.maps, r.kinds); err != nil {
		return nil, err
	}
	r.picker, err = lens.NewView(weights, r.kinds)
	return r, err
}

// single is the groups of n tokens that aren't joined.
func single(n int) [][]int {
	groups := make([][]int, n)
	for i := range groups {
		groups[i] = []int{i}
	}
	return groups
}

// joined is the id that a word of several tokens has in files.
const joined = -1

// join makes whole words of tokens, and gives the weights of words.
func (r *reading) join(in *lookInput, weights *model.Attention) (*model.Attention, error) {
	words, _, _, err := lens.Words(weights, r.kinds)
	if err != nil {
		return nil, err
	}
	maps, kinds, groups, err := lens.Words(r.maps, r.kinds)
	if err != nil {
		return nil, err
	}
	var tokens []jsonToken
	var labels []string
	for _, group := range groups {
		first, last := group[0], group[len(group)-1]
		t, label := r.tokens[first], cmp.Or(in.sourceOf(group), in.Labels[first])
		if len(group) > 1 {
			t = jsonToken{label, joined, in.Offsets[first][0], in.Offsets[last][1], false}
		}
		tokens, labels = append(tokens, t), append(labels, label)
	}
	r.maps, r.kinds, r.tokens, r.labels, r.places = maps, kinds, tokens, labels, in.Places(groups)
	return words, nil
}

func (r *reading) names() []string {
	names := make([]string, len(r.tokens))
	for i, t := range r.tokens {
		names[i] = t.Text
	}
	return names
}

// A comparison is the difference of two readings.
type comparison struct {
	first, second *reading
	names         [2]string // what differs: the texts, or the models
	common        *lens.Comparison
}

// align subtracts the first reading from the second, over the tokens that are called the same.
func (c *comparison) align(first, second []string) (err error) {
	c.common, err = lens.Compare(c.first.maps, c.second.maps, first, second)
	return err
}

// reading is the difference as if it were a reading.
func (c *comparison) reading() (*reading, error) {
	r := &reading{maps: c.common.Difference, took: c.first.took + c.second.took}
	for _, i := range c.common.A {
		r.tokens = append(r.tokens, c.first.tokens[i])
		r.labels = append(r.labels, c.first.labels[i])
		r.kinds = append(r.kinds, c.first.kinds[i])
	}
	var err error
	r.view, err = lens.NewView(r.maps, r.kinds)
	return r, err
}

// pick is the head whose maps differ most, Σ |difference|, of all or of --layer.
func (c *comparison) pick(v *lens.View, f *lookFlags) lens.Head {
	var best lens.Head
	most := -1.0
	for _, h := range v.Heads() {
		if f.given("layer") && h.Layer != f.layer {
			continue
		}
		var sum float64
		for _, w := range v.Map(h.Layer, h.Head) {
			sum += max(float64(w), -float64(w))
		}
		if sum > most {
			best, most = h, sum
		}
	}
	return best
}

// notes say what is compared and, of a head, how much goes to what isn't.
func (c *comparison) notes(h lens.Head, noun string) []string {
	return []string{
		fmt.Sprintf("first: %s", c.names[0]), fmt.Sprintf("second: %s", c.names[1]),
		fmt.Sprintf("%d of the %d and %d %s are in both; of what these give, %.1f and %.1f %% goes to the others", len(c.common.A),
			len(c.first.tokens), len(c.second.tokens), noun,
			100*lens.Unmatched(c.first.maps, h, c.common.A), 100*lens.Unmatched(c.second.maps, h, c.common.B)),
	}
}
