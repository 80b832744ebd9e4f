package lens

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/rapt-go/rapt"
	"github.com/rapt-go/rapt/model"
)

// A Survey is what is known of a text that is too long to keep its weights: from exact statistics, gathered in every layer
// while the model runs, in memory that grows with the number of tokens and not with its square. Make it with TakeSurvey.
type Survey struct {
	NumLayers, NumHeads int
	Tokens              []Token
	Causal              bool  // see View
	Sinks               []int // see View

	Roles   map[Head]Roles // see Survey.roles for what differs from View.Roles
	Ranking []HeadScore    // as View.Ranking, of the largest weights of each query: see Survey.relate
	Pairs   []Pair         // as View.Pairs, of the same weights

	// Segments are pieces of the text whose numbers of tokens differ by one at most. Maps are as if each were one word: a
	// column is the sum over the keys of a segment, a row the mean over its queries.
	Segments []Segment
	Maps     *model.Attention // [layer][head][segment][segment]

	special, all float64 // weights
}

// A Segment is the tokens From, …, To−1.
type Segment struct{ From, To int }

// SurveyOptions say what a survey is to be like. The zero value will do.
type SurveyOptions struct {
	Edit     *model.Edit // what is switched off; nil: nothing
	Segments int         // how many of them there are; 0 is 64. A text of fewer tokens has one for each
	Pairs    int         // how many pairs; 0 is 12

	// Queries are those whose weights Each gets as they are.
	Queries []int

	// Each, if not nil, gets the statistics of every layer and the weights of Queries there, both valid during the call.
	Each func(layer int, stats *rapt.Stats, rows []float32) // rows [head][len(Queries)][key]
}

// Classes of keys, as bits of rapt.Stats.KeyClasses.
const (
	specialClass = iota
	punctuationClass
	firstClass
)

// TakeSurvey runs the model over a sequence of tokens. Attention that isn't a number is an error, as in NewView.
func TakeSurvey(ctx context.Context, m *model.Model, s model.Sequence, tokens []Token, o SurveyOptions) (*Survey, error) {
	if len(tokens) != len(s.IDs) {
		return nil, fmt.Errorf("there are %d tokens for a sequence of %d", len(tokens), len(s.IDs))
	}
	info := m.Info()
	if o.Segments == 0 {
		o.Segments = 64
	}
	if o.Pairs == 0 {
		o.Pairs = 12
	}
	y := &Survey{NumLayers: info.NumLayers, NumHeads: info.NumHeads, Tokens: tokens, Causal: info.Causal, Roles: map[Head]Roles{}}
	count := min(o.Segments, len(tokens))
	y.Maps = &model.Attention{NumLayers: info.NumLayers, NumHeads: info.NumHeads, QueryLen: count, KeyLen: count}
	for n := range count {
		y.Segments = append(y.Segments, Segment{segmentStart(n, count, len(tokens)), segmentStart(n+1, count, len(tokens))})
	}
	x := newSurveyor(y, o)
	err := m.Statistics(ctx, s, model.Gather{Edit: o.Edit, Queries: x.queries, Visit: x.visit,
		Stats: func(int) *rapt.Stats { return x.stats }})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(y.Ranking, byScore)
	return y, nil
}

// segmentStart is the first of so many tokens in segment n, or behind the last segment, where rapt.Stats begins a cell.
func segmentStart(n, segments, tokens int) int { return (n*tokens + segments - 1) / segments }

// SpecialShare is the part of all attention that goes to the Sinks; see View.SpecialShare.
func (y *Survey) SpecialShare() float64 { return ratio(y.special, y.all) }

// PickIn is the first of the Ranking in one layer.
func (y *Survey) PickIn(layer int) HeadScore {
	return y.Ranking[slices.IndexFunc(y.Ranking, func(h HeadScore) bool { return h.Layer == layer })]
}

// A surveyor is what a survey needs while the model runs.
type surveyor struct {
	*Survey
	o     SurveyOptions
	view  *View // of the tokens alone, without weights
	stats *rapt.Stats

	queries        []int // the caller's, then twins, then copies
	twins, copies  []int // some of the queries that have another place of their token, or an earlier one
	content        []int
	isContent      []bool    // [token]
	pairsInBin     []float64 // [bin] of offsets
	rowsBeforeCopy int       // rows of the caller's queries and of twins
}

func newSurveyor(y *Survey, o SurveyOptions) *surveyor {
	n := len(y.Tokens)
	x := &surveyor{Survey: y, o: o, view: &View{Attention: &model.Attention{KeyLen: n}, Tokens: y.Tokens, Causal: y.Causal}}
	x.view.divide()
	y.Sinks = x.view.Sinks
	x.stats = roomForStats(y.NumHeads, n, len(y.Segments))
	x.classify()
	x.chooseQueries()
	x.content, x.isContent = x.view.content(), make([]bool, n)
	for _, i := range x.content {
		x.isContent[i] = true
	}
	x.countPairs()
	return x
}

// roomForStats is room for all statistics of a layer of n tokens, with a map of so many rows and columns.
func roomForStats(heads, n, segments int) *rapt.Stats {
	rows := heads * n
	st := &rapt.Stats{
		Entropy: make([]float32, rows), MaxWeight: make([]float32, rows), ArgMax: make([]int32, rows),
		Distance: make([]float32, rows), LSE: make([]float32, rows),
		TopK: 8, TopIndex: make([]int32, 8*rows), TopWeight: make([]float32, 8*rows),
		KeyClasses: make([]uint8, n), ClassMass: make([]float32, 8*rows),
		Received: make([]float64, rows), MaxReceived: make([]float32, rows), ArgMaxReceived: make([]int32, rows),
		OffsetBins: rapt.OffsetBins(1-n, n-1),
		PooledRows: segments, PooledCols: segments,
	}
	st.OffsetMass = make([]float64, heads*(len(st.OffsetBins)-1))
	st.PooledMean, st.PooledMax = make([]float32, heads*segments*segments), make([]float32, heads*segments*segments)
	return st
}

// classify puts the keys into classes.
func (x *surveyor) classify() {
	classes := x.stats.KeyClasses
	for j, t := range x.Tokens {
		switch t.Kind {
		case Special:
			classes[j] |= 1 << specialClass
		case Punctuation:
			classes[j] |= 1 << punctuationClass
		}
	}
	classes[0] |= 1 << firstClass
}

// sampledFloats bounds the rows of weights that are taken of a layer for the roles that need them.
const sampledFloats = 4 << 20

// chooseQueries finds queries that have another place of their own token, and that have an earlier one with a token behind
// it: up to 32 of each, spread over the text, and fewer where a row is long.
func (x *surveyor) chooseQueries() {
	seen, before := map[int]int{}, map[int]int{} // id: how often; so far
	for _, t := range x.Tokens {
		seen[t.ID]++
	}
	last := -1 // the id of the token before
	for i, t := range x.Tokens {
		if t.Kind != Special {
			if seen[t.ID] > 1 {
				x.twins = append(x.twins, i)
			}
			// An earlier copy that is the token before this one is followed by this one itself, which doesn't count.
			if copies := before[t.ID]; copies > 1 || copies == 1 && last != t.ID {
				x.copies = append(x.copies, i)
			}
		}
		before[t.ID]++
		last = t.ID
	}
	most := min(32, max(4, sampledFloats/(2*x.NumHeads*len(x.Tokens))))
	x.twins, x.copies = spread(x.twins, most), spread(x.copies, most)
	x.queries = slices.Concat(x.o.Queries, x.twins, x.copies)
	x.rowsBeforeCopy = len(x.o.Queries) + len(x.twins)
}

// spread is at most n of a list, at even distances.
func spread(list []int, n int) []int {
	if len(list) <= n {
		return list
	}
	some := make([]int, n)
	for i := range some {
		some[i] = list[i*len(list)/n]
	}
	return some
}

// countPairs counts the pairs of a query and a key that it sees by the bin of their offset.
func (x *surveyor) countPairs() {
	n, edges := len(x.Tokens), x.stats.OffsetBins
	x.pairsInBin = make([]float64, len(edges)-1)
	for bin := range x.pairsInBin {
		for d := max(edges[bin], 1-n); d < min(edges[bin+1], n); d++ {
			if d >= 0 || !x.Causal {
				x.pairsInBin[bin] += float64(n - max(d, -d))
			}
		}
	}
}

// visit takes a layer in.
func (x *surveyor) visit(layer int, st *rapt.Stats, rows []float32) error {
	n := len(x.Tokens)
	for h := range x.NumHeads {
		head := Head{layer, h}
		for i, entropy := range st.Entropy[h*n : (h+1)*n] {
			if e := float64(entropy); math.IsNaN(e) || math.IsInf(e, 0) {
				return fmt.Errorf("the attention of %v holds %v in the row of query %d: it can't be shown", head, entropy, i)
			}
		}
		received := st.Received[h*n : (h+1)*n]
		for _, sum := range received {
			x.all += sum
		}
		for _, j := range x.Sinks {
			x.special += received[j]
		}
		x.Roles[head] = x.roles(h, rows)
		x.relate(head)
		x.takeMap(h)
	}
	if x.o.Each != nil {
		given := make([]float32, 0, x.NumHeads*len(x.o.Queries)*n)
		for h := range x.NumHeads {
			given = append(given, rows[h*len(x.queries)*n:][:len(x.o.Queries)*n]...)
		}
		x.o.Each(layer, st, given)
	}
	return nil
}

// takeMap adds the map of a head's segments.
func (x *surveyor) takeMap(h int) {
	count := len(x.Segments)
	for cell, mean := range x.stats.PooledMean[h*count*count:][:count*count] {
		keys := x.Segments[cell%count]
		x.Maps.Weights = append(x.Maps.Weights, mean*float32(keys.To-keys.From))
	}
}
