package model

import (
	"fmt"
	"math"
	"slices"

	"github.com/rapt-go/rapt/internal/team"
)

// LayerParams are the parameters of a layer that measures of attention need: what is behind the weighted sum of the
// values. In the families that norm after adding, with x what enters the layer and z_h of every head side by side,
//
//	y   = LN(x + z·Outputᵀ + OutputBias)        the norm with Norm
//	out = LN(y + mlp(y))                        the norm with MLPNorm
//
// and in those that norm what enters a half of the layer, PreNorm,
//
//	y   = x + z·Outputᵀ + OutputBias
//	out = y + mlp(LN(y))
//
// where z is computed from LN(x), and Norm and MLPNorm aren't given.
type LayerParams struct {
	Output     []float32 // [dim][heads·headDim]: W_O
	OutputBias []float32 // [dim]; nil: none
	PreNorm    bool
	Norm       NormParams
	MLPNorm    NormParams
}

// NormParams are those of scale·(x − mean)/√(variance + Eps) + shift or, with RMS, of scale·x/√(mean of x² + Eps).
type NormParams struct {
	Scale, Shift []float32 // [dim]; a Shift of nil is 0
	Eps          float64
	RMS          bool
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
	p := &LayerParams{}
	var o *linear
	switch l := m.network.layers[layer].(type) {
	case *bertLayer:
		o, p.Norm, p.MLPNorm = &l.attention.o, l.attentionNorm.params(), l.norm.params()
	case *preNormLayer:
		if l.attentionPostNorm != nil {
			return nil, fmt.Errorf("%s norms what attention gives before it is added, so that the parts of heads don't add up", m.info.Family)
		}
		o, p.PreNorm = &l.attention.o, true
	default:
		return nil, fmt.Errorf("layer %d of %s isn't one of self-attention and a feed-forward half", layer, m.info.Family)
	}
	in := o.weight.In()
	p.Output, p.OutputBias = make([]float32, o.weight.Out()*in), o.bias
	for i := range o.weight.Out() {
		o.weight.Row(p.Output[i*in:(i+1)*in], i)
	}
	return p, nil
}

// FinalNorm is the norm between what leaves the last layer and the last hidden states; false if there is none.
func (m *Model) FinalNorm() (p NormParams, ok bool, err error) {
	release, err := m.acquire()
	if err != nil {
		return p, false, err
	}
	defer release()
	switch norm := m.network.norm.(type) {
	case nil:
		return p, false, nil
	case *layerNorm:
		return norm.params(), true, nil
	case *rmsNorm:
		return NormParams{Scale: norm.scale, Eps: norm.eps, RMS: true}, true, nil
	}
	return p, false, fmt.Errorf("the final norm of %s is of an unknown kind", m.info.Family)
}

func (l *layerNorm) params() NormParams {
	return NormParams{Scale: l.scale, Shift: l.shift, Eps: l.eps}
}

// LogitDirection linearises the head that scores the vocabulary at one last hidden state: with the deviation of the head's
// norm taken as given, and its activation act(u) as the factor act(u)/u,
//
//	logit of token = direction · hidden + constant
//
// which holds exactly at this hidden state. It gives the direction and the logit.
func (m *Model) LogitDirection(hidden []float32, token int) (direction []float64, logit float64, err error) { // hidden, direction [dim]
	release, err := m.acquire()
	if err != nil {
		return nil, 0, err
	}
	defer release()
	switch {
	case !m.info.HasHead:
		return nil, 0, errNoHead
	case len(hidden) != m.info.ModelDim:
		return nil, 0, fmt.Errorf("a hidden state has %d numbers, expected %d", len(hidden), m.info.ModelDim)
	case token < 0 || token >= m.info.VocabSize:
		return nil, 0, fmt.Errorf("token %d is outside the vocabulary of %d", token, m.info.VocabSize)
	}
	direction, logit = m.network.head.direction(hidden, token)
	return direction, logit, nil
}

func (h *mlmHead) direction(x []float32, token int) (direction []float64, logit float64) {
	u := make([]float32, h.transform.weight.Out())
	h.transform.forward(team.Alone, u, x, nil)
	a := slices.Clone(u)
	h.act(a, len(a), 1, len(a))
	y := slices.Clone(a)
	h.norm.inPlace(y)
	word := make([]float32, len(y))
	h.decoder.weight.Row(word, token)

	// Back through y = scale·(a − mean(a))/σ: the mean takes from every direction what they have in common.
	var mean, squares, common float64
	for _, v := range a {
		mean += float64(v) / float64(len(a))
	}
	for i, v := range a {
		squares += (float64(v) - mean) * (float64(v) - mean)
		common += float64(h.norm.scale[i]) * float64(word[i]) / float64(len(a))
		logit += float64(word[i]) * float64(y[i])
	}
	deviation := math.Sqrt(squares/float64(len(a)) + h.norm.eps)
	direction = make([]float64, len(x))
	row := make([]float32, len(x))
	for i, v := range u {
		if v == 0 {
			continue // the activations that models use are 0 at 0, and so is what this unit says
		}
		g := (float64(h.norm.scale[i])*float64(word[i]) - common) / deviation * float64(a[i]) / float64(v)
		h.transform.weight.Row(row, i)
		for d, w := range row {
			direction[d] += g * float64(w)
		}
	}
	if h.decoder.bias != nil {
		logit += float64(h.decoder.bias[token])
	}
	return direction, logit
}
