// Command causal lets eight words of a sequence look back at the words before them, and prints where each looks.
package main

import (
	"fmt"
	"log"
	"math/rand/v2"

	"github.com/rapt-go/rapt"
)

func main() {
	const words, heads, dim = 8, 1, 16
	rng := rand.New(rand.NewPCG(1, 1))
	x := make([]float32, words*heads*dim) // [words][heads][dim], here queries, keys and values at once
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	t := rapt.Dense(x, 1, words, heads, dim)
	options := &rapt.Options{Causal: true}

	out := make([]float32, len(x))
	if err := rapt.Attend(rapt.Dense(out, 1, words, heads, dim), t, t, t, options); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("the last word becomes %.2f …\n\n", out[(words-1)*dim:][:4])

	weights := make([]float32, heads*words*words)
	if err := rapt.Weights(weights, t, t, nil, options); err != nil {
		log.Fatal(err)
	}
	for i := range words {
		fmt.Printf("word %d looks at %.2f\n", i, weights[i*words:][:i+1])
	}
}
