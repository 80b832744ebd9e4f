package model_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/rapt-go/rapt/model"
)

// manySequences are so many sequences of 1 to 20 tokens.
func manySequences(n int) []model.Sequence {
	r := rand.New(rand.NewPCG(1, 2))
	batch := make([]model.Sequence, n)
	for i := range batch {
		for range 1 + r.IntN(20) {
			batch[i].IDs = append(batch[i].IDs, r.IntN(120))
		}
	}
	return batch
}

// setThreads sets GOMAXPROCS during a test.
func setThreads(t testing.TB, n int) {
	before := runtime.GOMAXPROCS(n)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
}

// An embedding has the same bits alone, in a batch of any size and for any number of threads; the order is kept.
func TestEmbedSameBits(t *testing.T) {
	m := load(t, "bert", "config.json")
	ctx := context.Background()
	batch := manySequences(600) // enough to be divided among 8 threads
	want := make([][]float32, len(batch))
	for i := range batch {
		alone, err := m.Embed(ctx, batch[i:i+1])
		if err != nil {
			t.Fatal(err)
		}
		want[i] = alone[0]
	}
	for _, threads := range []int{1, 2, 3, 8} {
		setThreads(t, threads)
		for _, size := range []int{2, 50, 600} {
			got, err := m.Embed(ctx, batch[:size])
			if err != nil {
				t.Fatal(err)
			}
			for i := range got {
				if !slices.Equal(got[i], want[i]) {
					t.Fatalf("%d threads, %d sequences: embedding %d differs from that of the sequence alone", threads, size, i)
				}
			}
		}
	}
}

// Hidden states and pooled output of a long batch too, and with taps, which keep the batch in one piece.
func TestForwardSameBits(t *testing.T) {
	m := load(t, "bert", "config.json")
	batch := manySequences(600)
	setThreads(t, 2)
	all := forward(t, m, batch)
	tapped, err := m.Forward(context.Background(), batch, &model.Taps{
		Points: []model.Point{model.Query, model.AttentionOutput, model.MLPOutput}, Visit: func(model.Tap) {}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range batch {
		alone := forward(t, m, batch[i:i+1])
		for _, out := range []*model.Output{all, tapped} {
			if !slices.Equal(out.Hidden[i], alone.Hidden[0]) || !slices.Equal(out.Pooled[i], alone.Pooled[0]) {
				t.Fatalf("sequence %d differs from the same alone", i)
			}
		}
	}
}

// Eight goroutines share a model from its first use on.
func TestEmbedConcurrent(t *testing.T) {
	setThreads(t, 4)
	batch := manySequences(300)
	want, err := load(t, "bert", "config.json").Embed(context.Background(), batch)
	if err != nil {
		t.Fatal(err)
	}
	m := load(t, "bert", "config.json")
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := g; i < 40; i += 8 {
				part := batch[i*7 : i*7+1+i%4*5]
				got, err := m.Embed(context.Background(), part)
				if err != nil {
					t.Error(err)
					return
				}
				for j := range part {
					if !slices.Equal(got[j], want[i*7+j]) {
						t.Errorf("embedding %d differs", i*7+j)
					}
				}
			}
		})
	}
	wg.Wait()
}

// A cancelled context ends a long batch, and no result is given.
func TestEmbedCancel(t *testing.T) {
	m := load(t, "bert", "config.json")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if got, err := m.Embed(ctx, manySequences(600)); !errors.Is(err, context.Canceled) || got != nil {
		t.Errorf("%d embeddings and error %v, expected none and %v", len(got), err, context.Canceled)
	}
}

// In the steady state only the result is allocated: the list, the numbers, and a few words around them.
func TestForwardAllocations(t *testing.T) {
	if raceDetector {
		t.Skip("with the race detector pools drop what they hold, at random")
	}
	m := load(t, "distilbert", "config.json") // it has no pooler
	setThreads(t, 2)
	n := testing.AllocsPerRun(20, func() { forward(t, m, inputs) })
	const result, around = 3, 4 // Output, its list and its numbers; the taker, what it holds on to, and the release
	if n > result+around {
		t.Errorf("a pass allocates %v times, expected at most %d", n, result+around)
	}
}
