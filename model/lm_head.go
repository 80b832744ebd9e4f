package model

import (
	"math"

	"github.com/rapt-go/rapt/internal/kernel"
	"github.com/rapt-go/rapt/internal/team"
)

// An lmHead scores the vocabulary for the token that comes next: logits = W·(scale·x) + b, and with a cap c bent to
// c·tanh(logits/c) (Gemma 2).
type lmHead struct {
	linear         // [vocab][dim]
	cap    float32 // 0: none
	scale  float32 // 0: 1
}

func (h *lmHead) forward(t *team.Team, x []float32) []float32 { // [n][dim] → [n][vocab]
	if h.scale != 0 {
		scaled := make([]float32, len(x))
		kernel.Scale(scaled, h.scale, x)
		x = scaled
	}
	logits := make([]float32, len(x)/h.weight.In()*h.weight.Out())
	h.linear.forward(t, logits, x, nil)
	if h.cap > 0 {
		kernel.Softcap(logits, 1, h.cap)
	}
	return logits
}

// direction is the row of the token; a cap counts as the factor by which it bends this logit.
func (h *lmHead) direction(x []float32, token int) (direction []float64, logit float64) {
	row := make([]float32, h.weight.In())
	h.weight.Row(row, token)
	direction = make([]float64, len(row))
	scale := 1.0
	if h.scale != 0 {
		scale = float64(h.scale)
	}
	for i, w := range row {
		direction[i] = scale * float64(w)
		logit += direction[i] * float64(x[i])
	}
	if h.bias != nil {
		logit += float64(h.bias[token])
	}
	if h.cap > 0 && logit != 0 {
		c := float64(h.cap)
		bent := c * math.Tanh(logit/c)
		for i := range direction {
			direction[i] *= bent / logit
		}
		logit = bent
	}
	return direction, logit
}
