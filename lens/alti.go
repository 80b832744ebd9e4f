package lens

import (
	"context"
	"math"

	"github.com/rapt-go/rapt/model"
)

// Contributions say which part of what a token is after the attention half of a layer comes from which token (ALTI,
// Ferrando et al. 2022, "Measuring the Mixing of Contextual Information in the Transformer"). In a layer that norms after
// adding, y_i = LN(x_i + Σ_j Σ_h A_h[i,j]·f_h(j) + b_O). With the norm's deviation σ_i taken as given the norm is linear,
// L_i(u) = scale·(u − mean(u))/σ_i, and y_i is a sum over the keys j:
//
//	T_i(j) = L_i(Σ_h A_h[i,j]·f_h(j) + x_i if i = j)
//	y_i    = Σ_j T_i(j) + L_i(b_O) + shift
//	c[i,j] = max(0, ‖y_i‖₁ − ‖y_i − T_i(j)‖₁), each row divided by its sum
//
// A part counts the more the nearer it is to the whole. It is an error if the parts don't add up to y, or if y isn't what
// the model has computed: what leaves the layer must be LN(y + mlp(y)).
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
	sum := l.frozen(widen(l.Params.OutputBias), deviation)
	part := make([]float64, l.Dim)
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
		if !close64(sum[d]+float64(shift), y[d]) {
			return errOtherArchitecture
		}
	}
	for j := range row {
		row[j] /= max(total, math.SmallestNonzeroFloat64)
	}
	return nil
}

// middle is y_i = LN(x_i + attention), and the deviation that its norm divides by.
func (l *Layer) middle(i int) (y []float64, deviation float64) {
	u := make([]float64, l.Dim)
	for d := range u {
		u[d] = float64(l.Input[i*l.Dim+d]) + float64(l.AttentionOutput[i*l.Dim+d])
	}
	return normed(u, l.Params.Norm)
}

// computes reports whether what leaves the layer is LN(y + mlp(y)), with y of token i and what the model's own
// feed-forward half has added.
func (l *Layer) computes(i int, y []float64) bool {
	u := make([]float64, l.Dim)
	for d := range u {
		u[d] = y[d] + float64(l.MLPOutput[i*l.Dim+d])
	}
	out, _ := normed(u, l.Params.MLPNorm)
	for d, v := range out {
		if !close64(v, float64(l.Output[i*l.Dim+d])) {
			return false
		}
	}
	return true
}

// close64 reports whether a and b are the same but for float32 rounding: of 4e-6 in the model, ten times that.
func close64(a, b float64) bool { return math.Abs(a-b) <= 4e-5*max(1, math.Abs(a), math.Abs(b)) }

// normed is scale·(u − mean)/σ + shift, and σ.
func normed(u []float64, p model.NormParams) (y []float64, deviation float64) {
	mean := meanOf(u)
	var squares float64
	for _, v := range u {
		squares += (v - mean) * (v - mean)
	}
	deviation = math.Sqrt(squares/float64(len(u)) + p.Eps)
	y = make([]float64, len(u))
	for d, v := range u {
		y[d] = float64(p.Scale[d])*(v-mean)/deviation + float64(p.Shift[d])
	}
	return y, deviation
}

// frozen is L(u) = scale·(u − mean)/deviation of the layer's attention norm.
func (l *Layer) frozen(u []float64, deviation float64) []float64 {
	return freeze(u, l.Params.Norm, deviation)
}

func freeze(u []float64, p model.NormParams, deviation float64) []float64 {
	mean := meanOf(u)
	y := make([]float64, len(u))
	for d, v := range u {
		y[d] = float64(p.Scale[d]) * (v - mean) / deviation
	}
	return y
}

func meanOf(u []float64) (mean float64) {
	for _, v := range u {
		mean += v
	}
	return mean / float64(len(u))
}

func widen(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}
