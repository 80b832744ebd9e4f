package lens

import (
	"math"
	"slices"
)

// Similar ranks the other heads by how much their rows are like those of head h, the most alike first. Score is the mean
// Jensen–Shannon divergence in bits, 0 for equal rows to 1 for rows that share no key (Clark et al. 2019, section 6):
//
//	JS(p, q) = H(½(p+q)) − ½H(p) − ½H(q)
//
// over the rows of ordinary tokens, each divided by its sum for this comparison alone. Rows of which one is all 0 don't
// count.
func (v *View) Similar(h Head) []HeadScore {
	var ranking []HeadScore
	for _, other := range v.Heads() {
		if other != h {
			ranking = append(ranking, HeadScore{other, v.Divergence(h, other)})
		}
	}
	slices.SortStableFunc(ranking, func(a, b HeadScore) int { return byScore(b, a) })
	return ranking
}

// Divergence is the mean Jensen–Shannon divergence of the rows of two heads; see Similar.
func (v *View) Divergence(a, b Head) float64 {
	var sum float64
	var rows int
	for _, i := range v.ordinary {
		if d, ok := jensenShannon(v.Row(a.Layer, a.Head, i), v.Row(b.Layer, b.Head, i)); ok {
			sum, rows = sum+d, rows+1
		}
	}
	return sum / float64(max(rows, 1))
}

// jensenShannon is the divergence of two rows in bits; false if one of them has no weight.
func jensenShannon(p, q []float32) (bits float64, ok bool) {
	var sumP, sumQ float64
	for j := range p {
		sumP += float64(p[j])
		sumQ += float64(q[j])
	}
	if sumP == 0 || sumQ == 0 {
		return 0, false
	}
	for j := range p {
		a, b := float64(p[j])/sumP, float64(q[j])/sumQ
		bits += nats((a+b)/2) - (nats(a)+nats(b))/2
	}
	return min(max(bits/math.Ln2, 0), 1), true
}

// nats is −w ln w, and 0 for 0.
func nats(w float64) float64 {
	if w <= 0 {
		return 0
	}
	return -w * math.Log(w)
}
