package lens

import (
	"context"
	"math"
	"slices"

	"github.com/rapt-go/rapt/model"
)

// ValueZeroing runs one layer as often as there are tokens, each time with the value vector of one token set to 0 in all
// heads while the weights stay, and measures how far that turns what leaves the layer:
//
//	c[i,j] = 1 − cos(out_i, out_i without v_j)
//
// (Mohebbi et al. 2023, "Quantifying Context Mixing in Transformers"). Input is what enters the layer, [seq][dim]. What
// edit switches off, if it isn't nil, is off in all runs. Rows aren't normalised: they are cosine distances, 0 to 2.
func ValueZeroing(ctx context.Context, m *model.Model, layer int, input []float32, edit *model.Edit) ([]float64, error) { // [query][key]
	if edit == nil {
		edit = &model.Edit{}
	}
	plain, err := m.RunLayer(ctx, layer, input, &model.Taps{Edit: edit})
	if err != nil {
		return nil, err
	}
	dim := m.Info().ModelDim
	n := len(input) / dim
	c := make([]float64, n*n)
	for j := range n {
		zero := *edit
		zero.ZeroValues = append(slices.Clone(edit.ZeroValues), model.ValueAt{Layer: layer, Token: j})
		changed, err := m.RunLayer(ctx, layer, input, &model.Taps{Edit: &zero})
		if err != nil {
			return nil, err
		}
		for i := range n {
			c[i*n+j] = cosineDistance(plain[i*dim:(i+1)*dim], changed[i*dim:(i+1)*dim])
		}
	}
	return c, nil
}

// cosineDistance is 1 − a·b/(‖a‖‖b‖): 0 for the same direction, 2 for opposite ones. A vector of zeros has no direction
// and is at distance 1 from any other. For vectors that lie close it is taken from their difference,
// ½‖a/‖a‖ − b/‖b‖‖², where 1 − cos would lose the digits.
func cosineDistance(a, b []float32) float64 {
	var aa, bb float64
	for d, x := range a {
		aa += float64(x) * float64(x)
		bb += float64(b[d]) * float64(b[d])
	}
	if aa == 0 || bb == 0 {
		if aa == bb {
			return 0
		}
		return 1
	}
	aa, bb = math.Sqrt(aa), math.Sqrt(bb)
	var squares float64
	for d, x := range a {
		diff := float64(x)/aa - float64(b[d])/bb
		squares += diff * diff
	}
	return squares / 2
}
