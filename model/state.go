package model

import (
	"fmt"
	"math"

	"github.com/rapt-go/rapt"
	"github.com/rapt-go/rapt/internal/kernel"
)

// A State is what a causal model keeps of one sequence, so that tokens can be added without computing the earlier ones
// again: the keys and values of every layer. A layer with a window forgets what has left it, so that its part stays
// bounded however long the sequence becomes. A State must not be used by two goroutines at once.
type State struct {
	model   *Model
	len     int         // tokens
	planned int         // that the sequence will have after the call at hand: see Model.plan
	ids     []int       // of the tokens, where Model.plan may need them
	layers  []keyValues // [layer]
	paged   *paged      // what a state of a Pool has instead of layers; or nil
	closed  bool

	encoder    []keyValues // [layer]: of the states of an encoder, which the layers of the decoder beside it look at; or nil
	encoderLen int         // how many these are
}

// NewState is the state of an empty sequence. It is an error where the model isn't causal. See Encode for models with an
// encoder.
func (m *Model) NewState() (*State, error) {
	if m.network.decoder != nil {
		return nil, fmt.Errorf("%s has a decoder beside an encoder: Encode makes its states", m.info.Family)
	}
	if !m.info.Causal {
		return nil, fmt.Errorf("%s isn't causal: what is computed of a token depends on those after it", m.info.Family)
	}
	return &State{model: m, layers: make([]keyValues, m.info.NumLayers)}, nil
}

// empty is the state of an empty sequence, of the same Pool if s is of one.
func (s *State) empty() *State {
	e := &State{model: s.model, layers: make([]keyValues, len(s.layers))}
	if s.paged != nil {
		s.paged.pool.adopt(e)
	}
	return e
}

// Len is the number of tokens that the sequence has so far.
func (s *State) Len() int { return s.len }

// Close gives the memory of the state back, to its Pool if it is of one. The state can't be extended any more.
func (s *State) Close() {
	s.closed, s.layers, s.encoder, s.ids = true, nil, nil, nil
	if s.paged != nil {
		s.paged.release()
	}
}

// window is how many keys a query sees at most, with its own, in a layer that is told so; 0: all.
func window(told *rapt.Options) int {
	if w := told.Window; w != nil && w.Left >= 0 {
		return w.Left + 1
	}
	return 0
}

// firstKept is the position from which on a layer keeps keys and values for queries from at on: the first that they see, or
// one less than a page before it. Attention counts keys from there, whatever holds them, so that its sums run over the same
// groups of keys in all states.
func firstKept(at, window int) int {
	if window == 0 {
		return 0
	}
	return max(at-(window-1), 0) / pageLen * pageLen
}

// keyValues are the keys and values of one layer: a row for each position from first on, of the keys of all heads and then
// the values of all heads. Rows from the length of the state on are of a call that didn't end.
type keyValues struct {
	rows  rows // [positions][2·kvHeads·headDim]
	first int
}

// append adds n positions from at on, of which from has the keys and values, side by side. It keeps those from firstKept on.
func (c *keyValues) append(at, n int, from rows, width, window int) {
	c.rows.stride = width + apart
	held := c.makeRoom(at, n, window)
	for i := range n {
		copy(c.rows.data[(held+i)*c.rows.stride:][:width], from.data[i*from.stride:])
	}
}

// makeRoom makes room for n positions from at on, behind those that are kept, and says how many these are.
func (c *keyValues) makeRoom(at, n, window int) (held int) {
	held = at - c.first
	room := cap(c.rows.data) / c.rows.stride
	if held+n > room {
		gone := firstKept(at, window) - c.first
		old := c.rows.data[:held*c.rows.stride][gone*c.rows.stride:]
		c.first, held = c.first+gone, held-gone
		if held+n > room {
			c.rows.data = make([]float32, grown(room, held+n, window)*c.rows.stride)
		}
		copy(c.rows.data[:cap(c.rows.data)], old)
	}
	c.rows.data = c.rows.data[:(held+n)*c.rows.stride]
	return held
}

// grown is how many positions to make room for when there is room for fewer than needed: twice as many, so that moving
// them costs little for each, but with a window not many more than two of it.
func grown(room, needed, window int) int {
	twice := 2 * room
	if window > 0 {
		twice = min(twice, 2*(window+pageLen))
	}
	return max(twice, needed)
}

// heads is the view [1][positions][head][dim] of n heads, from head first on.
func (c *keyValues) heads(first, n, dim int) rapt.Tensor[float32] {
	return rapt.Tensor[float32]{
		Data:  c.rows.data[first*dim:],
		Batch: 1, Seq: len(c.rows.data) / c.rows.stride, Heads: n, Dim: dim,
		SeqStride: c.rows.stride, HeadStride: dim,
	}
}

// from is what c has from a position on.
func (c keyValues) from(position int) keyValues {
	return keyValues{rows{c.rows.data[(position-c.first)*c.rows.stride:], c.rows.stride}, position}
}

// A heldLayer is what a state has of one layer, as the pass at hand takes it.
type heldLayer struct {
	keyValues
	table *pageTable // where they are if keyValues is the pages of a Pool; or nil
}

// held is what the queries of a pass may look at in a layer that is told so, once the keys and values of their own tokens
// are there; with cross, those of the encoder.
func (s *State) held(layer int, told *rapt.Options, cross bool) heldLayer {
	switch {
	case cross:
		return heldLayer{keyValues: s.encoder[layer]}
	case s.paged != nil:
		return s.paged.held(layer)
	}
	return heldLayer{keyValues: s.layers[layer].from(firstKept(s.len, window(told)))}
}

// heads is the view of n heads that attention takes, from head first on.
func (h *heldLayer) heads(first, n, dim int) rapt.Tensor[float32] {
	t := h.keyValues.heads(first, n, dim)
	if h.table != nil { // [pages][pageLen][head][dim]
		t.Batch, t.Seq, t.BatchStride = t.Seq/pageLen, pageLen, pageLen*t.SeqStride
	}
	return t
}

// tell tells the operation where the keys are, and a query at a position of the sequence among them.
func (h *heldLayer) tell(o *rapt.Options, position int) {
	o.QueryStart, o.PageTables, o.KeyLens = position-h.first, nil, nil
	if h.table != nil {
		o.PageTables, o.KeyLens = h.table.pages, h.table.keys
	}
}

var negativeInfinity = float32(math.Inf(-1))

// spread makes room in front of rows of maps for keys that nobody sees any more: rows are of so many keys instead of those
// that they have, the last; what is in front of these becomes fill.
func spread(maps []float32, have, keys int, fill float32) {
	gone := keys - have
	if gone == 0 {
		return
	}
	for r := len(maps)/keys - 1; r >= 0; r-- {
		row := maps[r*keys:][:keys]
		copy(row[gone:], maps[r*have:][:have])
		kernel.Fill(row[:gone], fill)
	}
}

// remember adds the keys and values of the layer at hand to the states.
func (p *pass) remember(a *selfAttention) {
	queries, width := p.info.NumHeads*p.info.HeadDim, 2*p.info.NumKVHeads*p.info.HeadDim
	w := window(&a.options)
	for s, state := range p.states {
		n, added := len(p.batch[s].IDs), rows{p.qkv.data[p.starts[s]*p.qkv.stride+queries:], p.qkv.stride}
		if state.paged == nil {
			state.layers[p.layer].append(state.len, n, added, width, w)
			continue
		}
		state.paged.write(p.layer, state.len, n, added, width, w)
		if p.wants(Scores) || p.wants(Weights) {
			state.paged.gather(p.layer)
		}
	}
}
