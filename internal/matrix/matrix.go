// Package matrix reads small matrices that people write by hand or save from another program: the X, W_q, W_k and W_v
// of an explanation. Errors count rows and columns from 1.
package matrix

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rapt-go/rapt/internal/quote"
)

const (
	maxValues = 1_000_000
	maxBytes  = 32 << 20 // of a file: a number in text takes at most some 25
)

// parsers has the function for each ending of a file's name.
var parsers = map[string]func([]byte) ([][]float64, error){
	".npy":  parseNPY,
	".csv":  parseCSV,
	".json": parseJSON,
}

// ReadFile reads the matrix [row][column] at path. The ending of its name says how it is written:
//
//	.npy   NumPy's format, two axes, floating-point or integer
//	.csv   a row a line, numbers with commas between them; # begins a comment, empty lines are skipped; no header
//	.json  [[1, 0.5], [2, -3]]
//
// All rows have the same length, and neither rows nor columns are none. All numbers are finite.
func ReadFile(path string) ([][]float64, error) {
	parse, ok := parsers[strings.ToLower(filepath.Ext(path))]
	if !ok {
		return nil, fmt.Errorf("%s: a matrix is read from a file whose name ends in .npy, .csv or .json", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxBytes+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxBytes {
		return nil, fmt.Errorf("%s: the file has more than %d bytes, too many for a small matrix", path, maxBytes)
	}
	m, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// A builder takes the numbers of a matrix one after another and checks what holds for all formats.
type builder struct {
	rows   [][]float64
	row    []float64 // the one that is being filled
	values int
}

// add appends a number to the row.
func (b *builder) add(x float64) error {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return fmt.Errorf("%s: %v is not a finite number", b.at(), x)
	}
	if b.values++; b.values > maxValues {
		return fmt.Errorf("the matrix has more than %d numbers", maxValues)
	}
	b.row = append(b.row, x)
	return nil
}

// parse appends the number that text is to the row.
func (b *builder) parse(text string) error {
	x, err := strconv.ParseFloat(text, 64)
	if err != nil && !math.IsInf(x, 0) {
		return fmt.Errorf("%s: %s is not a number", b.at(), quote.Text(text))
	} else if err != nil {
		return fmt.Errorf("%s: %s is too large for a float64", b.at(), quote.Text(text))
	}
	return b.add(x)
}

// at is where the next number goes, for an error.
func (b *builder) at() string {
	return fmt.Sprintf("row %d, column %d", len(b.rows)+1, len(b.row)+1)
}

// endRow begins a new row.
func (b *builder) endRow() error {
	if len(b.row) == 0 {
		return fmt.Errorf("row %d is empty", len(b.rows)+1)
	}
	if len(b.rows) > 0 && len(b.row) != len(b.rows[0]) {
		return fmt.Errorf("row %d has length %d, expected %d as in row 1", len(b.rows)+1, len(b.row), len(b.rows[0]))
	}
	b.rows = append(b.rows, b.row)
	b.row = nil
	return nil
}

// matrix is what has been built.
func (b *builder) matrix() ([][]float64, error) {
	if len(b.rows) == 0 {
		return nil, errors.New("the matrix has no rows")
	}
	return b.rows, nil
}
