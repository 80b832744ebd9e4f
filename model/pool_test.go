package model_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rapt-go/rapt/model"
)

// newPool is a pool of a model, with a limit of so many bytes or none.
func newPool(t testing.TB, m *model.Model, limit int) *model.Pool {
	t.Helper()
	p, err := m.NewPool(limit)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A twin is a sequence that a state of a pool and one outside have.
type twin struct{ paged, alone *model.State }

func newTwin(t testing.TB, m *model.Model, p *model.Pool) twin {
	t.Helper()
	s, err := p.NewState()
	if err != nil {
		t.Fatal(err)
	}
	return twin{s, states(t, m, 1)[0]}
}

// extend adds tokens to some twins and compares what comes out of both: hidden states and, with weights, all of these.
func extend(m *model.Model, twins []twin, batch []model.Sequence, weights bool) error {
	var paged, alone []*model.State
	for _, w := range twins {
		paged, alone = append(paged, w.paged), append(alone, w.alone)
	}
	run := func(states []*model.State) (*model.Output, []float32, error) {
		var seen []float32
		var taps *model.Taps
		if weights {
			taps = &model.Taps{Points: []model.Point{model.Scores, model.Weights}, Visit: func(tap model.Tap) { seen = append(seen, tap.Data...) }}
		}
		out, err := m.Extend(context.Background(), states, batch, taps)
		return out, seen, err
	}
	got, gotWeights, err := run(paged)
	if err != nil {
		return err
	}
	want, wantWeights, err := run(alone)
	if err != nil {
		return err
	}
	if !slices.Equal(gotWeights, wantWeights) {
		return errors.New("scores or weights differ")
	}
	for s := range batch {
		if !slices.Equal(got.Hidden[s], want.Hidden[s]) {
			return fmt.Errorf("sequence %d of the batch, which has %d tokens now, differs", s, paged[s].Len())
		}
	}
	return nil
}

// comeAndGo has sequences begin, go on in batches of any lengths, and end.
func comeAndGo(t testing.TB, m *model.Model, p *model.Pool, seed uint64, rounds int) error {
	r := rand.New(rand.NewPCG(seed, 1))
	var live []twin
	for range rounds {
		for len(live) < 2 || len(live) < 6 && r.IntN(2) == 0 {
			live = append(live, newTwin(t, m, p))
		}
		r.Shuffle(len(live), func(i, j int) { live[i], live[j] = live[j], live[i] })
		some := live[:1+r.IntN(len(live))]
		var batch []model.Sequence
		for _, w := range some {
			n := []int{1, 1, 1, 7, 40}[r.IntN(5)]
			batch = append(batch, sequenceOf(min(n, m.Info().MaxSeqLen-w.paged.Len())))
		}
		if err := extend(m, some, batch, r.IntN(4) == 0); err != nil {
			return err
		}
		live = slices.DeleteFunc(live, func(w twin) bool {
			over := w.paged.Len() == m.Info().MaxSeqLen || r.IntN(12) == 0
			if over {
				w.paged.Close()
			}
			return over
		})
	}
	for _, w := range live {
		w.paged.Close()
	}
	return nil
}

// States of a pool have what states of their own have, to the bit, however many share it and whatever pages they get; and
// all of it comes back.
func TestPool(t *testing.T) {
	for _, name := range decoders {
		t.Run(name, func(t *testing.T) {
			m := openWith(t, name, "config.json")
			p := newPool(t, m, 0)
			if err := comeAndGo(t, m, p, 1, 40); err != nil {
				t.Fatal(err)
			}
			if used, all := p.Bytes(); used != 0 || all == 0 {
				t.Errorf("%d of %d bytes are used after all sequences ended", used, all)
			}
		})
	}
}

// Goroutines with states of their own share a pool that is moved as it grows.
func TestPoolConcurrent(t *testing.T) {
	m := openWith(t, "mistral", "config.json")
	p := newPool(t, m, 0)
	var group sync.WaitGroup
	for seed := range 4 {
		group.Go(func() {
			if err := comeAndGo(t, m, p, uint64(seed), 15); err != nil {
				t.Errorf("goroutine %d: %v", seed, err)
			}
		})
	}
	group.Wait()
	if used, _ := p.Bytes(); used != 0 {
		t.Errorf("%d bytes are used after all sequences ended", used)
	}
}

// pageOfEach is how many bytes a page of each layer takes: what a sequence of one token has.
func pageOfEach(t testing.TB, m *model.Model) int {
	t.Helper()
	p := newPool(t, m, 0)
	w := newTwin(t, m, p)
	if err := extend(m, []twin{w}, []model.Sequence{sequenceOf(1)}, false); err != nil {
		t.Fatal(err)
	}
	used, _ := p.Bytes()
	w.paged.Close()
	return used
}

// A full pool refuses a batch as a whole and says why; the states are as before, others go on, and after one has ended the
// same batch is taken.
func TestPoolFull(t *testing.T) {
	m := openWith(t, "llama", "config.json")
	p := newPool(t, m, 4*pageOfEach(t, m))
	a, b, c := newTwin(t, m, p), newTwin(t, m, p), newTwin(t, m, p)
	mustExtend := func(batch []model.Sequence, twins ...twin) {
		t.Helper()
		if err := extend(m, twins, batch, false); err != nil {
			t.Fatal(err)
		}
	}
	mustExtend([]model.Sequence{sequenceOf(30), sequenceOf(40)}, a, b)
	layers := m.Info().NumLayers
	for _, call := range []func(context.Context, []*model.State, []model.Sequence) error{
		func(ctx context.Context, s []*model.State, batch []model.Sequence) error {
			_, err := m.Extend(ctx, s, batch, nil)
			return err
		},
		func(ctx context.Context, s []*model.State, batch []model.Sequence) error {
			_, err := m.Next(ctx, s, batch, nil)
			return err
		},
	} {
		err := call(context.Background(), []*model.State{a.paged, c.paged}, []model.Sequence{sequenceOf(5), sequenceOf(9)})
		wantError(t, err, "the pool is full", fmt.Sprintf("need %d pages of 32 positions", 2*layers), fmt.Sprintf("%d of %d are free", layers, 4*layers))
		if !errors.Is(err, model.ErrPoolFull) {
			t.Errorf("%v isn't ErrPoolFull", err)
		}
	}
	if a.paged.Len() != 30 || c.paged.Len() != 0 {
		t.Errorf("states have %d and %d tokens after a refusal, expected 30 and 0", a.paged.Len(), c.paged.Len())
	}
	mustExtend([]model.Sequence{sequenceOf(2), sequenceOf(24)}, a, b)
	b.paged.Close()
	mustExtend([]model.Sequence{sequenceOf(5), sequenceOf(9)}, a, c)
}

// A layer with a window gives back the pages that have left it: a sequence of any length fits three of them.
func TestPoolWindow(t *testing.T) {
	m := modelWith(t, "mistral", map[string]any{"max_position_embeddings": 5000}) // with a window of 5
	p := newPool(t, m, 3*pageOfEach(t, m))
	w := newTwin(t, m, p)
	for w.paged.Len() < 600 {
		if err := extend(m, []twin{w}, []model.Sequence{sequenceOf(1 + w.paged.Len()%33)}, false); err != nil {
			t.Fatal(err)
		}
	}
}

// What nobody has a hold on comes back without Close.
func TestPoolDropped(t *testing.T) {
	m := openWith(t, "llama", "config.json")
	p := newPool(t, m, 0)
	if err := extend(m, []twin{newTwin(t, m, p)}, []model.Sequence{sequenceOf(50)}, false); err != nil {
		t.Fatal(err)
	}
	for used := 1; used > 0; used, _ = p.Bytes() {
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
}

func TestPoolErrors(t *testing.T) {
	m := openWith(t, "llama", "config.json")
	least := pageOfEach(t, m)
	for _, limit := range []int{-1, least - 1} {
		_, err := m.NewPool(limit)
		wantError(t, err, fmt.Sprintf("limit of the pool is %d bytes", limit), fmt.Sprintf("takes %d", least))
	}
	_, err := load(t, "bert", "config.json").NewPool(0)
	wantError(t, err, "bert isn't causal")
	one, other := newTwin(t, m, newPool(t, m, 0)).paged, newTwin(t, m, newPool(t, m, 0)).paged
	batch := []model.Sequence{sequenceOf(3), sequenceOf(3)}
	_, err = m.Extend(context.Background(), []*model.State{one, other}, batch, nil)
	wantError(t, err, "state 1 is of another pool")
	own := states(t, m, 1)[0]
	for _, s := range []*model.State{one, own} {
		s.Close()
		s.Close()
		_, err = m.Extend(context.Background(), []*model.State{s}, batch[:1], nil)
		wantError(t, err, "state 0 is closed")
	}
}
