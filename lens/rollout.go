package lens

// MeanWithResidual is what Rollout and Flow start from: the mean of a layer's heads, half and half with the residual
// connection, which carries each token to itself (Abnar and Zuidema 2020, "Quantifying Attention Flow in Transformers"):
//
//	½·(mean_h A_h + I)
func (l *Layer) MeanWithResidual() []float64 { // [query][key]
	n := l.Seq
	mean := make([]float64, n*n)
	for at, w := range l.Weights {
		mean[at%(n*n)] += float64(w) / float64(2*l.NumHeads)
	}
	for i := range n {
		mean[i*n+i] += .5
	}
	return mean
}

// Rollout follows attention through the layers by multiplying their maps, each [query][key] over n tokens:
//
//	R_0 = M_0,   R_l = M_l·R_{l−1}
//
// R_l[i,j] is how much of token i, as it leaves layer l, comes from input j (Abnar and Zuidema 2020, with M of
// MeanWithResidual; Ferrando et al. 2022, with M of Contributions). In models that look back only, it leans to the first
// tokens.
func Rollout(maps [][]float64, n int) [][]float64 { // [layer][query][key]
	rolled := make([][]float64, len(maps))
	for l, m := range maps {
		if l == 0 {
			rolled[l] = append([]float64(nil), m...)
			continue
		}
		rolled[l] = product(m, rolled[l-1], n)
	}
	return rolled
}

// product is a·b of two n × n matrices.
func product(a, b []float64, n int) []float64 {
	c := make([]float64, n*n)
	for i := range n {
		for k := range n {
			w := a[i*n+k]
			for j, x := range b[k*n : (k+1)*n] {
				c[i*n+j] += w * x
			}
		}
	}
	return c
}
