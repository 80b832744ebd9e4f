package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rapt-go/rapt"
	"github.com/rapt-go/rapt/internal/npy"
)

// attendInputs is everything that attend computes from, of shapes that fit.
type attendInputs struct {
	q, k, v arrayFile
	options rapt.Options
	classes []uint8 // [batch][keys], or nil
}

// An arrayFile is the array of one flag as a tensor.
type arrayFile struct {
	flag, file string
	shape      []int // of 2 or 4 axes
	headMajor  bool
	tensor     rapt.Tensor[float32]
}

func (a *arrayFile) String() string {
	return fmt.Sprintf("--%s %s of shape %s", a.flag, a.file, tuple(a.shape))
}

// read takes the arrays from their files.
func (f *attendFlags) read() (*attendInputs, error) {
	var a attendInputs
	for _, input := range []struct {
		flag, file string
		to         *arrayFile
	}{{"q", f.q, &a.q}, {"k", f.k, &a.k}, {"v", f.v, &a.v}} {
		if input.file == "" { // --no-output: nobody reads the values
			a.v = a.k
			continue
		}
		var err error
		if *input.to, err = readTensor(input.flag, input.file, f.layout == "bhsd"); err != nil {
			return nil, err
		}
	}
	if err := a.checkShapes(); err != nil {
		return nil, err
	}
	var err error
	if a.options, err = f.options(&a); err != nil {
		return nil, err
	}
	a.classes, err = f.readClasses(&a)
	return &a, err
}

// readTensor reads an array of shape (batch, seq, heads, dim), with headMajor (batch, heads, seq, dim), or (seq, dim).
func readTensor(flag, file string, headMajor bool) (arrayFile, error) {
	a := arrayFile{flag: flag, file: file, headMajor: headMajor}
	data, shape, err := readFloats(flag, file)
	if err != nil {
		return a, err
	}
	a.shape = shape
	if rank := len(shape); rank != 2 && rank != 4 {
		axes := "(batch, seq, heads, dim)"
		if headMajor {
			axes = "(batch, heads, seq, dim)"
		}
		return a, fmt.Errorf("%v has %d axes, expected the 4 of %s or the 2 of (seq, dim)", &a, rank, axes)
	}
	if shape[len(shape)-1] == 0 {
		return a, fmt.Errorf("%v has 0 numbers in its last axis, expected at least 1", &a)
	}
	a.tensor = a.view(data, shape)
	return a, nil
}

// view is an array of that shape, with axes as those of a, as a tensor.
func (a *arrayFile) view(data []float32, shape []int) rapt.Tensor[float32] {
	switch {
	case len(a.shape) == 2:
		return rapt.Dense(data, 1, shape[0], 1, shape[1])
	case a.headMajor:
		return rapt.HeadMajor(data, shape[0], shape[1], shape[2], shape[3])
	default:
		return rapt.Dense(data, shape[0], shape[1], shape[2], shape[3])
	}
}

// shapeWith is the shape of an array as a, but with vectors of dim numbers.
func (a *arrayFile) shapeWith(dim int) []int {
	t := a.tensor
	switch {
	case len(a.shape) == 2:
		return []int{t.Seq, dim}
	case a.headMajor:
		return []int{t.Batch, t.Heads, t.Seq, dim}
	default:
		return []int{t.Batch, t.Seq, t.Heads, dim}
	}
}

// readFloats reads an array of numbers.
func readFloats(flag, file string) ([]float32, []int, error) {
	array, err := npy.ReadFile(file)
	if err != nil {
		return nil, nil, fmt.Errorf("--%s: %w", flag, err)
	}
	data, err := array.Float32s()
	if err != nil {
		return nil, nil, fmt.Errorf("--%s %s: %w", flag, file, err)
	}
	return data, array.Shape, nil
}

// checkShapes says which of q, k and v doesn't fit.
func (a *attendInputs) checkShapes() error {
	q, k, v := &a.q, &a.k, &a.v
	for _, c := range []struct {
		axis       string
		one, other *arrayFile
		have, want int
	}{
		{"rank", k, q, len(k.shape), len(q.shape)},
		{"rank", v, q, len(v.shape), len(q.shape)},
		{"batch", k, q, k.tensor.Batch, q.tensor.Batch},
		{"batch", v, q, v.tensor.Batch, q.tensor.Batch},
		{"dim", k, q, k.tensor.Dim, q.tensor.Dim},
		{"heads", v, k, v.tensor.Heads, k.tensor.Heads},
		{"seq", v, k, v.tensor.Seq, k.tensor.Seq},
	} {
		if c.have != c.want {
			return fmt.Errorf("%v: %s is %d, expected %d, as of %v", c.one, c.axis, c.have, c.want, c.other)
		}
	}
	heads, kvHeads := q.tensor.Heads, k.tensor.Heads
	if kvHeads == 0 && heads > 0 || kvHeads > 0 && heads%kvHeads != 0 {
		return fmt.Errorf("%v: heads is %d, expected a multiple of %d, as of %v", q, heads, kvHeads, k)
	}
	return nil
}

// options reads what there is besides q, k and v.
func (f *attendFlags) options(a *attendInputs) (rapt.Options, error) {
	o := rapt.Options{
		Scale: f.scale, Softcap: f.softcap, QueryStart: f.queryStart,
		Causal: f.causal, KeyLens: f.keyLens, Threads: f.threads,
	}
	if f.given("window-left") || f.given("window-right") {
		o.Window = &rapt.Window{Left: rapt.Open, Right: rapt.Open}
		if f.given("window-left") {
			o.Window.Left = f.windowLeft
		}
		if f.given("window-right") {
			o.Window.Right = f.windowRight
		}
	}
	if err := f.checkKeyLens(a); err != nil {
		return o, err
	}
	var err error
	if o.Mask, err = f.readMask(a); err != nil {
		return o, err
	}
	if o.Bias, err = f.readBias(a); err != nil {
		return o, err
	}
	if o.Sinks, err = readPerHead("sinks", f.sinks, a.q.tensor.Heads); err != nil {
		return o, err
	}
	o.ALiBiSlopes, err = readPerHead("alibi", f.alibi, a.q.tensor.Heads)
	return o, err
}

func (f *attendFlags) checkKeyLens(a *attendInputs) error {
	if !f.given("key-lens") {
		return nil
	}
	if len(f.keyLens) != a.q.tensor.Batch {
		return usagef("--key-lens has length %d, expected %d, the batch of %v", len(f.keyLens), a.q.tensor.Batch, &a.q)
	}
	for b, n := range f.keyLens {
		if n < 0 || n > a.k.tensor.Seq {
			return usagef("--key-lens is %d for sequence %d, expected 0 to %d, the seq of %v", n, b, a.k.tensor.Seq, &a.k)
		}
	}
	return nil
}

// readMask reads the mask, if there is one.
func (f *attendFlags) readMask(a *attendInputs) (rapt.Grid[bool], error) {
	if f.mask == "" {
		return rapt.Grid[bool]{}, nil
	}
	array, err := npy.ReadFile(f.mask)
	if err != nil {
		return rapt.Grid[bool]{}, fmt.Errorf("--mask: %w", err)
	}
	data, ok := array.Data.([]bool)
	if !ok {
		return rapt.Grid[bool]{}, fmt.Errorf("--mask %s is %s, expected bool (--bias is for numbers)", f.mask, array.DType())
	}
	return broadcast("--mask "+f.mask, data, array.Shape, a)
}

// readBias reads the bias, if there is one.
func (f *attendFlags) readBias(a *attendInputs) (rapt.Grid[float32], error) {
	if f.bias == "" {
		return rapt.Grid[float32]{}, nil
	}
	data, shape, err := readFloats("bias", f.bias)
	if err != nil {
		return rapt.Grid[float32]{}, err
	}
	return broadcast("--bias "+f.bias, data, shape, a)
}

// broadcast stretches an array over (batch, heads, queries, keys) as NumPy does: its axes are the last of these, and
// one of length 1 stands for all along it.
func broadcast[T bool | float32](name string, data []T, shape []int, a *attendInputs) (rapt.Grid[T], error) {
	full := []int{a.q.tensor.Batch, a.q.tensor.Heads, a.q.tensor.Seq, a.k.tensor.Seq}
	if len(shape) < 1 || len(shape) > len(full) {
		return rapt.Grid[T]{}, fmt.Errorf("%s of shape %s: rank is %d, expected 1 to 4", name, tuple(shape), len(shape))
	}
	lengths := []int{1, 1, 1, 1}
	copy(lengths[len(full)-len(shape):], shape)
	for i, axis := range []string{"batch", "heads", "queries", "keys"} {
		if lengths[i] != full[i] && lengths[i] != 1 {
			return rapt.Grid[T]{}, fmt.Errorf("%s of shape %s: %s is %d, expected %d or 1",
				name, tuple(shape), axis, lengths[i], full[i])
		}
	}
	return rapt.Broadcast(data, lengths[0], lengths[1], lengths[2], lengths[3]), nil
}

// readPerHead reads one number for each query head, if there is a file.
func readPerHead(flag, file string, heads int) ([]float32, error) {
	if file == "" {
		return nil, nil
	}
	data, shape, err := readFloats(flag, file)
	if err != nil {
		return nil, err
	}
	if !slices.Equal(shape, []int{heads}) {
		return nil, fmt.Errorf("--%s %s has shape %s, expected (%d,), a number for each query head",
			flag, file, tuple(shape), heads)
	}
	return data, nil
}

// tuple is a shape as NumPy writes it.
func tuple(shape []int) string {
	if len(shape) == 1 {
		return fmt.Sprintf("(%d,)", shape[0])
	}
	lengths := make([]string, len(shape))
	for i, n := range shape {
		lengths[i] = strconv.Itoa(n)
	}
	return "(" + strings.Join(lengths, ", ") + ")"
}
