package model

import (
	"fmt"
	"maps"
	"slices"

	"github.com/rapt-go/rapt/internal/kernel"
	"github.com/rapt-go/rapt/internal/matmul"
)

// params takes tensors out of a source by name, and checks that their shapes are those that the configuration implies.
// Like config it keeps the first error and returns something empty from then on. It counts what it gives out; tensors
// that nobody asks for are left alone.
type params struct {
	source source
	counts map[matmul.Format]int // numbers given out, by the format in which they are stored
	err    error
}

func newParams(s source) *params {
	return &params{source: s, counts: map[matmul.Format]int{}}
}

func (p *params) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf(format, args...)
	}
}

func (p *params) has(name string) bool {
	_, ok := p.source.tensor(name)
	return ok
}

// base is the prefix of the tensors' names: prefix if the file has prefix + name, or none.
func (p *params) base(prefix, name string) string {
	if p.has(prefix + name) {
		return prefix
	}
	return ""
}

// first is the first of the names that the file has, or the first of all if it has none.
func (p *params) first(names ...string) string {
	for _, name := range names {
		if p.has(name) {
			return name
		}
	}
	return names[0]
}

// tensor is the tensor of that name and shape.
func (p *params) tensor(name string, shape ...int) (t tensor, ok bool) {
	if p.err != nil {
		return t, false
	}
	t, ok = p.source.tensor(name)
	switch {
	case !ok:
		p.fail("there is no tensor %s, which the configuration needs", t.name)
		return t, false
	case !t.known:
		p.fail("tensor %s is %s, expected %s", t.name, t.kind, p.source.types())
	case !slices.Equal(t.shape, shape):
		p.fail("tensor %s has shape %v; by the configuration it is %v", t.name, t.shape, shape)
	}
	p.counts[t.format] += t.len()
	return t, p.err == nil
}

// matrix is a matrix that stays in the file.
func (p *params) matrix(name string, out, in int) matmul.Matrix { // [out][in]
	t, ok := p.tensor(name, out, in)
	if !ok {
		return matmul.Matrix{}
	}
	m, err := t.matrix(out, in)
	if err != nil {
		p.fail("tensor %s: %w", t.name, err)
	}
	return m
}

// vector is a copy of a vector.
func (p *params) vector(name string, n int) []float32 { return p.floats(name, n) } // [n]

// floats is a copy of a tensor.
func (p *params) floats(name string, shape ...int) []float32 {
	t, ok := p.tensor(name, shape...)
	if !ok {
		return nil
	}
	v, err := t.floats()
	if err != nil {
		p.fail("tensor %s: %w", t.name, err)
	}
	if !kernel.Finite(v) {
		i := slices.IndexFunc(v, func(x float32) bool { return !kernel.Finite([]float32{x}) })
		p.fail("tensor %s has %v at %d, expected finite numbers", name, v[i], i)
	}
	return v
}

// linear is the layer whose parameters are name.weight and name.bias.
func (p *params) linear(name string, out, in int) linear {
	return linear{p.matrix(name+".weight", out, in), p.vector(name+".bias", out)}
}

// linearOr is the layer with or without a bias.
func (p *params) linearOr(name string, out, in int, bias bool) linear {
	if bias {
		return p.linear(name, out, in)
	}
	return linear{weight: p.matrix(name+".weight", out, in)}
}

// transposed is the layer whose parameters are name.weight, [in][out], and name.bias.
func (p *params) transposed(name string, out, in int) linear {
	weights := p.transposedSlices(name+".weight", in, out)
	return linear{weights[0], p.vector(name+".bias", out)}
}

// expertLinears are n layers whose parameters are name, [n][in][out], and name_bias, [n][out].
func (p *params) expertLinears(name string, n, out, in int) []linear {
	weights, biases := p.transposedSlices(name, n, in, out), p.floats(name+"_bias", n, out)
	if p.err != nil {
		return nil
	}
	list := make([]linear, n)
	for i := range list {
		list[i] = linear{weights[i], biases[i*out:][:out]}
	}
	return list
}

// transposedSlices are the matrices [out][in] of a tensor […][in][out].
func (p *params) transposedSlices(name string, shape ...int) []matmul.Matrix {
	t, ok := p.tensor(name, shape...)
	if !ok {
		return []matmul.Matrix{{}}
	}
	in, out := shape[len(shape)-2], shape[len(shape)-1]
	n := t.len() / (in * out)
	size := len(t.data) / n
	list := make([]matmul.Matrix, n)
	for i := range list {
		m, err := matmul.NewTransposed(t.format, t.data[i*size:][:size], out, in)
		if err != nil {
			p.fail("tensor %s: %w", t.name, err)
		}
		list[i] = m
	}
	return list
}

// stacked is several layers of the same shape as one: what they give lies side by side.
func (p *params) stacked(out, in int, names ...string) linear {
	var list []linear
	for _, name := range names {
		list = append(list, p.linear(name, out, in))
	}
	return p.stack(list...)
}

// stack is several layers as one, all with a bias or all without.
func (p *params) stack(list ...linear) linear {
	if p.err != nil {
		return linear{}
	}
	var all linear
	var weights []matmul.Matrix
	for _, l := range list {
		weights, all.bias = append(weights, l.weight), append(all.bias, l.bias...)
	}
	weight, err := matmul.Stack(weights...)
	if err != nil {
		p.fail("%w", err)
	}
	all.weight = weight
	return all
}

// layerNorm is the norm whose parameters are name.weight and name.bias, or gamma and beta as files that come from
// TensorFlow call them.
func (p *params) layerNorm(name string, dim int, eps float64) layerNorm {
	return layerNorm{
		scale: p.vector(p.first(name+".weight", name+".gamma"), dim),
		shift: p.vector(p.first(name+".bias", name+".beta"), dim),
		eps:   eps,
	}
}

// layerNormOr is the norm with or without a shift.
func (p *params) layerNormOr(name string, dim int, eps float64, shift bool) *layerNorm {
	n := &layerNorm{scale: p.vector(name+".weight", dim), eps: eps}
	if n.shift = make([]float32, len(n.scale)); shift {
		n.shift = p.vector(name+".bias", dim)
	}
	return n
}

// rmsNorm is the norm whose parameter is name.weight.
func (p *params) rmsNorm(name string, dim int, eps float64) *rmsNorm {
	return &rmsNorm{p.vector(name+".weight", dim), eps}
}

// total is the number of parameters given out, and the format of most of them.
func (p *params) total() (n int, most matmul.Format) {
	for _, format := range slices.Sorted(maps.Keys(p.counts)) {
		n += p.counts[format]
		if p.counts[format] > p.counts[most] {
			most = format
		}
	}
	return n, most
}

// tied is the matrix of that name, or where the file doesn't have it the other, which it shares.
func (p *params) tied(name string, other matmul.Matrix) matmul.Matrix {
	if p.has(name) {
		return p.matrix(name, other.Out(), other.In())
	}
	return other
}

// layers makes n layers, and stops at the first that the file doesn't have: n is not believed until then.
func layers[L any](p *params, n int, layer func(i int) L) []L {
	var list []L
	for i := 0; i < n && p.err == nil; i++ {
		list = append(list, layer(i))
		if p.err != nil {
			p.err = fmt.Errorf("layer %d of %d: %w", i, n, p.err)
		}
	}
	return list
}
