package main

import (
	"fmt"
	"io"
	"math"
	"strings"
)

// print writes the explanation as a page of text, as far as it goes at most width columns wide.
func (e *explanation) print(w io.Writer, width int) error {
	p := &page{width: width}
	e.printHead(p)

	for i, step := range e.steps() {
		p.step(i+1, step.formula, step.meaning)
		p.equation(step.factors...)
		if step.factors[0].sign == "softmax" {
			e.printSoftmax(p)
		}
	}

	e.printReading(p)
	if p.shortened {
		p.line("")
		p.paragraph("", "Where the matrices of a step don't fit side by side, only its result is shown. "+
			"--json has every number.")
	}
	_, err := io.WriteString(w, p.text.String())
	return err
}

// An equation is one of the seven steps.
type equation struct {
	formula, meaning string
	factors          []factor
}

func (e *explanation) steps() []equation {
	dk := len(e.K[0])
	return []equation{
		{"Q = X·W_q", "what each word asks for",
			[]factor{{"", "X", e.X}, {"·", "W_q", e.WQ}, {"=", "Q", e.Q}}},
		{"K = X·W_k", "what each word offers to be found by",
			[]factor{{"", "X", e.X}, {"·", "W_k", e.WK}, {"=", "K", e.K}}},
		{"V = X·W_v", "what each word passes on",
			[]factor{{"", "X", e.X}, {"·", "W_v", e.WV}, {"=", "V", e.V}}},
		{"scores = Q·Kᵀ", "how well row i asks for what column j offers",
			[]factor{{"", "Q", e.Q}, {"·", "Kᵀ", transposed(e.K)}, {"=", "scores", e.Scores}}},
		{"scaled = scores/√d_k", fmt.Sprintf("d_k = %d: the scores' size shouldn't grow with it", dk),
			[]factor{{"", "scores", e.Scores}, {fmt.Sprintf("/ √%d =", dk), "scaled", e.Scaled}}},
		{"weights = softmax(scaled)", "each row becomes shares that sum to 1",
			[]factor{{"softmax", "scaled", e.Scaled}, {"=", "weights", e.Weights}}},
		{"output = weights·V", "each word, as the mixture of what it looks at",
			[]factor{{"", "weights", e.Weights}, {"·", "V", e.V}, {"=", "output", e.Output}}},
	}
}

func (e *explanation) printHead(p *page) {
	p.paragraph("", fmt.Sprintf("Self-attention in seven steps: %s of %s each. Row i is word i.",
		count(len(e.X), "word"), count(len(e.X[0]), "number")))
	if e.named {
		p.paragraph("", "Words: "+strings.Join(e.Words, ", ")+".")
	}
	if e.sources != "" {
		p.paragraph("", "Matrices: "+e.sources+".")
	}
}

// count is "1 word" or "3 words".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// printSoftmax works the first row of the softmax out.
func (e *explanation) printSoftmax(p *page) {
	const shown = 8 // keys at most
	row, top, sum := e.Scaled[0], math.Inf(-1), 0.0
	for _, score := range row {
		top = max(top, score)
	}
	for _, score := range row {
		sum += math.Exp(score - top)
	}
	p.line("")
	p.paragraph(indent, fmt.Sprintf("The row of %s. Its largest number, %.4f, is subtracted first: "+
		"the shares stay the same, and no exp overflows.", e.Words[0], top))
	row = row[:min(len(row), shown)]
	exps, width := make([]string, len(row)), 0
	for j, score := range row {
		exps[j] = fmt.Sprintf("exp(%.4f − %s)", score, inBrackets(top))
		width = max(width, columns(exps[j]))
	}
	for j, score := range row {
		part := math.Exp(score - top)
		p.line("    %s = %.4f    %.4f / %.4f = %.4f", pad(exps[j], width), part, part, sum, e.Weights[0][j])
	}
	if more := len(e.Scaled[0]) - len(row); more > 0 {
		p.line("    … and %d more", more)
	}
	p.line("    %s = %.4f", pad("sum", width), sum)
}

// inBrackets puts a negative number into brackets, so that it can stand behind a minus.
func inBrackets(x float64) string {
	if x < 0 {
		return fmt.Sprintf("(%.4f)", x)
	}
	return fmt.Sprintf("%.4f", x)
}

// printReading says in words where each word looks.
func (e *explanation) printReading(p *page) {
	p.line("")
	p.line("In words:")
	for i, row := range e.Weights {
		most := 0
		for j := range row {
			if row[j] > row[most] {
				most = j
			}
		}
		at, how := e.Words[most], "most"
		if most == i {
			at = "itself"
		}
		if row[most] > 0.5 {
			how = "mostly"
		}
		p.line("  %s looks %s at %s (%.4f)", e.Words[i], how, at, row[most])
	}
}

func transposed(m [][]float64) [][]float64 {
	t := make([][]float64, len(m[0]))
	for j := range t {
		for i := range m {
			t[j] = append(t[j], m[i][j])
		}
	}
	return t
}
