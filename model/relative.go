package model

import (
	"math"

	"github.com/rapt-go/rapt/internal/kernel"
)

// buckets put the distances of a key from a query into classes, as T5 does (Raffel et al. 2020): the small ones one by
// one, larger ones in classes whose widths grow like their logarithms, all from maxDistance on in the last.
type buckets struct {
	count       int // of classes
	maxDistance int
	bothSides   bool // half of the classes are for keys behind the query; else all of these are in class 0, as the query's own
}

// of is the class of key − query. Rounding is that of float32, as in the programs with which models were trained.
func (b buckets) of(distance int) int {
	count, first := b.count, 0
	switch {
	case b.bothSides:
		count /= 2
		if distance > 0 {
			first = count
		}
		distance = max(distance, -distance)
	default:
		distance = max(-distance, 0)
	}
	exact := count / 2
	if distance < exact {
		return first + distance
	}
	log := float32(math.Log(float64(float32(distance) / float32(exact))))
	part := log / float32(math.Log(float64(b.maxDistance)/float64(exact))) * float32(count-exact)
	return first + min(exact+int(part), count-1)
}

// A relativeBias is added to the scores: for each head a number that depends on key − query alone. It is kept for
// distances up to reach, where the last classes have begun: further ones have the same as these.
type relativeBias struct {
	reach int
	table [][]float32 // [head][2·reach+1]: distances −reach, …, reach
}

// add adds the bias of one query, at a position among the keys, to its scores for the keys from firstKey on.
func (b *relativeBias) add(scores []float32, head, position, firstKey int) {
	table, n := b.table[head], len(scores)
	at := firstKey - position + b.reach // of the first key in the table
	before := min(max(-at, 0), n)
	for j := range before {
		scores[j] += table[0]
	}
	within := max(min(len(table)-at, n), before)
	if within > before {
		kernel.Combine(scores[before:within], 1, table[at+before:], 1)
	}
	for j := within; j < n; j++ {
		scores[j] += table[len(table)-1]
	}
}

// relativeBias is the bias whose table of classes has that name and so many rows.
func (p *params) relativeBias(name string, rows, heads int, b buckets) *relativeBias {
	classes := p.floats(name, rows, heads) // [class][head]
	if p.err != nil {
		return nil
	}
	bias := &relativeBias{reach: b.maxDistance, table: make([][]float32, heads)}
	for h := range bias.table {
		row := make([]float32, 2*bias.reach+1)
		for i := range row {
			row[i] = classes[b.of(i-bias.reach)*heads+h]
		}
		bias.table[h] = row
	}
	return bias
}
