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

// Len is the number of tokens that the sequence has so far.
func (s *State) Len() int { return s.len }

// keyValues are the keys and values of one layer: a row for each position from first on, of the keys of all heads and then
// the values of all heads. Rows from the length of the state on are of a call that didn't end.
type keyValues struct {
	rows  rows // [positions][2·kvHeads·headDim]
	first int
}

// append adds n positions from at on, of which from has the keys and values, side by side. With a window w it keeps what the
// queries from at on see: each its own key and the w−1 before it.
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
		gone := 0
		if window > 0 {
			gone = max(held-(window-1), 0)
		}
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
		twice = min(twice, 2*window)
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

// remembered is the keys and values of a piece's heads, and the position of its first query among them.
func (s *attentionStep) remembered(piece headsPiece) (k, v rapt.Tensor[float32], start int) {
	state, kvHeads, group := s.states[piece.seq], s.k.Heads, s.q.Heads/s.k.Heads
	c := &state.layers[s.pass.layer]
	start = state.len - c.first
	if s.cross {
		c, start = &state.encoder[s.pass.layer], 0
	}
	first, n := piece.from/group, (piece.to-piece.from)/group
	return c.heads(first, n, s.k.Dim), c.heads(kvHeads+first, n, s.k.Dim), start
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
	window := 0
	if w := a.options.Window; w != nil && w.Left >= 0 {
		window = w.Left + 1
	}
	for s, state := range p.states {
		added := rows{p.qkv.data[p.starts[s]*p.qkv.stride+queries:], p.qkv.stride}
		state.layers[p.layer].append(state.len, len(p.batch[s].IDs), added, width, window)
	}
}
