package lens

import (
	"math"
	"slices"
)

// Roles describe what a head does, as numbers. The first nine are shares: of all attention that the ordinary rows (the
// queries that are not special tokens) give, the part that goes to such keys. The others are means over the same rows. For the names and cut-offs see Clark et al. 2019, "What Does BERT Look At?".
type Roles struct {
	Previous    float64 // the token before: A[i,i−1]
	Next        float64 // the token after: A[i,i+1]
	Self        float64 // the token itself: A[i,i]
	Special     float64 // special tokens
	Punctuation float64 // punctuation marks
	SameToken   float64 // other places of the same token; of the rows that have one
	First       float64 // the first token of the sequence, whatever it is: many models rest there (a sink)
	Induction   float64 // tokens that come after an earlier copy of the row's own token (Olsson et al. 2022); of the rows that have one
	Largest     float64 // the key that gets most: max_j of the mean over rows of A[i,j]

	Confidence float64 // the row's largest weight: max_j A[i,j] (Voita et al. 2019)
	Entropy    float64 // −Σ_j A[i,j] ln A[i,j], nats
	Evenness   float64 // Entropy / ln(keys): 1 if all keys get the same. Keys with weight 0 don't count
	Distance   float64 // Σ_j A[i,j]·|i−j|, tokens

	// Relation and Salience take apart what the rows prefer among the ordinary keys, in bits. With p_i row i over those
	// keys, normalised to 1, and m the mean of the p_i over n rows:
	//
	//	Relation = mean_i KL(p_i ‖ m) = H(m) − mean_i H(p_i)   how much the rows differ
	//	Salience = mean_i KL(m ‖ uniform) = log2 n − H(m)      what they prefer in common
	//
	// Relation is the Jensen–Shannon divergence of the rows (Lin 1991). The two add up to what the rows lack to
	// uniformity. A head that looks at one word from everywhere has Salience only, however large its weights.
	//
	// In a Causal view row i sees keys 0 to i, and rows can't be the same. There m is for each key the mean of p_x times the
	// number of keys that row x sees, over the rows x that see it: how much rows prefer it to an even share. Row i is then
	// compared with m over its own keys, normalised to 1, by the first form of both formulas.
	Relation, Salience float64
}

// Letters explain Roles.Letter, in the order in which they are decided.
var Letters = []struct {
	Letter rune
	Name   string // two or three words
	Rule   string // when a head gets the letter
}{
	{'P', "previous token", "previous > 0.5"},
	{'N', "next token", "next > 0.5"},
	{'=', "itself", "self > 0.5"},
	{'D', "special tokens", "special > 0.6"},
	{'F', "first token", "first > 0.6, where that isn't special"},
	{'.', "punctuation", "punctuation > 0.6"},
	{'2', "same token elsewhere", "same token > 0.5"},
	{'U', "uniform", "entropy > 0.97 of ln(keys)"},
	{'S', "same words from every row", "relation < 1/4 of relation + salience"},
	{'I', "after an earlier copy", "induction > 0.5"},
	{'·', "other", "none of these"},
}

// Letter sums up a head in one character; see Letters.
func (r Roles) Letter() rune {
	switch {
	case r.Previous > 0.5:
		return 'P'
	case r.Next > 0.5:
		return 'N'
	case r.Self > 0.5:
		return '='
	case r.Special > 0.6:
		return 'D'
	case r.First > 0.6: // a special token in the first place has been counted as one
		return 'F'
	case r.Punctuation > 0.6:
		return '.'
	case r.SameToken > 0.5:
		return '2'
	case r.Evenness > 0.97:
		return 'U'
	case r.Relation < 0.25*(r.Relation+r.Salience):
		return 'S'
	case r.Induction > 0.5:
		return 'I'
	}
	return '·'
}

// Letters is the letter of every head.
func (v *View) Letters() map[Head]rune {
	letters := make(map[Head]rune, v.NumLayers*v.NumHeads)
	roles := v.AllRoles()
	for at, h := range v.Heads() {
		letters[h] = roles[at].Letter()
	}
	return letters
}

// AllRoles measures all heads, in the order of Heads.
func (v *View) AllRoles() []Roles {
	roles := make([]Roles, v.NumLayers*v.NumHeads)
	v.each(func(at int, h Head) { roles[at] = v.Roles(h) })
	return roles
}

// Roles measures head h.
func (v *View) Roles(h Head) Roles {
	var r Roles
	columns := make([]float64, v.KeyLen)       // Σ over rows
	within := make([]float64, len(v.ordinary)) // of each row −Σ w ln w over ordinary keys
	var several, twins, copies int
	for at, i := range v.ordinary {
		row := v.Row(h.Layer, h.Head, i)
		v.addShares(&r, row, i)
		for j, w := range row {
			columns[j] += float64(w)
		}
		entropy, visible := entropy(row)
		within[at] = v.ordinaryPart(entropy, row)
		r.Entropy += entropy
		if visible > 1 {
			r.Evenness, several = r.Evenness+entropy/math.Log(float64(visible)), several+1
		}
		if same, ok := v.sameToken(row, i); ok {
			r.SameToken, twins = r.SameToken+same, twins+1
		}
		if after, ok := v.afterCopy(row, i); ok {
			r.Induction, copies = r.Induction+after, copies+1
		}
	}
	n := float64(len(v.ordinary))
	for _, sum := range []*float64{&r.Previous, &r.Next, &r.Self, &r.Special, &r.Punctuation, &r.First, &r.Confidence,
		&r.Entropy, &r.Distance} {
		*sum /= n
	}
	r.Evenness /= float64(max(several, 1))
	r.SameToken /= float64(max(twins, 1))
	r.Induction /= float64(max(copies, 1))
	r.Largest = slices.Max(columns) / n
	r.Relation, r.Salience = v.relation(h, within)
	return r
}

// addShares adds what row i gives to each sort of key.
func (v *View) addShares(r *Roles, row []float32, i int) {
	r.First += float64(row[0])
	r.Confidence += float64(slices.Max(row))
	for j, w := range row {
		w := float64(w)
		switch j - i {
		case -1:
			r.Previous += w
		case 0:
			r.Self += w
		case 1:
			r.Next += w
		}
		switch v.Tokens[j].Kind {
		case Special:
			r.Special += w
		case Punctuation:
			r.Punctuation += w
		}
		r.Distance += w * math.Abs(float64(i-j))
	}
}

// sameToken is what row i gives to other places of its own token; false if there are none.
func (v *View) sameToken(row []float32, i int) (share float64, ok bool) {
	for j, w := range row {
		if j != i && v.Tokens[j].ID == v.Tokens[i].ID {
			share, ok = share+float64(w), true
		}
	}
	return share, ok
}

// afterCopy is what row i gives to the tokens behind earlier copies of its own token; false if there are none.
func (v *View) afterCopy(row []float32, i int) (share float64, ok bool) {
	for j := 1; j < i; j++ {
		if v.Tokens[j-1].ID == v.Tokens[i].ID {
			share, ok = share+float64(row[j]), true
		}
	}
	return share, ok
}

// entropy is −Σ w ln w over the keys with w > 0, and how many those are.
func entropy[T float32 | float64](row []T) (nats float64, visible int) {
	for _, w := range row {
		if w > 0 {
			nats -= float64(w) * math.Log(float64(w))
			visible++
		}
	}
	return nats, visible
}

// ordinaryPart is the part of a row's entropy that comes from ordinary keys.
func (v *View) ordinaryPart(entropy float64, row []float32) float64 {
	if len(v.ordinary) == v.KeyLen {
		return entropy
	}
	for j, t := range v.Tokens {
		if t.Kind == Special {
			entropy -= nats(float64(row[j]))
		}
	}
	return entropy
}

// relation is Relation and Salience of head h; see there. Rows that give nothing to ordinary keys, or see only one of
// them, don't count. Within has of every row −Σ w ln w over the ordinary keys. With s their sum, p = w/s, and q = c/S what
// is common to the n keys that the row sees, normalised by the sum S of c over them,
//
//	Σ p ln p      = −within/s − ln s
//	KL(p ‖ q)     = Σ p ln p − Σ p ln c + ln S
//	KL(q ‖ even)  = Σ c ln c / S − ln S + ln n
//
// so that a number of the map takes a single logarithm, that of within.
func (v *View) relation(h Head, within []float64) (relation, salience float64) {
	sums, common := v.preferences(h)
	logs := make([]float64, len(common))
	total, weighted := make([]float64, len(common)+1), make([]float64, len(common)+1) // Σ c and Σ c ln c of the keys before
	for k, c := range common {
		if c > 0 {
			logs[k] = math.Log(c)
		}
		total[k+1], weighted[k+1] = total[k]+c, weighted[k]+c*logs[k]
	}
	var counted float64
	for at, i := range v.ordinary {
		if sums[at] == 0 {
			continue
		}
		n := v.visible(at)
		row := v.Row(h.Layer, h.Head, i)
		var cross float64
		for k, j := range v.ordinary[:n] {
			cross += float64(row[j]) * logs[k]
		}
		relation += -within[at]/sums[at] - math.Log(sums[at]) - cross/sums[at] + math.Log(total[n])
		salience += weighted[n]/total[n] - math.Log(total[n]) + math.Log(float64(n))
		counted++
	}
	counted = max(counted, 1) * math.Ln2
	return max(0, relation/counted), max(0, salience/counted)
}

// visible is how many of the ordinary keys the row of such number sees.
func (v *View) visible(at int) int {
	if v.Causal {
		return at + 1
	}
	return len(v.ordinary)
}

// preferences are what the rows of head h give to the ordinary keys, 0 for rows that don't count; and what they prefer in
// common: of each key the mean of p·(number of keys seen) over the rows that see it.
func (v *View) preferences(h Head) (sums, common []float64) {
	keys := len(v.ordinary)
	sums, common = make([]float64, keys), make([]float64, keys)
	seen := make([]float64, keys) // by how many rows
	for at, i := range v.ordinary {
		row, visible := v.Row(h.Layer, h.Head, i), v.ordinary[:v.visible(at)]
		var sum float64
		for _, j := range visible {
			sum += float64(row[j])
		}
		if sum == 0 || (len(visible) == 1 && keys > 1) {
			continue
		}
		sums[at] = sum
		scale := float64(len(visible)) / sum
		for k, j := range visible {
			common[k] += float64(row[j]) * scale
			seen[k]++
		}
	}
	for k := range common {
		common[k] /= max(seen[k], 1)
	}
	return sums, common
}
