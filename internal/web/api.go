package web

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"time"

	"github.com/rapt-go/rapt/lens"
	"github.com/rapt-go/rapt/model"
)

// An apiRequest is the body of every request: what the model is run on, and what is asked about it. See docs/api.md.
type apiRequest struct {
	Text    *string  `json:"text"`
	Pair    *string  `json:"pair"`
	Measure string   `json:"measure"`
	Off     [][2]int `json:"off"`  // layer, head
	Cuts    [][2]int `json:"cuts"` // query, key; in every head

	Layer    *int    `json:"layer"`
	Head     *int    `json:"head"`
	Queries  []int   `json:"queries"`
	Keys     []int   `json:"keys"`
	Other    *string `json:"other"`
	Position *int    `json:"position"`
	Survey   bool    `json:"survey"` // statistics and single rows, though the text may be short enough for maps

	Tokens      *int    `json:"tokens"`
	Temperature float64 `json:"temperature"`
	Seed        uint64  `json:"seed"`

	surveys bool // see Server.surveys
}

// An apiError is an answer that says what was wrong.
type apiError struct {
	status  int
	message string
}

func (e *apiError) Error() string { return e.message }

func badRequest(format string, args ...any) error {
	return &apiError{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

// A sending is an answer ready to be sent: it keeps so many bytes until it has been read.
type sending struct {
	kind  string // content type
	size  int
	write func(w io.Writer) error
}

// An answer makes what is sent back: a value for JSON, or a *sending.
type answer func(ctx context.Context, s *Server, q *apiRequest) (any, error)

// answers are those of POST /api/NAME.
var answers = map[string]answer{
	"look":    answerLook,
	"summary": answerSummary,
	"layer":   answerLayer,
	"inside":  answerInside,
	"find":    answerFind,
	"similar": answerSimilar,
	"compare": answerCompare,
	"switch":  answerSwitch,
	"pooled":  answerPooled,
	"row":     answerRow,
}

func (s *Server) getModel(w http.ResponseWriter, _ *http.Request) {
	measures := []measureInfo{}
	for _, m := range lens.Measures {
		measures = append(measures, measureOf(m))
	}
	s.send(w, map[string]any{"model": infoOf(s.model), "measures": measures})
}

// post reads a request, waits for a place, and answers.
func (s *Server) post(name string, a answer) http.HandlerFunc {
	a = withWeights(name, a)
	return func(w http.ResponseWriter, r *http.Request) {
		q, err := readRequest(w, r)
		if err != nil {
			writeError(w, err)
			return
		}
		limit := runTime
		if q.surveys = s.surveys(q); q.surveys {
			limit = surveyTime
			// What goes wrong here is only that the answer has as long as any other.
			http.NewResponseController(w).SetWriteDeadline(time.Now().Add(limit + sendTime))
		}
		ctx, cancel := context.WithTimeout(r.Context(), limit)
		defer cancel()
		result, err := s.compute(ctx, a, q)
		switch {
		case r.Context().Err() != nil: // nobody listens any more
		case errors.Is(err, context.DeadlineExceeded):
			writeError(w, &apiError{http.StatusServiceUnavailable, fmt.Sprintf("it takes longer than %v", limit)})
		case err != nil:
			writeError(w, err)
		default:
			s.send(w, result)
		}
	}
}

// compute runs an answer when there is a place for it. Of long texts one is computed at a time, so that there is a place for
// short ones beside it.
func (s *Server) compute(ctx context.Context, a answer, q *apiRequest) (any, error) {
	if q.surveys {
		leave, err := s.longGate.enter(ctx)
		if err != nil {
			return nil, err
		}
		defer leave()
	}
	leave, err := s.gate.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	return a(ctx, s, q)
}

// readRequest reads the body: one JSON object, small, with no field that nobody knows.
func readRequest(w http.ResponseWriter, r *http.Request) (*apiRequest, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return nil, &apiError{http.StatusUnsupportedMediaType, fmt.Sprintf("the content type is %q, expected application/json", r.Header.Get("Content-Type"))}
	}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	decoder.DisallowUnknownFields()
	q := &apiRequest{}
	err = decoder.Decode(q)
	if err == nil {
		if _, err = decoder.Token(); err == io.EOF {
			err = nil
		} else if err == nil {
			err = errors.New("there is more than one value")
		}
	}
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, &apiError{http.StatusRequestEntityTooLarge, fmt.Sprintf("the request is larger than %d bytes", maxBody)}
	case err != nil:
		return nil, badRequest("the request isn't the JSON that is expected: %v", err)
	case q.Text == nil:
		return nil, badRequest("there is no text")
	}
	for _, text := range []*string{q.Text, q.Pair, q.Other} {
		if text != nil && len(*text) > maxText {
			return nil, &apiError{http.StatusRequestEntityTooLarge, fmt.Sprintf("a text has %d bytes, expected at most %d", len(*text), maxText)}
		}
	}
	return q, nil
}

// run is the run that a request is about, from the cache if it is there.
func (s *Server) run(ctx context.Context, text string, q *apiRequest) (*Run, error) {
	measure, err := lens.MeasureNamed(orWeights(q.Measure))
	if err != nil {
		return nil, badRequest("%v", err)
	}
	key, err := json.Marshal([]any{text, q.Pair, measure.Name, q.Off, q.Cuts})
	if err != nil {
		return nil, err
	}
	if r, ok := s.cache.get(string(key)).(*Run); ok {
		return r, nil
	}
	in, err := s.encode(text, q.Pair)
	if err != nil {
		return nil, err
	}
	info, n := s.model.Info(), len(in.Names)
	if size := mapBytes(info, n); size > s.mapBytes {
		return nil, &apiError{http.StatusUnprocessableEntity, fmt.Sprintf("there are %d tokens, and the maps of %d heads over them are %d MB; "+
			"the server gives at most %d MB", n, info.NumLayers*info.NumHeads, size>>20, s.mapBytes>>20)}
	}
	edit, err := s.edit(q, len(in.Names))
	if err != nil {
		return nil, err
	}
	r, err := Look(ctx, s.model, in, measure, edit)
	if err != nil {
		return nil, runError(ctx, err)
	}
	s.cache.add(string(key), r)
	return r, nil
}

// runError is what to say of a run that failed.
func runError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return &apiError{http.StatusUnprocessableEntity, err.Error()}
}

func orWeights(measure string) string {
	if measure == "" {
		return "weights"
	}
	return measure
}

// encode cuts a text, and refuses one that the model can't take.
func (s *Server) encode(text string, pair *string) (*lens.Input, error) {
	in, err := lens.Encode(s.model, text, pair, false)
	if err != nil {
		return nil, &apiError{http.StatusUnprocessableEntity, err.Error()}
	}
	return in, nil
}

// mapBytes is how much memory the maps of n tokens take.
func mapBytes(info model.Info, n int) int { return 4 * info.NumLayers * info.NumHeads * n * n }

// edit is what a request wants to have switched off, checked against the model and n tokens; nil: nothing.
func (s *Server) edit(q *apiRequest, n int) (*model.Edit, error) {
	if len(q.Off)+len(q.Cuts) == 0 {
		return nil, nil
	}
	info := s.model.Info()
	e := &model.Edit{}
	for _, h := range q.Off {
		if err := cmp.Or(within("layer", h[0], info.NumLayers), within("head", h[1], info.NumHeads)); err != nil {
			return nil, err
		}
		if at := (model.HeadAt{Layer: h[0], Head: h[1]}); !slices.Contains(e.HeadsOff, at) {
			e.HeadsOff = append(e.HeadsOff, at)
		}
	}
	for _, c := range q.Cuts {
		if err := cmp.Or(within("query", c[0], n), within("key", c[1], n)); err != nil {
			return nil, err
		}
		if cut := (model.Cut{Layer: model.All, Head: model.All, Query: c[0], Key: c[1]}); !slices.Contains(e.Cuts, cut) {
			e.Cuts = append(e.Cuts, cut)
		}
	}
	return e, nil
}

// within refuses a number that isn't one of n, counted from 0.
func within(name string, i, n int) error {
	if i < 0 || i >= n {
		return badRequest("%s %d: there are %d, 0 to %d", name, i, n, n-1)
	}
	return nil
}

// layerOf and headOf are those that a request is about, checked against the run's maps.
func (q *apiRequest) layerOf(r *Run) (int, error) {
	if q.Layer == nil {
		return 0, badRequest("there is no layer")
	}
	return *q.Layer, within("layer", *q.Layer, r.Map.NumLayers)
}

func (q *apiRequest) headOf(numHeads int) (int, error) {
	if q.Head == nil {
		return 0, badRequest("there is no head")
	}
	return *q.Head, within("head", *q.Head, numHeads)
}

// send writes an answer, if there is room for it beside those that others haven't read yet.
func (s *Server) send(w http.ResponseWriter, result any) {
	out, ok := result.(*sending)
	if !ok {
		var err error
		if out, err = inJSON(result); err != nil {
			writeError(w, err)
			return
		}
	}
	if !s.outgoing.take(out.size) {
		writeError(w, &apiError{http.StatusServiceUnavailable, "too many answers are being read; try again in a second"})
		return
	}
	defer s.outgoing.give(out.size)
	w.Header().Set("Content-Type", out.kind)
	out.write(w) // what goes wrong here is the reader's
}

// inJSON is a value as an answer.
func inJSON(value any) (*sending, error) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, fmt.Errorf("the answer can't be said in JSON: %w", err)
	}
	return &sending{"application/json", body.Len(), func(w io.Writer) error {
		_, err := w.Write(body.Bytes())
		return err
	}}, nil
}

func writeError(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	var known *apiError
	if errors.As(err, &known) {
		status = known.status
	}
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]string{"error": err.Error()})
}
