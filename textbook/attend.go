package textbook

import (
	"fmt"
	"math"
)

// Options says which attention one head computes. The zero value is softmax(q·kᵀ/√d)·v over all keys. The order of
// operations and the conventions are those of package rapt, whose options have the same names.
type Options struct {
	Scale      float64 // multiplies q·k; 0: 1/√d
	Softcap    float64 // c > 0 bends a scaled score s to c·tanh(s/c); 0: off
	QueryStart int     // position of query 0 among the keys; may be negative

	Causal bool        // key j is visible to query i only if j ≤ QueryStart+i
	Window *Window     // nil: all keys
	KeyLen *int        // key j is visible only if j < KeyLen; nil: all keys
	Mask   [][]bool    // [queries][keys] true: visible; nil: all keys
	Bias   [][]float64 // [queries][keys] added to the scores, −Inf: invisible; nil: nothing

	ALiBiSlope float64  // subtracts ALiBiSlope·|QueryStart+i−j| from the scores
	Sink       *float64 // a logit that joins the softmax's denominator and has no value; nil: none
}

// A Window shows query i the keys from QueryStart+i−Left to QueryStart+i+Right; a negative side is open.
type Window struct{ Left, Right int }

// Result is attention of one head, stage by stage. An invisible key has score −Inf at every stage and weight 0.
type Result struct {
	Scores [][]float64 // [queries][keys] Scale·q_i·k_j
	Capped [][]float64 // [queries][keys] after the softcap
	Biased [][]float64 // [queries][keys] after bias and ALiBi: what the softmax sees

	LSE     []float64   // [queries] ln of the softmax's denominator, the sink included; −Inf if it is empty
	Weights [][]float64 // [queries][keys] exp(score − lse)
	Output  [][]float64 // [queries][valueDim] Σ_j weight·v_j
}

// Attend lets every query, a row of q, look at the keys, the rows of k, and collect their values, the rows of v. A query
// that sees no key has output 0 and lse −Inf (with a sink: the sink's logit). What is invisible is not read: a NaN there
// reaches nobody. q and k are [queries][d] and [keys][d], v is [keys][valueDim].
func Attend(q, k, v [][]float64, o Options) (Result, error) {
	if err := checkAttend(q, k, v, o); err != nil {
		return Result{}, err
	}
	r := Result{
		Scores:  invisible(len(q), len(k)),
		Capped:  invisible(len(q), len(k)),
		Biased:  invisible(len(q), len(k)),
		LSE:     make([]float64, len(q)),
		Weights: zeros(len(q), len(k)),
		Output:  zeros(len(q), len(v[0])),
	}
	for i := range q {
		for j := range k {
			if o.Visible(i, j) {
				r.Scores[i][j] = o.scale(len(q[i])) * dot(q[i], k[j])
				r.Capped[i][j] = o.softcap(r.Scores[i][j])
				r.Biased[i][j] = r.Capped[i][j] + o.bias(i, j)
			}
		}
		r.LSE[i] = logSumExp(r.Biased[i], o.Sink)
		for j := range k {
			if o.Visible(i, j) && !math.IsInf(r.LSE[i], -1) {
				r.Weights[i][j] = math.Exp(r.Biased[i][j] - r.LSE[i])
				addScaled(r.Output[i], r.Weights[i][j], v[j])
			}
		}
	}
	return r, nil
}

// Visible says whether query i may look at key j: everything that could hide it has to let it be.
func (o Options) Visible(i, j int) bool {
	distance := o.QueryStart + i - j // how far the key lies before the query
	switch {
	case o.Causal && distance < 0:
		return false
	case o.Window != nil && o.Window.Left >= 0 && distance > o.Window.Left:
		return false
	case o.Window != nil && o.Window.Right >= 0 && -distance > o.Window.Right:
		return false
	case o.KeyLen != nil && j >= *o.KeyLen:
		return false
	case o.Mask != nil && !o.Mask[i][j]:
		return false
	case o.Bias != nil && math.IsInf(o.Bias[i][j], -1):
		return false
	}
	return true
}

// scale is what q·k is multiplied by.
func (o Options) scale(dim int) float64 {
	if o.Scale != 0 {
		return o.Scale
	}
	return 1 / math.Sqrt(float64(dim))
}

// softcap is c·tanh(s/c): nearly s where s is small, and never beyond ±c.
func (o Options) softcap(score float64) float64 {
	if o.Softcap > 0 {
		return o.Softcap * math.Tanh(score/o.Softcap)
	}
	return score
}

// bias is what is added to a score: the bias itself, and ALiBi's penalty for distance.
func (o Options) bias(i, j int) float64 {
	add := -o.ALiBiSlope * math.Abs(float64(o.QueryStart+i-j))
	if o.Bias != nil {
		add += o.Bias[i][j]
	}
	return add
}

// logSumExp is ln(Σ_j exp(score_j) + exp(sink)), which is top + ln(Σ_j exp(score_j − top) + exp(sink − top)) for any top;
// with the largest of them no exp overflows. Without any it is ln 0 = −Inf.
func logSumExp(scores []float64, sink *float64) float64 {
	top := maximum(scores)
	if sink != nil {
		top = math.Max(top, *sink)
	}
	if math.IsInf(top, -1) {
		return top
	}
	sum := 0.0
	for _, score := range scores {
		sum += math.Exp(score - top)
	}
	if sink != nil {
		sum += math.Exp(*sink - top)
	}
	return top + math.Log(sum)
}

// addScaled adds weight·v to dst.
func addScaled(dst []float64, weight float64, v []float64) {
	for c := range dst {
		dst[c] += weight * v[c]
	}
}

// invisible is a matrix of scores before any key has been looked at.
func invisible(queries, keys int) [][]float64 {
	m := zeros(queries, keys)
	for i := range m {
		for j := range m[i] {
			m[i][j] = math.Inf(-1)
		}
	}
	return m
}

// checkAttend says which argument doesn't fit.
func checkAttend(q, k, v [][]float64, o Options) error {
	for _, err := range []error{
		checkMatrix("q", q),
		checkMatrix("k", k),
		checkMatrix("v", v),
		checkGrid("Mask", o.Mask, len(q), len(k)),
		checkGrid("Bias", o.Bias, len(q), len(k)),
	} {
		if err != nil {
			return err
		}
	}
	if len(k[0]) != len(q[0]) {
		return fmt.Errorf("textbook: k has %d columns, expected %d, as many as q", len(k[0]), len(q[0]))
	}
	if len(v) != len(k) {
		return fmt.Errorf("textbook: v has %d rows, expected %d, as many as k", len(v), len(k))
	}
	return nil
}

// checkGrid refuses a grid, if there is one, that isn't [queries][keys].
func checkGrid[T any](name string, grid [][]T, queries, keys int) error {
	if grid == nil {
		return nil
	}
	if len(grid) != queries {
		return fmt.Errorf("textbook: %s has %d rows, expected %d, as many as q", name, len(grid), queries)
	}
	for i, row := range grid {
		if len(row) != keys {
			return fmt.Errorf("textbook: row %d of %s has %d columns, expected %d, the rows of k", i, name, len(row), keys)
		}
	}
	return nil
}
