package model

import "fmt"

// LayerParams are the parameters of a layer that measures of attention need: what is behind the weighted sum of the
// values. In the families that norm after adding, with x what enters the layer and z_h of every head side by side,
//
//	y   = LN(x + z·Outputᵀ + OutputBias)        the norm with Norm
//	out = LN(y + mlp(y))                        the norm with MLPNorm
type LayerParams struct {
	Output     []float32 // [dim][heads·headDim]: W_O
	OutputBias []float32 // [dim]
	Norm       NormParams
	MLPNorm    NormParams
}

// NormParams are those of scale·(x − mean)/√(variance + Eps) + shift.
type NormParams struct {
	Scale, Shift []float32 // [dim]
	Eps          float64
}

// LayerParams copies the parameters of a layer.
func (m *Model) LayerParams(layer int) (*LayerParams, error) {
	release, err := m.acquire()
	if err != nil {
		return nil, err
	}
	defer release()
	if layer < 0 || layer >= m.info.NumLayers {
		return nil, fmt.Errorf("layer %d: the model has layers 0 to %d", layer, m.info.NumLayers-1)
	}
	l := &m.network.layers[layer]
	o := &l.attention.o
	in := o.weight.In()
	p := &LayerParams{Output: make([]float32, o.weight.Out()*in), OutputBias: o.bias, Norm: l.attentionNorm.params(), MLPNorm: l.norm.params()}
	for i := range o.weight.Out() {
		o.weight.Row(p.Output[i*in:(i+1)*in], i)
	}
	return p, nil
}

func (l *layerNorm) params() NormParams { return NormParams{l.scale, l.shift, l.eps} }

// MeanPool is how Embed makes a sentence's vector of its last hidden states: their mean, scaled to length 1.
func (m *Model) MeanPool(hidden []float32) []float32 { // [seq][dim] → [dim]
	return unit(columnSums(hidden, m.info.ModelDim))
}
