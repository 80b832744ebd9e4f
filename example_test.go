package rapt_test

import (
	"fmt"

	"github.com/rapt-go/rapt"
)

// Two queries look at two keys. The first query is like the first key, and so gets mostly its value.
func ExampleAttend() {
	q := []float32{4, 0, 0, 4}
	k := []float32{1, 0, 0, 1}
	v := []float32{10, 20}
	out := make([]float32, 2)
	err := rapt.Attend(rapt.Dense(out, 1, 2, 1, 1), rapt.Dense(q, 1, 2, 1, 2), rapt.Dense(k, 1, 2, 1, 2), rapt.Dense(v, 1, 2, 1, 1), nil)
	fmt.Printf("%.2f %v\n", out, err)
	// Output: [10.56 19.44] <nil>
}

// The weights of the last query alone.
func ExampleWeights() {
	q := []float32{4, 0, 0, 4}
	k := []float32{1, 0, 0, 1}
	weights := make([]float32, 2)
	err := rapt.Weights(weights, rapt.Dense(q, 1, 2, 1, 2), rapt.Dense(k, 1, 2, 1, 2), []int{1}, nil)
	fmt.Printf("%.3f %v\n", weights, err)
	// Output: [0.056 0.944] <nil>
}

// A sequence that grows by one position at a time, as when a model writes.
func ExampleCache() {
	cache, err := rapt.NewCache(rapt.CacheConfig{KVHeads: 1, Dim: 2, ValueDim: 1, PageSize: 32, Pages: 4})
	if err != nil {
		fmt.Println(err)
		return
	}
	id := cache.Add()
	for step := range 3 {
		x := []float32{float32(step), 1}
		value := []float32{float32(step)}
		if err := cache.Append(id, rapt.Dense(x, 1, 1, 1, 2), rapt.Dense(value, 1, 1, 1, 1)); err != nil {
			fmt.Println(err)
			return
		}
		out := make([]float32, 1)
		if err := cache.Attend(rapt.Dense(out, 1, 1, 1, 1), rapt.Dense(x, 1, 1, 1, 2), []int{id}, &rapt.Options{Causal: true}); err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%d positions: %.2f\n", cache.Len(id), out)
	}
	// Output:
	// 1 positions: [0.00]
	// 2 positions: [0.67]
	// 3 positions: [1.72]
}
