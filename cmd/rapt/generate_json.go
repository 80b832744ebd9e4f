package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/rapt-go/rapt/internal/quote"
	"github.com/rapt-go/rapt/model"
)

// A generated is what is printed of a prompt in JSON: what is new.
type generated struct {
	IDs      []int      `json:"ids"`
	Text     string     `json:"text"`
	LogProbs []float32  `json:"log_probs,omitempty"`
	Look     []lookJSON `json:"look,omitempty"`
}

func (a *generated) add(token model.NewToken, f *generateFlags) {
	a.IDs = append(a.IDs, token.ID)
	a.Text += token.Text
	if f.logProbs {
		a.LogProbs = append(a.LogProbs, token.LogProb)
	}
	if token.Look != nil {
		a.Look = append(a.Look, newLookJSON(token.Look))
	}
}

// object prints one prompt's.
func (g *generator) object(ctx context.Context, prompt model.Sequence) error {
	var answer generated
	for token, err := range g.model.Generate(ctx, []model.Sequence{prompt}, g.options()) {
		if err != nil {
			return err
		}
		answer.add(token, g.flags)
	}
	return g.print(&answer)
}

// print prints an answer on a line.
func (g *generator) print(a *generated) error {
	e := json.NewEncoder(g.out)
	e.SetEscapeHTML(false)
	return e.Encode(a)
}

// A lookJSON is what the last token before a new one looks at.
type lookJSON struct {
	Query   int              `json:"query"`
	Heads   [][]headLookJSON `json:"heads"`             // [layer][head]
	Encoder [][]headLookJSON `json:"encoder,omitempty"` // [layer][head] among the tokens of the prompt, where an encoder has read it
}

type headLookJSON struct {
	Entropy float32   `json:"entropy"`
	Keys    []int32   `json:"keys"`
	Weights []float32 `json:"weights"`
}

func newLookJSON(l *model.Look) lookJSON {
	j := lookJSON{Query: l.Query, Heads: headsJSON(l)}
	if l.Encoder != nil {
		j.Encoder = headsJSON(l.Encoder)
	}
	return j
}

func headsJSON(l *model.Look) [][]headLookJSON {
	list := make([][]headLookJSON, l.NumLayers)
	for layer := range list {
		for head := range l.NumHeads {
			keys, weights, entropy := l.Head(layer, head)
			list[layer] = append(list[layer], headLookJSON{entropy, keys, weights})
		}
	}
	return list
}

// mostPrompts is how many lines go on together: enough that reading the parameters, which takes most of the time of a
// step, is shared by many.
const mostPrompts = 32

// lines goes on with the prompt of every line. As many lines as have already come are taken together, so that a caller who
// waits for each answer before the next prompt gets it. The lines before a bad one are still answered.
func (g *generator) lines(ctx context.Context, r io.Reader) error {
	in := bufio.NewReaderSize(r, 1<<20)
	for done := 0; ; {
		prompts, err := g.waiting(in)
		if err := g.answer(ctx, prompts, done); err != nil {
			return err
		}
		done += len(prompts)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", done+1, err)
		}
	}
}

// waiting is the prompts of the lines that have come, up to the first bad one.
func (g *generator) waiting(in *bufio.Reader) (prompts []model.Sequence, err error) {
	for len(prompts) < mostPrompts && (len(prompts) == 0 || lineWaits(in)) {
		line, end := in.ReadBytes('\n')
		if len(line) > 0 {
			prompt, err := g.line(line)
			if err != nil {
				return prompts, err
			}
			prompts = append(prompts, prompt)
		}
		if end != nil {
			return prompts, end
		}
	}
	return prompts, nil
}

// line reads one prompt.
func (g *generator) line(data []byte) (model.Sequence, error) {
	p, err := parsePromptLine(data)
	if err != nil {
		return model.Sequence{}, fmt.Errorf(`expected {"text": "…"} or {"ids": […]}: %w`, err)
	}
	prompt := model.Sequence{IDs: p.IDs}
	if p.Text != nil {
		if prompt, err = g.model.Sequence(*p.Text, nil); err != nil {
			return prompt, err
		}
	}
	return prompt, g.check(prompt)
}

type promptLine struct {
	Text *string
	IDs  []int
}

// parsePromptLine reads a text or ids. Any other member might mean something that generate doesn't do.
func parsePromptLine(data []byte) (p promptLine, err error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return p, err
	}
	for name, value := range members {
		switch name {
		case "text":
			err = json.Unmarshal(value, &p.Text)
		case "ids":
			err = json.Unmarshal(value, &p.IDs)
		default:
			return p, fmt.Errorf("%s has no meaning here", quote.Text(name))
		}
		if err != nil {
			return p, fmt.Errorf("%s: %w", name, err)
		}
	}
	switch {
	case p.Text != nil && p.IDs != nil:
		return p, errors.New("there are both")
	case p.Text == nil && p.IDs == nil:
		return p, errors.New("there is neither")
	}
	return p, nil
}

// answer goes on with prompts together and prints their objects in order, each as soon as it and those before it are
// complete. done is the number of prompts before them: each has its own draws, wherever it comes together with others.
func (g *generator) answer(ctx context.Context, prompts []model.Sequence, done int) error {
	o := g.options()
	o.Stream = uint64(done)
	answers, ended, next := make([]generated, len(prompts)), make([]bool, len(prompts)), 0
	for token, err := range g.model.Generate(ctx, prompts, o) {
		if err != nil {
			return err
		}
		answers[token.Seq].add(token, g.flags)
		ended[token.Seq] = token.End != model.Unfinished
		for next < len(prompts) && ended[next] {
			if err := g.print(&answers[next]); err != nil {
				return err
			}
			answers[next] = generated{}
			next++
		}
	}
	return nil
}
