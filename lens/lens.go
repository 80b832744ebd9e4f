// Package lens measures attention: which head does what, which words belong together, and where to look first.
//
// Everything starts from a [View], the weights of all heads over one sequence of [Token]s, which [Encode] makes of a text:
//
//   - what kind of head is this: [View.Roles], and its one-letter summary [Roles.Letter];
//   - which word looks at which, beyond what every word or every neighbour does: [View.Excess];
//   - which head to show first: [View.Pick], [View.PickIn];
//   - the strongest pairs of words over all heads: [View.Pairs];
//   - which head has this edge: [View.Find];
//   - how much of all attention goes to [CLS], [SEP] and their like, or to the first token of a model that looks back
//     only: [View.SpecialShare], or of what is shown: [View.HiddenShare];
//   - which heads are alike: [View.Similar]; whole words instead of pieces: [Words];
//   - how two texts or two models differ: [Compare];
//   - the same for a text too long to keep all weights: [TakeSurvey], and single rows of them: [TakeRows].
//
// [Measures] beyond weights (norms, rollout, flow, ALTI, value zeroing) start from a [Record], made by [Run], and have
// maps like those of weights. [Switch] runs a model again with a head or an edge switched off and says what that changes;
// [Record.Logit] says which heads speak for a word.
//
// Weights are never changed or renormalised for display; a measure that normalises inside itself says so.
package lens

import (
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/rapt-go/rapt/model"
)

// A Head is the address of a head. Layers and heads count from 0.
type Head struct{ Layer, Head int }

// String is the head's short name, as in "L0 H3".
func (h Head) String() string { return fmt.Sprintf("L%d H%d", h.Layer, h.Head) }

// A View is the self-attention of all heads over one sequence. Make it with NewView.
type View struct {
	*model.Attention
	Tokens []Token // [token], both the queries and the keys

	// Causal says that no query gives anything to a later key, in any head: the model looks back only, and what stands
	// above the diagonal of its maps isn't a choice of any head.
	Causal bool

	// Sinks are the tokens on which attention rests that has nowhere to go: special tokens or, where there are none and
	// the view is Causal, the first token (Xiao et al. 2023, "Efficient Streaming Language Models with Attention Sinks").
	Sinks []int

	ordinary []int // the tokens that are not special; all tokens if there are no others
}

// NewView checks that attention is over tokens, and finite: a weight that isn't a number can't be measured or shown.
func NewView(a *model.Attention, tokens []Token) (*View, error) {
	if a.QueryLen != len(tokens) || a.KeyLen != len(tokens) {
		return nil, fmt.Errorf("attention is %d queries × %d keys, expected %d × %[3]d, the tokens",
			a.QueryLen, a.KeyLen, len(tokens))
	}
	if err := checkFinite(a, nil); err != nil {
		return nil, err
	}
	v := &View{Attention: a, Tokens: tokens, Causal: looksBack(a)}
	v.divide()
	return v, nil
}

// checkFinite says which weight isn't a number. Row r of a map is that of queries[r]; with nil it is that of query r.
func checkFinite(a *model.Attention, queries []int) error {
	for i, w := range a.Weights {
		if f := float64(w); !math.IsNaN(f) && !math.IsInf(f, 0) {
			continue
		}
		at, query := i/(a.QueryLen*a.KeyLen), i/a.KeyLen%a.QueryLen
		if queries != nil {
			query = queries[query]
		}
		return fmt.Errorf("the attention of %v holds %v at query %d, key %d: it can't be shown",
			Head{at / a.NumHeads, at % a.NumHeads}, w, query, i%a.KeyLen)
	}
	return nil
}

// divide finds the tokens that are sinks, and those that are ordinary.
func (v *View) divide() {
	for i, t := range v.Tokens {
		if t.Kind == Special {
			v.Sinks = append(v.Sinks, i)
		} else {
			v.ordinary = append(v.ordinary, i)
		}
	}
	if len(v.ordinary) == 0 {
		v.ordinary = v.all()
	}
	if v.Causal && len(v.Sinks) == 0 {
		v.Sinks = []int{0}
	}
}

// looksBack reports whether all weights on later keys are 0, and not all others: of one token, and of two maps without a
// difference, that says nothing.
func looksBack(a *model.Attention) bool {
	found := false
	for l := range a.NumLayers {
		for h := range a.NumHeads {
			for i := range a.QueryLen {
				for j, w := range a.Row(l, h, i) {
					if w != 0 && j > i {
						return false
					}
					found = found || w != 0
				}
			}
		}
	}
	return found && a.QueryLen > 1
}

// all lists all tokens.
func (v *View) all() []int {
	all := make([]int, v.KeyLen)
	for i := range all {
		all[i] = i
	}
	return all
}

// keys is how many keys query i can look at.
func (v *View) keys(i int) int {
	if v.Causal {
		return i + 1
	}
	return v.KeyLen
}

// Heads lists all heads, layer by layer.
func (v *View) Heads() []Head {
	heads := make([]Head, 0, v.NumLayers*v.NumHeads)
	for l := range v.NumLayers {
		for h := range v.NumHeads {
			heads = append(heads, Head{l, h})
		}
	}
	return heads
}

// each calls f with every head and its place among Heads, on all processors.
func (v *View) each(f func(at int, h Head)) {
	heads := v.Heads()
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(heads)) {
		wait.Go(func() {
			for at := int(next.Add(1)) - 1; at < len(heads); at = int(next.Add(1)) - 1 {
				f(at, heads[at])
			}
		})
	}
	wait.Wait()
}

// Weight is how much query looks at key in head h.
func (v *View) Weight(h Head, query, key int) float32 { return v.Row(h.Layer, h.Head, query)[key] }

// SpecialShare is the part of all attention, over all heads and all rows, that goes to the Sinks.
func (v *View) SpecialShare() float64 {
	special, all := v.specialSum()
	return ratio(special, all)
}

// specialSum is what the Sinks get, and what all tokens get.
func (v *View) specialSum() (special, all float64) {
	sums := make([]float64, v.KeyLen)
	for i, w := range v.Weights {
		sums[i%v.KeyLen] += float64(w)
		all += float64(w)
	}
	for _, j := range v.Sinks {
		special += sums[j]
	}
	return special, all
}

// ratio is part/whole, and 0 of nothing.
func ratio(part, whole float64) float64 {
	if whole == 0 {
		return 0
	}
	return part / whole
}
