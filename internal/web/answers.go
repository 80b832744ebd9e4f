package web

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"

	"github.com/rapt-go/rapt/lens"
	"github.com/rapt-go/rapt/model"
)

// answerLook is what "rapt look --json" prints.
func answerLook(ctx context.Context, s *Server, q *apiRequest) (any, error) {
	r, err := s.run(ctx, *q.Text, q)
	if err != nil {
		return nil, err
	}
	type jsonToken struct {
		Text    string `json:"text"`
		ID      int    `json:"id"`
		Start   int    `json:"start"`
		End     int    `json:"end"`
		Special bool   `json:"special"`
	}
	tokens := make([]jsonToken, len(r.Names))
	for i, name := range r.Names {
		tokens[i] = jsonToken{name, r.Sequence.IDs[i], r.Offsets[i][0], r.Offsets[i][1], r.Special[i]}
	}
	header, err := json.Marshal(struct {
		Model   string      `json:"model"`
		Measure string      `json:"measure"`
		Layers  int         `json:"layers"`
		Heads   int         `json:"heads"`
		Tokens  []jsonToken `json:"tokens"`
	}{r.Model.Info().Name, r.Measure.Name, r.Map.NumLayers, r.Map.NumHeads, tokens})
	if err != nil {
		return nil, err
	}
	return &sending{"application/json", 4 * len(r.Map.Weights), func(w io.Writer) error { return writeLook(w, header, r.Map) }}, nil
}

// writeLook writes the object whose other fields are in header, a map after the other: of a long text it is larger than
// the maps themselves.
func writeLook(w io.Writer, header []byte, a *model.Attention) error {
	out := bufio.NewWriterSize(w, 1<<16)
	out.Write(bytes.TrimSuffix(header, []byte("}")))
	out.WriteString(`,"attention":[`)
	for l := range a.NumLayers {
		out.WriteString([]string{"[", ",["}[min(l, 1)])
		for h := range a.NumHeads {
			rows, err := json.Marshal(rowsOf(a.Map(l, h), a.KeyLen))
			if err != nil {
				return err
			}
			out.WriteString([]string{"", ","}[min(h, 1)])
			if _, err := out.Write(rows); err != nil {
				return err
			}
		}
		out.WriteString("]")
	}
	out.WriteString("]}\n")
	return out.Flush()
}

func answerSummary(ctx context.Context, s *Server, q *apiRequest) (any, error) {
	if q.surveys {
		r, err := s.survey(ctx, q)
		if err != nil {
			return nil, err
		}
		return r.summarise(mapBytes(s.model.Info(), len(r.Names)) > s.mapBytes), nil
	}
	r, err := s.run(ctx, *q.Text, q)
	if err != nil {
		return nil, err
	}
	return r.summarise(false), nil
}

// answerLayer is the maps of a layer, [head][query][key], little-endian float32.
func answerLayer(ctx context.Context, s *Server, q *apiRequest) (any, error) {
	r, err := s.run(ctx, *q.Text, q)
	if err != nil {
		return nil, err
	}
	l, err := q.layerOf(r)
	if err != nil {
		return nil, err
	}
	size := r.Map.NumHeads * r.Map.QueryLen * r.Map.KeyLen
	data := make([]byte, 0, 4*size)
	for _, v := range r.Map.Weights[l*size : (l+1)*size] {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
	}
	return &sending{"application/octet-stream", len(data), func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	}}, nil
}

// answerInside is what a head computes its weights from: x, [seq][dim], and q, k and v, [seq][headDim].
func answerInside(ctx context.Context, s *Server, q *apiRequest) (any, error) {
	weights := *q
	weights.Measure = "weights"
	r, err := s.run(ctx, *q.Text, &weights)
	if err != nil {
		return nil, err
	}
	l, err := q.layerOf(r)
	if err != nil {
		return nil, err
	}
	info := r.Model.Info()
	h, err := q.headOf(info.NumHeads)
	if err != nil {
		return nil, err
	}
	found, err := r.insides(ctx, []int{l})
	if err != nil {
		return nil, err
	}
	of := func(x []float32) [][]float32 {
		heads := len(x) / (len(r.Names) * info.HeadDim) // keys and values may have fewer, each for several of queries
		return rowsOf(ofHead(x, h*heads/info.NumHeads, heads, info.HeadDim), info.HeadDim)
	}
	in := found[l]
	return map[string][][]float32{
		"x": rowsOf(in.x, info.ModelDim), "q": of(in.q), "k": of(in.k), "v": of(in.v),
		"weights": rowsOf(r.Map.Map(l, h), r.Map.KeyLen),
	}, nil
}

// answerFind ranks all heads by an edge.
func answerFind(ctx context.Context, s *Server, q *apiRequest) (any, error) {
	if q.surveys {
		return findInRows(ctx, s, q)
	}
	r, err := s.run(ctx, *q.Text, q)
	if err != nil {
		return nil, err
	}
	for name, list := range map[string][]int{"queries": q.Queries, "keys": q.Keys} {
		if err := checkTokens(name, list, len(r.Names)); err != nil {
			return nil, err
		}
	}
	view := *r.View
	view.Attention = r.Map
	return scoresOf(view.Find(q.Queries, q.Keys)), nil
}

func answerSimilar(ctx context.Context, s *Server, q *apiRequest) (any, error) {
	r, err := s.run(ctx, *q.Text, q)
	if err != nil {
		return nil, err
	}
	l, err := q.layerOf(r)
	if err != nil {
		return nil, err
	}
	h, err := q.headOf(r.View.NumHeads)
	if err != nil {
		return nil, err
	}
	similar := scoresOf(r.View.Similar(lens.Head{Layer: l, Head: h}))
	return similar[:min(similarHeads, len(similar))], nil
}

// answerCompare is one head over another text: the difference to this one over the tokens in common.
func answerCompare(ctx context.Context, s *Server, q *apiRequest) (any, error) {
	if q.Other == nil {
		return nil, badRequest("there is no other text")
	}
	if len(q.Cuts) > 0 {
		return nil, badRequest("cuts are of tokens of one text: they have no meaning where two are compared")
	}
	a, err := s.run(ctx, *q.Text, q)
	if err != nil {
		return nil, err
	}
	l, err := q.layerOf(a)
	if err != nil {
		return nil, err
	}
	h, err := q.headOf(a.Map.NumHeads)
	if err != nil {
		return nil, err
	}
	b, err := s.run(ctx, *q.Other, q)
	if err != nil {
		return nil, err
	}
	c, err := lens.Compare(oneHead(a.Map, l, h), oneHead(b.Map, l, h), a.Names, b.Names)
	if err != nil {
		return nil, &apiError{http.StatusUnprocessableEntity, err.Error()}
	}
	only := lens.Head{}
	return map[string]any{
		"tokens_a": a.tokens(), "tokens_b": b.tokens(), "a": c.A, "b": c.B,
		"difference":  rowsOf(c.Difference.Map(0, 0), len(c.A)),
		"unmatched_a": lens.Unmatched(oneHead(a.Map, l, h), only, c.A),
		"unmatched_b": lens.Unmatched(oneHead(b.Map, l, h), only, c.B),
	}, nil
}

// oneHead is attention of one head alone.
func oneHead(a *model.Attention, layer, head int) *model.Attention {
	return &model.Attention{NumLayers: 1, NumHeads: 1, QueryLen: a.QueryLen, KeyLen: a.KeyLen, Weights: a.Map(layer, head)}
}

// answerSwitch is what it changes that heads are off, or edges cut.
func answerSwitch(ctx context.Context, s *Server, q *apiRequest) (any, error) {
	in, err := s.encode(*q.Text, q.Pair)
	if err != nil {
		return nil, err
	}
	edit, err := s.edit(q, len(in.Names))
	if err != nil {
		return nil, err
	}
	if edit == nil {
		return nil, badRequest("there is no head in off, and no edge in cuts")
	}
	position := lens.NoPosition
	if q.Position != nil {
		position = *q.Position
		if err := within("position", position, len(in.Names)); err != nil {
			return nil, err
		}
	}
	// What leaves each layer is kept of both runs.
	info, n := s.model.Info(), len(in.Names)
	if size := 2 * 4 * (info.NumLayers + 1) * n * info.ModelDim; size > maxMaps {
		return nil, &apiError{http.StatusUnprocessableEntity, fmt.Sprintf("what %d tokens change takes %d MB to say; the server gives at most %d MB",
			n, size>>20, maxMaps>>20)}
	}
	effect, err := lens.Switch(ctx, s.model, in.Sequence, edit, position)
	if err != nil {
		return nil, err
	}
	before, err := s.predictions(effect.Before)
	if err != nil {
		return nil, err
	}
	after, err := s.predictions(effect.After)
	if err != nil {
		return nil, err
	}
	return map[string]any{"hidden": effect.Hidden, "sentence": effect.Sentence, "before": before, "after": after}, nil
}

type prediction struct {
	ID    int     `json:"id"`
	Token string  `json:"token"`
	Logit float32 `json:"logit"`
}

func (s *Server) predictions(list []lens.Prediction) ([]prediction, error) {
	ids := make([]int, len(list))
	for i, p := range list {
		ids[i] = p.ID
	}
	in, _, err := lens.InputOfIDs(s.model, ids, nil)
	if err != nil {
		return nil, err
	}
	named := []prediction{}
	for i, p := range list {
		named = append(named, prediction{p.ID, in.Labels[i], p.Logit})
	}
	return named, nil
}

// rowsOf cuts a matrix into rows of that width.
func rowsOf(m []float32, width int) [][]float32 {
	rows := make([][]float32, len(m)/width)
	for i := range rows {
		rows[i] = m[i*width : (i+1)*width]
	}
	return rows
}
