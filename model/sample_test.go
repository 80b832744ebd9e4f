package model

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// A samplingCase is what the logits processors of transformers make of logits: see testdata/sampling.py.
type samplingCase struct {
	Temperature *float64
	TopK        int     `json:"top_k"`
	TopP        float64 `json:"top_p"`
	MinP        float64 `json:"min_p"`
	Penalty     float64
	Seen        []int
	Logits      []*float32
	LogProbs    []*float64 `json:"log_probs"`
	Probs       []float64
}

func (c *samplingCase) sampling() Sampling {
	s := Sampling{Temperature: 1, TopK: c.TopK, TopP: c.TopP, MinP: c.MinP, RepetitionPenalty: c.Penalty}
	if c.Temperature != nil {
		s.Temperature = *c.Temperature
	}
	return s
}

func (c *samplingCase) logits() []float32 {
	logits := make([]float32, len(c.Logits))
	for i, x := range c.Logits {
		logits[i] = float32(math.Inf(-1))
		if x != nil {
			logits[i] = *x
		}
	}
	return logits
}

func samplingCases(t *testing.T) []samplingCase {
	t.Helper()
	data, err := os.ReadFile("testdata/sampling.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []samplingCase
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	return cases
}

func newTestSampler(t testing.TB, s Sampling, vocab int) *Sampler {
	t.Helper()
	sampler, err := NewSampler(s, vocab, 0)
	if err != nil {
		t.Fatal(err)
	}
	return sampler
}

func next(t testing.TB, s *Sampler, logits []float32) (int, float32) {
	t.Helper()
	id, logProb, err := s.Next(logits)
	if err != nil {
		t.Fatal(err)
	}
	return id, logProb
}

// distribution is the probability with which each token would have been drawn last.
func (s *Sampler) distribution() []float64 {
	var total float64
	for _, c := range s.kept {
		total += c.weight
	}
	probs := make([]float64, s.vocabSize)
	for _, c := range s.kept {
		probs[c.id] = c.weight / total
	}
	return probs
}

// The distribution is that of transformers. Its softmax of top-p is in float32 and the file has eight digits, which leaves
// 1e-6. Of equal logits on the edge of the nucleus it may keep another one: there only the probabilities are the same.
func TestSamplerAgainstTransformers(t *testing.T) {
	for i, c := range samplingCases(t) {
		t.Run(fmt.Sprint(i, c.sampling()), func(t *testing.T) {
			logits := c.logits()
			s := newTestSampler(t, c.sampling(), len(logits))
			s.See(c.Seen...)
			id, logProb := next(t, s, logits)
			if want := *c.LogProbs[id]; math.Abs(float64(logProb)-want) > 2e-6 {
				t.Errorf("log-probability of %d is %v, expected %v", id, logProb, want)
			}
			got, want := s.distribution(), c.Probs
			if c.TopP > 0 {
				scores := newTestSampler(t, c.sampling(), len(logits))
				scores.See(c.Seen...)
				byScore(got, scores.penalise(logits))
				byScore(want, scores.penalise(logits))
			}
			for id := range want {
				if math.Abs(got[id]-want[id]) > 1e-6 {
					t.Errorf("token %d has probability %v, expected %v", id, got[id], want[id])
				}
			}
		})
	}
}

// byScore sorts probabilities by score, and those of one score by size.
func byScore(probs []float64, scores []float32) {
	order := make([]int, len(probs))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(scores[a], scores[b]), cmp.Compare(probs[a], probs[b]))
	})
	sorted := make([]float64, len(probs))
	for i, at := range order {
		sorted[i] = probs[at]
	}
	copy(probs, sorted)
}

// Tokens come up as often as their probability says: χ² over the tokens that can come up, against its value that is
// exceeded once in 10⁵ (Wilson and Hilferty 1931). The seed is fixed, so that the test can't fail by chance.
func TestSamplerFrequencies(t *testing.T) {
	const draws = 20000
	for i, c := range samplingCases(t) {
		if c.Penalty != 0 {
			continue // a token that was drawn changes the distribution
		}
		logits := c.logits()
		s := newTestSampler(t, c.sampling(), len(logits))
		counts := make([]int, len(logits))
		for range draws {
			id, _ := next(t, s, logits)
			counts[id]++
		}
		var chi, freedom float64
		for id, p := range s.distribution() {
			if p == 0 {
				if counts[id] > 0 {
					t.Errorf("case %d: token %d has probability 0 and was drawn", i, id)
				}
				continue
			}
			d := float64(counts[id]) - draws*p
			chi += d * d / (draws * p)
			freedom++
		}
		freedom--
		limit := freedom * math.Pow(1-2/(9*freedom)+4.265*math.Sqrt(2/(9*freedom)), 3)
		if freedom > 0 && chi > limit {
			t.Errorf("case %d: χ² is %v of %v degrees of freedom, expected at most %v", i, chi, freedom, limit)
		}
	}
}

// The draw is what Sampling's comment says, and so the same everywhere. The ids are from a program in Python that does what
// the comment says, with a PCG of its own.
func TestSamplerSeed(t *testing.T) {
	logits := make([]float32, 1000)
	for i := range logits {
		logits[i] = float32(i*7919%1000) / 100
	}
	for _, c := range []struct {
		sampling Sampling
		stream   uint64
		want     []int
	}{
		{Sampling{Temperature: 1, Seed: 1}, 0, []int{605, 99, 717, 25, 704, 557, 815, 593}},
		{Sampling{Temperature: 1, Seed: 1}, 1, []int{989, 112, 866, 915, 285, 929, 815, 112}},
		{Sampling{Temperature: 1.5, TopK: 100, TopP: 0.9, MinP: 0.1, RepetitionPenalty: 1.2, Seed: 7}, 0, []int{284, 309, 124, 186, 889, 803, 988, 544}},
	} {
		s, err := NewSampler(c.sampling, len(logits), c.stream)
		if err != nil {
			t.Fatal(err)
		}
		var got []int
		for range 8 {
			id, _ := next(t, s, logits)
			got = append(got, id)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%+v, stream %d: %v, expected %v", c.sampling, c.stream, got, c.want)
		}
	}
}

func TestSamplerGreedy(t *testing.T) {
	for _, c := range []struct {
		name    string
		logits  []float32
		seen    []int
		penalty float64
		want    int
	}{
		{"largest", []float32{1, 3, 2}, nil, 0, 1},
		{"first of equal ones", []float32{1, 3, 3}, nil, 0, 1},
		{"masked ones", []float32{float32(math.Inf(-1)), -5, float32(math.Inf(-1))}, nil, 0, 1},
		{"penalty of positive logits", []float32{1, 3, 2}, []int{1}, 2, 2},
		{"penalty of negative logits", []float32{-1, -3, -1.5}, []int{0, 0}, 2, 2},
		{"ids outside the vocabulary", []float32{1, 3, 2}, []int{-1, 3, 1 << 40}, 2, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newTestSampler(t, Sampling{RepetitionPenalty: c.penalty}, len(c.logits))
			s.See(c.seen...)
			if id, _ := next(t, s, c.logits); id != c.want {
				t.Errorf("token %d, expected %d", id, c.want)
			}
		})
	}
	s := newTestSampler(t, Sampling{RepetitionPenalty: 10}, 3)
	var ids []int
	for range 3 {
		id, _ := next(t, s, []float32{1, 3, 2})
		ids = append(ids, id)
	}
	if want := []int{1, 2, 0}; !slices.Equal(ids, want) {
		t.Errorf("a penalty of 10 gives %v, expected each token once, %v", ids, want)
	}
}

// Whatever the logits and the settings: the distribution is the one that sorting gives.
func TestSamplerProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		logits := rapid.SliceOfN(rapid.OneOf(
			rapid.Map(rapid.IntRange(-40, 40), func(n int) float32 { return float32(n) / 4 }), // often equal
			rapid.Float32Range(-1e6, 1e6), rapid.Just(float32(math.Inf(-1)))), 1, 300).Draw(t, "logits")
		if slices.Max(logits) == float32(math.Inf(-1)) {
			logits[0] = 0
		}
		settings := Sampling{
			Temperature: rapid.Float64Range(1e-3, 10).Draw(t, "temperature"),
			TopK:        rapid.IntRange(0, len(logits)+1).Draw(t, "top-k"),
			TopP:        rapid.Float64Range(0, 1).Draw(t, "top-p"),
			MinP:        rapid.Float64Range(0, 1).Draw(t, "min-p"),
			Seed:        rapid.Uint64().Draw(t, "seed"),
		}
		before := slices.Clone(logits)
		s, err := NewSampler(settings, len(logits), 0)
		if err != nil {
			t.Fatal(err)
		}
		id, _, err := s.Next(logits)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(before, logits) {
			t.Fatal("the logits have changed")
		}
		want, edge := sortedDistribution(settings, logits)
		got := s.distribution()
		if got[id] == 0 {
			t.Fatalf("token %d was drawn and has probability 0", id)
		}
		for id := range want {
			if math.Abs(got[id]-want[id]) > 1e-9 && !edge {
				t.Fatalf("token %d has probability %v, expected %v", id, got[id], want[id])
			}
		}
	})
}

// sortedDistribution is what Sampling's comment says, with a sort. edge says that rounding decides about the nucleus or
// about min-p.
func sortedDistribution(s Sampling, logits []float32) (probs []float64, edge bool) {
	order := make([]int, len(logits))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(logits[b], logits[a]) })
	probs = make([]float64, len(logits))
	total := func() (sum float64) {
		for _, p := range probs {
			sum += p
		}
		return sum
	}
	top := float64(logits[order[0]])
	for id, x := range logits {
		if s.TopK == 0 || s.TopK >= len(logits) || x >= logits[order[s.TopK-1]] {
			probs[id] = math.Exp((float64(x) - top) / s.Temperature)
		}
	}
	if s.TopP > 0 && s.TopP < 1 {
		goal, above := s.TopP*total(), 0.0
		for _, id := range order {
			edge = edge || math.Abs(above-goal) < 1e-9
			p := probs[id]
			if above >= goal {
				probs[id] = 0
			}
			above += p
		}
	}
	for id, p := range probs {
		edge = edge || math.Abs(p-s.MinP) < 1e-9 && p < 1
		if p < s.MinP {
			probs[id] = 0
		}
	}
	all := total()
	for id := range probs {
		probs[id] /= all
	}
	return probs, edge
}

func TestSamplerErrors(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		sampling Sampling
		want     string
	}{
		{Sampling{Temperature: -1}, "temperature is -1, expected"},
		{Sampling{Temperature: nan}, "temperature is NaN"},
		{Sampling{Temperature: inf}, "temperature is +Inf"},
		{Sampling{Temperature: 1, TopK: -3}, "top-k is -3, expected"},
		{Sampling{Temperature: 1, TopP: 1.5}, "top-p is 1.5, expected"},
		{Sampling{Temperature: 1, TopP: nan}, "top-p is NaN"},
		{Sampling{Temperature: 1, MinP: -0.1}, "min-p is -0.1, expected"},
		{Sampling{RepetitionPenalty: -1}, "repetition penalty is -1, expected"},
		{Sampling{TopK: 4}, "top-k is 4, but temperature 0"},
		{Sampling{TopP: 0.5}, "top-p is 0.5, but temperature 0"},
		{Sampling{MinP: 0.5}, "min-p is 0.5, but temperature 0"},
	} {
		if _, err := NewSampler(c.sampling, 10, 0); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, expected an error with %q", c.sampling, err, c.want)
		}
	}
	if _, err := NewSampler(Sampling{}, 0, 0); err == nil {
		t.Error("a vocabulary of 0 gives no error")
	}
	big := make([]float32, 2000)
	big[1234] = float32(nan)
	for _, c := range []struct {
		logits []float32
		want   string
	}{
		{[]float32{1, float32(nan)}, "logit 1 is NaN"},
		{[]float32{float32(nan), float32(inf)}, "logit 0 is NaN"},
		{[]float32{1, float32(inf)}, "logit 1 is +Inf"},
		{[]float32{float32(-inf), float32(-inf)}, "no logit is above −Inf"},
		{big, "logit 1234 is NaN"},
	} {
		for _, temperature := range []float64{0, 1} {
			s := newTestSampler(t, Sampling{Temperature: temperature}, len(c.logits))
			if _, _, err := s.Next(c.logits); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("temperature %v: %v, expected an error with %q", temperature, err, c.want)
			}
		}
	}
	s := newTestSampler(t, Sampling{}, 3)
	if _, _, err := s.Next([]float32{1, 2}); err == nil || err.Error() != "there are 2 logits, expected 3, the vocabulary" {
		t.Errorf("too few logits: %v", err)
	}
	s = newTestSampler(t, Sampling{RepetitionPenalty: 1e-40}, 2)
	s.See(0)
	if _, _, err := s.Next([]float32{1e5, 2}); err == nil || !strings.Contains(err.Error(), "after the repetition penalty 1e-40") {
		t.Errorf("a logit that a penalty makes infinite: %v", err)
	}
}

// expNegative is within two units in the last place of e^x, in 200 bits.
func TestExpNegative(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, span := range []float64{1e-9, 0.1, 1, 30, 708} {
		for range 300 {
			x := -span * r.Float64()
			want := exactExp(x)
			ulp := math.Nextafter(want, 2) - want
			if got := expNegative(x); math.Abs(got-want) > 2*ulp {
				t.Fatalf("e^%v is %v, expected %v", x, got, want)
			}
		}
	}
	for x, want := range map[float64]float64{0: 1, -709: 0, -1e300: 0, math.Inf(-1): 0} {
		if got := expNegative(x); got != want {
			t.Errorf("e^%v is %v, expected %v", x, got, want)
		}
	}
}

// exactExp is e^x by the series of x/2¹², squared twelve times.
func exactExp(x float64) float64 {
	const bits, halvings = 300, 12
	r := new(big.Float).SetPrec(bits).SetFloat64(x)
	r.SetMantExp(r, -halvings)
	sum, term := new(big.Float).SetPrec(bits).SetInt64(1), new(big.Float).SetPrec(bits).SetInt64(1)
	for n := int64(1); n < 60; n++ {
		term.Mul(term, r)
		term.Quo(term, new(big.Float).SetPrec(bits).SetInt64(n))
		sum.Add(sum, term)
	}
	for range halvings {
		sum.Mul(sum, sum)
	}
	value, _ := sum.Float64()
	return value
}

// A token takes no memory once there was one.
func TestSamplerAllocations(t *testing.T) {
	logits := make([]float32, 5000)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range logits {
		logits[i] = float32(r.NormFloat64())
	}
	s := newTestSampler(t, Sampling{Temperature: 1, TopK: 4000, TopP: 0.9, MinP: 1e-9, RepetitionPenalty: 1.1}, len(logits))
	s.See(1, 2, 3)
	s.ids = slices.Grow(s.ids, len(logits)) // grows with new tokens, now and then
	next(t, s, logits)
	if n := testing.AllocsPerRun(50, func() { next(t, s, logits) }); n != 0 {
		t.Errorf("%v allocations a token, expected none", n)
	}
}

func BenchmarkSampler(b *testing.B) {
	const vocab = 150000
	r := rand.New(rand.NewPCG(1, 2))
	logits := make([]float32, vocab)
	for i := range logits {
		logits[i] = 3 * float32(r.NormFloat64())
	}
	for _, c := range []struct {
		name     string
		sampling Sampling
	}{
		{"greedy", Sampling{}},
		{"temperature", Sampling{Temperature: 1}},
		{"top-k=40", Sampling{Temperature: 1, TopK: 40}},
		{"top-k=20000", Sampling{Temperature: 1, TopK: 20000}},
		{"top-p=0.9", Sampling{Temperature: 1, TopP: 0.9}},
		{"temperature=5/top-p=0.9", Sampling{Temperature: 5, TopP: 0.9}},
		{"top-k=40/top-p=0.9", Sampling{Temperature: 1, TopK: 40, TopP: 0.9}},
		{"min-p=0.05", Sampling{Temperature: 1, MinP: 0.05}},
	} {
		b.Run(fmt.Sprintf("vocab=%d/%s", vocab, c.name), func(b *testing.B) {
			s := newTestSampler(b, c.sampling, vocab)
			b.ReportAllocs()
			for b.Loop() {
				next(b, s, logits)
			}
		})
	}
}
