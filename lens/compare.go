package lens

import (
	"fmt"

	"github.com/rapt-go/rapt/model"
)

// A Comparison is what two runs have in common, token by token, and how their maps differ there.
type Comparison struct {
	A, B []int // tokens of the one and of the other that stand for each other, in order

	// Difference is B − A over the tokens in common, for every layer and head. Weights aren't normalised to these tokens:
	// what goes to others is UnmatchedA and UnmatchedB.
	Difference *model.Attention // [layer][head][query][key]
}

// Compare aligns two runs by what their tokens are called, and subtracts their maps: runs of one model over two texts by
// their names, runs of two models over one text by their Places. The alignment is a longest common subsequence of the
// names; special tokens stand for each other like any others. It is an error if layers or heads differ in number, or if no token is in common.
func Compare(a, b *model.Attention, namesA, namesB []string) (*Comparison, error) {
	if a.NumLayers != b.NumLayers || a.NumHeads != b.NumHeads {
		return nil, fmt.Errorf("the first has %d layers × %d heads, the second %d × %d: their heads can't be compared",
			a.NumLayers, a.NumHeads, b.NumLayers, b.NumHeads)
	}
	if a.QueryLen != len(namesA) || b.QueryLen != len(namesB) || a.KeyLen != len(namesA) || b.KeyLen != len(namesB) {
		return nil, fmt.Errorf("there are maps of %d × %d and %d × %d, expected %d and %d tokens a side",
			a.QueryLen, a.KeyLen, b.QueryLen, b.KeyLen, len(namesA), len(namesB))
	}
	c := &Comparison{}
	c.A, c.B = align(namesA, namesB)
	n := len(c.A)
	if n == 0 {
		return nil, fmt.Errorf("the two have no token in common")
	}
	c.Difference = &model.Attention{NumLayers: a.NumLayers, NumHeads: a.NumHeads, QueryLen: n, KeyLen: n}
	for l := range a.NumLayers {
		for h := range a.NumHeads {
			for q := range n {
				rowA, rowB := a.Row(l, h, c.A[q]), b.Row(l, h, c.B[q])
				for k := range n {
					c.Difference.Weights = append(c.Difference.Weights, rowB[c.B[k]]-rowA[c.A[k]])
				}
			}
		}
	}
	return c, nil
}

// align finds a longest common subsequence, the one that begins earliest in both.
func align(a, b []string) (inA, inB []int) {
	// common[i][j] is its length for a[i:] and b[j:].
	common := make([][]int, len(a)+1)
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if common[i][j] = max(common[i+1][j], common[i][j+1]); a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			}
		}
	}
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] == b[j]:
			inA, inB = append(inA, i), append(inB, j)
			i, j = i+1, j+1
		case common[i+1][j] >= common[i][j+1]:
			i++
		default:
			j++
		}
	}
	return inA, inB
}

// Unmatched is the part of what the aligned rows of a head give to tokens that the other text doesn't have. Tokens are
// Comparison.A for the first map, B for the second.
func Unmatched(a *model.Attention, h Head, tokens []int) float64 {
	var matched, all float64
	for _, i := range tokens {
		row := a.Row(h.Layer, h.Head, i)
		for _, w := range row {
			all += float64(w)
		}
		for _, j := range tokens {
			matched += float64(row[j])
		}
	}
	return max(0, ratio(all-matched, all))
}
