package model

import (
	"errors"

	"github.com/rapt-go/rapt"
)

// A Look is what one token of a sequence looks at, in every layer and head: the last that the model had seen when it chose
// the next. So the Look of a new token says what the model looked at to write it. The numbers are exact, those of
// [rapt.Statistics]; only the largest weights are kept.
type Look struct {
	Query int // position of the token that looks; it sees the positions 0 to Query

	// Encoder is what it looks at beside an encoder: keys are the encoder's tokens, all of which it sees. nil: there is none.
	Encoder *Look

	NumLayers, NumHeads, TopKeys int

	Entropy []float32 // [layer][head] −Σ w·ln w over all keys, in nats
	Keys    []int32   // [layer][head][TopKeys] positions, −1 where there are fewer of weight above 0
	Weights []float32 // [layer][head][TopKeys] the largest first
}

func newLook(info *Info, topKeys, query int) *Look {
	look := func(layers int) *Look {
		heads := layers * info.NumHeads
		return &Look{
			Query:     query,
			NumLayers: layers, NumHeads: info.NumHeads, TopKeys: topKeys,
			Entropy: make([]float32, heads), Keys: make([]int32, heads*topKeys), Weights: make([]float32, heads*topKeys),
		}
	}
	if info.NumDecoderLayers == 0 {
		return look(info.NumLayers)
	}
	l := look(info.NumDecoderLayers)
	l.Encoder = look(info.NumDecoderLayers)
	return l
}

// Head is what the look has of one head: the positions with the largest weights, and these.
func (l *Look) Head(layer, head int) (keys []int32, weights []float32, entropy float32) {
	at := layer*l.NumHeads + head
	keys, weights = l.Keys[at*l.TopKeys:][:l.TopKeys], l.Weights[at*l.TopKeys:][:l.TopKeys]
	for n := len(keys); n > 0 && keys[n-1] < 0; n-- {
		keys, weights = keys[:n-1], weights[:n-1]
	}
	return keys, weights, l.Entropy[at]
}

// looks are those of the sequences of a batch.
type looks struct {
	topKeys int
	list    []*Look // [batch]
}

// taps are what has Next make new looks for the last tokens of a batch; nil if l is.
func (l *looks) taps(info *Info, states []*State, batch []Sequence) *Taps {
	if l == nil {
		return nil
	}
	l.list = l.list[:0]
	for s, state := range states {
		l.list = append(l.list, newLook(info, l.topKeys, state.len+len(batch[s].IDs)-1))
	}
	return &Taps{looks: l.list}
}

func (l *looks) of(s int) *Look {
	if l == nil {
		return nil
	}
	return l.list[s]
}

// A lookStep finds what the last token of each sequence looks at in the layer at hand. A piece is the heads of one
// sequence that share keys. Only one row of weights is ever there: they cost as much as the scores of one more token.
type lookStep struct {
	pass    *pass
	told    *rapt.Options
	bias    *relativeBias // or nil
	encoder bool          // the keys are those of an encoder

	options []rapt.Options // [worker]
	stats   []rapt.Stats   // [worker]
	errors  []error        // [worker]
}

// look fills the looks that are asked for, once the keys of the layer at hand are in the states and p.attention is told
// what to compute.
func (p *pass) look() error {
	if p.taps == nil || p.taps.looks == nil {
		return nil
	}
	s := &p.looking
	s.pass, s.told, s.bias, s.encoder = p, p.attention.told, p.attention.bias, p.attention.cross
	for len(s.options) < p.team.Size() {
		s.options, s.stats, s.errors = append(s.options, rapt.Options{}), append(s.stats, rapt.Stats{}), append(s.errors, nil)
	}
	p.team.Run(s, len(p.batch)*p.info.NumKVHeads)
	err := errors.Join(s.errors...)
	s.pass, s.told, s.bias = nil, nil, nil
	clear(s.options)
	clear(s.stats)
	clear(s.errors)
	return err
}

func (s *lookStep) Do(piece, worker int) {
	p := s.pass
	seq, kvHead, group := piece/p.info.NumKVHeads, piece%p.info.NumKVHeads, p.info.NumHeads/p.info.NumKVHeads
	state, look, first := p.states[seq], p.taps.looks[seq], kvHead*group
	last := state.len + len(p.batch[seq].IDs) - 1
	if look.Query != last {
		return // of a beginning that comes in parts, this isn't the end
	}
	held := state.held(p.layer, s.told, s.encoder)
	if s.encoder {
		look = look.Encoder
	}
	k := held.heads(kvHead, 1, p.info.HeadDim)
	q := p.heads(p.qkv, first, group)
	q.Data, q.Seq = q.Data[(p.starts[seq+1]-1)*q.SeqStride:], 1

	o := &s.options[worker]
	*o = *s.told
	o.Threads = 1
	held.tell(o, last)
	if s.bias != nil {
		o.ScoreFunc = func(scores []float32, at rapt.Segment) {
			s.bias.add(scores, first+at.Head, o.QueryStart, at.FirstKey)
		}
	}
	part := headsPiece{from: first, to: first + group}
	o.Sinks, o.ALiBiSlopes = perHead(o.Sinks, part), perHead(o.ALiBiSlopes, part)

	at := p.layer*look.NumHeads + first
	keys := look.Keys[at*look.TopKeys:][:group*look.TopKeys]
	s.stats[worker] = rapt.Stats{
		Entropy: look.Entropy[at:][:group],
		TopK:    look.TopKeys, TopIndex: keys, TopWeight: look.Weights[at*look.TopKeys:][:group*look.TopKeys],
	}
	err := rapt.Statistics(&s.stats[worker], nil, q, k, rapt.Tensor[float32]{}, o)
	for i := range keys {
		if keys[i] >= 0 {
			keys[i] += int32(held.first)
		}
	}
	if err != nil {
		s.errors[worker] = err
	}
}
