package lens

import (
	"cmp"
	"slices"
)

// Excess is how much more than expected each ordinary token of head h looks at each other one:
//
//	excess[i][j] = A[i,j] − max(column, diagonal)
//	column       = mean of A[x,j] over the other rows x that see j, without j's own: what key j gets from everyone
//	diagonal     = mean of A[x,x+j−i] over the other rows x: what a key at this distance gets
//
// over ordinary tokens only. A column from which every row reads has no excess, and neither has a head that looks at the
// previous token whatever it is: what is left is between these two words. Where there is nothing to compare with, in a
// text of two words, the expectation is 0. Entries of special tokens and of a token with itself are 0.
//
// In a Causal view row x has x+1 keys to share its attention among, and an early row gives each of them more. So what is
// expected there is the larger one of these means and of the same means of A[x,·]·(x+1)/(i+1), which are right for a head
// that spreads its attention evenly.
func (v *View) Excess(h Head) []float64 { // [query][key]
	n := v.KeyLen
	a := v.Map(h.Layer, h.Head)
	columns, diagonals := make([]expectation, n), make([]expectation, 2*n)
	for _, i := range v.ordinary {
		for _, j := range v.ordinary {
			if v.Causal && j > i {
				break
			}
			w := float64(a[i*n+j])
			if i != j {
				columns[j].add(w, v.keys(i), 1)
			}
			diagonals[j-i+n].add(w, v.keys(i), 1)
		}
	}
	excess := make([]float64, n*n)
	for _, i := range v.ordinary {
		for _, j := range v.ordinary {
			if i == j || (v.Causal && j > i) {
				continue
			}
			w, column, diagonal := float64(a[i*n+j]), columns[j], diagonals[j-i+n]
			column.add(w, v.keys(i), -1)
			diagonal.add(w, v.keys(i), -1)
			excess[i*n+j] = w - max(column.of(v.keys(i)), diagonal.of(v.keys(i)))
		}
	}
	return excess
}

// An expectation is what rows have in common: their number, the sum of what they give, and the same with each row times
// the number of its keys.
type expectation struct{ rows, given, spread float64 }

// add takes a row in, or with sign −1 out again.
func (e *expectation) add(w float64, keys int, sign float64) {
	e.rows, e.given, e.spread = e.rows+sign, e.given+sign*w, e.spread+sign*w*float64(keys)
}

// of is what a row of so many keys is expected to give.
func (e *expectation) of(keys int) float64 {
	return max(e.given, e.spread/float64(keys)) / max(e.rows, 1)
}

// content lists the tokens of content words: neither special nor punctuation nor function words. A text of fewer than
// two such words counts its function words too; if these are fewer than two there is nothing to relate, and no token.
func (v *View) content() []int {
	for last := Content; last <= Function; last++ {
		var tokens []int
		for i, t := range v.Tokens {
			if t.Kind <= last {
				tokens = append(tokens, i)
			}
		}
		if len(tokens) > 1 && v.Tokens[tokens[0]].Word != v.Tokens[tokens[len(tokens)-1]].Word {
			return tokens
		}
	}
	return nil
}

// A HeadScore is a head and a number by which heads are ranked.
type HeadScore struct {
	Head
	Score float64
}

// Ranking ranks all heads by the content relation, best first:
//
//	score = 1/n Σ_i Σ_j max(0, excess[i][j])
//
// over the n tokens i of content words, and the tokens j of other content words: the part of their attention that
// content words give to one another for no other reason than being these two words.
func (v *View) Ranking() []HeadScore {
	content := v.content()
	ranking := make([]HeadScore, v.NumLayers*v.NumHeads)
	v.each(func(at int, h Head) {
		excess := v.Excess(h)
		var sum float64
		for _, i := range content {
			for _, j := range content {
				if v.Tokens[i].Word != v.Tokens[j].Word {
					sum += max(0, excess[i*v.KeyLen+j])
				}
			}
		}
		ranking[at] = HeadScore{h, sum / float64(max(len(content), 1))}
	})
	slices.SortStableFunc(ranking, byScore)
	return ranking
}

// Pick is the head to show first, the first of the Ranking.
func (v *View) Pick() HeadScore { return v.Ranking()[0] }

// PickIn is the first of the Ranking in one layer.
func (v *View) PickIn(layer int) HeadScore {
	ranking := v.Ranking()
	return ranking[slices.IndexFunc(ranking, func(h HeadScore) bool { return h.Layer == layer })]
}

func byScore(a, b HeadScore) int { return cmp.Compare(b.Score, a.Score) }

// A Pair is a word that looks at another, and the head in which it does so most.
type Pair struct {
	Query, Key int // tokens
	Head       Head
	Weight     float32
	Excess     float64
}

// Pairs lists the n pairs of content words with the largest Excess, over all heads, largest first. Each query and key
// comes up once, with the head that has it; the pieces of one word are no pair. Ranking by Excess instead of by weight
// keeps one word that every head looks at from taking all places.
func (v *View) Pairs(n int) []Pair {
	content := v.content()
	best := make([]Pair, v.KeyLen*v.KeyLen) // [query][key]
	for _, h := range v.Heads() {
		excess := v.Excess(h)
		for _, i := range content {
			for _, j := range content {
				at := i*v.KeyLen + j
				if v.Tokens[i].Word != v.Tokens[j].Word && excess[at] > best[at].Excess {
					best[at] = Pair{i, j, h, v.Weight(h, i, j), excess[at]}
				}
			}
		}
	}
	best = slices.DeleteFunc(best, func(p Pair) bool { return p.Excess <= 0 })
	slices.SortStableFunc(best, func(a, b Pair) int { return cmp.Compare(b.Excess, a.Excess) })
	return best[:min(n, len(best))]
}

// Find ranks all heads by how much the tokens of one word look at the tokens of another, largest first. With several
// tokens the score is the mean over queries of the sum over keys (Clark et al. 2019, section 4.1).
func (v *View) Find(queries, keys []int) []HeadScore {
	ranking := make([]HeadScore, 0, v.NumLayers*v.NumHeads)
	for _, h := range v.Heads() {
		var sum float64
		for _, i := range queries {
			for _, j := range keys {
				sum += float64(v.Weight(h, i, j))
			}
		}
		ranking = append(ranking, HeadScore{h, sum / float64(len(queries))})
	}
	slices.SortStableFunc(ranking, byScore)
	return ranking
}
