package model

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/rapt-go/rapt/internal/kernel"
)

// Sampling says how the next token is chosen from the logits. The zero value is greedy: the largest logit, and of equal
// ones that of the lowest id.
//
// The steps come in the order and with the meaning that they have in transformers' generate:
//
//  1. repetition penalty: the logit of a token that the prompt or the new text has already is divided by it where it is
//     positive and multiplied where it is negative, once however often the token came up (Keskar et al. 2019, section 4.1);
//  2. temperature: logits are divided by it;
//  3. top-k: what is smaller than the k-th largest logit is out;
//  4. top-p: of the rest stay the likeliest tokens, as few as have the probability p together (nucleus sampling, Holtzman
//     et al. 2020); of equal ones the lower id counts as likelier;
//  5. min-p: of the rest stay those with a probability of at least p times the largest (Nguyen et al. 2024);
//  6. one of the rest is drawn, each with its share of their probability.
//
// The draw is the same for the same logits on every platform: u is the upper 53 bits of the next number of a PCG
// (math/rand/v2), over 2⁵³; the weights exp((logit − largest)/temperature), in float64 without fused operations, are added
// up in the order of ids, and the first token counts whose sum is over u times the sum of all. Every token takes one number.
type Sampling struct {
	Temperature       float64 // 0: greedy; then none of TopK, TopP and MinP may be given
	TopK              int     // 0: all
	TopP              float64 // over 0 and up to 1; 0: all, as with 1
	MinP              float64 // from 0 to 1
	RepetitionPenalty float64 // over 0; 0: none, as with 1
	Seed              uint64  // of the generator
}

// check says what is wrong with s.
func (s *Sampling) check() error {
	switch {
	case !(s.Temperature >= 0) || math.IsInf(s.Temperature, 1):
		return fmt.Errorf("temperature is %v, expected 0 or a positive number", s.Temperature)
	case s.TopK < 0:
		return fmt.Errorf("top-k is %d, expected 0 or a positive number", s.TopK)
	case !(s.TopP >= 0 && s.TopP <= 1):
		return fmt.Errorf("top-p is %v, expected a number from 0 to 1", s.TopP)
	case !(s.MinP >= 0 && s.MinP <= 1):
		return fmt.Errorf("min-p is %v, expected a number from 0 to 1", s.MinP)
	case !(s.RepetitionPenalty >= 0) || math.IsInf(s.RepetitionPenalty, 1):
		return fmt.Errorf("repetition penalty is %v, expected a positive number", s.RepetitionPenalty)
	case s.Temperature == 0 && s.TopK > 0:
		return fmt.Errorf("top-k is %d, but temperature 0 takes the likeliest token", s.TopK)
	case s.Temperature == 0 && s.TopP > 0:
		return fmt.Errorf("top-p is %v, but temperature 0 takes the likeliest token", s.TopP)
	case s.Temperature == 0 && s.MinP > 0:
		return fmt.Errorf("min-p is %v, but temperature 0 takes the likeliest token", s.MinP)
	}
	return nil
}

// A Sampler chooses the tokens of one sequence. Its memory is that of a few vocabularies, taken with the first token.
type Sampler struct {
	sampling  Sampling
	vocabSize int
	generator rand.PCG

	ids  []int  // seen, each once
	seen []bool // [id]

	penalised []float32   // [vocab] logits, where a penalty changes some
	kept      []candidate // what may be drawn, in the order of ids
	largest   []float32   // the k largest logits, a heap
	bins      []float64   // what the candidates weigh together by their distance from the likeliest
	edge      []candidate // those of the bin where the nucleus ends

	// The online softmax over a stretch of logits.
	block                   [512]float32
	rowMax, rowSum, rescale [1]float32
}

// NewSampler makes a sampler for a vocabulary of a size. Samplers of one seed and different streams draw independent
// numbers: Generate gives each sequence of a batch its index as stream.
func NewSampler(s Sampling, vocabSize int, stream uint64) (*Sampler, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	if vocabSize < 1 || vocabSize > math.MaxInt32 {
		return nil, fmt.Errorf("the vocabulary has %d ids, expected 1 to %d", vocabSize, math.MaxInt32)
	}
	sampler := &Sampler{sampling: s, vocabSize: vocabSize, generator: *rand.NewPCG(s.Seed, stream)}
	if s.RepetitionPenalty > 0 && s.RepetitionPenalty != 1 {
		sampler.seen = make([]bool, vocabSize)
	}
	return sampler, nil
}

// See says that the sequence has these tokens, for the repetition penalty. An id outside the vocabulary has no logit and
// counts for nothing.
func (s *Sampler) See(ids ...int) {
	for _, id := range ids {
		if id >= 0 && id < len(s.seen) && !s.seen[id] {
			s.seen[id] = true
			s.ids = append(s.ids, id)
		}
	}
}

// Next chooses a token, which counts as seen from then on, by the logits of the vocabulary. They aren't changed.
//
// logProb is the natural logarithm of the probability that the model gives the token, before any of the steps of
// [Sampling]; its last digits depend on the processor. A logit that is NaN or +∞, or a vocabulary where all are −∞, is an
// error.
func (s *Sampler) Next(logits []float32) (id int, logProb float32, err error) {
	if len(logits) != s.vocabSize {
		return 0, 0, fmt.Errorf("there are %d logits, expected %d, the vocabulary", len(logits), s.vocabSize)
	}
	lse, err := s.logSumExp(logits)
	if err != nil {
		return 0, 0, err
	}
	scores := s.penalise(logits)
	top := argMax(scores)
	if math.IsInf(float64(scores[top]), 0) {
		return 0, 0, fmt.Errorf("logit %d is %v after the repetition penalty %v", top, scores[top], s.sampling.RepetitionPenalty)
	}
	id = top
	if s.sampling.Temperature > 0 {
		id = s.draw(scores, scores[top])
	}
	s.See(id)
	return id, float32(float64(logits[id]) - lse), nil
}

// logSumExp is ln Σ exp(logit), by the kernel of attention's softmax.
func (s *Sampler) logSumExp(logits []float32) (float64, error) {
	s.rowMax[0], s.rowSum[0] = float32(math.Inf(-1)), 0
	for rest := logits; len(rest) > 0; {
		n := copy(s.block[:], rest)
		rest = rest[n:]
		kernel.Softmax(s.block[:], len(s.block), 1, n, 1, s.rowMax[:], s.rowSum[:], s.rescale[:])
	}
	if sum := s.rowSum[0]; sum != sum {
		for id, x := range logits {
			if x != x || math.IsInf(float64(x), 1) {
				return 0, fmt.Errorf("logit %d is %v", id, x)
			}
		}
	}
	if math.IsInf(float64(s.rowMax[0]), -1) {
		return 0, errors.New("no logit is above −Inf")
	}
	return float64(s.rowMax[0]) + math.Log(float64(s.rowSum[0])), nil
}

// penalise is the logits after the repetition penalty, in float32 as transformers has it.
func (s *Sampler) penalise(logits []float32) []float32 {
	if len(s.ids) == 0 {
		return logits
	}
	s.penalised = append(s.penalised[:0], logits...)
	penalty := float32(s.sampling.RepetitionPenalty)
	for _, id := range s.ids {
		if logits[id] < 0 {
			s.penalised[id] *= penalty
		} else {
			s.penalised[id] /= penalty
		}
	}
	return s.penalised
}

// argMax is the index of the largest number, the first of equal ones.
func argMax(x []float32) int {
	at, top := 0, x[0]
	for i, v := range x {
		if v > top {
			at, top = i, v
		}
	}
	return at
}

// A candidate is a token that may be drawn.
type candidate struct {
	weight float64 // its probability over that of the likeliest token
	score  float32
	id     int32
}

// likelierFirst compares candidates; of equal ones the lower id counts as likelier.
func likelierFirst(c, d candidate) int {
	return cmp.Or(cmp.Compare(d.score, c.score), cmp.Compare(c.id, d.id))
}

// draw draws one of the tokens that temperature, top-k, top-p and min-p leave. top is the largest score.
func (s *Sampler) draw(scores []float32, top float32) int {
	least := float32(math.Inf(-1))
	if s.sampling.TopK > 0 && s.sampling.TopK < len(scores) {
		least = s.kthLargest(scores)
	}
	s.kept = s.kept[:0]
	var total float64
	for id, score := range scores {
		if score < least {
			continue
		}
		weight := expNegative((float64(score) - float64(top)) / s.sampling.Temperature)
		if weight > 0 {
			total += weight
			s.kept = append(s.kept, candidate{weight, score, int32(id)})
		}
	}
	if s.sampling.TopP > 0 && s.sampling.TopP < 1 {
		s.keepNucleus(top, float64(s.sampling.TopP*total))
	}
	if s.sampling.MinP > 0 {
		s.keep(func(c candidate) bool { return c.weight >= s.sampling.MinP }) // the largest is 1
	}
	return s.drawKept()
}

// drawKept draws one of the tokens that are left.
func (s *Sampler) drawKept() int {
	var total float64
	for _, c := range s.kept {
		total += c.weight
	}
	u := float64(s.generator.Uint64()>>11) / (1 << 53)
	goal, sum := float64(u*total), 0.0
	for _, c := range s.kept {
		if sum += c.weight; sum > goal {
			return int(c.id)
		}
	}
	return int(s.kept[len(s.kept)-1].id) // u·total was rounded up to the total
}

// expNegative is e^x for x ≤ 0, to two units in the last place, and 0 under 2⁻¹⁰²². math.Exp differs between platforms.
//
// x = k·ln 2 + r with |r| ≤ ln 2/2, ln 2 in two parts so that k·ln 2 is exact to the digits that r needs; then
// e^x = 2^k·e^r, with 14 terms of the series: the next is r¹⁴/14! < 5e-18. The conversions keep Go from fusing a product
// with a sum, which it does on some platforms and not on others.
func expNegative(x float64) float64 {
	const (
		high = 6.93147180369123816490e-01 // of ln 2; its last 21 bits are 0
		low  = 1.90821492927058770002e-10
	)
	k := math.Floor(float64(x*math.Log2E) + 0.5)
	if !(k >= -1022) {
		return 0
	}
	r := x - float64(k*high) - float64(k*low)
	square := float64(r * r)
	odd, even := 0.0, 0.0
	for i := 0; i < len(expSeries); i += 2 { // two sums, neither of which waits for the other
		odd = expSeries[i] + float64(odd*square)
		even = expSeries[i+1] + float64(even*square)
	}
	return (even + float64(odd*r)) * math.Float64frombits(uint64(int(k)+1023)<<52)
}

// expSeries is 1/n! for n from 13 down to 0.
var expSeries = [14]float64{
	1. / 6227020800, 1. / 479001600, 1. / 39916800, 1. / 3628800, 1. / 362880, 1. / 40320, 1. / 5040,
	1. / 720, 1. / 120, 1. / 24, 1. / 6, 1. / 2, 1, 1,
}
