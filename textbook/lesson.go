// Package textbook computes attention the way a textbook writes it: plain loops over rows of float64, one formula a
// function, and every intermediate returned.
//
// It is slow on purpose. It is there to be read, to be printed ("rapt explain" does), and to hold the fast operation
// of package rapt to: the tests of both take the same numbers.
//
//   - [SelfAttention] is the lesson: from words as rows of numbers to their attention, in seven steps.
//   - [Attend] is one head of the operation with all of its options: causal, window, mask, bias, softcap, ALiBi, sink.
//   - [MultiHead] is Attend for every sequence and head of a batch.
//
// A matrix is a slice of rows, all of the same length.
package textbook

import (
	"fmt"
	"math"
)

// Steps are the seven results of the lesson, in the order in which they are computed. n words of d numbers each become
// n queries and keys of dk numbers and n values of dv numbers.
type Steps struct {
	Q [][]float64 // [n][dk] what each word asks for
	K [][]float64 // [n][dk] what each word offers to be found by
	V [][]float64 // [n][dv] what each word passes on

	Scores  [][]float64 // [n][n] how well the question of word i fits the offer of word j
	Scaled  [][]float64 // [n][n] the same, brought to a size that doesn't grow with dk
	Weights [][]float64 // [n][n] the share of its attention that word i gives to word j; every row sums to 1
	Output  [][]float64 // [n][dv] every word as the mixture of the values that it looks at
}

// SelfAttention takes one step after the other. x is [n][d], a row of numbers for each word; wq and wk are [d][dk], wv
// is [d][dv]: what a model has learned.
//
// Each row is computed from all rows at once, and none has a place: permute the rows of x and the rows of the output
// are permuted in the same way, otherwise unchanged. A model that cares for the order of words has to put it into x.
//
// An error names the matrix whose shape doesn't fit, and both numbers.
func SelfAttention(x, wq, wk, wv [][]float64) (Steps, error) {
	if err := checkLesson(x, wq, wk, wv); err != nil {
		return Steps{}, err
	}
	var s Steps
	s.Q = Queries(x, wq)
	s.K = Keys(x, wk)
	s.V = Values(x, wv)
	s.Scores = Scores(s.Q, s.K)
	s.Scaled = Scale(s.Scores, len(s.K[0]))
	s.Weights = Softmax(s.Scaled)
	s.Output = Mix(s.Weights, s.V)
	return s, nil
}

// Queries is step 1, Q = X·W_q: what each word asks for.
func Queries(x, wq [][]float64) [][]float64 { return product(x, wq) }

// Keys is step 2, K = X·W_k: what each word offers to be found by.
func Keys(x, wk [][]float64) [][]float64 { return product(x, wk) }

// Values is step 3, V = X·W_v: what each word passes on to those who look at it.
func Values(x, wv [][]float64) [][]float64 { return product(x, wv) }

// Scores is step 4, S = Q·Kᵀ: s_ij = q_i·k_j, large where word i asks for what word j offers.
func Scores(q, k [][]float64) [][]float64 {
	s := zeros(len(q), len(k))
	for i := range q {
		for j := range k {
			s[i][j] = dot(q[i], k[j])
		}
	}
	return s
}

// Scale is step 5, S/√d_k. A sum of d_k products of independent numbers of variance 1 has variance d_k; divided by its
// root the scores have variance 1 whatever d_k is, and the softmax neither saturates nor flattens.
func Scale(scores [][]float64, dk int) [][]float64 {
	scaled := zeros(len(scores), len(scores[0]))
	for i, row := range scores {
		for j, score := range row {
			scaled[i][j] = score / math.Sqrt(float64(dk))
		}
	}
	return scaled
}

// Softmax is step 6: w_ij = exp(s_ij) / Σ_t exp(s_it), which turns every row into shares that sum to 1. The largest
// score of the row is subtracted first. That divides numerator and denominator by the same number, so the shares stay
// as they are, and no exp overflows.
func Softmax(scores [][]float64) [][]float64 {
	weights := zeros(len(scores), len(scores[0]))
	for i, row := range scores {
		top, sum := maximum(row), 0.0
		for j, score := range row {
			weights[i][j] = math.Exp(score - top)
			sum += weights[i][j]
		}
		for j := range row {
			weights[i][j] /= sum
		}
	}
	return weights
}

// Mix is step 7, O = W·V: o_i = Σ_j w_ij·v_j, the values of all words, each as much as word i looks at it.
func Mix(weights, v [][]float64) [][]float64 { return product(weights, v) }

// product is A·B: c_ij = Σ_t a_it·b_tj.
func product(a, b [][]float64) [][]float64 {
	c := zeros(len(a), len(b[0]))
	for i := range a {
		for j := range c[i] {
			for t := range b {
				c[i][j] += a[i][t] * b[t][j]
			}
		}
	}
	return c
}

// dot is Σ_c a_c·b_c.
func dot(a, b []float64) float64 {
	sum := 0.0
	for c := range a {
		sum += a[c] * b[c]
	}
	return sum
}

// maximum of no numbers is −Inf; of numbers with a NaN among them, NaN.
func maximum(row []float64) float64 {
	top := math.Inf(-1)
	for _, x := range row {
		top = math.Max(top, x)
	}
	return top
}

// zeros is a matrix of zeros.
func zeros(rows, columns int) [][]float64 {
	m := make([][]float64, rows)
	for i := range m {
		m[i] = make([]float64, columns)
	}
	return m
}

// checkLesson says which matrix of the lesson doesn't fit.
func checkLesson(x, wq, wk, wv [][]float64) error {
	for _, m := range []struct {
		name string
		rows [][]float64
	}{{"x", x}, {"wq", wq}, {"wk", wk}, {"wv", wv}} {
		if err := checkMatrix(m.name, m.rows); err != nil {
			return err
		}
		if m.name != "x" && len(m.rows) != len(x[0]) {
			return fmt.Errorf("textbook: %s has %d rows, expected %d, one for each column of x", m.name, len(m.rows), len(x[0]))
		}
	}
	if len(wk[0]) != len(wq[0]) {
		return fmt.Errorf("textbook: wk has %d columns, expected %d, as many as wq", len(wk[0]), len(wq[0]))
	}
	return nil
}

// checkMatrix refuses a matrix without numbers or with rows of different lengths.
func checkMatrix(name string, m [][]float64) error {
	if len(m) == 0 || len(m[0]) == 0 {
		return fmt.Errorf("textbook: %s is empty", name)
	}
	for i, row := range m {
		if len(row) != len(m[0]) {
			return fmt.Errorf("textbook: row %d of %s has %d columns, expected %d, as row 0 has", i, name, len(row), len(m[0]))
		}
	}
	return nil
}
