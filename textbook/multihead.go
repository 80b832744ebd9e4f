package textbook

import "fmt"

// MultiHead is Attend for every sequence of a batch and every head of it. Query heads may come in groups that share one
// head of keys and values (grouped-query attention): of 8 query heads and 2 key heads, 0–3 read key head 0 and 4–7 read
// key head 1.
//
//	q [batch][heads][queries][d]   k [batch][kvHeads][keys][d]   v [batch][kvHeads][keys][valueDim]
//
// options gives those of head h in sequence b. The result is [batch][heads].
func MultiHead(q, k, v [][][][]float64, options func(b, h int) Options) ([][]Result, error) {
	if len(k) != len(q) || len(v) != len(q) {
		return nil, fmt.Errorf("textbook: k and v have batches of %d and %d, expected %d, as q", len(k), len(v), len(q))
	}
	results := make([][]Result, len(q))
	for b := range q {
		heads, kvHeads := len(q[b]), len(k[b])
		if kvHeads == 0 || heads%kvHeads != 0 {
			return nil, fmt.Errorf("textbook: q has %d heads, which is no multiple of the %d heads of k", heads, kvHeads)
		}
		if len(v[b]) != kvHeads {
			return nil, fmt.Errorf("textbook: v has %d heads, expected %d, as many as k", len(v[b]), kvHeads)
		}
		groupSize := heads / kvHeads
		for h := range q[b] {
			r, err := Attend(q[b][h], k[b][h/groupSize], v[b][h/groupSize], options(b, h))
			if err != nil {
				return nil, fmt.Errorf("sequence %d, head %d: %w", b, h, err)
			}
			results[b] = append(results[b], r)
		}
	}
	return results, nil
}
