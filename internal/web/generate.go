package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/rapt-go/rapt/lens"
	"github.com/rapt-go/rapt/model"
)

// What a client may ask of a continuation, and what it gets if it doesn't.
const (
	maxNewTokens     = 256
	defaultNewTokens = 40
	topKeys          = 5 // of each head, of what a new token looks at
)

// A promptToken is a token that a continuation begins with.
type promptToken struct {
	Text   string `json:"text"`
	ID     int    `json:"id"`
	Label  string `json:"label"`  // as it can be read
	Source string `json:"source"` // the characters of the text
}

// A newToken is a line of a continuation.
type newToken struct {
	Text    string  `json:"text"`
	ID      int     `json:"id"`
	Label   string  `json:"label"`
	Adds    string  `json:"adds"` // to the text; a later one has the end of a character that this one begins
	LogProb float32 `json:"log_prob"`
	End     string  `json:"end,omitempty"` // why it is the last
	Look    look    `json:"look"`
}

// A look is what the model looked at to write a token, as "rapt generate --json" has it.
type look struct {
	Query int          `json:"query"` // the token that looks: the last before the new one
	Heads [][]headLook `json:"heads"` // [layer][head]
}

type headLook struct {
	Entropy float32   `json:"entropy"`
	Keys    []int32   `json:"keys"` // those with the largest weights, the largest first
	Weights []float32 `json:"weights"`
}

// generate continues a text: a line of JSON for the prompt, and one for each new token as it comes.
func (s *Server) generate(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), runTime)
	defer cancel()
	q, err := readRequest(w, r)
	if err != nil {
		writeError(w, err)
		return
	}
	c, err := s.continuation(q)
	if err != nil {
		writeError(w, err)
		return
	}
	leave, err := s.gate.enter(ctx)
	if err != nil {
		writeError(w, err)
		return
	}
	// The model doesn't wait for the reader: there is room for all lines, and slow ones keep nobody from a place.
	lines := make(chan []byte, 2+c.options.MaxTokens)
	go func() {
		defer leave()
		defer close(lines)
		c.run(ctx, lines)
	}()
	w.Header().Set("Content-Type", "application/x-ndjson")
	out := http.NewResponseController(w)
	for line := range lines {
		if _, err := w.Write(line); err != nil {
			cancel()
		}
		if len(lines) == 0 {
			out.Flush() // what goes wrong here is the reader's
		}
		s.outgoing.give(len(line))
	}
}

// A continuation is a prompt and how it is to go on.
type continuation struct {
	server  *Server
	input   *lens.Input
	options model.GenerateOptions
}

// continuation reads a request.
func (s *Server) continuation(q *apiRequest) (*continuation, error) {
	if len(q.Off)+len(q.Cuts) > 0 || q.Pair != nil || q.Survey {
		return nil, badRequest("a continuation takes no pair, off, cuts or survey")
	}
	in, err := lens.Encode(s.model, *q.Text, nil, false)
	if err != nil {
		return nil, &apiError{http.StatusUnprocessableEntity, err.Error()}
	}
	c := &continuation{server: s, input: in, options: model.GenerateOptions{MaxTokens: defaultNewTokens, TopKeys: topKeys,
		Sampling: model.Sampling{Temperature: q.Temperature, Seed: q.Seed}}}
	if q.Tokens != nil {
		if *q.Tokens < 1 || *q.Tokens > maxNewTokens {
			return nil, badRequest("tokens is %d, expected 1 to %d", *q.Tokens, maxNewTokens)
		}
		c.options.MaxTokens = *q.Tokens
	}
	if err := s.model.CheckGenerate([]model.Sequence{in.Sequence}, &c.options); err != nil {
		return nil, &apiError{http.StatusUnprocessableEntity, err.Error()}
	}
	return c, nil
}

// run sends the lines. It ends with the text, or with a line {"error"}.
func (c *continuation) run(ctx context.Context, lines chan<- []byte) {
	prompt := make([]promptToken, len(c.input.Names))
	for i, name := range c.input.Names {
		prompt[i] = promptToken{name, c.input.Sequence.IDs[i], c.input.Labels[i], c.input.Sources[i]}
	}
	if err := c.send(lines, map[string]any{"prompt": prompt}); err != nil {
		return
	}
	for token, err := range c.server.model.Generate(ctx, []model.Sequence{c.input.Sequence}, &c.options) {
		if err == nil {
			var line *newToken
			if line, err = c.line(token); err == nil {
				err = c.send(lines, line)
			}
		}
		switch {
		case errors.Is(err, context.DeadlineExceeded):
			err = fmt.Errorf("it takes longer than %v", runTime)
		case ctx.Err() != nil: // nobody listens any more
			return
		}
		if err != nil {
			c.send(lines, map[string]string{"error": err.Error()})
			return
		}
	}
}

// errCrowded says that too much is waiting to be read.
var errCrowded = errors.New("too many answers are being read; try again in a second")

// send puts a line where the reader finds it.
func (c *continuation) send(lines chan<- []byte, value any) error {
	line, err := json.Marshal(value)
	if err != nil {
		return err
	}
	line = append(line, '\n')
	if !c.server.outgoing.take(len(line)) {
		return errCrowded
	}
	lines <- line
	return nil
}

// line is a new token with what it looks at.
func (c *continuation) line(token model.NewToken) (*newToken, error) {
	in, _, err := lens.InputOfIDs(c.server.model, []int{token.ID}, nil)
	if err != nil {
		return nil, err
	}
	line := &newToken{Text: in.Names[0], ID: token.ID, Label: in.Labels[0], Adds: token.Text, LogProb: token.LogProb,
		End: string(token.End), Look: look{Query: token.Look.Query}}
	for l := range token.Look.NumLayers {
		heads := make([]headLook, token.Look.NumHeads)
		for h := range heads {
			heads[h].Keys, heads[h].Weights, heads[h].Entropy = token.Look.Head(l, h)
		}
		line.Look.Heads = append(line.Look.Heads, heads)
	}
	return line, nil
}
