package lens

import (
	"math"
	"slices"
	"testing"
)

// Heads of a model that looks back only, over six tokens: one that spreads evenly, one that looks at the token before,
// one that rests on the first token, and one in which token 4 looks at token 2.
func causalView(t *testing.T) *View {
	t.Helper()
	const n = 6
	var even, previous, first, relation [][]float32
	for i := range n {
		row := func(to int, w float32) []float32 {
			r := make([]float32, i+1)
			for j := range r {
				r[j] = (1 - w) / float32(i+1)
			}
			r[to] += w
			return r
		}
		even, previous, first = append(even, row(0, 0)), append(previous, row(max(0, i-1), .9)), append(first, row(0, .8))
		if i == 4 {
			relation = append(relation, row(2, .7))
		} else {
			relation = append(relation, row(0, 0))
		}
	}
	return single(t, nil, even, previous, first, relation)
}

func TestCausal(t *testing.T) {
	v := causalView(t)
	if !v.Causal || !slices.Equal(v.Sinks, []int{0}) {
		t.Fatalf("causal %v, sinks %v", v.Causal, v.Sinks)
	}
	if v := single(t, nil, [][]float32{{0, 0}, {0, 0}}); v.Causal || len(v.Sinks) > 0 {
		t.Errorf("two maps without a difference look back only")
	}
	for h, want := range "UPF·" {
		if got := v.Roles(Head{0, h}).Letter(); got != want {
			t.Errorf("head %d: letter %c, expected %c", h, got, want)
		}
	}
	if got, want := v.SpecialShare(), 0.0; got <= want {
		t.Errorf("the first token gets %v", got)
	}
}

// An early row of such a model gives each key more, having fewer: that alone is no relation between words.
func TestCausalExcess(t *testing.T) {
	v := causalView(t)
	for h, name := range []string{"even", "previous", "first"} {
		for at, e := range v.Excess(Head{0, h}) {
			if e > 1e-6 && at/v.KeyLen > 1 { // row 1 has a single key beside its own
				t.Errorf("%s: %d → %d has excess %v", name, at/v.KeyLen, at%v.KeyLen, e)
			}
		}
	}
	if got := v.Pick(); got.Head != (Head{0, 3}) {
		t.Errorf("picked %v, expected the head in which 4 looks at 2", got)
	}
	if p := v.Pairs(1)[0]; p.Query != 4 || p.Key != 2 {
		t.Errorf("strongest pair %+v", p)
	}
}

// Rows that spread evenly over what they see don't differ, though no two of them are the same; rows that prefer one key
// to the others in the same way have salience alone.
func TestCausalRelation(t *testing.T) {
	v := causalView(t)
	even := v.Roles(Head{0, 0})
	near(t, "relation of the even head", even.Relation, 0, 1e-7)
	near(t, "salience of the even head", even.Salience, 0, 1e-7)

	// p_i over keys 0 … i proportional to 4, 1, 1, …: the same preference from every row.
	var rows [][]float32
	for i := range 5 {
		row := make([]float32, i+1)
		for j := range row {
			row[j] = 1 / float32(i+4)
		}
		row[0] = 4 / float32(i+4)
		rows = append(rows, row)
	}
	r := single(t, nil, rows).Roles(Head{})
	if r.Salience <= 0 || r.Relation > .1*r.Salience {
		t.Errorf("relation %v, salience %v: expected nearly all of it to be salience", r.Relation, r.Salience)
	}
	if previous := v.Roles(Head{0, 1}); previous.Relation < 3*previous.Salience {
		t.Errorf("previous token: relation %v, salience %v", previous.Relation, previous.Salience)
	}
}

// Without special tokens the sink of a model that looks back only is its first token; its row stays as long as it has
// something to show.
func TestCausalSelect(t *testing.T) {
	v := causalView(t)
	if s := v.Select(false, true); len(s.Rows) != 6 || len(s.Columns) != 6 {
		t.Errorf("with the sink's column: %v", s)
	}
	s := v.Select(false, false)
	if want := []int{1, 2, 3, 4, 5}; !slices.Equal(s.Rows, want) || !slices.Equal(s.Columns, want) {
		t.Errorf("without: %v", s)
	}
	// Rows 1 to 5 of the head that rests on the first token give it .8 + .2/(i+1).
	var want float64
	for i := 1; i < 6; i++ {
		want += (.8 + .2/float64(i+1)) / 5
	}
	if got := v.HiddenShare(Head{0, 2}, s); math.Abs(got-want) > 1e-6 {
		t.Errorf("hidden share %v, expected %v", got, want)
	}
}
