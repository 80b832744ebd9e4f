package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"

	"github.com/rapt-go/rapt/internal/measure"
	"github.com/rapt-go/rapt/model"
)

// modelCases is the built-in model on sequences of some lengths; the same with all weights returned; and texts in, vectors
// out. Names are model/[maps/]s<tokens>[/b<batch>] and model/texts<number>.
func modelCases() []measure.Case {
	// All cases share the model, which is loaded when the first of them runs.
	load := sync.OnceValues(func() (*model.Model, error) { return openModel("") })
	var cases []measure.Case
	for _, s := range []struct{ tokens, batch int }{{9, 1}, {128, 1}, {256, 1}, {128, 32}} {
		name := fmt.Sprintf("model/s%d", s.tokens)
		if s.batch > 1 {
			name += fmt.Sprintf("/b%d", s.batch)
		}
		batch := sequences(s.batch, s.tokens)
		cases = append(cases, modelCase(load, name, batch, func(ctx context.Context, m *model.Model) error {
			_, err := m.Forward(ctx, batch, nil)
			return err
		}))
	}
	for _, tokens := range []int{128, 256} {
		batch := sequences(1, tokens)
		var last *model.Trace
		cases = append(cases, modelCase(load, fmt.Sprintf("model/maps/s%d", tokens), batch, func(ctx context.Context, m *model.Model) (err error) {
			last, err = m.Trace(ctx, batch[0], model.Want{Weights: true, Reuse: last})
			return err
		}))
	}
	texts, lengths := sentences(1000)
	return append(cases, modelCase(load, "model/texts1000", lengths, func(ctx context.Context, m *model.Model) error {
		_, err := m.EmbedTexts(ctx, texts, nil)
		return err
	}))
}

// modelCase is a case whose useful work is that of the batch, without padding.
func modelCase(load func() (*model.Model, error), name string, batch []model.Sequence, call func(context.Context, *model.Model) error) measure.Case {
	return measure.New(name, miniLMFlops(batch), func(int) (func() error, error) {
		m, err := load()
		if err != nil {
			return nil, err
		}
		return func() error { return call(context.Background(), m) }, nil
	})
}

// miniLMFlops is what all-MiniLM-L6-v2 multiplies and adds for a batch: 6 layers with matrices of 384 by 4·384 + 2·1536,
// and attention of 384 numbers in all heads.
func miniLMFlops(batch []model.Sequence) (flops float64) {
	const layers, dim, mlp = 6, 384, 1536
	for _, s := range batch {
		n := float64(len(s.IDs))
		flops += layers * (2*n*dim*(4*dim+2*mlp) + 4*n*n*dim)
	}
	return flops
}

// sequences are as many, of as many tokens each.
func sequences(batch, tokens int) []model.Sequence {
	list := make([]model.Sequence, batch)
	for b := range list {
		for i := range tokens {
			list[b].IDs = append(list[b].IDs, 1996+(b*tokens+i)*37%20000)
		}
	}
	return list
}

// sentences are n sentences of natural lengths: 5 to 60 tokens with the two that the tokenizer adds, most of them 10 to
// 30. Every word of theirs is a token. The sequences are as long as theirs.
func sentences(n int) (texts []string, lengths []model.Sequence) {
	words := strings.Fields("the cat sat on a mat and one old dog saw some new red birds over there while we were at home with her")
	r := rand.New(rand.NewPCG(1, 2))
	for range n {
		tokens := min(5+int(r.ExpFloat64()*8+r.ExpFloat64()*8), 60)
		var text []string
		for range tokens - 2 {
			text = append(text, words[r.IntN(len(words))])
		}
		texts = append(texts, strings.Join(text, " "))
		lengths = append(lengths, model.Sequence{IDs: make([]int, tokens)})
	}
	return texts, lengths
}
