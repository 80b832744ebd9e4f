package rapt

import (
	"errors"
	"fmt"
	"math"

	"github.com/rapt-go/rapt/internal/kernel"
)

// A Partial is attention over some of the keys, in a form to which more can be added: with top = Max[row],
//
//	Sum[row] = Σ exp(score_j − top)      Acc[row] = Σ exp(score_j − top)·v_j
//
// Partials of the same queries over different keys, computed anywhere and in any order, merge into that over all of them,
// exactly but for rounding: the online softmax is associative.
type Partial struct {
	Batch, Heads, Queries, ValueDim int

	Acc      []float32 // [batch][heads][queries][valueDim]
	Max, Sum []float32 // [batch][heads][queries]
}

// NewPartial is a Partial that has seen no key: its rows have Max −Inf, Sum 0 and Acc 0.
func NewPartial(batch, heads, queries, valueDim int) *Partial {
	p := &Partial{Batch: batch, Heads: heads, Queries: queries, ValueDim: valueDim}
	rows := batch * heads * queries
	p.Acc, p.Max, p.Sum = make([]float32, rows*valueDim), make([]float32, rows), make([]float32, rows)
	kernel.Fill(p.Max, -inf)
	return p
}

// Attend adds the keys k with their values v to p. Shapes and options are those of the function [Attend]; positions count
// from the first of these keys, so that for keys from n on QueryStart is less by n. Sinks belong to Finish, LSE too, and
// a ragged batch has no place in p: they are refused.
func (p *Partial) Attend(q, k, v Tensor[float32], o *Options) error {
	if o == nil {
		o = &defaults
	}
	switch {
	case o.Sinks != nil:
		return errors.New("rapt: Sinks go to Partial.Finish; in Partial.Attend they would count for every part")
	case o.LSE != nil:
		return errors.New("rapt: LSE goes to Partial.Finish; in Partial.Attend it isn't known yet")
	case o.QueryOffsets != nil:
		return errors.New("rapt: Partial.Attend doesn't go together with QueryOffsets")
	}
	out := Tensor[float32]{Data: p.Acc, Batch: q.Batch, Seq: q.Seq, Heads: q.Heads, Dim: v.Dim,
		BatchStride: p.Heads * p.Queries * p.ValueDim, SeqStride: p.ValueDim, HeadStride: p.Queries * p.ValueDim}
	if q.Batch != p.Batch || q.Heads != p.Heads || q.Seq != p.Queries || v.Dim != p.ValueDim {
		return fmt.Errorf("rapt: the Partial is for [%d][%d][%d] queries and values of %d; q has [%d][%d][%d], v.Dim is %d",
			p.Batch, p.Heads, p.Queries, p.ValueDim, q.Batch, q.Heads, q.Seq, v.Dim)
	}
	s, err := checkAll(&out, &q, &k, &v, o)
	if err != nil {
		return err
	}
	if s.batch*s.heads*s.queries == 0 {
		return nil
	}
	c := newCall(s, o, (*call).attendPart)
	c.q, c.k, c.v, c.into = q, k, v, p
	return c.attend()
}

// Merge adds what other has seen to p. The two must be of the same size.
func (p *Partial) Merge(other *Partial) error {
	if p.Batch != other.Batch || p.Heads != other.Heads || p.Queries != other.Queries || p.ValueDim != other.ValueDim {
		return fmt.Errorf("rapt: a Partial of [%d][%d][%d] rows of %d doesn't merge with one of [%d][%d][%d] rows of %d",
			p.Batch, p.Heads, p.Queries, p.ValueDim, other.Batch, other.Heads, other.Queries, other.ValueDim)
	}
	for row := range p.Max {
		p.add(row, 1, other.Acc[row*p.ValueDim:][:p.ValueDim], other.Max[row], other.Sum[row])
	}
	return nil
}

// add joins a state of one row over further keys, whose scores were raised as exp(exponent·(s − top)).
func (p *Partial) add(row int, exponent float32, acc []float32, top, sum float32) {
	if sum == 0 {
		return
	}
	top *= exponent
	joint := max(p.Max[row], top)
	a, b := kernel.Exp(p.Max[row]-joint), kernel.Exp(top-joint)
	kernel.Combine(p.Acc[row*p.ValueDim:][:p.ValueDim], a, acc[:p.ValueDim], b)
	p.Max[row], p.Sum[row] = joint, a*p.Sum[row]+b*sum
}

// Finish writes the output over all keys that p has seen to out, [batch][queries][heads][valueDim], and, if lse is not
// nil, the log-sum-exp to lse, [batch][heads][queries]. sinks may be nil; see Options. p stays as it is.
func (p *Partial) Finish(out Tensor[float32], lse, sinks []float32) error {
	if err := out.check("out"); err != nil {
		return err
	}
	if err := out.checkDistinct("out"); err != nil {
		return err
	}
	if out.Batch != p.Batch || out.Heads != p.Heads || out.Seq != p.Queries || out.Dim != p.ValueDim {
		return fmt.Errorf("rapt: out is [%d][%d][%d][%d], expected [batch][queries][heads][valueDim] = [%d][%d][%d][%d]",
			out.Batch, out.Seq, out.Heads, out.Dim, p.Batch, p.Queries, p.Heads, p.ValueDim)
	}
	if lse != nil && len(lse) != len(p.Max) {
		return fmt.Errorf("rapt: lse has %d elements, expected %d", len(lse), len(p.Max))
	}
	if sinks != nil && len(sinks) != p.Heads {
		return fmt.Errorf("rapt: sinks has %d elements, expected %d, one for each query head", len(sinks), p.Heads)
	}
	for row := range p.Max {
		b, h, i := row/(p.Heads*p.Queries), row/p.Queries%p.Heads, row%p.Queries
		sink := math.Inf(-1)
		if sinks != nil {
			sink = float64(sinks[h])
		}
		scale, rowLSE := normalize(1, p.Max[row], p.Sum[row], sink)
		kernel.Scale(out.row(b, i, h), float32(scale), p.Acc[row*p.ValueDim:][:p.ValueDim])
		if lse != nil {
			lse[row] = float32(rowLSE)
		}
	}
	return nil
}
