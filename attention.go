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
		o = &Options{}
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
	c.plan()
	c.run()
	c.release()
	return nil
}

// finish turns the sums of one row into its output and its lse. acc is Σ exp(c·s − c·top)·v for the exponent c.
func (c *call) finish(b, h, i int, acc []float32, top, sum float32) {
	lse, scale := normalize(c.exponent, top, sum)
	if sinks := c.o.Sinks; sinks != nil {
		sink := float64(sinks[h])
		joint := addExp(lse, sink)
		if lse != math.Inf(-1) {
			scale *= math.Exp(lse - joint)
		}
		lse = joint
	}
	kernel.Scale(c.out.row(b, i, h), float32(scale), acc)
	if c.o.LSE != nil {
		c.o.LSE[(b*c.heads+h)*c.queries+i] = float32(lse)
	}
}

// normalize gives lse = ln Σ exp(score) and the factor 1/sum for scores that were raised as exp(exponent·(s − top)). A
// row that has seen no key has lse −Inf and factor 0.
func normalize(exponent, top, sum float32) (lse, scale float64) {
	if math.IsInf(float64(top), -1) && sum == 0 {
		return math.Inf(-1), 0
	}
	return float64(exponent)*float64(top) + math.Log(float64(sum)), 1 / float64(sum)
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
