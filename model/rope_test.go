package model

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"
)

// The frequencies and scales of testdata/rope.json are those of transformers, in its float32: each is off by a few roundings.
func TestRope(t *testing.T) {
	data, err := os.ReadFile("testdata/rope.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Scaling           json.RawMessage `json:"rope_scaling"`
		Frequencies, Long []float64
		Scale             float64
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	for i, test := range cases {
		for _, key := range []string{"rope_scaling", "rope_parameters"} {
			t.Run(fmt.Sprintf("%d/%s", i, key), func(t *testing.T) {
				c, err := parseConfig([]byte(fmt.Sprintf(`{%q: %s}`, key, test.Scaling)))
				if err != nil {
					t.Fatal(err)
				}
				r := c.rope(10000, 16, 1024)
				if c.err != nil {
					t.Fatal(c.err)
				}
				compareRope(t, "frequencies", r.frequencies, test.Frequencies)
				compareRope(t, "long", r.long, test.Long)
				compareRope(t, "scale", []float64{r.scale}, []float64{test.Scale})
			})
		}
	}
}

func compareRope(t *testing.T, what string, got, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s has %d numbers, expected %d", what, len(got), len(want))
	}
	for j := range got {
		if math.Abs(got[j]-want[j]) > 1e-6*want[j] {
			t.Errorf("%s[%d] is %v, expected %v", what, j, got[j], want[j])
		}
	}
}

// A point turns by its frequency at every position, in float64: the table is exact where float32 angles wouldn't be.
func TestRotaryFarAway(t *testing.T) {
	r := &rotary{dim: 2, scale: 1, frequencies: []float64{1}}
	const position = 131071
	p := &pass{starts: []int{0, 1}, batch: []Sequence{{IDs: []int{0}}}, states: []*State{{len: position}}}
	table := rotaryTable{pass: p, of: r, cos: make([]float32, 1), sin: make([]float32, 1)}
	table.Do(0, 0)
	if want := float32(math.Cos(position)); table.cos[0] != want {
		t.Errorf("the cosine at %d is %v, expected %v", position, table.cos[0], want)
	}
	if want := float32(math.Sin(position)); table.sin[0] != want {
		t.Errorf("the sine at %d is %v, expected %v", position, table.sin[0], want)
	}
}
