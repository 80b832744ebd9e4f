package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/rapt-go/rapt/internal/matrix"
	"github.com/rapt-go/rapt/textbook"
)

// An input is one matrix that explain starts from.
type input struct {
	name, flag string
	file       string // "": none
	drawn      string // "", or how
	rows       [][]float64
}

// String says which matrix it is, for an error.
func (in *input) String() string {
	if in.file == "" {
		return in.name + in.origin()
	}
	return "--" + in.flag + " " + in.file
}

// origin says where a matrix comes from that isn't in a file.
func (in *input) origin() string {
	if in.drawn != "" {
		return in.drawn
	}
	return " of the lesson"
}

// inputs are X and the matrices of the model.
type inputs struct{ x, wq, wk, wv input }

// inputs gives each matrix from its file, drawn, or from the lesson, of shapes that fit.
func (o explainOptions) inputs() (*inputs, error) {
	x, wq, wk, wv := textbook.Lesson()
	in := &inputs{
		x:  input{name: "X", flag: "x", file: o.x, rows: x},
		wq: input{name: "W_q", flag: "wq", file: o.wq, rows: wq},
		wk: input{name: "W_k", flag: "wk", file: o.wk, rows: wk},
		wv: input{name: "W_v", flag: "wv", file: o.wv, rows: wv},
	}
	for _, m := range []*input{&in.x, &in.wq, &in.wk, &in.wv} {
		if err := m.read(); err != nil {
			return nil, err
		}
	}
	if len(in.x.rows) > maxExplainWords {
		return nil, fmt.Errorf("%v has %d rows; explain takes at most %d words", &in.x, len(in.x.rows), maxExplainWords)
	}
	if o.seeded {
		in.draw(o.seed)
	}
	return in, in.check()
}

// read takes the matrix from its file, if it has one.
func (in *input) read() error {
	if in.file == "" {
		return nil
	}
	rows, err := matrix.ReadFile(in.file)
	if err != nil {
		return fmt.Errorf("--%s: %w", in.flag, err)
	}
	in.rows = rows
	switch {
	case len(rows) == 0 || len(rows[0]) == 0:
		return fmt.Errorf("%v has no numbers", in)
	case len(rows[0]) > maxExplainColumns:
		return fmt.Errorf("%v has %d columns; explain takes at most %d", in, len(rows[0]), maxExplainColumns)
	}
	if i, j, found := notFinite(rows); found {
		return fmt.Errorf("%v has %v in row %d, column %d; explain needs finite numbers", in, rows[i][j], i+1, j+1)
	}
	return nil
}

// notFinite finds a NaN or an infinity.
func notFinite(m [][]float64) (row, column int, found bool) {
	for i := range m {
		for j, x := range m[i] {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				return i, j, true
			}
		}
	}
	return 0, 0, false
}

// draw replaces the matrices that have no file. They are as high and as wide as X is wide; W_q and W_k are as wide as
// each other.
func (in *inputs) draw(seed uint64) {
	d := len(in.x.rows[0])
	dk := d
	switch {
	case in.wq.file != "":
		dk = len(in.wq.rows[0])
	case in.wk.file != "":
		dk = len(in.wk.rows[0])
	}
	in.wq.draw(seed, 1, d, dk)
	in.wk.draw(seed, 2, d, dk)
	in.wv.draw(seed, 3, d, d)
}

// draw takes the matrix from the standard normal distribution, unless it has a file.
func (in *input) draw(seed, stream uint64, rows, columns int) {
	if in.file != "" {
		return
	}
	random := rand.New(rand.NewPCG(seed, stream))
	in.drawn = fmt.Sprintf(" drawn with seed %d", seed)
	in.rows = make([][]float64, rows)
	for i := range in.rows {
		in.rows[i] = make([]float64, columns)
		for j := range in.rows[i] {
			in.rows[i][j] = random.NormFloat64()
		}
	}
}

// check says which shapes don't fit.
func (in *inputs) check() error {
	d := len(in.x.rows[0])
	for _, m := range []*input{&in.wq, &in.wk, &in.wv} {
		if len(m.rows) != d {
			return fmt.Errorf("%v has %s, expected %d, one for each column of %v%s",
				m, count(len(m.rows), "row"), d, &in.x, m.hint())
		}
	}
	if dk := len(in.wq.rows[0]); len(in.wk.rows[0]) != dk {
		return fmt.Errorf("%v has %s, expected %d, as many as %v%s",
			&in.wk, count(len(in.wk.rows[0]), "column"), dk, &in.wq, in.wk.hint())
	}
	return nil
}

// hint says what to do about a matrix of the lesson that doesn't fit the user's own.
func (in *input) hint() string {
	if in.file != "" {
		return ""
	}
	return fmt.Sprintf("; give --%s FILE, or --seed N to draw it", in.flag)
}

// sources says in words where the matrices come from: "" if all are the lesson's.
func (in *inputs) sources() string {
	var parts []string
	own := false
	for _, m := range []*input{&in.x, &in.wq, &in.wk, &in.wv} {
		part := m.name + m.origin()
		if m.file != "" {
			part = m.name + " from " + m.file
		}
		parts = append(parts, part)
		own = own || m.file != "" || m.drawn != ""
	}
	if !own {
		return ""
	}
	return strings.Join(parts, ", ")
}
