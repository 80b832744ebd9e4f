package lens

import (
	"fmt"
	"slices"

	"github.com/rapt-go/rapt/model"
)

// Words joins the pieces of words: what goes to a word is the sum over its tokens, and what comes from it the mean
// (Clark et al. 2019, section 4.1):
//
//	W[p,q] = 1/|p| Σ_{i in p} Σ_{j in q} A[i,j]
//
// so that a row still adds up to what it did. It is for measures that are Additive. Groups are the tokens of each word.
func Words(a *model.Attention, tokens []Token) (words *model.Attention, merged []Token, groups [][]int, err error) {
	if a.QueryLen != len(tokens) || a.KeyLen != len(tokens) {
		return nil, nil, nil, fmt.Errorf("attention is %d queries × %d keys, expected %d × %[3]d, the tokens", a.QueryLen, a.KeyLen, len(tokens))
	}
	groups = wordGroups(tokens)
	n := len(groups)
	words = &model.Attention{NumLayers: a.NumLayers, NumHeads: a.NumHeads, QueryLen: n, KeyLen: n}
	for l := range a.NumLayers {
		for h := range a.NumHeads {
			for _, queries := range groups {
				for _, keys := range groups {
					var sum float64
					for _, i := range queries {
						row := a.Row(l, h, i)
						for _, j := range keys {
							sum += float64(row[j])
						}
					}
					words.Weights = append(words.Weights, float32(sum/float64(len(queries))))
				}
			}
		}
	}
	return words, mergeTokens(tokens, groups), groups, nil
}

// wordGroups are the tokens of each word, in order.
func wordGroups(tokens []Token) [][]int {
	var groups [][]int
	for i, t := range tokens {
		if i > 0 && t.Word == tokens[i-1].Word {
			groups[len(groups)-1] = append(groups[len(groups)-1], i)
		} else {
			groups = append(groups, []int{i})
		}
	}
	return groups
}

// mergeTokens makes one token of each group: of the first kind that one of its pieces has, with the id of a single
// token, or a negative id that words of the same pieces share.
func mergeTokens(tokens []Token, groups [][]int) []Token {
	ids := map[string]int{}
	merged := make([]Token, len(groups))
	for w, group := range groups {
		t := Token{ID: tokens[group[0]].ID, Kind: Special, Word: w}
		var key []int
		for _, i := range group {
			t.Kind = min(t.Kind, tokens[i].Kind)
			key = append(key, tokens[i].ID)
		}
		if name := fmt.Sprint(key); len(group) > 1 {
			if _, ok := ids[name]; !ok {
				ids[name] = -1 - len(ids)
			}
			t.ID = ids[name]
		}
		merged[w] = t
	}
	return merged
}

// A Selection is the part of a map that is shown: some of its rows and columns. Weights stay as they are; what is hidden
// is said in numbers.
type Selection struct {
	Rows, Columns []int
}

// Select leaves out the rows of special tokens and the columns of Sinks, each unless told otherwise. A first token that
// is a sink keeps its row as long as it has its column: it sees nothing else. A text of nothing but sinks is shown whole.
func (v *View) Select(specialRows, specialColumns bool) Selection {
	s := Selection{Rows: v.ordinary, Columns: v.all()}
	if !specialColumns {
		s.Columns = v.without(v.Sinks)
		s.Rows = s.Columns
	}
	if specialRows {
		s.Rows = v.all()
	}
	return s
}

// without lists the tokens that aren't among some; all if there are no others.
func (v *View) without(some []int) []int {
	rest := slices.DeleteFunc(v.all(), func(i int) bool { return slices.Contains(some, i) })
	if len(rest) == 0 {
		return v.all()
	}
	return rest
}

// HiddenShare is the part of what the rows shown give in head h that goes to columns that aren't shown:
//
//	Σ_{i shown} Σ_{j hidden} A[i,j] / Σ_{i shown} Σ_j A[i,j]
func (v *View) HiddenShare(h Head, s Selection) float64 {
	shown := make([]bool, v.KeyLen)
	for _, j := range s.Columns {
		shown[j] = true
	}
	var hidden, all float64
	for _, i := range s.Rows {
		for j, w := range v.Row(h.Layer, h.Head, i) {
			all += float64(w)
			if !shown[j] {
				hidden += float64(w)
			}
		}
	}
	return ratio(hidden, all)
}
