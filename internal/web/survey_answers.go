package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/rapt-go/rapt/lens"
	"github.com/rapt-go/rapt/model"
)

// maxQueries is of how many tokens a request may have exact rows.
const maxQueries = 8

// surveys reports whether a request is answered by statistics and single rows: if it asks for that, or if its text is too
// long for maps. A text that can't be cut isn't; its answer will say why.
func (s *Server) surveys(q *apiRequest) bool {
	if q.Survey {
		return true
	}
	bytes := len(*q.Text) + 16 // a token is a byte or more, but for those that the tokenizer adds
	if q.Pair != nil {
		bytes += len(*q.Pair)
	}
	info := s.model.Info()
	if mapBytes(info, bytes) <= s.mapBytes {
		return false
	}
	in, err := s.encode(*q.Text, q.Pair)
	return err == nil && mapBytes(info, len(in.Names)) > s.mapBytes
}

// survey is the survey that a request is about, from the cache if it is there.
func (s *Server) survey(ctx context.Context, q *apiRequest) (*Survey, error) {
	in, edit, err := s.surveyed(q)
	if err != nil {
		return nil, err
	}
	key, err := q.key("survey")
	if err != nil {
		return nil, err
	}
	if r, ok := s.cache.get(key).(*Survey); ok {
		return r, nil
	}
	r, err := TakeSurvey(ctx, s.model, in, edit, SurveyOptions{})
	if err != nil {
		return nil, runError(ctx, err)
	}
	s.cache.add(key, r)
	return r, nil
}

// surveyed is the input and the edit of a request about a survey, checked.
func (s *Server) surveyed(q *apiRequest) (*lens.Input, *model.Edit, error) {
	in, err := s.encode(*q.Text, q.Pair)
	if err != nil {
		return nil, nil, err
	}
	info, n := s.model.Info(), len(in.Names)
	if measure := orWeights(q.Measure); measure != lens.Measures[0].Name {
		if _, err := lens.MeasureNamed(measure); err != nil {
			return nil, nil, badRequest("%v", err)
		}
		return nil, nil, &apiError{http.StatusUnprocessableEntity, fmt.Sprintf("the measure %s needs all weights, and a survey of %d tokens keeps none: "+
			"it has the measure weights alone", measure, n)}
	}
	if size := surveyBytes(info, n); size > maxMaps {
		return nil, nil, &apiError{http.StatusUnprocessableEntity, fmt.Sprintf("there are %d tokens, and the statistics of %d heads over them are %d MB; "+
			"the server gives at most %d MB", n, info.NumLayers*info.NumHeads, size>>20, maxMaps>>20)}
	}
	edit, err := s.edit(q, n)
	return in, edit, err
}

// key is what a request is about, for the cache.
func (q *apiRequest) key(what string, more ...int) (string, error) {
	key, err := json.Marshal([]any{what, *q.Text, q.Pair, q.Off, q.Cuts, more})
	return string(key), err
}

// rowsKept are the rows of some queries as the cache has them.
type rowsKept struct{ *model.Attention }

func (r rowsKept) bytes() int { return 4 * len(r.Weights) }

// rows are the exact weights of the request's queries in every head, from the cache if they are there.
func (s *Server) rows(ctx context.Context, q *apiRequest, in *lens.Input, edit *model.Edit) (*model.Attention, error) {
	if err := checkTokens("queries", q.Queries, len(in.Names)); err != nil {
		return nil, err
	}
	if len(q.Queries) > maxQueries {
		return nil, badRequest("there are %d queries, expected at most %d of a survey: each takes a row of every head", len(q.Queries), maxQueries)
	}
	key, err := q.key("rows", q.Queries...)
	if err != nil {
		return nil, err
	}
	if kept, ok := s.cache.get(key).(rowsKept); ok {
		return kept.Attention, nil
	}
	rows, err := lens.TakeRows(ctx, s.model, in.Sequence, edit, q.Queries)
	if err != nil {
		return nil, runError(ctx, err)
	}
	s.cache.add(key, rowsKept{rows})
	return rows, nil
}

// checkTokens refuses a list without tokens, and one with a token that isn't there.
func checkTokens(name string, list []int, n int) error {
	if len(list) == 0 {
		return badRequest("there are no %s", name)
	}
	for _, i := range list {
		if err := within("token", i, n); err != nil {
			return err
		}
	}
	return nil
}

// answerPooled is what a survey has of one head.
func answerPooled(ctx context.Context, s *Server, q *apiRequest) (any, error) {
	l, h, err := q.placeIn(s.model.Info())
	if err != nil {
		return nil, err
	}
	r, err := s.survey(ctx, q)
	if err != nil {
		return nil, err
	}
	n := len(r.Segments)
	segments := make([][2]int, n)
	for at, segment := range r.Segments {
		segments[at] = [2]int{segment.From, segment.To}
	}
	return map[string]any{
		"segments": segments, "share": rowsOf(r.Maps.Map(l, h), n), "max": rowsOf(r.mostOf(l, h), n), "received": r.receivedOf(l, h),
	}, nil
}

// answerRow is the exact weights of some queries in one head, [query][key].
func answerRow(ctx context.Context, s *Server, q *apiRequest) (any, error) {
	l, h, err := q.placeIn(s.model.Info())
	if err != nil {
		return nil, err
	}
	in, edit, err := s.surveyed(q)
	if err != nil {
		return nil, err
	}
	rows, err := s.rows(ctx, q, in, edit)
	if err != nil {
		return nil, err
	}
	return map[string]any{"queries": q.Queries, "weights": rowsOf(rows.Map(l, h), rows.KeyLen)}, nil
}

// findInRows ranks all heads by an edge, as View.Find does.
func findInRows(ctx context.Context, s *Server, q *apiRequest) (any, error) {
	in, edit, err := s.surveyed(q)
	if err != nil {
		return nil, err
	}
	if err := checkTokens("keys", q.Keys, len(in.Names)); err != nil {
		return nil, err
	}
	rows, err := s.rows(ctx, q, in, edit)
	if err != nil {
		return nil, err
	}
	places := make([]int, rows.QueryLen)
	for r := range places {
		places[r] = r
	}
	return scoresOf((&lens.View{Attention: rows}).Find(places, q.Keys)), nil
}

// placeIn is the head that a request about a survey is about.
func (q *apiRequest) placeIn(info model.Info) (layer, head int, err error) {
	if q.Layer == nil {
		return 0, 0, badRequest("there is no layer")
	}
	if err := within("layer", *q.Layer, info.NumLayers); err != nil {
		return 0, 0, err
	}
	head, err = q.headOf(info.NumHeads)
	return *q.Layer, head, err
}

// needsWeights are the answers that no survey has.
var needsWeights = []string{"look", "layer", "inside", "similar", "compare"}

// withWeights is the answer of that name, which refuses a survey if it needs all weights.
func withWeights(name string, a answer) answer {
	if !slices.Contains(needsWeights, name) {
		return a
	}
	return func(ctx context.Context, s *Server, q *apiRequest) (any, error) {
		if q.Survey {
			return nil, badRequest("%s needs all weights, and a survey keeps none", name)
		}
		return a(ctx, s, q)
	}
}
