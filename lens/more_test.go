package lens

import (
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rapt-go/rapt/model"
)

// Four tokens, the middle two pieces of one word.
func TestWordsByHand(t *testing.T) {
	a := &model.Attention{NumLayers: 1, NumHeads: 1, QueryLen: 4, KeyLen: 4, Weights: []float32{
		.1, .2, .3, .4, .25, .25, .25, .25, .4, .3, .2, .1, .7, .1, .1, .1}}
	tokens := []Token{{ID: 7, Word: 0, Kind: Special}, {ID: 8, Word: 1, Kind: Function}, {ID: 9, Word: 1}, {ID: 7, Word: 2, Kind: Punctuation}}
	words, merged, groups, err := Words(a, tokens)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{.1, .5, .4, .325, .5, .175, .7, .2, .1} {
		near(t, "weight", float64(words.Weights[i]), want, 1e-7)
	}
	if diff := cmp.Diff([][]int{{0}, {1, 2}, {3}}, groups); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
	want := []Token{{ID: 7, Word: 0, Kind: Special}, {ID: -1, Word: 1, Kind: Content}, {ID: 7, Word: 2, Kind: Punctuation}}
	if diff := cmp.Diff(want, merged); diff != "" {
		t.Errorf("tokens (-want +got):\n%s", diff)
	}
	if _, _, _, err := Words(a, tokens[:3]); err == nil {
		t.Error("three tokens for four keys are no error")
	}
}

// What is hidden is said, and nothing is divided by what is left.
func TestHiddenShareByHand(t *testing.T) {
	v := single(t, []Kind{Special, Content, Content, Special},
		[][]float32{{.9, 0, 0, .1}, {.1, .2, .3, .4}, {.25, .25, .25, .25}, {1, 0, 0, 0}})
	near(t, "all shown", v.HiddenShare(Head{}, v.Select(true, true)), 0, 0)
	near(t, "columns hidden", v.HiddenShare(Head{}, v.Select(false, false)), (.5+.5)/2, 1e-7)
	near(t, "columns hidden, all rows", v.HiddenShare(Head{}, v.Select(true, false)), (1+.5+.5+1)/4, 1e-7)
	if diff := cmp.Diff(Selection{[]int{1, 2}, []int{0, 1, 2, 3}}, v.Select(false, true)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The head of the previous token, without what goes to the first token and to itself: .3/.4 and such, from lens fixtures.
func TestPreviousWithoutFirstAndSelf(t *testing.T) {
	v := single(t, nil, [][]float32{{1}, {.5, .5}, {.2, .3, .5}, {.1, .15, .5, .25}})
	var previous, all float64
	for i := range 4 {
		for j, w := range v.Row(0, 0, i) {
			if j > 0 && j != i {
				all += float64(w)
				if j == i-1 {
					previous += float64(w)
				}
			}
		}
	}
	near(t, "previous", previous/all, .842105, 1e-6)
}

func TestInductionAndFirst(t *testing.T) {
	// a b a b: the second a looks at what came after the first, b; the second b at the second a.
	v := single(t, nil, [][]float32{{1}, {.5, .5}, {.1, .8, .1}, {.2, 0, .7, .1}})
	for i, id := range []int{5, 6, 5, 6} {
		v.Tokens[i].ID = id
	}
	r := v.Roles(Head{})
	near(t, "induction", r.Induction, (.8+.7)/2, 1e-7)
	near(t, "first", r.First, (1+.5+.1+.2)/4, 1e-7)
	near(t, "confidence", r.Confidence, (1+.5+.8+.7)/4, 1e-7)
	for want, head := range map[rune][][]float32{
		'I': {{.5, 0, .5, 0}, {.3, 0, .3, .4}, {0, .8, .1, .1}, {.1, 0, .9, 0}},
		'F': {{.1, .3, .3, .3}, {.8, .2, 0, 0}, {.8, 0, .2, 0}, {.8, 0, .2, 0}},
	} {
		w := single(t, nil, head)
		copy(w.Tokens, v.Tokens)
		if got := w.Roles(Head{}).Letter(); got != want {
			t.Errorf("letter %c, expected %c", got, want)
		}
	}
	dot := single(t, []Kind{Content, Content, Punctuation}, [][]float32{{.1, .1, .8}, {.3, 0, .7}, {.1, 0, .9}})
	if got := dot.Roles(Head{}).Letter(); got != '.' {
		t.Errorf("letter %c, expected .", got)
	}
}

func TestDivergence(t *testing.T) {
	v := single(t, nil, [][]float32{{1, 0}, {0, 1}}, [][]float32{{0, 1}, {1, 0}}, [][]float32{{.5, .5}, {0, 0}})
	h := []Head{{0, 0}, {0, 1}, {0, 2}}
	near(t, "a head and itself", v.Divergence(h[0], h[0]), 0, 1e-15)
	near(t, "nothing in common", v.Divergence(h[0], h[1]), 1, 1e-15)
	// H(¾, ¼) − ½ over the first row; the second has no weight in head 2.
	near(t, "half in common", v.Divergence(h[0], h[2]), .811278-.5, 1e-6)
	if got := v.Similar(h[0]); got[0].Head != h[2] || got[1].Head != h[1] {
		t.Errorf("ranking %v", got)
	}
}

func TestAlign(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want [2][]int
	}{
		{"[CLS] the cat sat [SEP]", "[CLS] the dog sat [SEP]", [2][]int{{0, 1, 3, 4}, {0, 1, 3, 4}}},
		{"a b c", "a b c", [2][]int{{0, 1, 2}, {0, 1, 2}}},
		{"a x b", "y a b", [2][]int{{0, 2}, {1, 2}}},
		{"a", "b", [2][]int{nil, nil}},
	} {
		gotA, gotB := align(strings.Fields(c.a), strings.Fields(c.b))
		if diff := cmp.Diff(c.want, [2][]int{gotA, gotB}); diff != "" {
			t.Errorf("%s | %s (-want +got):\n%s", c.a, c.b, diff)
		}
	}
}

// An alignment names equal tokens in order, each once; of a text with itself it is everything.
func TestAlignAny(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		words := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c"}), 0, 12)
		a, b := words.Draw(r, "a"), words.Draw(r, "b")
		inA, inB := align(a, b)
		for k := range inA {
			if a[inA[k]] != b[inB[k]] {
				r.Fatalf("%v %v aren't equal tokens", inA, inB)
			}
		}
		if !slices.IsSorted(inA) || len(slices.Compact(slices.Clone(inA))) != len(inA) {
			r.Fatalf("%v isn't in order", inA)
		}
		if same, _ := align(a, a); len(same) != len(a) {
			r.Fatalf("%v with itself: %v", a, same)
		}
	})
}

func TestCompare(t *testing.T) {
	first, tokens := golden(t, "cat")
	same, err := Compare(first.Attention, first.Attention, tokens, tokens)
	if err != nil {
		t.Fatal(err)
	}
	if slices.ContainsFunc(same.Difference.Weights, func(w float32) bool { return w != 0 }) {
		t.Error("a text differs from itself")
	}
	other, otherTokens := golden(t, "question")
	c, err := Compare(first.Attention, other.Attention, tokens, otherTokens)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{0, 8}, c.A); diff != "" { // [CLS] and [SEP]
		t.Errorf("(-want +got):\n%s", diff)
	}
	h := Head{2, 3}
	near(t, "difference", float64(c.Difference.Row(2, 3, 0)[1]), float64(other.Weight(h, 0, len(otherTokens)-1)-first.Weight(h, 0, 8)), 0)
	var matched float64
	for _, i := range c.A {
		for _, j := range c.A {
			matched += float64(first.Weight(h, i, j))
		}
	}
	near(t, "unmatched", Unmatched(first.Attention, h, c.A), 1-matched/2, 1e-6)
	if _, err := Compare(first.Attention, &model.Attention{NumLayers: 1, NumHeads: 1}, tokens, nil); err == nil || !strings.Contains(err.Error(), "6 layers × 12 heads, the second 1 × 1") {
		t.Errorf("error %v", err)
	}
	if _, err := Compare(first.Attention, other.Attention, tokens, make([]string, len(otherTokens))); err == nil || !strings.Contains(err.Error(), "no token in common") {
		t.Errorf("error %v", err)
	}
}

func TestSwitch(t *testing.T) {
	m, s := embedded(t, measured["cat"])
	e, err := Switch(t.Context(), m, s, &model.Edit{}, NoPosition)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "nothing off", e.Sentence, 0, 0)
	e, err = Switch(t.Context(), m, s, &model.Edit{HeadsOff: []model.HeadAt{{Layer: 3, Head: 1}}}, NoPosition)
	if err != nil {
		t.Fatal(err)
	}
	for l, turned := range e.Hidden {
		for i, d := range turned {
			if changed := d > 0; changed != (l > 3) {
				t.Errorf("after layer %d token %d has turned by %v", l-1, i, d)
			}
		}
	}
	if e.Sentence <= 0 || e.Sentence > .2 || e.Before != nil {
		t.Errorf("effect %+v", e)
	}
}

// masked is a small model with a head for masked tokens.
func masked(t *testing.T) (*model.Model, model.Sequence) {
	t.Helper()
	m, err := model.Open(filepath.Join("..", "model", "testdata", "bert_mlm"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m, model.Sequence{IDs: []int{5, 9, 3, 11, 8, 2}}
}

func TestSwitchPredictions(t *testing.T) {
	m, s := masked(t)
	e, err := Switch(t.Context(), m, s, &model.Edit{Cuts: []model.Cut{{Layer: model.All, Head: model.All, Query: 2, Key: 3}}}, 2)
	if err != nil {
		t.Fatal(err)
	}
	trace, err := m.Trace(t.Context(), s, model.Want{Logits: true})
	if err != nil {
		t.Fatal(err)
	}
	vocab := m.Info().VocabSize
	row := trace.Logits[2*vocab : 3*vocab]
	if best := slices.Max(row); e.Before[0].Logit != best || row[e.Before[0].ID] != best {
		t.Errorf("the likeliest token is %+v, its logit should be %v", e.Before[0], best)
	}
	if len(e.Before) != maxPredictions || len(e.After) != maxPredictions || e.Before[0].Logit == e.After[0].Logit {
		t.Errorf("before %v, after %v", e.Before, e.After)
	}
	if _, err := Switch(t.Context(), m, s, nil, 6); err == nil || !strings.Contains(err.Error(), "position 6: there are tokens 0 to 5") {
		t.Errorf("error %v", err)
	}
}

// The parts of a logit add up to it, for tokens and positions of every kind; and a head's part is the change of the logit
// if everything on the way stays as it was.
func TestLogitParts(t *testing.T) {
	m, s := masked(t)
	record, err := Run(t.Context(), m, s, nil)
	if err != nil {
		t.Fatal(err)
	}
	trace, err := m.Trace(t.Context(), s, model.Want{Logits: true})
	if err != nil {
		t.Fatal(err)
	}
	vocab := m.Info().VocabSize
	for position := range s.IDs {
		for token := 0; token < vocab; token += 7 {
			a, err := record.Logit(m, position, token)
			if err != nil {
				t.Fatal(err)
			}
			sum, scale := a.sum()
			near(t, "logit", sum, float64(trace.Logits[position*vocab+token]), 1e-5*(1+scale))
			for l, heads := range a.Heads {
				for h, part := range heads {
					var edges float64
					for _, x := range a.Edges[l][h] {
						edges += x
					}
					near(t, "sum of the edges", edges, part, 1e-9*(1+math.Abs(part)))
				}
			}
		}
	}
	if _, err := record.Logit(m, 6, 0); err == nil {
		t.Error("position 6 of 6 is no error")
	}
	record.Layers[1].MLPOutput[5] += 1
	if _, err := record.Logit(m, 0, 0); err == nil || !strings.Contains(err.Error(), "don't add up") {
		t.Errorf("error %v for parts that aren't the model's", err)
	}
}
