package model

import (
	"fmt"
	"slices"

	"github.com/rapt-go/rapt"
)

// A Point is a place inside a model where Forward can show what it has computed.
type Point string

// The tap points, in the order in which they come up, with the shape of what they show for one sequence. Those from
// Query to Residual come up once in every layer.
const (
	Embedding Point = "embedding" // [seq][dim]: what enters layer 0

	Query           Point = "q"                // [seq][head][headDim]: as they are multiplied, normed and turned where a layer does that
	Key             Point = "k"                // [seq][head][headDim]: so too
	Value           Point = "v"                // [seq][head][headDim]
	Scores          Point = "scores"           // [head][query][key]: what goes into the softmax, scaled
	Weights         Point = "weights"          // [head][query][key]: what comes out of it
	Z               Point = "z"                // [seq][head][headDim]: the weighted sum of the values
	AttentionOutput Point = "attention_output" // [seq][dim]: z through the output matrix, before it is added to the input
	MLPOutput       Point = "mlp_output"       // [seq][dim]: what the feed-forward half adds to its input
	Residual        Point = "residual"         // [seq][dim]: what leaves the layer
)

// The decoder of an encoder–decoder model has the same points. Between AttentionOutput and MLPOutput its layers have those
// of the attention that looks at what the encoder gave: queries are the decoder's tokens, keys the encoder's.
const (
	CrossQuery   Point = "cross_q"       // [decoder seq][head][headDim]
	CrossKey     Point = "cross_k"       // [seq][head][headDim]
	CrossValue   Point = "cross_v"       // [seq][head][headDim]
	CrossScores  Point = "cross_scores"  // [head][query][key]
	CrossWeights Point = "cross_weights" // [head][query][key]
	CrossZ       Point = "cross_z"       // [decoder seq][head][headDim]
	CrossOutput  Point = "cross_output"  // [decoder seq][dim]
)

var points = []Point{Embedding, Query, Key, Value, Scores, Weights, Z, AttentionOutput,
	CrossQuery, CrossKey, CrossValue, CrossScores, CrossWeights, CrossZ, CrossOutput, MLPOutput, Residual}

// Taps says what Forward shows, and changes, on its way. What isn't asked for costs nothing: scores and weights are
// computed only for a tap.
type Taps struct {
	Points []Point   // where
	Layers []int     // in which layers, of encoder and decoder; nil: all. Embedding belongs to none and is shown anyway
	Visit  func(Tap) // is called by the goroutine that called Forward, one tap after another; it must not use the model
	Edit   *Edit     // what is switched off; nil: nothing

	// Where the weights of the only sequence go, layer by layer, instead of memory of the pass; or nil.
	weights, decoderWeights, crossWeights []float32 // [layer][head][query][key]

	// What the last token of each sequence looks at is gathered here, where the sequences have states; or nil.
	looks []*Look // [batch]

	gather *Gather // what Statistics wants; or nil
}

// A Tap is what one sequence has at one point.
type Tap struct {
	Point   Point
	Decoder bool // in the decoder of an encoder–decoder model

	Layer int       // −1 at Embedding
	Seq   int       // which sequence of the batch
	Start int       // position of its first token here, which isn't 0 where Extend goes on with a sequence
	Shape []int     // as written at the Point
	Data  []float32 // valid during Visit only, and not to be changed
}

// check says what is wrong with taps for a model of so many layers.
func (t *Taps) check(numLayers int) error {
	if t == nil {
		return nil
	}
	if t.Visit == nil && t.Points != nil {
		return fmt.Errorf("taps have no Visit function")
	}
	for _, point := range t.Points {
		if !slices.Contains(points, point) {
			return fmt.Errorf("there is no tap point %q; there are %q", point, points)
		}
	}
	for _, layer := range t.Layers {
		if layer < 0 || layer >= numLayers {
			return fmt.Errorf("tap in layer %d: the model has layers 0 to %d", layer, numLayers-1)
		}
	}
	return nil
}

// wants reports whether a point of the layer at hand is asked for.
func (p *pass) wants(point Point) bool {
	t := p.taps
	return t != nil && slices.Contains(t.Points, point) &&
		(p.layer < 0 || t.Layers == nil || slices.Contains(t.Layers, p.layer))
}

// tap shows a dense activation [tokens][width…], sequence by sequence, where it is asked for.
func (p *pass) tap(point Point, x []float32, width ...int) { p.tapRows(point, x, p.starts, width...) }

// tapRows shows dense rows, those of a sequence s from starts[s] to starts[s+1], where they are asked for.
func (p *pass) tapRows(point Point, x []float32, starts []int, width ...int) {
	if !p.wants(point) {
		return
	}
	stride := len(x) / starts[len(p.batch)]
	for s := range p.batch {
		p.visit(point, s, x[starts[s]*stride:starts[s+1]*stride], append([]int{starts[s+1] - starts[s]}, width...))
	}
}

// tapHeads shows t, [1][rows][head][headDim], where it is asked for.
func (p *pass) tapHeads(point Point, t rapt.Tensor[float32], starts []int) {
	if !p.wants(point) {
		return
	}
	p.tapRows(point, p.dense(t), starts, t.Heads, t.Dim)
}

// tapHeadsOf shows t of one sequence, where it is asked for.
func (p *pass) tapHeadsOf(point Point, seq int, t rapt.Tensor[float32]) {
	if p.wants(point) {
		p.visit(point, seq, p.dense(t), []int{t.Seq, t.Heads, t.Dim})
	}
}

// dense is a copy of t, [1][rows][head][headDim], in memory for what is shown.
func (p *pass) dense(t rapt.Tensor[float32]) []float32 {
	dense := p.room(t.Seq * t.Heads * t.Dim)
	for i := range t.Seq {
		for h := range t.Heads {
			copy(dense[(i*t.Heads+h)*t.Dim:], row(t, i, h))
		}
	}
	return dense
}

// keep is where the weights of the layer at hand go, if the taps say so; else nil.
func (p *pass) keep(point Point, size int) []float32 {
	all := p.taps.weights
	switch {
	case point == CrossWeights:
		all = p.taps.crossWeights
	case p.inDecoder():
		all = p.taps.decoderWeights
	}
	if all == nil {
		return nil
	}
	return all[p.layer*size:][:size]
}

// room is memory for what is shown.
func (p *pass) room(n int) []float32 {
	if cap(p.shown) < n {
		p.shown = make([]float32, n)
	}
	return p.shown[:n]
}

func (p *pass) visit(point Point, s int, data []float32, shape []int) {
	p.taps.Visit(Tap{Point: point, Decoder: p.inDecoder(), Layer: p.layer, Seq: s, Start: p.before(s), Shape: shape, Data: data})
}
