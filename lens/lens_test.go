package lens

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rapt-go/rapt/internal/safetensors"
	"github.com/rapt-go/rapt/model"
)

// golden is the view of one text of testdata, and its token names.
func golden(t *testing.T, name string) (*View, []string) {
	t.Helper()
	var facts map[string]struct {
		Texts   []string
		IDs     []int
		Tokens  []string
		Offsets [][2]int
		TypeIDs []int `json:"type_ids"`
		Special []bool
	}
	data, err := os.ReadFile(filepath.Join("testdata", "minilm.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &facts); err != nil {
		t.Fatal(err)
	}
	f, err := safetensors.Open(filepath.Join("testdata", "minilm.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	tensor, ok := f.Tensor(name)
	if !ok {
		t.Fatalf("testdata has no %q", name)
	}
	weights, err := tensor.Float32s()
	if err != nil {
		t.Fatal(err)
	}
	fact := facts[name]
	pieces := make([]Piece, len(fact.IDs))
	for i, id := range fact.IDs {
		pieces[i] = Piece{ID: id, Special: fact.Special[i], Text: fact.Tokens[i]}
		if !fact.Special[i] {
			pieces[i].Text = string([]rune(fact.Texts[fact.TypeIDs[i]])[fact.Offsets[i][0]:fact.Offsets[i][1]])
			pieces[i].Follows = fact.Offsets[i][0] > 0 && fact.Offsets[i][0] == fact.Offsets[i-1][1]
		}
	}
	v, err := NewView(&model.Attention{NumLayers: tensor.Shape[0], NumHeads: tensor.Shape[1], QueryLen: tensor.Shape[2],
		KeyLen: tensor.Shape[3], Weights: weights}, Tokens(pieces))
	if err != nil {
		t.Fatal(err)
	}
	return v, fact.Tokens
}

// single is a view of one layer with one head per matrix, over content words unless kinds say otherwise.
func single(t *testing.T, kinds []Kind, heads ...[][]float32) *View {
	t.Helper()
	n := len(heads[0])
	a := &model.Attention{NumLayers: 1, NumHeads: len(heads), QueryLen: n, KeyLen: n}
	for _, head := range heads {
		for _, row := range head {
			a.Weights = append(append(a.Weights, row...), make([]float32, n-len(row))...)
		}
	}
	tokens := make([]Token, n)
	for i := range tokens {
		tokens[i] = Token{ID: i, Word: i}
		if kinds != nil {
			tokens[i].Kind = kinds[i]
		}
	}
	v, err := NewView(a, tokens)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func near(t *testing.T, name string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s is %v, expected %v", name, got, want)
	}
}

// A causal head whose numbers are easy to add up: previous (0.5 + 0.3 + 0.5)/4, distance 2.3/4.
func TestRolesByHand(t *testing.T) {
	v := single(t, nil, [][]float32{{1}, {.5, .5}, {.2, .3, .5}, {.1, .15, .5, .25}})
	r := v.Roles(Head{})
	near(t, "previous", r.Previous, .325, 1e-7)
	near(t, "next", r.Next, 0, 0)
	near(t, "self", r.Self, 2.25/4, 1e-7)
	near(t, "distance", r.Distance, .575, 1e-7)
	near(t, "largest", r.Largest, 1.8/4, 1e-7)
	near(t, "entropy", r.Entropy, (0+.6931+1.0297+1.2080)/4, 5e-5)
	near(t, "evenness", r.Evenness, (.6931/math.Log(2)+1.0297/math.Log(3)+1.2080/math.Log(4))/3, 5e-5)
	if got := r.Letter(); got != '=' {
		t.Errorf("letter %c, expected =", got)
	}
}

func TestLetters(t *testing.T) {
	kinds := []Kind{Special, Content, Content, Content, Special}
	row := func(w ...float32) []float32 { return w }
	all := func(r []float32) [][]float32 { return [][]float32{r, r, r, r, r} }
	for _, c := range []struct {
		name string
		want rune
		head [][]float32
	}{
		{"previous", 'P', [][]float32{row(1), row(1), row(0, 1), row(0, 0, 1), row(0, 0, 0, 1)}},
		{"next", 'N', [][]float32{row(0, 1), row(0, 0, 1), row(0, 0, 0, 1), row(0, 0, 0, 0, 1), row(1)}},
		{"self", '=', [][]float32{row(1), row(.4, .6), row(.4, 0, .6), row(.4, 0, 0, .6), row(1)}},
		{"special", 'D', all(row(.4, .1, .1, .1, .3))},
		{"uniform", 'U', all(row(.2, .2, .2, .2, .2))},
		// The same large weights from every row, and the same weights spread so that each row has its own.
		{"salience", 'S', all(row(.1, .1, .5, .2, .1))},
		{"relation", '·', [][]float32{row(1), row(.3, .1, .1, .5), row(.3, .5, .1, .1), row(.3, .1, .5, .1), row(1)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := single(t, kinds, c.head).Roles(Head{}).Letter(); got != c.want {
				t.Errorf("letter %c, expected %c", got, c.want)
			}
		})
	}
	t.Run("same token", func(t *testing.T) {
		v := single(t, nil, [][]float32{row(0, .1, .1, .8), row(.3, .3, .4), row(.3, .3, .4), row(.8, .1, .1)})
		v.Tokens[3].ID = v.Tokens[0].ID
		if r := v.Roles(Head{}); r.Letter() != '2' || math.Abs(r.SameToken-.8) > 1e-7 {
			t.Errorf("letter %c, same token %v, expected 2 and 0.8", r.Letter(), r.SameToken)
		}
	})
}

// Two rows that share nothing have 1 bit of relation and no salience; with equal rows it is the other way round.
func TestRelationAndSalience(t *testing.T) {
	ahead := [][]float32{{0, 1}, {0, 1}} // beside the others, so that the view isn't one of a model that looks back only
	r := single(t, nil, [][]float32{{1, 0}, {0, 1}}, ahead).Roles(Head{})
	near(t, "relation", r.Relation, 1, 1e-12)
	near(t, "salience", r.Salience, 0, 1e-12)
	r = single(t, nil, [][]float32{{1, 0}, {1, 0}}, ahead).Roles(Head{})
	near(t, "relation", r.Relation, 0, 1e-12)
	near(t, "salience", r.Salience, 1, 1e-12)
}

// A head that reads one column, and one that reads the previous token, have no excess. The relation 1 → 3 has.
func TestExcess(t *testing.T) {
	column := [][]float32{{.1, .1, .7, .1}, {.1, .1, .7, .1}, {.1, .1, .7, .1}, {.1, .1, .7, .1}}
	previous := [][]float32{{.25, .25, .25, .25}, {.7, .1, .1, .1}, {.1, .7, .1, .1}, {.1, .1, .7, .1}}
	relation := [][]float32{{.4, .2, .2, .2}, {.1, .1, .1, .7}, {.2, .2, .4, .2}, {.2, .2, .2, .4}}
	v := single(t, nil, column, previous, relation)
	for i := range 4 {
		for j := range 4 {
			if i == j {
				continue
			}
			if e := v.Excess(Head{0, 0})[i*4+j]; e > 1e-7 {
				t.Errorf("column: %d → %d has excess %v", i, j, e)
			}
			if e := v.Excess(Head{0, 1})[i*4+j]; i-j == 1 && e > 1e-7 {
				t.Errorf("previous: %d → %d has excess %v", i, j, e)
			}
		}
	}
	near(t, "excess of 1 → 3", v.Excess(Head{0, 2})[1*4+3], .7-.2, 1e-7)
	pair := v.Pairs(1)[0]
	if want := (Pair{1, 3, Head{0, 2}, .7, pair.Excess}); pair != want {
		t.Errorf("strongest pair %+v, expected %+v", pair, want)
	}
}

// What all-MiniLM-L6-v2 does on "The cat sat on the mat.", known from PyTorch in float64.
func TestCat(t *testing.T) {
	v, tokens := golden(t, "cat")
	near(t, "share of special tokens", v.SpecialShare(), .587, .0005)

	for _, noise := range []float32{0, .0015} { // .0015: what float16 storage changes at most
		for i := range v.Weights {
			v.Weights[i] += noise * float32(i%3-1)
		}
		ranking := v.Ranking()
		if want := (Head{0, 3}); ranking[0].Head != want {
			t.Errorf("noise %v: picks %v, expected %v", noise, ranking[0].Head, want)
		}
		if margin := ranking[0].Score - ranking[1].Score; margin < .01 {
			t.Errorf("noise %v: leads %v by %v only", noise, ranking[1].Head, margin)
		}
	}
	for h, want := range map[Head]rune{{0, 2}: 'P', {5, 11}: 'S', {5, 3}: 'S', {0, 3}: '·', {1, 8}: 'N'} {
		if got := v.Roles(h).Letter(); got != want {
			t.Errorf("%v is %c, expected %c", h, got, want)
		}
	}
	salience, relation := v.Roles(Head{5, 11}), v.Roles(Head{0, 3})
	if salience.Largest < 2*relation.Largest || salience.Relation > relation.Relation/2 {
		t.Errorf("L5 H11 has larger weights but its rows differ less than those of L0 H3: %+v, %+v", salience, relation)
	}
	var got []string
	for _, p := range v.Pairs(6) {
		got = append(got, tokens[p.Query]+"→"+tokens[p.Key]+" "+p.Head.String())
	}
	want := []string{"mat→cat L5 H6", "sat→mat L0 H3", "cat→mat L5 H3", "sat→cat L0 H10", "cat→sat L2 H3", "mat→sat L0 H3"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("strongest pairs (-want +got):\n%s", diff)
	}
	found := v.Find([]int{3}, []int{2})
	if found[0].Head != (Head{0, 2}) || found[1].Head != (Head{5, 11}) {
		t.Errorf("sat:cat is strongest in %v, %v, expected L0 H2 and L5 H11", found[0], found[1])
	}
}

// Elsewhere the measure finds other heads: the one that leads from "cross" to "street" and from "it" to "animal", and the
// one that leads from "wrote" to "Hamlet".
func TestPickOther(t *testing.T) {
	for name, want := range map[string]Head{"pronoun": {3, 1}, "question": {2, 5}, "pair": {1, 7}} {
		v, _ := golden(t, name)
		if got := v.Pick(); got.Head != want {
			t.Errorf("%s: picks %v, expected %v", name, got, want)
		}
	}
	for _, name := range []string{"word", "pair", "pieces"} {
		v, _ := golden(t, name)
		if got := v.PickIn(3); got.Layer != 3 {
			t.Errorf("%s: the pick in layer 3 is %v", name, got)
		}
	}
}

func TestFindSumsKeysAndAveragesQueries(t *testing.T) {
	v := single(t, nil, [][]float32{{.5, .25, .25}, {.2, .3, .5}, {.4, .4, .2}})
	near(t, "0,1 → 1,2", v.Find([]int{0, 1}, []int{1, 2})[0].Score, (.5+.8)/2, 1e-7)
}

func TestTokens(t *testing.T) {
	for _, c := range []struct{ text, words, kinds string }{
		// Pieces are separated by |, a following piece begins with +.
		{"The|cat|sat|+.", "0 1 2 3", "f c c p"},
		{"electro|+ence|+pha|is", "0 0 0 1", "c c c f"},
		{"didn|+'|+t|cross", "0 0 0 1", "f p f c"},
		{"dog|+'|+s|bone", "0 0 0 1", "c p f c"},
		{"[CLS]|+it|+'|+s|[SEP]", "0 1 1 1 2", "s f p f s"},
		{"\"|+Hamlet|+\"|+,", "0 1 2 3", "p c p p"},
		{"a|+priori", "0 0", "c c"},
		{"4|+,|+99|€|🙂", "0 1 2 3 4", "c p c p p"},
		{"東|+京|+に", "0 1 2", "c c c"},
	} {
		t.Run(c.text, func(t *testing.T) {
			var pieces []Piece
			for i, s := range strings.Split(c.text, "|") {
				text, follows := strings.CutPrefix(s, "+")
				pieces = append(pieces, Piece{ID: i, Text: text, Follows: follows, Special: strings.HasPrefix(text, "[")})
			}
			var words, kinds []string
			for _, token := range Tokens(pieces) {
				words = append(words, string(rune('0'+token.Word)))
				kinds = append(kinds, string("cfps"[token.Kind]))
			}
			if diff := cmp.Diff([]string{c.words, c.kinds}, []string{strings.Join(words, " "), strings.Join(kinds, " ")}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestNewViewRefuses(t *testing.T) {
	nan := float32(math.NaN())
	for _, c := range []struct {
		name, want string
		a          model.Attention
		tokens     int
	}{
		{"length", "attention is 2 queries × 2 keys, expected 3 × 3", model.Attention{NumLayers: 1, NumHeads: 1, QueryLen: 2, KeyLen: 2,
			Weights: make([]float32, 4)}, 3},
		{"NaN", "L0 H1 holds NaN at query 1, key 0", model.Attention{NumLayers: 1, NumHeads: 2, QueryLen: 2, KeyLen: 2,
			Weights: []float32{0, 0, 0, 0, 0, 0, nan, 0}}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := NewView(&c.a, make([]Token, c.tokens))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, expected %q", err, c.want)
			}
		})
	}
}

// One word, no content word, nothing but special tokens: every measure is defined.
func TestSmallTexts(t *testing.T) {
	for _, kinds := range [][]Kind{{Special}, {Special, Content, Special}, {Special, Punctuation}, {Function, Function}} {
		rows := make([][]float32, len(kinds))
		for i := range rows {
			rows[i] = make([]float32, len(kinds))
			rows[i][0] = 1
		}
		v := single(t, kinds, rows)
		r := v.Roles(Head{})
		for _, f := range []float64{r.Previous, r.Next, r.Self, r.Special, r.SameToken, r.Largest, r.Evenness, r.Relation, r.Salience,
			v.Pick().Score, v.SpecialShare()} {
			if math.IsNaN(f) || f < 0 || f > 1 {
				t.Errorf("%v: a share is %v in %+v", kinds, f, r)
			}
		}
		v.Pairs(5)
	}
}
