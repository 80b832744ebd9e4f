package figure

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/rapt-go/rapt/lens"
)

// A Survey shows one head of a text that is too long to show every token, and the others at a glance.
type Survey struct {
	Survey *lens.Survey
	Names  []string      // [token], as they are to be called
	Model  string        // its name
	Took   time.Duration // how long the model ran; 0 if that isn't to be printed
	Notes  []string      // what the reader has to know
	Head   lens.Head
	Reason string // why this head
}

// Print draws the figure: the map of the head's segments, the strongest pairs of words, what every head does.
func (f *Survey) Print(w io.Writer, s Screen) error {
	width := s.width()
	look, err := f.look()
	if err != nil {
		return err
	}
	words := &Look{Subject: Subject{View: look.View, Names: f.Names}, Head: f.Head}
	grid, notes := newGrid(look, s).lines()
	letters := f.Survey.Letters()
	heads, cell := look.roleMap(letters, s.Color).beside(words.list(f.Survey.Pairs, width), 3, 1, width)
	return write(w, slices.Concat(
		f.header(width), look.printNotes(width), []string{""},
		wrap(fmt.Sprintf("%s: %s", s.Color.strong(look.title()), look.axes()), width),
		look.reason(width), grid, fold(slices.Concat(look.hidden(), f.segments(), notes), "; ", width),
		[]string{""}, heads,
		fold(legend(letters, look.View.Heads()), ", ", width),
		wrap(fmt.Sprintf("%s%s and %s count from 0", marks[cell], span("layer", f.Survey.NumLayers), span("head", f.Survey.NumHeads)), width),
		wrap(f.share(), width),
	))
}

// Heatmap is the picture of the head's segments.
func (f *Survey) Heatmap(s Style) (*Picture, error) {
	look, err := f.look()
	if err != nil {
		return nil, err
	}
	look.Notes = slices.Concat(look.Notes, f.segments(), []string{f.share()})
	return look.Heatmap(s), nil
}

// look is the map of segments, each called by its first token and the number of that, as if it were one of words.
func (f *Survey) look() (*Look, error) {
	tokens, names := make([]lens.Token, len(f.Survey.Segments)), make([]string, len(f.Survey.Segments))
	for n, segment := range f.Survey.Segments {
		tokens[n] = lens.Token{ID: n, Word: n}
		names[n] = f.Names[segment.From]
		if segment.To-segment.From > 1 {
			names[n] = fmt.Sprintf("%d %s", segment.From, names[n])
		}
	}
	view, err := lens.NewView(f.Survey.Maps, tokens)
	if err != nil {
		return nil, err
	}
	view.Sinks = nil // they are tokens, not segments
	measure, unit := lens.Measures[0], "token"
	if len(f.Survey.Segments) < len(f.Survey.Tokens) {
		unit = "segment"
	}
	measure.Title = "weights of segments"
	return &Look{Subject: Subject{View: view, Names: names, Model: f.Model, Measure: measure, Unit: unit, Notes: f.Notes}, Head: f.Head, Reason: f.Reason}, nil
}

func (f *Survey) header(width int) []string {
	y := f.Survey
	parts := []string{
		shorten(Printable(f.Model), width-2),
		fmt.Sprintf("%s × %s", count(y.NumLayers, "layer"), count(y.NumHeads, "head")),
		fmt.Sprintf("%s in %s", count(len(y.Tokens), "token"), count(len(y.Segments), "segment")),
		"weights (softmax)",
	}
	if f.Took > 0 {
		parts = append(parts, fmt.Sprintf("%d ms", max(f.Took.Milliseconds(), 1)))
	}
	return fold(parts, " · ", width)
}

// segments says what a cell is.
func (f *Survey) segments() []string {
	least, most := len(f.Survey.Tokens), 0
	for _, segment := range f.Survey.Segments {
		least, most = min(least, segment.To-segment.From), max(most, segment.To-segment.From)
	}
	if most == 1 {
		return nil
	}
	size := strconv.Itoa(most)
	if least < most {
		size = fmt.Sprintf("%d or %d", least, most)
	}
	return []string{
		fmt.Sprintf("a row or column is %s tokens, called by the first and its number", size),
		"a cell is what a token of the row gives to all of the column, on average",
	}
}

// share is the sentence on the sinks.
func (f *Survey) share() string {
	subject := Subject{View: &lens.View{Tokens: f.Survey.Tokens}, Names: f.Names}
	heads := count(f.Survey.NumLayers*f.Survey.NumHeads, "head")
	sinks := subject.called(f.Survey.Sinks)
	if len(sinks) == 0 {
		return heads + "; no token is known to be special"
	}
	return fmt.Sprintf("%s: %.1f %% of all attention goes to %s", heads, 100*f.Survey.SpecialShare(), and(sinks))
}
