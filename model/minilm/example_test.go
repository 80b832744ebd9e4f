package minilm_test

import (
	"context"
	"fmt"
	"log"

	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/minilm"
)

// What does "sat" look at? Head 3 of layer 0 answers: at the mat, and at the cat.
func ExampleLoad() {
	m, err := minilm.Load()
	if err != nil {
		log.Fatal(err)
	}
	t, err := m.Tokenizer()
	if err != nil {
		log.Fatal(err)
	}
	text, err := t.Encode("The cat sat on the mat.", nil)
	if err != nil {
		log.Fatal(err)
	}
	s := model.Sequence{IDs: text.IDs, TypeIDs: text.TypeIDs}
	trace, err := m.Trace(context.Background(), s, model.Want{Weights: true})
	if err != nil {
		log.Fatal(err)
	}
	const sat = 3
	for key, weight := range trace.Attention.Row(0, 3, sat) {
		fmt.Printf("%-5s %.2f\n", text.Tokens[key], weight)
	}
	// Output:
	// [CLS] 0.04
	// the   0.12
	// cat   0.20
	// sat   0.04
	// on    0.07
	// the   0.11
	// mat   0.27
	// .     0.06
	// [SEP] 0.07
}
