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

// finish turns the sums of one row into its output and its lse. acc is Σ exp(exponent·(s − top))·v.
func (c *call) finish(b, h, i int, acc []float32, top, sum float32) {
	scale := 0.0
	if sum != 0 {
		scale = 1 / float64(sum)
	}
	if c.o.Sinks != nil || c.o.LSE != nil {
		lse := logSum(c.exponent, top, sum)
		if c.o.Sinks != nil {
			joint := addExp(lse, float64(c.o.Sinks[h]))
			scale *= share(lse, joint)
			lse = joint
		}
		if c.o.LSE != nil {
			c.o.LSE[c.lseIndex(b, h, i)] = float32(lse)
		}
	}
	batch, seq := c.queryAt(b, i)
	kernel.Scale(c.out.row(batch, seq, h), float32(scale), acc)
}

// lseIndex is the place of a row in Options.LSE.
func (c *call) lseIndex(b, h, i int) int {
	if c.queryOffsets != nil {
		return h*c.q.Seq + c.queryOffsets[b] + i
	}
	return (b*c.heads+h)*c.queries + i
}

// logSum is ln Σ exp(score) of a row, for scores that were raised as exp(exponent·(s − top)) and give sum. Without a key
// it is −Inf.
func logSum(exponent, top, sum float32) float64 {
	if sum == 0 {
		return math.Inf(-1)
	}
	return float64(exponent)*float64(top) + math.Log(float64(sum))
}

// share is exp(lse − joint): the part of a row's mass that lies on keys, with joint ≥ lse.
func share(lse, joint float64) float64 {
	if math.IsInf(lse, -1) {
		return 0
	}
	return math.Exp(lse - joint)
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
