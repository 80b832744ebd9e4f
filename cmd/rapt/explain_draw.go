package main

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rapt-go/rapt/figure"
	"github.com/rapt-go/rapt/internal/atomicfile"
)

// writePicture draws the steps into a file.
func (e *explanation) writePicture(path string, messages io.Writer) error {
	format := strings.ToLower(filepath.Ext(path))
	if !slices.Contains(figure.Formats, format) {
		return usagef("-o %s: the name must end in .svg, .png or .pdf", path)
	}
	p, err := e.picture()
	if err != nil {
		return err
	}
	if err := atomicfile.Write(path, func(w io.Writer) error { return p.Write(w, format) }); err != nil {
		return fmt.Errorf("-o: %w", err)
	}
	fmt.Fprintf(messages, "rapt: wrote %s\n", path)
	return nil
}

func (e *explanation) picture() (*figure.Picture, error) {
	s := figure.Steps{Title: "Self-attention in seven steps", Caption: []string{
		fmt.Sprintf("%s of %s each", count(len(e.X), "word"), count(len(e.X[0]), "number")),
		"weights: viridis, 0 to 1",
	}}
	if e.sources != "" {
		s.Caption = append(s.Caption, "matrices: "+e.sources)
	}
	for _, step := range e.steps() {
		drawn := figure.Step{Formula: step.formula, Meaning: step.meaning}
		for _, f := range step.factors {
			d := figure.Factor{Sign: f.sign, Name: f.name, Cells: cellsOf(f.m)}
			switch f.name {
			case "weights":
				d.Shares = f.m
				fallthrough
			case "X", "Q", "K", "V", "scores", "scaled", "output":
				d.Rows = e.Words
			}
			drawn.Factors = append(drawn.Factors, d)
		}
		s.Steps = append(s.Steps, drawn)
	}
	return s.Picture(figure.Style{})
}

// cellsOf writes the numbers of a matrix as the page does.
func cellsOf(m [][]float64) [][]string {
	format, _ := numberFormat(m)
	cells := make([][]string, len(m))
	for i, row := range m {
		for _, x := range row {
			cells[i] = append(cells[i], strings.Replace(number(format, x), "-", "−", 1))
		}
	}
	return cells
}
