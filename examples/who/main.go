// Command who asks the built-in model which word another one looks at most, over all of its heads.
//
//	go run ./examples/who "She drove her father to the airport." drove
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/minilm"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: who TEXT WORD")
	}
	text, word := os.Args[1], os.Args[2]

	m, err := minilm.Load()
	if err != nil {
		log.Fatal(err)
	}
	t, err := m.Tokenizer()
	if err != nil {
		log.Fatal(err)
	}
	encoding, err := t.Encode(text, nil)
	if err != nil {
		log.Fatal(err)
	}
	trace, err := m.Trace(context.Background(), model.Sequence{IDs: encoding.IDs}, model.Want{Weights: true})
	if err != nil {
		log.Fatal(err)
	}

	for i, token := range encoding.Tokens {
		if token == word {
			who(trace.Attention, encoding.Tokens, encoding.Special, i)
			return
		}
	}
	log.Fatalf("%q isn't one of the tokens %q", word, encoding.Tokens)
}

// who prints, for each layer, the largest weight that query i has for another word, and its head.
func who(a *model.Attention, tokens []string, special []bool, i int) {
	for layer := range a.NumLayers {
		best, at, by := float32(0), 0, 0
		for head := range a.NumHeads {
			for j, w := range a.Row(layer, head, i) {
				if j != i && !special[j] && w > best {
					best, at, by = w, j, head
				}
			}
		}
		fmt.Printf("layer %d head %2d: %s → %s %.2f\n", layer, by, tokens[i], tokens[at], best)
	}
}
