package rapt

import (
	"math"

	"github.com/rapt-go/rapt/internal/kernel"
)

// infinities keeps a value that is NaN or Inf from the rows that don't see it. An invisible key has weight 0, but 0·NaN is
// NaN: so such numbers are taken out of a block of values, where 0 stands in for them, and are added by hand to the rows
// to which their key is visible.
type infinities struct {
	found []infinity
	seen  []bool // [found][RowStep]: is it visible to the row at hand?
}

// An infinity is one number of a block: value v[key][column].
type infinity struct {
	key, column int
	value       float32
}

// take removes the infinities from packed values of n keys.
func (f *infinities) take(values []float32, n int) {
	f.found = f.found[:0]
	if kernel.Finite(values) {
		return
	}
	for at, x := range values {
		if x-x != 0 {
			panel, rest := at/(n*kernel.PanelWidth), at%(n*kernel.PanelWidth)
			column := panel*kernel.PanelWidth + rest%kernel.PanelWidth
			f.found = append(f.found, infinity{rest / kernel.PanelWidth, column, x})
			values[at] = 0
		}
	}
}

// see notes which rows see which, before the softmax makes the scores of hidden keys and of very unlikely ones alike.
// scores are rows, stride apart, for count keys from skip on.
func (f *infinities) see(scores []float32, stride, rows, skip, count int) {
	f.seen = f.seen[:0]
	for _, x := range f.found {
		for r := range rows {
			j := x.key - skip
			f.seen = append(f.seen, j >= 0 && j < count && !math.IsInf(float64(scores[r*stride+j]), -1))
		}
	}
}

// add gives the infinities to the rows that see them. weights are those of see after the softmax.
func (f *infinities) add(acc []float32, width int, weights []float32, stride, rows, skip int) {
	for i, x := range f.found {
		for r := range rows {
			if f.seen[i*rows+r] {
				acc[r*width+x.column] += weights[r*stride+x.key-skip] * x.value
			}
		}
	}
}
