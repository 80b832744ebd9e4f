package lens

import "math"

// Norms weigh attention by what is fetched with it:
//
//	norm[h][i][j] = A[i,j]·‖f_h(j)‖,   f_h(j) = v_j·W_O of head h
//
// (Kobayashi et al. 2020, "Attention is Not Only a Weight"). A head that rests on [SEP] often fetches next to nothing
// from it. These are lengths, not shares.
func (l *Layer) Norms() []float32 { // [head][query][key]
	norms := make([]float32, len(l.Weights))
	for h := range l.NumHeads {
		for j := range l.Seq {
			var squares float64
			for _, x := range l.transformed(j, h) {
				squares += x * x
			}
			length := math.Sqrt(squares)
			for i := range l.Seq {
				norms[(h*l.Seq+i)*l.Seq+j] = float32(l.weight(h, i, j) * length)
			}
		}
	}
	return norms
}

// SumNorms is the same for all heads of the layer together, ‖Σ_h A_h[i,j]·f_h(j)‖: what the heads fetch from a key may
// cancel out. For each key the Gram matrix G[h,g] = ⟨f_h(j), f_g(j)⟩ says everything that the sum needs,
//
//	‖Σ_h a_h f_h‖² = Σ_h Σ_g a_h a_g ⟨f_h, f_g⟩ = aᵀ·G·a,
//
// so that a pair of tokens costs H² products instead of H·dim.
func (l *Layer) SumNorms() []float32 { // [query][key]
	norms := make([]float32, l.Seq*l.Seq)
	a := make([]float64, l.NumHeads)
	for j := range l.Seq {
		gram := l.gram(j)
		for i := range l.Seq {
			for h := range a {
				a[h] = l.weight(h, i, j)
			}
			var squares float64
			for h, x := range a {
				for g, y := range a {
					squares += x * y * gram[h*l.NumHeads+g]
				}
			}
			norms[i*l.Seq+j] = float32(math.Sqrt(max(squares, 0)))
		}
	}
	return norms
}

// gram is ⟨f_h(j), f_g(j)⟩ of all pairs of heads.
func (l *Layer) gram(token int) []float64 { // [head][head]
	f := make([][]float64, l.NumHeads)
	for h := range f {
		f[h] = l.transformed(token, h)
	}
	gram := make([]float64, l.NumHeads*l.NumHeads)
	for h := range f {
		for g := range h + 1 {
			var dot float64
			for d, x := range f[h] {
				dot += x * f[g][d]
			}
			gram[h*l.NumHeads+g], gram[g*l.NumHeads+h] = dot, dot
		}
	}
	return gram
}
