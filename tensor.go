package rapt

import (
	"fmt"
	"math"
	"slices"
)

// Element is the type of a tensor's numbers.
type Element interface{ ~float32 }

// A Tensor is a view [batch][seq][head][dim] of values that somebody else owns. The dim axis is contiguous; the other
// three may lie in any order and at any distance, so that a slice of a larger tensor, or the q part of a joint qkv
// product, needs no copy. Element (b, s, h, d) is Data[b*BatchStride + s*SeqStride + h*HeadStride + d].
type Tensor[T Element] struct {
	Data []T

	Batch, Seq, Heads, Dim             int // lengths of the axes
	BatchStride, SeqStride, HeadStride int // in elements
}

// Dense is the view of data as one block [batch][seq][heads][dim]. Data must hold batch·seq·heads·dim elements, which
// is checked where the tensor is used.
func Dense[T Element](data []T, batch, seq, heads, dim int) Tensor[T] {
	return Tensor[T]{
		Data:  data,
		Batch: batch, Seq: seq, Heads: heads, Dim: dim,
		BatchStride: seq * heads * dim, SeqStride: heads * dim, HeadStride: dim,
	}
}

// HeadMajor is the view of data as one block [batch][heads][seq][dim], the layout of PyTorch and ONNX.
func HeadMajor[T Element](data []T, batch, heads, seq, dim int) Tensor[T] {
	return Tensor[T]{
		Data:  data,
		Batch: batch, Seq: seq, Heads: heads, Dim: dim,
		BatchStride: heads * seq * dim, SeqStride: dim, HeadStride: seq * dim,
	}
}

// row is the vector of one position and head. A view without elements gives an empty row.
func (t *Tensor[T]) row(b, s, h int) []T {
	at := b*t.BatchStride + s*t.SeqStride + h*t.HeadStride
	return t.Data[at : at+t.Dim]
}

// from is the elements from one position and head on.
func (t *Tensor[T]) from(b, s, h int) []T {
	return t.Data[b*t.BatchStride+s*t.SeqStride+h*t.HeadStride:]
}

// check says what is wrong with the view itself: a negative length or stride, or elements outside Data.
func (t *Tensor[T]) check(name string) error {
	for _, axis := range []struct {
		name           string
		length, stride int
	}{
		{"Batch", t.Batch, t.BatchStride},
		{"Seq", t.Seq, t.SeqStride},
		{"Heads", t.Heads, t.HeadStride},
		{"Dim", t.Dim, 1},
	} {
		if axis.length < 0 {
			return fmt.Errorf("rapt: %s.%s is %d; it can't be negative", name, axis.name, axis.length)
		}
		if axis.stride < 0 {
			return fmt.Errorf("rapt: the stride of %s.%s is %d; it can't be negative", name, axis.name, axis.stride)
		}
	}
	if t.Dim == 0 {
		return fmt.Errorf("rapt: %s.Dim is 0; a head needs at least one number", name)
	}
	need, ok := extent([4]int{t.Batch, t.Seq, t.Heads, t.Dim}, [4]int{t.BatchStride, t.SeqStride, t.HeadStride, 1})
	if !ok || need > len(t.Data) {
		return fmt.Errorf("rapt: %s is [%d][%d][%d][%d] with strides %d, %d, %d, which reaches beyond its %d elements",
			name, t.Batch, t.Seq, t.Heads, t.Dim, t.BatchStride, t.SeqStride, t.HeadStride, len(t.Data))
	}
	return nil
}

// checkDistinct says whether two elements of a result would lie in the same place.
func (t *Tensor[T]) checkDistinct(name string) error {
	type axis struct{ length, stride int }
	axes := []axis{{t.Batch, t.BatchStride}, {t.Seq, t.SeqStride}, {t.Heads, t.HeadStride}}
	slices.SortFunc(axes, func(a, b axis) int { return a.stride - b.stride })
	reach := t.Dim // of the axes so far, from the first element to behind the last
	for _, a := range axes {
		if a.length <= 1 {
			continue
		}
		if a.stride < reach {
			return fmt.Errorf("rapt: elements of %s overlap: strides %d, %d, %d for [%d][%d][%d][%d]",
				name, t.BatchStride, t.SeqStride, t.HeadStride, t.Batch, t.Seq, t.Heads, t.Dim)
		}
		reach += (a.length - 1) * a.stride
	}
	return nil
}

// extent is one more than the index of a view's last element, 0 for an empty view; ok is false if an int can't hold it.
func extent(lengths, strides [4]int) (need int, ok bool) {
	need = 1
	for i, n := range lengths {
		if n == 0 {
			return 0, true
		}
		if strides[i] != 0 && n-1 > (math.MaxInt-need)/strides[i] {
			return 0, false
		}
		need += (n - 1) * strides[i]
	}
	return need, true
}
