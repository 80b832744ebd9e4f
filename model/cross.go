package model

import (
	"context"
	"fmt"

	"github.com/rapt-go/rapt"
	"github.com/rapt-go/rapt/internal/matmul"
	"github.com/rapt-go/rapt/internal/team"
)

// crossAttention is selfAttention with k and v linear in what the encoder left.
type crossAttention struct {
	q       linear // [heads·headDim][dim]
	kv      linear // [2·heads·headDim][dim]: the rows of k, then of v
	o       linear // [dim][heads·headDim]
	options rapt.Options
}

// forward is the attention of every sequence of a decoder's pass, of x as the layer's norm leaves it, over the encoder's
// sequence: what is added to p.x is in p.out.
func (a *crossAttention) forward(p *pass, x rows) error {
	p.multiply(&a.q, p.qkv, x, nil)
	s, heads := &p.attention, p.info.NumHeads
	s.told, s.bias, s.states, s.cross = &a.options, nil, p.states, true
	s.q, s.z = p.heads(p.qkv, 0, heads), p.heads(p.z, 0, heads)
	p.tapHeads(CrossQuery, s.q, p.starts)
	a.lookAtEncoder(p)
	if err := p.look(); err != nil {
		return err
	}
	if err := p.attend(CrossScores, CrossWeights); err != nil {
		return err
	}
	p.tapHeads(CrossZ, s.z, p.starts)
	p.multiply(&a.o, p.out, p.z, nil)
	p.tap(CrossOutput, p.out.data, p.info.ModelDim)
	return nil
}

// lookAtEncoder sets the keys and values: those of the encoder's pass, or those that the states hold.
func (a *crossAttention) lookAtEncoder(p *pass) {
	s, heads, dim := &p.attention, p.info.NumHeads, p.info.HeadDim
	if p.encoder != nil {
		starts, n := p.encoder.starts, p.encoder.tokens()
		p.crossKeyValues.resize(n, 2*heads*dim, apart)
		p.multiplyRows(&a.kv, p.crossKeyValues, p.encoder.x, n, nil)
		s.k, s.v, s.keyStarts = p.heads(p.crossKeyValues, 0, heads), p.heads(p.crossKeyValues, heads, heads), starts
		p.tapHeads(CrossKey, s.k, starts)
		p.tapHeads(CrossValue, s.v, starts)
		return
	}
	for seq, state := range p.states {
		held := &state.encoder[p.layer]
		s.k, s.v = held.heads(0, heads, dim), held.heads(heads, heads, dim)
		p.tapHeadsOf(CrossKey, seq, s.k)
		p.tapHeadsOf(CrossValue, seq, s.v)
	}
}

func (a *crossAttention) linears() []*linear { return []*linear{&a.q, &a.kv, &a.o} }

// A crossLayer is a preNormLayer of a decoder that looks at an encoder's states between its halves:
// x = x + attention(norm(x)), x = x + cross(norm(x)), x = x + mlp(norm(x)).
type crossLayer struct {
	attentionNorm norm
	attention     selfAttention
	crossNorm     norm
	cross         crossAttention
	mlpNorm       norm
	mlp           mlp
}

func (l *crossLayer) forward(p *pass) error { // p.x, in place
	if err := l.attention.forward(p, p.normed(l.attentionNorm)); err != nil {
		return err
	}
	p.add()
	if err := l.cross.forward(p, p.normed(l.crossNorm)); err != nil {
		return err
	}
	p.add()
	l.mlp.forward(p, p.normed(l.mlpNorm))
	p.tap(MLPOutput, p.out.data, p.info.ModelDim)
	p.add()
	return nil
}

func (l *crossLayer) linears() []*linear {
	list := []*linear{&l.attention.qkv, &l.attention.o}
	return append(append(list, l.cross.linears()...), l.mlp.linears()...)
}

// Encode runs the encoder of an encoder–decoder model and gives for each sequence the state of a decoder that has written
// nothing yet. Extend and Next go on from there; the first of a decoder's ids is Info.DecoderStart.
func (m *Model) Encode(ctx context.Context, batch []Sequence) ([]*State, error) { // [batch]
	release, err := m.acquire()
	if err != nil {
		return nil, err
	}
	defer release()
	if m.network.decoder == nil {
		return nil, fmt.Errorf("%s has no decoder beside an encoder", m.info.Family)
	}
	if err := check(&m.info, batch, nil); err != nil {
		return nil, err
	}
	if decodes(batch) {
		return nil, fmt.Errorf("there are ids for the decoder; they come after Encode")
	}
	states := make([]*State, len(batch))
	if len(batch) == 0 {
		return states, nil
	}
	err = m.run(ctx, batch, nil, func(s int, hidden lastHidden, t *team.Team) {
		states[s] = m.decoderState(hidden.rows, t)
	})
	if err != nil {
		return nil, err
	}
	return states, nil
}

// decoderState is a state with what the decoder's layers look at: keys and values of what the encoder gave.
func (m *Model) decoderState(hidden []float32, t *team.Team) *State { // hidden [seq][dim]
	s := &State{model: m, layers: make([]keyValues, m.info.NumDecoderLayers), encoderLen: len(hidden) / m.info.ModelDim}
	for _, l := range m.network.decoder.layers {
		kv := &l.(*crossLayer).cross.kv
		var held rows
		held.resize(s.encoderLen, kv.weight.Out(), apart)
		p := matmul.Product{
			Matrix: &kv.weight, Bias: kv.bias,
			Dst: held.data, DstStride: held.stride, X: hidden, XStride: m.info.ModelDim, Rows: s.encoderLen,
		}
		p.Run(t)
		s.encoder = append(s.encoder, keyValues{rows: held})
	}
	return s
}
