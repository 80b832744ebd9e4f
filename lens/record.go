package lens

import (
	"context"
	"errors"
	"slices"

	"github.com/rapt-go/rapt/model"
)

// A Record is what the measures beyond plain weights need of one run: for every layer what went in, the weights and
// values of its heads, what came out, and the parameters behind them. Make it with Run.
type Record struct {
	Layers []Layer
	Output []float32 // [seq][dim]: the last hidden states

	embedding []float32   // [seq][dim]: what enters layer 0
	edit      *model.Edit // what was switched off; nil: nothing
	opaque    error       // why the layers have no Params
}

// A Layer is one layer of a Record.
type Layer struct {
	Seq, NumHeads, NumKVHeads, HeadDim, Dim int

	Input           []float32 // [seq][dim]: x
	Weights         []float32 // [head][query][key]
	Values          []float32 // [seq][kvHead][headDim]: v, with its bias
	AttentionOutput []float32 // [seq][dim]: what is added to x
	MLPOutput       []float32 // [seq][dim]: what the feed-forward half adds
	Output          []float32 // [seq][dim]: what leaves the layer

	Params *model.LayerParams // nil: measures that need them are refused

	silent []bool // [head]: switched off
}

// Run runs the model over a sequence, edited if edit isn't nil, and records it. A head that is switched off keeps its
// weights, but brings nothing.
func Run(ctx context.Context, m *model.Model, s model.Sequence, edit *model.Edit) (*Record, error) {
	info := m.Info()
	r := &Record{Layers: make([]Layer, info.NumLayers), edit: edit}
	for i := range r.Layers {
		params, err := m.LayerParams(i)
		if errors.Is(err, model.ErrClosed) {
			return nil, err
		}
		if err != nil {
			r.opaque = err
		}
		r.Layers[i] = Layer{Seq: len(s.IDs), NumHeads: info.NumHeads, NumKVHeads: info.NumKVHeads, HeadDim: info.HeadDim,
			Dim: info.ModelDim, Params: params, silent: make([]bool, info.NumHeads)}
	}
	taps := &model.Taps{Edit: edit, Visit: r.visit, Points: []model.Point{model.Embedding, model.Value, model.Weights,
		model.AttentionOutput, model.MLPOutput, model.Residual}}
	if _, err := m.Forward(ctx, []model.Sequence{s}, taps); err != nil {
		return nil, err
	}
	input := r.embedding
	for i := range r.Layers {
		r.Layers[i].Input, input = input, r.Layers[i].Output
		r.Layers[i].silence(i, edit)
	}
	r.Output = input
	return r, nil
}

func (r *Record) visit(tap model.Tap) {
	data := slices.Clone(tap.Data)
	if tap.Point == model.Embedding {
		r.embedding = data
		return
	}
	l := &r.Layers[tap.Layer]
	switch tap.Point {
	case model.Value:
		l.Values = data
	case model.Weights:
		l.Weights = data
	case model.AttentionOutput:
		l.AttentionOutput = data
	case model.MLPOutput:
		l.MLPOutput = data
	case model.Residual:
		l.Output = data
	}
}

// silence notes the heads that are switched off.
func (l *Layer) silence(layer int, edit *model.Edit) {
	if edit == nil {
		return
	}
	for _, off := range edit.HeadsOff {
		if off.Layer != layer && off.Layer != model.All {
			continue
		}
		for h := range l.silent {
			l.silent[h] = l.silent[h] || off.Head == h || off.Head == model.All
		}
	}
}

// Attention is the weights of every layer and head, as they were used.
func (r *Record) Attention() *model.Attention {
	return r.collect(r.Layers[0].NumHeads, func(l *Layer) []float32 { return l.Weights })
}

// collect puts maps of so many heads, [head][query][key], of every layer into one.
func (r *Record) collect(heads int, maps func(l *Layer) []float32) *model.Attention {
	n := r.Layers[0].Seq
	a := &model.Attention{NumLayers: len(r.Layers), NumHeads: heads, QueryLen: n, KeyLen: n}
	for i := range r.Layers {
		a.Weights = append(a.Weights, maps(&r.Layers[i])...)
	}
	return a
}

// values is v of one token in one head, [headDim]; heads may share it.
func (l *Layer) values(token, head int) []float32 {
	shared := head * l.NumKVHeads / l.NumHeads
	at := (token*l.NumKVHeads + shared) * l.HeadDim
	return l.Values[at : at+l.HeadDim]
}

// transformed is f_h(j) = v_j·W_O of the part of head h: what key j brings to a query in this head at weight 1, which is
// nothing if the head is switched off. The value has its bias, and W_O's is left out.
func (l *Layer) transformed(token, head int) []float64 { // [dim]
	f := make([]float64, l.Dim)
	if l.silent[head] {
		return f
	}
	v, inner := l.values(token, head), l.NumHeads*l.HeadDim
	for o := range f {
		row := l.Params.Output[o*inner+head*l.HeadDim:]
		for d, x := range v {
			f[o] += float64(x) * float64(row[d])
		}
	}
	return f
}

// weight is A[i,j] of a head.
func (l *Layer) weight(head, query, key int) float64 {
	return float64(l.Weights[(head*l.Seq+query)*l.Seq+key])
}

// errOtherArchitecture is what a measure returns whose parts don't add up to what the model has computed.
var errOtherArchitecture = errors.New("the parts don't add up to what the model computes: the model does something that this measure doesn't know of")
