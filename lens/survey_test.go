package lens

import (
	"math"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/rapt-go/rapt"
	"github.com/rapt-go/rapt/model"
)

// story is a text with a few words that come up again and again.
const story = "The old cat saw the young dog. The dog saw the cat, and the cat ran up the tall tree. " +
	"The dog sat under the tree and looked at the cat. In the evening the old cat came down, and the dog was gone."

// surveyed is a sequence with tokens, as a survey and as a view of all its weights.
func surveyed(t *testing.T, m *model.Model, s model.Sequence, tokens []Token, o SurveyOptions) (*Survey, *View) {
	t.Helper()
	y, err := TakeSurvey(t.Context(), m, s, tokens, o)
	if err != nil {
		t.Fatal(err)
	}
	trace, err := m.Trace(t.Context(), s, model.Want{Weights: true})
	if err != nil {
		t.Fatal(err)
	}
	v, err := NewView(trace.Attention, tokens)
	if err != nil {
		t.Fatal(err)
	}
	return y, v
}

// tokensOf takes each id for a word, and those of special for special tokens.
func tokensOf(s model.Sequence, special ...int) []Token {
	tokens := make([]Token, len(s.IDs))
	for i, id := range s.IDs {
		tokens[i] = Token{ID: id, Word: i}
	}
	for _, i := range special {
		tokens[i].Kind = Special
	}
	return tokens
}

// causal is a small model that looks back, and 60 tokens of which many come up again.
func causal(t *testing.T) (*model.Model, model.Sequence) {
	t.Helper()
	m, err := model.Open(filepath.Join("..", "model", "testdata", "llama"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	s := model.Sequence{}
	for i := range 60 {
		s.IDs = append(s.IDs, 5+i*i%17)
	}
	return m, s
}

// TestSurvey holds a survey against the view of all weights, in a model that sees everything and in one that looks back.
func TestSurvey(t *testing.T) {
	t.Run("both ways", func(t *testing.T) {
		m, s := embedded(t, story)
		y, v := surveyed(t, m, s, tokensOf(s, 0, len(s.IDs)-1), SurveyOptions{})
		checkSurvey(t, y, v)
	})
	t.Run("looking back", func(t *testing.T) {
		m, s := causal(t)
		y, v := surveyed(t, m, s, tokensOf(s), SurveyOptions{Segments: 7})
		checkSurvey(t, y, v)
	})
}

func checkSurvey(t *testing.T, y *Survey, v *View) {
	t.Helper()
	if y.Causal != v.Causal || len(y.Roles) != v.NumLayers*v.NumHeads {
		t.Fatalf("causal %v with %d heads, expected %v with %d", y.Causal, len(y.Roles), v.Causal, v.NumLayers*v.NumHeads)
	}
	near(t, "special share", y.SpecialShare(), v.SpecialShare(), 1e-6)
	special := len(v.Tokens) - len(v.ordinary)
	for _, h := range v.Heads() {
		got, want := y.Roles[h], v.Roles(h)
		want.Relation, want.Salience = 0, 0
		if !v.Causal {
			want.Evenness = want.Entropy / math.Log(float64(len(v.Tokens))) // of all keys, which have weight in this model
		}
		// Rows of special tokens count too in the first of these: each is at most 1, of all rows.
		more := float64(special) / float64(len(v.ordinary))
		for _, x := range []struct {
			name                 string
			got, want, tolerance float64
		}{
			{"previous", got.Previous, want.Previous, more}, {"next", got.Next, want.Next, more}, {"self", got.Self, want.Self, more},
			{"largest", got.Largest, want.Largest, more},
			{"special", got.Special, want.Special, 0}, {"punctuation", got.Punctuation, want.Punctuation, 0},
			{"first", got.First, want.First, 0}, {"confidence", got.Confidence, want.Confidence, 0},
			{"entropy", got.Entropy, want.Entropy, 0}, {"evenness", got.Evenness, want.Evenness, 0},
			{"distance", got.Distance, want.Distance, 1e-5 * want.Distance},
		} {
			near(t, h.String()+" "+x.name, x.got, x.want, x.tolerance+1e-5)
		}
		checkSampled(t, h, got, v)
		checkMap(t, h, y, v)
	}
	checkPairs(t, y, v)
}

// checkSampled holds what is of some rows against all rows, where there are few enough to be all.
func checkSampled(t *testing.T, h Head, got Roles, v *View) {
	t.Helper()
	x := newSurveyor(&Survey{NumLayers: v.NumLayers, NumHeads: v.NumHeads, Tokens: v.Tokens, Causal: v.Causal, Segments: make([]Segment, 1)}, SurveyOptions{})
	for _, s := range []struct {
		name  string
		got   float64
		rows  []int
		share func([]float32, int) (float64, bool)
	}{{"same token", got.SameToken, x.twins, v.sameToken}, {"induction", got.Induction, x.copies, v.afterCopy}} {
		var sum float64
		for _, i := range s.rows {
			part, ok := s.share(v.Row(h.Layer, h.Head, i), i)
			if !ok {
				t.Fatalf("%s: row %d has none", s.name, i)
			}
			sum += part
		}
		near(t, h.String()+" "+s.name, s.got, sum/float64(len(s.rows)), 1e-5)
	}
}

// checkMap holds the map of segments against sums over their keys and means over their queries.
func checkMap(t *testing.T, h Head, y *Survey, v *View) {
	t.Helper()
	last := 0
	for r, rows := range y.Segments {
		if rows.From != last {
			t.Fatalf("segment %d begins with token %d, expected %d", r, rows.From, last)
		}
		last = rows.To
		for c, columns := range y.Segments {
			var sum float64
			for i := rows.From; i < rows.To; i++ {
				for _, w := range v.Row(h.Layer, h.Head, i)[columns.From:columns.To] {
					sum += float64(w)
				}
			}
			near(t, h.String()+" map", float64(y.Maps.Row(h.Layer, h.Head, r)[c]), sum/float64(rows.To-rows.From), 1e-5)
		}
	}
	if last != len(v.Tokens) {
		t.Errorf("the segments end with token %d, expected %d", last, len(v.Tokens))
	}
}

// checkPairs holds that pairs are what they say, in order, each once, and that the ranking is in order.
func checkPairs(t *testing.T, y *Survey, v *View) {
	t.Helper()
	if len(y.Pairs) != 12 || len(y.Ranking) != v.NumLayers*v.NumHeads {
		t.Fatalf("%d pairs and %d heads", len(y.Pairs), len(y.Ranking))
	}
	seen := map[[2]int]bool{}
	for n, p := range y.Pairs {
		near(t, "weight of a pair", float64(p.Weight), float64(v.Weight(p.Head, p.Query, p.Key)), 1e-6)
		if n > 0 && p.Excess > y.Pairs[n-1].Excess || p.Excess <= 0 || seen[[2]int{p.Query, p.Key}] {
			t.Errorf("pair %d, %+v, comes after %+v", n, p, y.Pairs[max(n-1, 0)])
		}
		seen[[2]int{p.Query, p.Key}] = true
	}
	for n := 1; n < len(y.Ranking); n++ {
		if y.Ranking[n].Score > y.Ranking[n-1].Score {
			t.Errorf("head %v comes after %v", y.Ranking[n], y.Ranking[n-1])
		}
	}
	if best := y.Ranking[0]; y.PickIn(best.Layer) != best {
		t.Errorf("the best head of layer %d is %v, expected %v", best.Layer, y.PickIn(best.Layer), best)
	}
}

// TestSurveyQueries holds the rows that are asked for against the weights, and that others of the survey's own don't mix in.
func TestSurveyQueries(t *testing.T) {
	m, s := causal(t)
	type key struct{ layer, head, row int }
	rows := map[key][]float32{}
	queries := []int{59, 0, 30}
	_, v := surveyed(t, m, s, tokensOf(s), SurveyOptions{Queries: queries, Each: func(layer int, st *rapt.Stats, found []float32) {
		for h := range m.Info().NumHeads {
			for r := range queries {
				rows[key{layer, h, r}] = append([]float32(nil), found[(h*len(queries)+r)*len(s.IDs):][:len(s.IDs)]...)
			}
		}
		near(t, "entropy of the first query", float64(st.Entropy[0]), 0, 0)
	}})
	for _, h := range v.Heads() {
		for r, i := range queries {
			for j, w := range v.Row(h.Layer, h.Head, i) {
				near(t, "weight", float64(rows[key{h.Layer, h.Head, r}][j]), float64(w), 1e-6)
			}
		}
	}
}

func TestSurveyErrors(t *testing.T) {
	m, s := causal(t)
	if _, err := TakeSurvey(t.Context(), m, s, tokensOf(s)[1:], SurveyOptions{}); err == nil || !strings.Contains(err.Error(), "59 tokens for a sequence of 60") {
		t.Errorf("error %v", err)
	}
	if _, err := TakeSurvey(t.Context(), m, s, tokensOf(s), SurveyOptions{Queries: []int{60}}); err == nil || !strings.Contains(err.Error(), "query 60") {
		t.Errorf("error %v", err)
	}
}

// TestSurveyMemory holds that what is allocated for a text grows with its length, not with the square of it: the weights
// of one layer alone would be four times as many for twice the tokens.
func TestSurveyMemory(t *testing.T) {
	m, _ := causal(t)
	if m.Info().MaxSeqLen < 128 {
		t.Skipf("the model takes %d tokens, expected 128", m.Info().MaxSeqLen)
	}
	bytes := func(n int) float64 {
		s := model.Sequence{}
		for i := range n {
			s.IDs = append(s.IDs, 5+i*i%17)
		}
		tokens := tokensOf(s)
		var before, after runtime.MemStats
		least := math.Inf(1)
		for range 3 { // the first fills the pools
			runtime.ReadMemStats(&before)
			if _, err := TakeSurvey(t.Context(), m, s, tokens, SurveyOptions{Segments: 8}); err != nil {
				t.Fatal(err)
			}
			runtime.ReadMemStats(&after)
			least = min(least, float64(after.TotalAlloc-before.TotalAlloc))
		}
		return least
	}
	small, large := bytes(64), bytes(128)
	if large > 2.5*small {
		t.Errorf("%.0f bytes for 64 tokens and %.0f for 128", small, large)
	}
}
