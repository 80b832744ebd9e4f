package lens

import (
	"fmt"
	"math"

	"github.com/rapt-go/rapt/model"
)

// An Attribution takes a logit apart: what each head, feed-forward half and the embedding of the same position adds to
// the score of a word ("direct logit attribution", Elhage et al. 2021). The parts add up to the logit.
type Attribution struct {
	Logit float64

	Edges     [][][]float64 // [layer][head][key]: A[i,j]·f_h(j) along the word
	Heads     [][]float64   // [layer][head]: the sum over the keys
	MLPs      []float64     // [layer]
	Embedding float64
	Biases    float64 // of output matrices, norms and the head that scores the vocabulary
}

// Logit says which parts of a run speak for a token at a position. Everything on the way from a part to the logit is taken
// at the values of this run: each norm with its deviation, y = scale·(u − mean)/σ + shift, the head's activation with its
// factor act(u)/u. So the way is linear and, by the residual connections, direct:
//
//	part → every norm above it → the head's direction for the token
//
// What a head does to the score through attention and feed-forward halves above isn't in it: that is what Switch is for.
// It is an error if the parts don't add up to the logit.
func (r *Record) Logit(m *model.Model, position, token int) (*Attribution, error) {
	if n := r.Layers[0].Seq; position < 0 || position >= n {
		return nil, fmt.Errorf("position %d: there are tokens 0 to %d", position, n-1)
	}
	if r.opaque != nil {
		return nil, r.opaque
	}
	dim := r.Layers[0].Dim
	direction, logit, rest, err := top64(m, r.Output[position*dim:(position+1)*dim], token)
	if err != nil {
		return nil, err
	}
	a := &Attribution{Logit: logit, Biases: rest,
		Edges: make([][][]float64, len(r.Layers)), Heads: make([][]float64, len(r.Layers)), MLPs: make([]float64, len(r.Layers))}
	for l := len(r.Layers) - 1; l >= 0; l-- {
		direction = a.addLayer(&r.Layers[l], l, position, direction)
	}
	a.Embedding = dot(direction, r.embedding[position*dim:(position+1)*dim])
	if sum, scale := a.sum(); math.Abs(sum-logit) > 1e-4*max(1, scale) {
		return nil, fmt.Errorf("the parts add up to %v, the logit is %v: %w", sum, logit, errOtherArchitecture)
	}
	return a, nil
}

// top64 is the way from what leaves the last layer to the logit, through the final norm if there is one:
// logit = direction·output + rest.
func top64(m *model.Model, output []float32, token int) (direction []float64, logit, rest float64, err error) {
	norm, normsLast, err := m.FinalNorm()
	if err != nil {
		return nil, 0, 0, err
	}
	hidden, deviation := output, 1.0
	if normsLast {
		u := make([]float64, len(output))
		for d, x := range output {
			u[d] = float64(x)
		}
		var y []float64
		y, deviation = normed(u, norm)
		hidden = make([]float32, len(y))
		for d, x := range y {
			hidden[d] = float32(x)
		}
	}
	if direction, logit, err = m.LogitDirection(hidden, token); err != nil {
		return nil, 0, 0, err
	}
	if normsLast {
		direction = back(direction, norm, deviation)
	}
	return direction, logit, logit - dot(direction, output), nil
}

// addLayer takes apart what a layer adds along direction, and gives the direction for what enters it.
func (a *Attribution) addLayer(l *Layer, layer, i int, direction []float64) []float64 {
	if l.Params.PreNorm {
		a.MLPs[layer] = dot(direction, l.MLPOutput[i*l.Dim:(i+1)*l.Dim])
		a.Biases += dot(direction, l.Params.OutputBias)
		a.Edges[layer], a.Heads[layer] = l.along(direction, i)
		return direction // what enters a half goes past it
	}
	y, deviation := l.middle(i)
	mlp := l.MLPOutput[i*l.Dim : (i+1)*l.Dim]
	u := make([]float64, l.Dim)
	for d := range u {
		u[d] = y[d] + float64(mlp[d])
	}
	_, mlpDeviation := normed(u, l.Params.MLPNorm)

	a.Biases += dot(direction, l.Params.MLPNorm.Shift)
	direction = back(direction, l.Params.MLPNorm, mlpDeviation)
	a.MLPs[layer] = dot(direction, mlp)

	a.Biases += dot(direction, l.Params.Norm.Shift)
	direction = back(direction, l.Params.Norm, deviation)
	a.Biases += dot(direction, l.Params.OutputBias)
	a.Edges[layer], a.Heads[layer] = l.along(direction, i)
	return direction
}

// along is what each key, and each head as their sum, brings to query i in a direction.
func (l *Layer) along(direction []float64, i int) (edges [][]float64, heads []float64) {
	inner := l.NumHeads * l.HeadDim
	edges, heads = make([][]float64, l.NumHeads), make([]float64, l.NumHeads)
	for h := range edges {
		edges[h] = make([]float64, l.Seq)
		if l.silent[h] {
			continue
		}
		g := make([]float64, l.HeadDim) // direction·W_O: what counts in a value of this head
		for o, x := range direction {
			for d, w := range l.Params.Output[o*inner+h*l.HeadDim:][:l.HeadDim] {
				g[d] += x * float64(w)
			}
		}
		for j := range edges[h] {
			edges[h][j] = l.weight(h, i, j) * dot(g, l.values(j, h))
			heads[h] += edges[h][j]
		}
	}
	return edges, heads
}

// sum adds all parts up; scale is the sum of their sizes.
func (a *Attribution) sum() (sum, scale float64) {
	add := func(x float64) { sum, scale = sum+x, scale+math.Abs(x) }
	add(a.Embedding)
	add(a.Biases)
	for l, heads := range a.Heads {
		add(a.MLPs[l])
		for _, x := range heads {
			add(x)
		}
	}
	return sum, scale
}

// back is the direction before a norm with its deviation taken as given: direction·L(u) = back·u for every u.
func back(direction []float64, p model.NormParams, deviation float64) []float64 {
	scaled := make([]float64, len(direction))
	for d, x := range direction {
		scaled[d] = x * float64(p.Scale[d])
	}
	mean := centre(scaled, p)
	for d := range scaled {
		scaled[d] = (scaled[d] - mean) / deviation
	}
	return scaled
}

// dot is Σ a·b, and 0 for a b of nil.
func dot(a []float64, b []float32) (sum float64) {
	for d, x := range b {
		sum += a[d] * float64(x)
	}
	return sum
}
