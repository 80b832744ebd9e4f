package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rapt-go/rapt/lens"
	"github.com/rapt-go/rapt/model"
)

// Where the model scores the vocabulary and the text has a mask, the effect says what is likeliest there.
func TestEffectPredictions(t *testing.T) {
	m, err := model.Open(filepath.Join("..", "..", "model", "testdata", "bert_mlm"))
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	in := &lookInput{&lens.Input{Sequence: model.Sequence{IDs: []int{5, 9, 4, 11}}, Names: []string{"5", "9", "[MASK]", "11"}}}
	e, err := effectOf(t.Context(), m, in, &model.Edit{HeadsOff: []model.HeadAt{{Layer: model.All, Head: model.All}}})
	if err != nil {
		t.Fatal(err)
	}
	trace, err := m.Trace(t.Context(), in.Sequence, model.Want{Logits: true})
	if err != nil {
		t.Fatal(err)
	}
	vocab := m.Info().VocabSize
	row := trace.Logits[2*vocab : 3*vocab]
	if e.Position == nil || *e.Position != 2 || e.Before[0].Logit != slices.Max(row) {
		t.Fatalf("effect %+v, the largest logit is %v", e, slices.Max(row))
	}
	notes := strings.Join(e.notes(in.Names), "\n")
	for _, want := range []string{"[MASK] before: ", "[MASK] after: ", "that turns the sentence's vector by 0."} {
		if !strings.Contains(notes, want) {
			t.Errorf("there is no %q in\n%s", want, notes)
		}
	}
}
