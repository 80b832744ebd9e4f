package rapt

import (
	"math"
	"unsafe"

	"github.com/rapt-go/rapt/internal/kernel"
)

// Attend computes attention of every query of q over the keys k and values v into out. Shapes, with q.Heads a multiple
// of k.Heads (grouped heads: query head h reads key head h / (q.Heads/k.Heads)):
//
//	q   [batch][queries][heads][dim]      k [batch][keys][kvHeads][dim]
//	out [batch][queries][heads][valueDim] v [batch][keys][kvHeads][valueDim]
//
// o may be nil. The caller owns out and o.LSE; they must not overlap the inputs, nor out itself. An error names the
// argument that doesn't fit; out is then untouched.
func Attend[T Element](out, q, k, v Tensor[T], o *Options) error {
	return attend(float32s(out), float32s(q), float32s(k), float32s(v), o)
}

// float32s is the same view with the elements' own type, so that the work below is compiled once.
func float32s[T Element](t Tensor[T]) Tensor[float32] {
	return Tensor[float32]{
		Data:  unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(t.Data))), len(t.Data)),
		Batch: t.Batch, Seq: t.Seq, Heads: t.Heads, Dim: t.Dim,
		BatchStride: t.BatchStride, SeqStride: t.SeqStride, HeadStride: t.HeadStride,
	}
}

func attend(out, q, k, v Tensor[float32], o *Options) error {
	if o == nil {
		o = &defaults
	}
	s, err := checkAll(&out, &q, &k, &v, o)
	if err != nil {
		return err
	}
	if s.batch*s.heads*s.queries == 0 {
		return nil
	}
	c := newCall(s, o, (*call).attendPart)
	c.out, c.q, c.k, c.v = out, q, k, v
	return c.attend()
}

// attend computes what the call is set up for.
func (c *call) attend() error {
	defer c.release()
	if err := c.checkPagesSeen(); err != nil {
		return err
	}
	c.plan()
	c.run()
	return nil
}

// finish turns the sums of one row into its output and its lse. acc is Σ exp(exponent·(s − top))·v.
func (c *call) finish(b, h, i int, acc []float32, top, sum float32) {
	sink := math.Inf(-1)
	if c.o.Sinks != nil {
		sink = float64(c.o.Sinks[h])
	}
	scale, lse := 1/float64(sum), 0.0
	if c.o.Sinks != nil || c.o.LSE != nil || sum == 0 {
		scale, lse = normalize(c.exponent, top, sum, sink)
	}
	if c.o.LSE != nil {
		c.o.LSE[c.lseIndex(b, h, i)] = float32(lse)
	}
	batch, seq := c.queryAt(b, i)
	kernel.Scale(c.out.row(batch, seq, h), float32(scale), acc)
}

// normalize gives, for scores that were raised as exp(exponent·(s − top)) and add up to sum, the factor that makes them
// weights, and the lse. sink joins the denominator; −Inf is none. A row without a key has factor 0.
func normalize(exponent, top, sum float32, sink float64) (scale, lse float64) {
	lse = sink
	if sum == 0 {
		return 0, lse
	}
	keys := float64(exponent)*float64(top) + math.Log(float64(sum))
	lse = addExp(keys, sink)
	return math.Exp(keys-lse) / float64(sum), lse
}

// lseIndex is the place of a row in Options.LSE.
func (c *call) lseIndex(b, h, i int) int {
	if c.queryOffsets != nil {
		return h*c.q.Seq + c.queryOffsets[b] + i
	}
	return (b*c.heads+h)*c.queries + i
}

// addExp is ln(exp(x) + exp(y)).
func addExp(x, y float64) float64 {
	if x < y {
		x, y = y, x
	}
	if math.IsInf(x, -1) {
		return x
	}
	return x + math.Log1p(math.Exp(y-x))
}
