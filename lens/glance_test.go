package lens_test

import (
	"testing"

	"github.com/rapt-go/rapt/lens"
	"github.com/rapt-go/rapt/model"
)

func TestPickGlance(t *testing.T) {
	// Two layers of two heads, two keys each.
	look := func(query int, keys []int32, weights []float32) *model.Look {
		return &model.Look{Query: query, NumLayers: 2, NumHeads: 2, TopKeys: 2, Entropy: make([]float32, 4), Keys: keys, Weights: weights}
	}
	for _, c := range []struct {
		name        string
		look        *model.Look
		first, last int
		want        lens.Head
	}{
		{"not the first, the last two", look(6, []int32{0, 3, 5, 2, 6, 4, 6, 5}, []float32{0.9, 0.1, 0.8, 0.2, 0.7, 0.3, 0.5, 0.5}), 0, 1, lens.Head{Layer: 1, Head: 0}},
		{"in one layer", look(6, []int32{0, 3, 5, 2, 6, 4, 6, 5}, []float32{0.9, 0.1, 0.8, 0.2, 0.7, 0.3, 0.5, 0.5}), 0, 0, lens.Head{Layer: 0, Head: 1}},
		{"the first of equal ones", look(6, []int32{3, 0, 3, 0, 3, 0, 4, 0}, []float32{0.6, 0.4, 0.6, 0.4, 0.6, 0.4, 0.6, 0.4}), 0, 1, lens.Head{}},
		{"no other keys", look(2, []int32{0, 1, 0, 1, 0, 1, 1, 2}, []float32{0.6, 0.4, 0.6, 0.4, 0.6, 0.4, 0.7, 0.3}), 0, 1, lens.Head{Layer: 1, Head: 1}},
		{"fewer keys than room", look(5, []int32{0, -1, 0, -1, 2, -1, 0, -1}, []float32{1, 0, 1, 0, 1, 0, 1, 0}), 0, 1, lens.Head{Layer: 1, Head: 0}},
		{"nothing to pick from", look(5, []int32{0, -1, 0, -1, 0, -1, 0, -1}, []float32{1, 0, 1, 0, 1, 0, 1, 0}), 1, 1, lens.Head{Layer: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := lens.PickGlance(c.look, c.first, c.last); got != c.want {
				t.Errorf("%v, expected %v", got, c.want)
			}
		})
	}
}
