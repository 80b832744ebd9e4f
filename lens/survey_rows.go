package lens

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/rapt-go/rapt"
	"github.com/rapt-go/rapt/model"
)

// TakeRows runs the model over a sequence, edited if edit isn't nil, and gives the weights of some queries in every head,
// exactly: row r of a map is that of queries[r]. It takes the time of a run and the memory of these rows. A weight that
// isn't a number is an error, as in NewView.
func TakeRows(ctx context.Context, m *model.Model, s model.Sequence, edit *model.Edit, queries []int) (*model.Attention, error) {
	if len(queries) == 0 {
		return nil, errors.New("there are no queries")
	}
	info := m.Info()
	a := &model.Attention{NumLayers: info.NumLayers, NumHeads: info.NumHeads, QueryLen: len(queries), KeyLen: len(s.IDs)}
	err := m.Statistics(ctx, s, model.Gather{Edit: edit, Queries: queries, Visit: func(layer int, _ *rapt.Stats, rows []float32) error {
		for at, w := range rows {
			if f := float64(w); math.IsNaN(f) || math.IsInf(f, 0) {
				row := at / a.KeyLen
				return fmt.Errorf("the attention of %v holds %v at query %d, key %d: it can't be shown",
					Head{layer, row / len(queries)}, w, queries[row%len(queries)], at%a.KeyLen)
			}
		}
		a.Weights = append(a.Weights, rows...)
		return nil
	}})
	if err != nil {
		return nil, err
	}
	return a, nil
}
