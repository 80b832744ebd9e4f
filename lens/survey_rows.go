package lens

import (
	"context"
	"errors"

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
	err := m.Statistics(ctx, s, model.Gather{Edit: edit, Queries: queries, Visit: func(_ int, _ *rapt.Stats, rows []float32) error {
		a.Weights = append(a.Weights, rows...)
		return nil
	}})
	if err == nil {
		err = checkFinite(a, queries)
	}
	if err != nil {
		return nil, err
	}
	return a, nil
}
