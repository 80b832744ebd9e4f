package textbook_test

import (
	"fmt"
	"strings"

	"github.com/rapt-go/rapt/textbook"
)

// The lesson: three words of three numbers each. Every row of the first table says how a word shares its attention among
// the three; the second has what each word becomes by it. Four decimals.
func ExampleSelfAttention() {
	steps, err := textbook.SelfAttention(textbook.Lesson())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(table(steps.Weights))
	fmt.Println(table(steps.Output))
	// Output:
	// [[0.1324, 0.1646, 0.7029], [0.0565, 0.0028, 0.9407], [0.3616, 0.0502, 0.5882]]
	// [[0.7576, -1.8594, 0.2935], [1.2198, -1.8325, 0.3260], [0.6338, -1.7643, 0.4956]]
}

func table(m [][]float64) string {
	rows := make([]string, len(m))
	for i, row := range m {
		cells := make([]string, len(row))
		for j, x := range row {
			cells[j] = fmt.Sprintf("%.4f", x)
		}
		rows[i] = "[" + strings.Join(cells, ", ") + "]"
	}
	return "[" + strings.Join(rows, ", ") + "]"
}

// Three queries of a longer text look at four keys. The first has position 1 among the keys, so it sees two of them.
func ExampleAttend() {
	zero := [][]float64{{0}, {0}, {0}} // all scores 0: everything visible gets the same weight
	keys := [][]float64{{0}, {0}, {0}, {0}}
	values := [][]float64{{1}, {2}, {3}, {4}}
	r, err := textbook.Attend(zero, keys, values, textbook.Options{Causal: true, QueryStart: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	for i, row := range r.Weights {
		fmt.Printf("%.4f → %.4f\n", row, r.Output[i])
	}
	// Output:
	// [0.5000 0.5000 0.0000 0.0000] → [1.5000]
	// [0.3333 0.3333 0.3333 0.0000] → [2.0000]
	// [0.2500 0.2500 0.2500 0.2500] → [2.5000]
}
