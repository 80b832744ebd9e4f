// Package figure draws attention: as text for a terminal, and as a [Picture] for SVG, PNG and PDF files.
//
//   - [Look] is one head in full: Print with the strongest pairs of words and a map of all heads beside it, or as a
//     picture Heatmap, and Arcs with the strongest edges alone;
//   - [Survey] is the same of a long text, in segments: Print, and Heatmap as a picture;
//   - [Find] ranks the heads by one edge, from a word to a word;
//   - [Card] prints a head's numbers; [Heads] is the picture of all heads' maps, [Roles] that of what they do;
//   - [Steps] is the picture of a calculation with small matrices.
//
// A figure says what it leaves out: rows of special tokens, what doesn't fit, the range of its colours. It is the same
// bytes every time, and without colour it is plain text that says the same. Tokens are printed so that they can't send
// commands to the terminal; see [Printable].
package figure

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/rapt-go/rapt/lens"
)

// A Screen is what a figure is drawn on.
type Screen struct {
	Width int // columns; 0 is 80
	Color Color
	Map   *ColorMap // nil: Viridis
}

func (s Screen) paints() paints {
	if s.Map == nil {
		return paints{s.Color, Viridis}
	}
	return paints{s.Color, s.Map}
}

func (s Screen) width() int {
	if s.Width <= 0 {
		return 80
	}
	return max(s.Width, minWidth)
}

// minWidth is the least that a figure can be squeezed into. On a narrower screen its lines are broken.
const minWidth = 32

// A Subject is what is known of the model and the text that a figure is about.
type Subject struct {
	View    *lens.View
	Names   []string      // [token], as they are to be called
	Model   string        // its name
	Measure lens.Measure  // what the view has; the zero value: weights
	Words   bool          // the tokens are whole words
	Unit    string        // what a row stands for; "": a token or, with Words, a word
	Notes   []string      // what the reader has to know: what was switched off, what isn't compared
	Took    time.Duration // how long the model ran; 0 if that isn't to be printed
}

// header is the line that says what is shown.
func (s *Subject) header(width int) []string {
	parts := []string{
		shorten(Printable(s.Model), width-2),
		s.size(),
		s.tokens(),
		s.measure().Title,
	}
	if s.Took > 0 {
		parts = append(parts, fmt.Sprintf("%d ms", max(s.Took.Milliseconds(), 1)))
	}
	return fold(parts, " · ", width)
}

// measure is what the view has.
func (s *Subject) measure() lens.Measure {
	if s.Measure.Name == "" {
		return lens.Measures[0]
	}
	return s.Measure
}

// tokens is how many tokens, or words, there are.
func (s *Subject) tokens() string {
	return count(len(s.View.Tokens), s.unit())
}

// size is how many layers and heads there are.
func (s *Subject) size() string {
	if !s.measure().PerHead {
		return count(s.View.NumLayers, "layer")
	}
	return fmt.Sprintf("%s × %s", count(s.View.NumLayers, "layer"), count(s.View.NumHeads, "head"))
}

// names are the tokens' names, safe to print.
func (s *Subject) names() []string {
	names := make([]string, len(s.Names))
	for i, name := range s.Names {
		names[i] = Printable(name)
	}
	return names
}

// called lists the names of tokens, each once: those of special ones, and of a first token that isn't special as
// "the first token (The)".
func (s *Subject) called(tokens []int) []string {
	var called []string
	names := s.names()
	for _, i := range tokens {
		name := names[i]
		if s.View.Tokens[i].Kind != lens.Special {
			name = fmt.Sprintf("the first %s (%s)", s.unit(), name)
		}
		if !slices.Contains(called, name) {
			called = append(called, name)
		}
	}
	return called
}

// specialShare is the sentence that says how much attention goes to special tokens, or to the first where it is a sink.
func (s *Subject) specialShare() string {
	maps := count(s.View.NumLayers*s.View.NumHeads, "head")
	if !s.measure().PerHead {
		maps = count(s.View.NumLayers, "layer")
	}
	sinks := s.called(s.View.Sinks)
	if len(sinks) == 0 {
		return fmt.Sprintf("%s; no token is known to be special", maps)
	}
	return fmt.Sprintf("%s: %.1f %% of all %s goes to %s", maps, 100*s.View.SpecialShare(), s.noun(), and(sinks))
}

// unit is what a row stands for.
func (s *Subject) unit() string {
	switch {
	case s.Unit != "":
		return s.Unit
	case s.Words:
		return "word"
	}
	return "token"
}

// noun is what the measure measures, as in "of all attention".
func (s *Subject) noun() string {
	if m := s.measure(); m.Name != lens.Measures[0].Name {
		return m.Name
	}
	return "attention"
}

// count is "1 head" or "12 heads".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// and joins words as a sentence does: "a", "a and b", "a, b and c".
func and(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " and " + words[last]
}

// write writes lines, each ended, without blanks at their ends.
func write(w io.Writer, lines []string) error {
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(strings.TrimRight(line, " "))
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}
