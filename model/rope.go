package model

import (
	"math"

	"github.com/rapt-go/rapt/internal/quote"
)

// ropeKeys are what the parameters of rotary embeddings can say; any other key is an error, since it may change the result.
var ropeKeys = []string{
	"rope_type", "type", "rope_theta", "partial_rotary_factor", "factor", "original_max_position_embeddings",
	"low_freq_factor", "high_freq_factor", "attention_factor", "beta_fast", "beta_slow", "mscale", "mscale_all_dim", "truncate",
	"short_factor", "long_factor",
}

// A ropeConfig is what a configuration says of rotary embeddings.
type ropeConfig struct {
	kind     string  // "default", "linear", "llama3", "yarn", "longrope"
	base     float64 // of the wavelengths: 2π·base^(2j/dim)
	part     float64 // of a head that is turned
	dim      int     // that many numbers of it
	original int     // tokens in training, before the model was made to take more; 0: not given
	factor   float64 // how many times more

	lowFreq, highFreq       float64   // llama3: the numbers of turns between which it blends
	scale                   float64   // yarn, longrope: of what was turned; 0: as the papers say
	betaFast, betaSlow      float64   // yarn: the numbers of turns between which it blends
	mscale, mscaleAll       float64   // yarn; 0: not given
	truncate                bool      // yarn: the blend begins and ends at whole numbers
	shortFactor, longFactor []float64 // longrope: what divides frequencies in short and in long sequences
}

// rope reads the parameters of rotary embeddings for heads of a width: those in rope_parameters, as transformers 5 writes
// them, or in rope_scaling, with some of them beside it.
func (c *config) rope(base float64, headDim, maxLen int) *rotary {
	key := "rope_scaling"
	if c.absent(key) {
		key = "rope_parameters"
	}
	return c.ropeAt(key, ropeConfig{
		base:     c.positive("rope_theta", base),
		part:     c.positive("partial_rotary_factor", 1),
		original: c.count("original_max_position_embeddings", 0),
	}, headDim, maxLen)
}

// ropeAt reads the parameters in the object of a key; r has what was said outside of it.
func (c *config) ropeAt(key string, r ropeConfig, headDim, maxLen int) *rotary {
	c.inside(key, func(in *config) {
		in.known(ropeKeys...)
		r.read(in, headDim, maxLen)
	})
	if c.err != nil {
		return nil
	}
	return r.rotary()
}

func (r *ropeConfig) read(c *config, headDim, maxLen int) {
	if r.kind = c.text("rope_type", c.text("type", "default")); r.kind == "su" {
		r.kind = "longrope" // as the first Phi 3 has it
	}
	if r.base = c.positive("rope_theta", r.base); r.base <= 1 {
		c.fail("rope_theta is %v, expected more than 1", r.base)
	}
	if r.part = c.positive("partial_rotary_factor", r.part); r.part > 1 {
		c.fail("partial_rotary_factor is %v, expected at most 1", r.part)
	}
	if r.dim = int(float64(headDim) * r.part); r.dim%2 != 0 || r.dim == 0 {
		c.fail("%d of %d numbers of a head are turned, expected an even number of them", r.dim, headDim)
	}
	if r.dim > maxHeadDim {
		c.fail("%d numbers of a head are turned, expected at most %d", r.dim, maxHeadDim)
	}
	outside := r.original
	if r.original = c.count("original_max_position_embeddings", outside); outside != 0 && r.original != outside {
		c.fail("original_max_position_embeddings is %d here and %d outside", r.original, outside)
	}
	if r.original == 0 {
		r.original = maxLen
	}
	r.readKind(c, max(1, float64(maxLen)/float64(r.original)))
}

// readKind reads what a kind has of its own; longer is how many times the original length the model takes.
func (r *ropeConfig) readKind(c *config, longer float64) {
	switch r.kind {
	case "default":
	case "linear":
		r.factor = c.required("factor")
	case "llama3":
		r.factor, r.lowFreq, r.highFreq = c.required("factor"), c.required("low_freq_factor"), c.required("high_freq_factor")
		if r.highFreq <= r.lowFreq {
			c.fail("high_freq_factor is %v, expected more than low_freq_factor, which is %v", r.highFreq, r.lowFreq)
		}
	case "yarn":
		r.factor, r.scale = c.positive("factor", longer), c.positive("attention_factor", 0)
		r.betaFast, r.betaSlow = c.positive("beta_fast", 32), c.positive("beta_slow", 1)
		if r.betaFast < r.betaSlow {
			c.fail("beta_fast is %v, expected at least beta_slow, which is %v", r.betaFast, r.betaSlow)
		}
		r.mscale, r.mscaleAll = c.number("mscale", 0), c.number("mscale_all_dim", 0)
		r.truncate = c.flag("truncate", true)
	case "longrope":
		r.factor, r.scale = c.positive("factor", longer), c.positive("attention_factor", 0)
		r.shortFactor, r.longFactor = c.divisors("short_factor", r.dim/2), c.divisors("long_factor", r.dim/2)
		if r.factor > 1 && r.original < 2 {
			c.fail("original_max_position_embeddings is %d, expected more", r.original)
		}
	default:
		c.fail("rope_type is %s, which isn't supported; these are: default, linear, llama3, yarn, longrope", quote.Text(r.kind))
	}
}

// rotary computes the frequencies.
func (r *ropeConfig) rotary() *rotary {
	t := &rotary{dim: r.dim, scale: 1, frequencies: make([]float64, r.dim/2)}
	for j := range t.frequencies {
		t.frequencies[j] = math.Pow(r.base, -2*float64(j)/float64(r.dim))
	}
	switch r.kind {
	case "linear":
		for j := range t.frequencies {
			t.frequencies[j] /= r.factor
		}
	case "llama3":
		r.blendLlama(t.frequencies)
	case "yarn":
		t.scale = r.blendYarn(t.frequencies)
	case "longrope":
		t.original, t.long, t.scale = r.original, make([]float64, r.dim/2), r.longScale()
		for j, f := range t.frequencies {
			t.frequencies[j], t.long[j] = f/r.shortFactor[j], f/r.longFactor[j]
		}
	}
	return t
}

// longScale is the scale of LongRoPE (Ding et al. 2024).
func (r *ropeConfig) longScale() float64 {
	switch {
	case r.scale != 0:
		return r.scale
	case r.factor <= 1:
		return 1
	}
	return math.Sqrt(1 + math.Log(r.factor)/math.Log(float64(r.original)))
}

// blendLlama slows points down that turn seldom in the original length, by the factor; those that turn often stay as they
// are; between lowFreq and highFreq turns the two are mixed (Llama 3.1).
func (r *ropeConfig) blendLlama(frequencies []float64) {
	for j, f := range frequencies {
		turns := float64(r.original) * f / (2 * math.Pi)
		keep := min(max((turns-r.lowFreq)/(r.highFreq-r.lowFreq), 0), 1)
		frequencies[j] = keep*f + (1-keep)*f/r.factor
	}
}

// blendYarn does so too, but mixes by j: from that of a point that turns betaFast times in the original length to that of
// one that turns betaSlow times. It gives the scale, which sharpens attention over more keys (YaRN, Peng et al. 2023).
func (r *ropeConfig) blendYarn(frequencies []float64) (scale float64) {
	// base^(−2j/dim)·original = 2π·turns, solved for j
	at := func(turns float64) float64 {
		return float64(r.dim) * math.Log(float64(r.original)/(turns*2*math.Pi)) / (2 * math.Log(r.base))
	}
	low, high := at(r.betaFast), at(r.betaSlow)
	if r.truncate {
		low, high = math.Floor(low), math.Ceil(high)
	}
	low, high = max(low, 0), min(high, float64(r.dim-1))
	if low == high {
		high += 0.001
	}
	for j, f := range frequencies {
		slow := min(max((float64(j)-low)/(high-low), 0), 1)
		frequencies[j] = (1-slow)*f + slow*f/r.factor
	}
	sharpness := func(m float64) float64 { return 0.1*m*math.Log(max(1, r.factor)) + 1 }
	switch {
	case r.scale != 0:
		return r.scale
	case r.mscale != 0 && r.mscaleAll != 0:
		return sharpness(r.mscale) / sharpness(r.mscaleAll)
	}
	return sharpness(1)
}

// divisors are n positive numbers.
func (c *config) divisors(key string, n int) []float64 {
	var list []float64
	if !c.read(key, &list, "a list of numbers") {
		c.fail("%s is missing", key)
		return nil
	}
	if len(list) != n {
		c.fail("%s has %d numbers, expected %d", key, len(list), n)
	}
	for _, x := range list {
		if !(x > 0) {
			c.fail("%s has %v in it, expected positive numbers", key, x)
		}
	}
	return list
}
