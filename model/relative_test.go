package model

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"
)

// TestBuckets holds the classes of distances against those of transformers.
func TestBuckets(t *testing.T) {
	data, err := os.ReadFile("testdata/buckets.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		BothSides          bool
		Count, MaxDistance int
		Starts             [][2]int // distance, class: from here to the next
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		b := buckets{c.Count, c.MaxDistance, c.BothSides}
		t.Run(fmt.Sprintf("%+v", b), func(t *testing.T) {
			class, next := 0, 0
			for distance := c.Starts[0][0]; distance <= c.MaxDistance+20; distance++ {
				if next < len(c.Starts) && distance == c.Starts[next][0] {
					class, next = c.Starts[next][1], next+1
				}
				if got := b.of(distance); got != class {
					t.Errorf("distance %d is in class %d, expected %d", distance, got, class)
				}
			}
			for _, far := range []int{1, 2, 1000, 1 << 40} {
				if got, want := b.of(c.MaxDistance*far), b.of(c.MaxDistance); got != want {
					t.Errorf("distance %d is in class %d, that of %d is in %d", c.MaxDistance*far, got, c.MaxDistance, want)
				}
			}
		})
	}
}

// TestRelativeBias adds a bias to rows of scores that begin and end before, within and behind the table.
func TestRelativeBias(t *testing.T) {
	const reach = 5
	bias := &relativeBias{reach: reach, table: make([][]float32, 2)}
	for h := range bias.table {
		for d := -reach; d <= reach; d++ {
			bias.table[h] = append(bias.table[h], float32(100*h+d))
		}
	}
	for head := range 2 {
		for position := range 40 {
			for firstKey := range 40 {
				for _, n := range []int{1, 2, 7, 11, 12, 40} {
					scores := make([]float32, n)
					for j := range scores {
						scores[j] = 0.5
					}
					bias.add(scores, head, position, firstKey)
					for j, got := range scores {
						distance := min(max(firstKey+j-position, -reach), reach)
						if want := 0.5 + float32(100*head+distance); got != want {
							t.Fatalf("head %d, query %d, key %d: %v, expected %v", head, position, firstKey+j, got, want)
						}
					}
				}
			}
		}
	}
}
