package model

import (
	"fmt"

	"github.com/rapt-go/rapt/internal/kernel"
)

// A parameter that is NaN makes everything NaN that depends on it. Parameters are gigabytes that nobody wants to read when a
// model is opened, so only vectors are looked at then, of which there is a copy anyway. Matrices are noticed by what they
// make: after each layer all of x is looked at, one number for every few thousand multiplications. Infinity is noticed
// where it makes NaN, as in a norm or a softmax, or stays; a score of −∞ hides a key, whatever it came from. Parameters
// that no result depends on, as the embedding of a word that isn't in the text, may be anything.

// A notFiniteError is a part of the network that makes NaN or infinity.
type notFiniteError struct{ part string }

func (e *notFiniteError) Error() string {
	return fmt.Sprintf("%s of the model makes numbers that aren't finite: among its parameters there is NaN, infinity, or what is too large", e.part)
}

// checkFinite says if what the embeddings or a layer have left in p.x isn't finite.
func (p *pass) checkFinite() error {
	if kernel.Finite(p.x.data) {
		return nil
	}
	part := "the embedding"
	if p.layer >= 0 {
		part = fmt.Sprintf("layer %d", p.layer)
	}
	if p.inDecoder() {
		part += " of the decoder"
	}
	return &notFiniteError{part}
}

// checkResult says if what a part of the network gives isn't finite.
func checkResult(part string, x []float32) error {
	if !kernel.Finite(x) {
		return &notFiniteError{part}
	}
	return nil
}
