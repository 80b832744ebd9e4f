package figure

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// A SurveyRow shows where one token of a text looks that is too long to show every token: the keys with the largest
// weights, and the text around the token.
type SurveyRow struct {
	Survey
	Query    int
	Received []float32 // [key], what each receives in the head: Σ over the queries
	Weights  []float32 // [key], the query's row; nil: it isn't there yet
	Pending  string    // what to say in its place
}

// rowKeys is how many keys are listed, passageTokens how many tokens of the text are shown on either side.
const rowKeys, passageTokens = 10, 60

// Print draws the row.
func (f *SurveyRow) Print(w io.Writer, s Screen) error {
	width := s.width()
	roles := f.Survey.Survey.Roles[f.Head]
	title := fmt.Sprintf("layer %d head %d, token %s", f.Head.Layer, f.Head.Head, f.place(f.Query))
	lines := slices.Concat(f.header(width), []string{""}, wrap(s.Color.strong(title), width),
		fold([]string{
			fmt.Sprintf("the head: %c %s", roles.Letter(), letterName(roles.Letter())),
			fmt.Sprintf("entropy %.2f nats", roles.Entropy), fmt.Sprintf("distance %.1f tokens", roles.Distance),
			fmt.Sprintf("largest weight of a row %.2f on average", roles.Confidence),
			fmt.Sprintf("%.1f %% of all attention to one token", 100*roles.Largest),
		}, ", ", width),
		wrap(fmt.Sprintf("the token receives %.3g, number %d of %d", f.Received[f.Query], f.rank(), len(f.Received)), width),
		[]string{""})
	if f.Weights == nil {
		return write(w, append(lines, wrap(f.Pending, width)...))
	}
	return write(w, slices.Concat(lines, f.keys(width), []string{""}, f.passage(s.paints(), width)))
}

// place is a token by its number and its name.
func (f *SurveyRow) place(token int) string {
	return fmt.Sprintf("%d %s", token, Printable(f.Names[token]))
}

// rank is the place of the query among all tokens by what they receive, 1 for the most.
func (f *SurveyRow) rank() int {
	rank := 1
	for _, sum := range f.Received {
		if sum > f.Received[f.Query] {
			rank++
		}
	}
	return rank
}

// keys lists the largest weights, with a bar for each as long as its part of the largest.
func (f *SurveyRow) keys(width int) []string {
	seen := len(f.Weights)
	if f.Survey.Survey.Causal {
		seen = f.Query + 1
	}
	order := make([]int, seen)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(f.Weights[b], f.Weights[a]) })
	order = order[:min(rowKeys, len(order))]
	names, sum := make([]string, len(order)), 0.0
	for i, key := range order {
		names[i] = shorten(f.place(key), min(24, width/2))
		sum += float64(f.Weights[key])
	}
	lines, column := []string{"it looks at"}, widest(names)
	room := max(0, width-column-12)
	for i, key := range order {
		part := float64(f.Weights[key]) / max(float64(f.Weights[order[0]]), math.SmallestNonzeroFloat32)
		bar := strings.Repeat("█", int(math.Round(part*float64(min(room, 30)))))
		lines = append(lines, strings.TrimRight(fmt.Sprintf("  %s  %.4f  %s", padRight(names[i], column), f.Weights[key], bar), " "))
	}
	entropy := 0.0
	for _, weight := range f.Weights {
		if weight > 0 {
			entropy -= float64(weight) * math.Log(float64(weight))
		}
	}
	return append(lines, wrap(fmt.Sprintf("these %d have %.1f %% of its attention, which is as even as over %.1f tokens (entropy %.2f nats)",
		len(order), 100*sum, math.Exp(entropy), entropy), width)...)
}

// passage is the text around the query, each word with the colour or, without colours, the shade of its weight.
func (f *SurveyRow) passage(p paints, width int) []string {
	from := max(0, f.Query-passageTokens)
	to := min(len(f.Weights), f.Query+passageTokens+1)
	most := slices.Max(f.Weights[from:to])
	words := make([]string, 0, to-from)
	for i := from; i < to; i++ {
		word := Printable(f.Names[i])
		part := float64(f.Weights[i]) / max(float64(most), math.SmallestNonzeroFloat32)
		switch {
		case step(part, len(shades)) == 0:
		case p.Color == NoColor:
			word += shades[step(part, len(shades))]
		default:
			word = p.cell(word, part, false)
		}
		if i == f.Query {
			word = "[" + word + "]"
		}
		words = append(words, word)
	}
	kind := "in colour"
	if p.Color == NoColor {
		kind = "with a shade"
	}
	note := fmt.Sprintf("tokens %d to %d, %s from %.2g on, up to %.2g", from, to-1, kind, most/float32(len(shades)), most)
	return slices.Concat(wrap(note, width), fold(words, " ", width))
}
