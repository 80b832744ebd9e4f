package lens

import (
	"cmp"
	"math"
	"slices"
)

// roles are those of a head, from its statistics. They are as View.Roles has them, except that
//
//   - Previous, Next, Self and Largest are over all rows, those of special tokens too;
//   - SameToken and Induction are of up to 32 rows, spread over the text;
//   - Evenness takes it that a row sees all keys, or all that come before it where the model looks back;
//   - Relation and Salience, which need all weights, are 0, so that no head has the letter S.
func (x *surveyor) roles(h int, rows []float32) Roles {
	var r Roles
	st, n := x.stats, len(x.Tokens)
	several := 0
	for _, i := range x.view.ordinary {
		at := h*n + i
		classes := st.ClassMass[at*8:][:8]
		r.Special += float64(classes[specialClass])
		r.Punctuation += float64(classes[punctuationClass])
		r.First += float64(classes[firstClass])
		r.Confidence += float64(st.MaxWeight[at])
		r.Entropy += float64(st.Entropy[at])
		r.Distance += float64(st.Distance[at])
		if keys := x.view.keys(i); keys > 1 {
			r.Evenness, several = r.Evenness+float64(st.Entropy[at])/math.Log(float64(keys)), several+1
		}
	}
	ordinary := float64(len(x.view.ordinary))
	for _, sum := range []*float64{&r.Special, &r.Punctuation, &r.First, &r.Confidence, &r.Entropy, &r.Distance} {
		*sum /= ordinary
	}
	r.Evenness /= float64(max(several, 1))
	r.Previous, r.Self, r.Next = x.offsetShare(h, 1), x.offsetShare(h, 0), x.offsetShare(h, -1)
	r.Largest = slices.Max(st.Received[h*n:(h+1)*n]) / float64(n)

	rows = rows[h*len(x.queries)*n:]
	r.SameToken = x.meanOf(x.twins, rows[len(x.o.Queries)*n:], x.view.sameToken)
	r.Induction = x.meanOf(x.copies, rows[x.rowsBeforeCopy*n:], x.view.afterCopy)
	return r
}

// Letters is the letter of every head.
func (y *Survey) Letters() map[Head]rune {
	letters := make(map[Head]rune, len(y.Roles))
	for head, roles := range y.Roles {
		letters[head] = roles.Letter()
	}
	return letters
}

// offsetShare is the part of what all rows give that goes to the key at an offset which has a bin of its own.
func (x *surveyor) offsetShare(h, offset int) float64 {
	bins := len(x.stats.OffsetBins) - 1
	return x.stats.OffsetMass[h*bins+x.bin(offset)] / float64(len(x.Tokens))
}

// bin is the place of an offset among the bins.
func (x *surveyor) bin(offset int) int {
	at, found := slices.BinarySearch(x.stats.OffsetBins, offset)
	if !found {
		at--
	}
	return at
}

// meanOf is the mean of a share over some queries, whose rows follow one another.
func (x *surveyor) meanOf(queries []int, rows []float32, share func(row []float32, i int) (float64, bool)) (sum float64) {
	n := len(x.Tokens)
	for r, i := range queries {
		part, _ := share(rows[r*n:][:n], i)
		sum += part
	}
	return sum / float64(max(len(queries), 1))
}

// relate adds a head to the ranking, and its strongest pairs to those of others. Only the weights that are among the largest
// of their row are looked at, of content words alone. Their excess is over the larger of two means: of what the key gets
// from all other rows that see it, and of what pairs in the same bin of offsets get.
func (x *surveyor) relate(head Head) {
	st, n := x.stats, len(x.Tokens)
	bins := len(x.pairsInBin)
	received, mass := st.Received[head.Head*n:][:n], st.OffsetMass[head.Head*bins:][:bins]
	var sum float64
	for _, i := range x.content {
		top := (head.Head*n + i) * st.TopK
		for t, key := range st.TopIndex[top:][:st.TopK] {
			j := int(key)
			if j < 0 || !x.isContent[j] || x.Tokens[i].Word == x.Tokens[j].Word {
				continue
			}
			w, bin := float64(st.TopWeight[top+t]), x.bin(i-j)
			rows := n
			if x.Causal {
				rows = n - j
			}
			column := (received[j] - w) / float64(max(rows-1, 1))
			diagonal := (mass[bin] - w) / max(x.pairsInBin[bin]-1, 1)
			if excess := w - max(column, diagonal); excess > 0 {
				sum += excess
				x.keepPair(Pair{i, j, head, st.TopWeight[top+t], excess})
			}
		}
	}
	x.Ranking = append(x.Ranking, HeadScore{head, sum / float64(max(len(x.content), 1))})
}

// keepPair puts a pair among the strongest, if it is one of them: each query and key once, with the head that has most.
func (x *surveyor) keepPair(p Pair) {
	if len(x.Pairs) == x.o.Pairs && p.Excess <= x.Pairs[len(x.Pairs)-1].Excess {
		return
	}
	if at := slices.IndexFunc(x.Pairs, func(o Pair) bool { return o.Query == p.Query && o.Key == p.Key }); at >= 0 {
		if x.Pairs[at].Excess >= p.Excess {
			return
		}
		x.Pairs = slices.Delete(x.Pairs, at, at+1)
	}
	at, _ := slices.BinarySearchFunc(x.Pairs, p, func(a, b Pair) int { return cmp.Compare(b.Excess, a.Excess) })
	for at < len(x.Pairs) && x.Pairs[at].Excess == p.Excess { // of equal ones the first that came up
		at++
	}
	x.Pairs = slices.Insert(x.Pairs, at, p)
	x.Pairs = x.Pairs[:min(len(x.Pairs), x.o.Pairs)]
}
