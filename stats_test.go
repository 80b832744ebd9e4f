package rapt_test

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/rapt-go/rapt"
	"github.com/rapt-go/rapt/textbook"
	"pgregory.net/rapid"
)

// TestStatistics holds every statistic against the same of the textbook's weights, for random shapes and options, and
// the output against Attend, to the bit.
func TestStatistics(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawProblem(t)
		p.checkStatistics(t)
	})
}

// TestStatisticsLong has several strips, chunks and bands.
func TestStatisticsLong(t *testing.T) {
	p := newProblem(rand.New(rand.NewPCG(4, 4)), 1, 2, 1, 700, 1600, 16, 24)
	p.o = rapt.Options{Causal: true, QueryStart: 850, Sinks: []float32{0.5, -1}}
	p.checkStatistics(t)
}

func (p *problem) newStats() *rapt.Stats {
	s := rapt.NewStats(p.batch, p.heads, p.queries, p.keys, p.o.QueryStart)
	s.PooledRows, s.PooledCols = min(7, p.queries), min(9, p.keys)
	cells := p.batch * p.heads * s.PooledRows * s.PooledCols
	s.PooledMean, s.PooledMax = make([]float32, cells), make([]float32, cells)
	s.KeyClasses = make([]uint8, p.batch*p.keys)
	for j := range s.KeyClasses {
		s.KeyClasses[j] = uint8(j * 37)
	}
	s.ClassMass = make([]float32, p.batch*p.heads*p.queries*8)
	return s
}

func (p *problem) statistics(t tb) (s *rapt.Stats, out []float32) {
	t.Helper()
	s = p.newStats()
	out = nanSlice(p.batch * p.queries * p.heads * p.valueDim)
	q, k, v := p.tensors()
	o := rapt.Dense(out, p.batch, p.queries, p.heads, p.valueDim)
	if err := rapt.Statistics(s, &o, q, k, v, &p.o); err != nil {
		t.Fatal(err)
	}
	return s, out
}

func (p *problem) checkStatistics(t tb) {
	t.Helper()
	p.o.Threads = 1
	s, out := p.statistics(t)
	if want, _ := p.attend(t); !sameBits(out, want) {
		t.Fatal("the output has other bits than that of Attend")
	}
	for _, threads := range []int{2, 3, 8} {
		p.o.Threads = threads
		if again, _ := p.statistics(t); !reflect.DeepEqual(s, again) {
			t.Fatal(threads, " threads give other statistics than 1")
		}
	}
	without := p.newStats()
	q, k, _ := p.tensors()
	if err := rapt.Statistics(without, nil, q, k, rapt.Tensor[float32]{}, &p.o); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(s, without) {
		t.Fatal("whether there is an output changes the statistics")
	}
	for b := range p.batch {
		for h := range p.heads {
			p.checkHead(t, s, b, h)
		}
	}
}

// checkHead compares the statistics of one head with those of its weights in float64.
func (p *problem) checkHead(t tb, s *rapt.Stats, b, h int) {
	t.Helper()
	kvHead := h / (p.heads / p.kvHeads)
	r, err := textbook.Attend(head(p.q, b, h, p.queries, p.heads, p.dim), head(p.k, b, kvHead, p.keys, p.kvHeads, p.dim),
		head(p.v, b, kvHead, p.keys, p.kvHeads, p.valueDim), p.options(b, h))
	if err != nil {
		t.Fatal(err)
	}
	largest := 0.0
	for _, row := range r.Biased {
		for _, x := range row {
			if x = math.Abs(x); !math.IsInf(x, 0) {
				largest = max(largest, x)
			}
		}
	}
	c := statsCheck{t: t, p: p, s: s, b: b, h: h, weights: r.Weights}
	// A score's own rounding moves weights by as much of their value; the rest is 1e-5, as promised.
	c.tolerance = 1e-5 + 8*largest/(1<<24)
	for i := range p.queries {
		c.row(i, r.LSE[i])
	}
	c.columns()
	c.diagonals()
	c.cells()
}

type statsCheck struct {
	t         tb
	p         *problem
	s         *rapt.Stats
	b, h      int
	weights   [][]float64
	tolerance float64
}

func (c *statsCheck) near(name string, i int, got, want, size float64) {
	c.t.Helper()
	if got != want && !(math.Abs(got-want) <= c.tolerance*max(1, size)) {
		c.t.Errorf("%s[%d] of head %d is %v, expected %v", name, i, c.h, got, want)
	}
}

func (c *statsCheck) row(i int, lse float64) {
	c.t.Helper()
	place := (c.b*c.p.heads+c.h)*c.p.queries + i
	position := c.p.o.QueryStart + i
	if c.p.o.QueryStarts != nil {
		position = c.p.o.QueryStarts[c.b] + i
	}
	var entropy, distance, largest float64
	var classes [8]float64
	for j, w := range c.weights[i] {
		if w > 0 {
			entropy -= w * math.Log(w)
		}
		distance += w * math.Abs(float64(position-j))
		largest = max(largest, w)
		for n := range classes {
			if c.s.KeyClasses[c.b*c.p.keys+j]>>n&1 == 1 {
				classes[n] += w
			}
		}
	}
	c.near("Entropy", i, float64(c.s.Entropy[place]), entropy, entropy)
	c.near("Distance", i, float64(c.s.Distance[place]), distance, distance)
	c.near("MaxWeight", i, float64(c.s.MaxWeight[place]), largest, 1)
	c.near("LSE", i, float64(c.s.LSE[place]), lse, math.Abs(lse))
	for n, mass := range classes {
		c.near("ClassMass", i, float64(c.s.ClassMass[place*8+n]), mass, 1)
	}
	c.top(i, place, largest)
}

// top checks that each of the largest weights is that of its key, that no weight that isn't among them is larger, and that
// equal ones stand in the order of keys.
func (c *statsCheck) top(i, place int, largest float64) {
	c.t.Helper()
	if largest == 0 {
		if c.s.ArgMax[place] != -1 || c.s.TopIndex[place*8] != -1 {
			c.t.Errorf("query %d sees no key, and has largest weight of key %d", i, c.s.ArgMax[place])
		}
		return
	}
	if c.s.ArgMax[place] != c.s.TopIndex[place*8] || c.s.MaxWeight[place] != c.s.TopWeight[place*8] {
		c.t.Errorf("query %d: the largest of all isn't the first of the largest", i)
	}
	among := map[int32]bool{}
	last := 0.0
	for n := range 8 {
		j, w := c.s.TopIndex[place*8+n], float64(c.s.TopWeight[place*8+n])
		if j < 0 {
			last = 0
			break
		}
		c.near("TopWeight", i, w, c.weights[i][j], 1)
		if n > 0 && (w > last || w == last && j < c.s.TopIndex[place*8+n-1]) {
			c.t.Errorf("query %d: the largest weights aren't in order", i)
		}
		among[j], last = true, w
	}
	for j, w := range c.weights[i] {
		if !among[int32(j)] && w > last+2*c.tolerance {
			c.t.Errorf("query %d: key %d of weight %v isn't among the largest, the last of which is %v", i, j, w, last)
		}
	}
}

func (c *statsCheck) columns() {
	c.t.Helper()
	for j := range c.p.keys {
		var received, largest float64
		for i := range c.weights {
			received += c.weights[i][j]
			largest = max(largest, c.weights[i][j])
		}
		place := (c.b*c.p.heads+c.h)*c.p.keys + j
		c.near("Received", j, c.s.Received[place], received, received)
		c.near("MaxReceived", j, float64(c.s.MaxReceived[place]), largest, 1)
		if from := c.s.ArgMaxReceived[place]; from >= 0 {
			c.near("ArgMaxReceived", j, c.weights[from][j], largest, 1)
		} else if largest > 1e-25 {
			c.t.Errorf("nobody looks at key %d, expected weight %v", j, largest)
		}
	}
}

func (c *statsCheck) diagonals() {
	c.t.Helper()
	bins := c.s.OffsetBins
	mass := make([]float64, len(bins)-1)
	for i, row := range c.weights {
		position := c.p.o.QueryStart + i
		if c.p.o.QueryStarts != nil {
			position = c.p.o.QueryStarts[c.b] + i
		}
		for j, w := range row {
			for n := range mass {
				if d := position - j; bins[n] <= d && d < bins[n+1] {
					mass[n] += w
				}
			}
		}
	}
	for n, want := range mass {
		c.near("OffsetMass", n, c.s.OffsetMass[(c.b*c.p.heads+c.h)*len(mass)+n], want, want)
	}
}

func (c *statsCheck) cells() {
	c.t.Helper()
	rows, columns := c.s.PooledRows, c.s.PooledCols
	sum, top, count := make([]float64, rows*columns), make([]float64, rows*columns), make([]float64, rows*columns)
	for i, row := range c.weights {
		for j, w := range row {
			cell := i*rows/c.p.queries*columns + j*columns/c.p.keys
			sum[cell] += w
			top[cell] = max(top[cell], w)
			count[cell]++
		}
	}
	at := (c.b*c.p.heads + c.h) * rows * columns
	for n := range sum {
		c.near("PooledMean", n, float64(c.s.PooledMean[at+n]), sum[n]/count[n], 1)
		c.near("PooledMax", n, float64(c.s.PooledMax[at+n]), top[n], 1)
	}
}
