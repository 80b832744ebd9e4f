package lens

import (
	"context"
	"math"
	"slices"

	"github.com/rapt-go/rapt/model"
)

// Contributions say which part of what a token is after the attention half of a layer comes from which token (ALTI,
// Ferrando et al. 2022, "Measuring the Mixing of Contextual Information in the Transformer"). In a layer that norms after
// adding, y_i = LN(x_i + Σ_j Σ_h A_h[i,j]·f_h(j) + b_O). With the norm's deviation σ_i taken as given the norm is linear,
// L_i(u) = scale·(u − mean(u))/σ_i, and y_i is a sum over the keys j. In a layer that norms what enters its halves y_i has
// no norm, and L_i(u) = u:
//
//	T_i(j) = L_i(Σ_h A_h[i,j]·f_h(j) + x_i if i = j)
//	y_i    = Σ_j T_i(j) + L_i(b_O) + shift
//	c[i,j] = max(0, ‖y_i‖₁ − ‖y_i − T_i(j)‖₁), each row divided by its sum
//
// A part counts the more the nearer it is to the whole. It is an error if the parts don't add up to y, or if y isn't what
// the model has computed: what leaves the layer must be LN(y + mlp), or y + mlp, with what the feed-forward half has added.
func (l *Layer) Contributions(ctx context.Context) ([]float64, error) { // [query][key]
	f := make([][]float64, l.Seq*l.NumHeads) // [key][head][dim]
	for j := range l.Seq {
		for h := range l.NumHeads {
			f[j*l.NumHeads+h] = l.transformed(j, h)
		}
	}
	c := make([]float64, l.Seq*l.Seq)
	for i := range l.Seq {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := l.contributionsTo(i, f, c[i*l.Seq:(i+1)*l.Seq]); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// contributionsTo is the row of query i.
func (l *Layer) contributionsTo(i int, f [][]float64, row []float64) error {
	y, deviation := l.middle(i)
	if !l.computes(i, y) {
		return errOtherArchitecture
	}
	var whole float64
	for _, v := range y {
		whole += math.Abs(v)
	}
	part := make([]float64, l.Dim)
	for d, b := range l.Params.OutputBias {
		part[d] = float64(b)
	}
	sum := l.frozen(part, deviation)
	var total float64
	for j := range row {
		clear(part)
		for h := range l.NumHeads {
			w := l.weight(h, i, j)
			for d, x := range f[j*l.NumHeads+h] {
				part[d] += w * x
			}
		}
		if i == j {
			for d, x := range l.Input[i*l.Dim : (i+1)*l.Dim] {
				part[d] += float64(x)
			}
		}
		var distance float64
		for d, t := range l.frozen(part, deviation) {
			distance += math.Abs(y[d] - t)
			sum[d] += t
		}
		row[j] = max(0, whole-distance)
		total += row[j]
	}
	for d, shift := range l.Params.Norm.Shift {
		sum[d] += float64(shift)
	}
	for d := range sum {
		if !close64(sum[d], y[d], l.scale(i)) {
			return errOtherArchitecture
		}
	}
	for j := range row {
		row[j] /= max(total, math.SmallestNonzeroFloat64)
	}
	return nil
}

// middle is y_i: x_i + attention, normed in a layer that norms after adding; and the deviation that its norm divides by.
func (l *Layer) middle(i int) (y []float64, deviation float64) {
	u := make([]float64, l.Dim)
	for d := range u {
		u[d] = float64(l.Input[i*l.Dim+d]) + float64(l.AttentionOutput[i*l.Dim+d])
	}
	if l.Params.PreNorm {
		return u, 1
	}
	return normed(u, l.Params.Norm)
}

// computes reports whether what leaves the layer is what y of token i and the model's own feed-forward half give.
func (l *Layer) computes(i int, y []float64) bool {
	out := make([]float64, l.Dim)
	for d := range out {
		out[d] = y[d] + float64(l.MLPOutput[i*l.Dim+d])
	}
	if !l.Params.PreNorm {
		out, _ = normed(out, l.Params.MLPNorm)
	}
	for d, v := range out {
		if !close64(v, float64(l.Output[i*l.Dim+d]), l.scale(i)) {
			return false
		}
	}
	return true
}

// scale is the size of the numbers that are added up for token i, by which they are rounded: 1 after a norm.
func (l *Layer) scale(i int) float64 {
	if !l.Params.PreNorm {
		return 1
	}
	size := 1.0
	for d := range l.Dim {
		at := i*l.Dim + d
		size = max(size, math.Abs(float64(l.Input[at])), math.Abs(float64(l.AttentionOutput[at])), math.Abs(float64(l.MLPOutput[at])))
	}
	return size
}

// close64 reports whether a and b are the same but for float32 rounding of numbers of that size: of 4e-6 in the model, ten
// times that.
func close64(a, b, size float64) bool {
	return math.Abs(a-b) <= 4e-5*max(size, math.Abs(a), math.Abs(b))
}

// normed is scale·(u − mean)/σ + shift, and σ; of an RMS norm the mean is taken as 0.
func normed(u []float64, p model.NormParams) (y []float64, deviation float64) {
	mean := centre(u, p)
	var squares float64
	for _, v := range u {
		squares += (v - mean) * (v - mean)
	}
	deviation = math.Sqrt(squares/float64(len(u)) + p.Eps)
	y = freeze(u, p, deviation)
	for d, shift := range p.Shift {
		y[d] += float64(shift)
	}
	return y, deviation
}

// frozen is L(u) of the layer's attention norm; see Contributions.
func (l *Layer) frozen(u []float64, deviation float64) []float64 {
	if l.Params.PreNorm {
		return slices.Clone(u)
	}
	return freeze(u, l.Params.Norm, deviation)
}

// freeze is scale·(u − mean)/deviation, the part of a norm that is linear as long as its deviation is taken as given.
func freeze(u []float64, p model.NormParams, deviation float64) []float64 {
	mean := centre(u, p)
	y := make([]float64, len(u))
	for d, v := range u {
		y[d] = float64(p.Scale[d]) * (v - mean) / deviation
	}
	return y
}

// centre is what a norm takes off u: its mean or, in an RMS norm, nothing.
func centre(u []float64, p model.NormParams) float64 {
	if p.RMS {
		return 0
	}
	return meanOf(u)
}

func meanOf(u []float64) (mean float64) {
	for _, v := range u {
		mean += v
	}
	return mean / float64(len(u))
}
