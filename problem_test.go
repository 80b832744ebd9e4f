package rapt_test

import (
	"math"
	"math/rand/v2"

	"github.com/rapt-go/rapt"
	"github.com/rapt-go/rapt/textbook"
)

// tb is what testing.TB and rapid.T have in common, as far as it is used here.
type tb interface {
	Helper()
	Fatal(args ...any)
	Errorf(format string, args ...any)
}

// A problem is a call of Attend that isn't ragged, in a form that the textbook and a naive float32 computation take too.
type problem struct {
	batch, heads, kvHeads, queries, keys, dim, valueDim int

	q, k, v []float32 // [batch][seq][heads][dim]
	o       rapt.Options
}

func newProblem(rng *rand.Rand, batch, heads, kvHeads, queries, keys, dim, valueDim int) *problem {
	p := &problem{batch: batch, heads: heads, kvHeads: kvHeads, queries: queries, keys: keys, dim: dim, valueDim: valueDim}
	p.q = normal(rng, batch*queries*heads*dim)
	p.k = normal(rng, batch*keys*kvHeads*dim)
	p.v = normal(rng, batch*keys*kvHeads*valueDim)
	return p
}

func normal(rng *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	return x
}

func (p *problem) tensors() (q, k, v rapt.Tensor[float32]) {
	return rapt.Dense(p.q, p.batch, p.queries, p.heads, p.dim),
		rapt.Dense(p.k, p.batch, p.keys, p.kvHeads, p.dim),
		rapt.Dense(p.v, p.batch, p.keys, p.kvHeads, p.valueDim)
}

// attend is what Attend gives: out [batch][queries][heads][valueDim], lse [batch][heads][queries].
func (p *problem) attend(t tb) (out, lse []float32) {
	t.Helper()
	o := p.o
	out, o.LSE = nanSlice(p.batch*p.queries*p.heads*p.valueDim), nanSlice(p.batch*p.heads*p.queries)
	q, k, v := p.tensors()
	if err := rapt.Attend(rapt.Dense(out, p.batch, p.queries, p.heads, p.valueDim), q, k, v, &o); err != nil {
		t.Fatal(err)
	}
	return out, o.LSE
}

// visible says what Chunk, Segments, MaskFunc and Mask let a query see: the options that the textbook has as one mask.
func (p *problem) visible(b, h, i, j int) bool {
	o := &p.o
	if o.Chunk > 0 {
		position := o.QueryStart + i
		if o.QueryStarts != nil {
			position = o.QueryStarts[b] + i
		}
		if math.Floor(float64(position)/float64(o.Chunk)) != math.Floor(float64(j)/float64(o.Chunk)) {
			return false
		}
	}
	if o.KeySegments != nil && o.KeySegments[b*p.keys+j] != o.QuerySegments[b*p.queries+i] {
		return false
	}
	if o.MaskFunc != nil {
		keep := []bool{true}
		o.MaskFunc(keep, rapt.Segment{Batch: b, Head: h, Query: i, FirstKey: j})
		if !keep[0] {
			return false
		}
	}
	m := &o.Mask
	return m.Data == nil || m.Data[b*m.BatchStride+h*m.HeadStride+i*m.QueryStride+j*m.KeyStride]
}

// options is those of one head for the textbook.
func (p *problem) options(b, h int) textbook.Options {
	o := &p.o
	t := textbook.Options{Scale: float64(o.Scale), Softcap: float64(o.Softcap), QueryStart: o.QueryStart, Causal: o.Causal}
	if o.QueryStarts != nil {
		t.QueryStart = o.QueryStarts[b]
	}
	if o.Window != nil {
		t.Window = &textbook.Window{Left: o.Window.Left, Right: o.Window.Right}
	}
	if o.KeyLens != nil {
		t.KeyLen = &o.KeyLens[b]
	}
	if o.ALiBiSlopes != nil {
		t.ALiBiSlope = float64(o.ALiBiSlopes[h])
	}
	if o.Sinks != nil {
		sink := float64(o.Sinks[h])
		t.Sink = &sink
	}
	for i := range p.queries {
		var mask []bool
		var bias []float64
		for j := range p.keys {
			mask = append(mask, p.visible(b, h, i, j))
			if g := &o.Bias; g.Data != nil {
				bias = append(bias, float64(g.Data[b*g.BatchStride+h*g.HeadStride+i*g.QueryStride+j*g.KeyStride]))
			}
		}
		t.Mask = append(t.Mask, mask)
		if bias != nil {
			t.Bias = append(t.Bias, bias)
		}
	}
	return t
}

// head is the rows of one head of a tensor [batch][seq][heads][dim], in float64.
func head(x []float32, b, h, seq, heads, dim int) [][]float64 {
	rows := make([][]float64, seq)
	for i := range rows {
		for _, f := range x[((b*seq+i)*heads+h)*dim:][:dim] {
			rows[i] = append(rows[i], float64(f))
		}
	}
	return rows
}

// want is what the textbook says, in the layouts of attend, and the largest errors of the naive float32 computation, plus
// what one rounding of the largest score does: that moves a weight by 2^-24 of the score's size, up or down, and on a few
// rows the naive computation may have been lucky with it. Values go up to 4.
func (p *problem) want(t tb) (out, lse []float64, outError, lseError float64) {
	t.Helper()
	out, lse = make([]float64, p.batch*p.queries*p.heads*p.valueDim), make([]float64, p.batch*p.heads*p.queries)
	largest := 0.0
	for b := range p.batch {
		for h := range p.heads {
			kvHead := h / (p.heads / p.kvHeads)
			o := p.options(b, h)
			q, k := head(p.q, b, h, p.queries, p.heads, p.dim), head(p.k, b, kvHead, p.keys, p.kvHeads, p.dim)
			v := head(p.v, b, kvHead, p.keys, p.kvHeads, p.valueDim)
			r, err := textbook.Attend(q, k, v, o)
			if err != nil {
				t.Fatal(err)
			}
			for i := range p.queries {
				copy(out[((b*p.queries+i)*p.heads+h)*p.valueDim:], r.Output[i])
				lse[(b*p.heads+h)*p.queries+i] = r.LSE[i]
				row, sum := naiveRow(q[i], k, v, i, o)
				for _, s := range r.Biased[i] {
					if s = math.Abs(s); !math.IsInf(s, 0) {
						largest = max(largest, s)
					}
				}
				for d, x := range row {
					outError = max(outError, distance(float64(x), r.Output[i][d]))
				}
				lseError = max(lseError, distance(float64(sum), r.LSE[i]))
			}
		}
	}
	return out, lse, outError + 4*largest/(1<<24), lseError + largest/(1<<24)
}

// distance is |x−y|, and 0 where they are equal or where either isn't finite.
func distance(x, y float64) float64 {
	if d := math.Abs(x - y); d < math.Inf(1) {
		return d
	}
	return 0
}

// naiveRow is attention of one query with everything rounded to float32 after each step.
func naiveRow(q []float64, k, v [][]float64, i int, o textbook.Options) (out []float32, lse float32) {
	scale := float32(o.Scale)
	if scale == 0 {
		scale = float32(1 / math.Sqrt(float64(len(q))))
	}
	scores, top := make([]float32, len(k)), float32(math.Inf(-1))
	for j := range k {
		scores[j] = float32(math.Inf(-1))
		if !o.Visible(i, j) {
			continue
		}
		var s float32
		for d := range q {
			s += float32(q[d]) * float32(k[j][d])
		}
		s *= scale
		if limit := float32(o.Softcap); limit > 0 {
			s = limit * float32(math.Tanh(float64(s/limit)))
		}
		if o.Bias != nil {
			s += float32(o.Bias[i][j])
		}
		s -= float32(o.ALiBiSlope) * float32(math.Abs(float64(o.QueryStart+i-j)))
		scores[j], top = s, max(top, s)
	}
	if o.Sink != nil {
		top = max(top, float32(*o.Sink))
	}
	out = make([]float32, len(v[0]))
	if math.IsInf(float64(top), -1) {
		return out, top
	}
	var sum float32
	for j, s := range scores {
		if !o.Visible(i, j) {
			continue
		}
		w := float32(math.Exp(float64(s - top)))
		sum += w
		for d := range out {
			out[d] += w * float32(v[j][d])
		}
	}
	if o.Sink != nil {
		sum += float32(math.Exp(float64(float32(*o.Sink) - top)))
	}
	for d := range out {
		out[d] /= sum
	}
	return out, top + float32(math.Log(float64(sum)))
}

// check compares Attend with the textbook.
func (p *problem) check(t tb) {
	t.Helper()
	out, lse := p.attend(t)
	wantOut, wantLSE, outError, lseError := p.want(t)
	compare(t, "out", out, wantOut, outError)
	compare(t, "lse", lse, wantLSE, lseError)
}
