package model

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
)

// GenerateOptions says how Generate goes on. The zero value is greedy, until the model ends the text or its context is
// full.
type GenerateOptions struct {
	MaxTokens int // new tokens of each prompt, at most; 0: as many as the model's context has room for
	Sampling  Sampling

	// Stream is the stream of the first prompt's Sampler. That of the next is one more, and so on.
	Stream uint64

	// Stop ends a text before the first of these strings, wherever it falls among the tokens. It is looked for in the new
	// text alone, and needs a tokenizer.
	Stop []string

	// Ends are the ids that end a sequence; nil is Model.Ends, and an empty list none.
	Ends []int

	// TopKeys asks for what is looked at: so many keys of every layer and head, at most 64. 0: nothing.
	TopKeys int
}

// An End is why a sequence is over.
type End string

const (
	Unfinished End = ""
	EndToken   End = "eos"     // the model ended it: the token is one of the ends
	StopString End = "stop"    // a stop string came up
	EndLength  End = "length"  // there are as many tokens as were asked for
	EndContext End = "context" // the model takes no more tokens: Info.MaxSeqLen
)

// A NewToken is a token that Generate has chosen.
type NewToken struct {
	Seq  int // the prompt that it belongs to
	ID   int
	Text string // see Generate

	// LogProb is the natural logarithm of the probability that the model gave it, before Sampling.
	LogProb float32

	End  End   // why it is the last of its sequence; Unfinished if it isn't
	Look *Look // nil unless asked for
}

// Generate goes on with prompts: it yields their new tokens as they come, step by step, in each step one for every
// sequence that isn't over, in the order of the prompts. The first error ends it; what CheckGenerate finds comes before
// anything is computed. The context is looked at between layers.
//
// An encoder–decoder model reads the prompts with its encoder and writes texts of their own, which begin with the prompts'
// DecoderIDs, or with Info.DecoderStart alone.
//
// The texts of all tokens of a sequence are, one after another, what its new tokens add to the text of the prompt, without
// special tokens and up to a stop string. A text has no half characters and nothing that may still turn out to be part of
// a stop string: it may be empty, and a later one is longer. Without a tokenizer all are empty.
//
// A sequence has the same tokens alone and beside others, if it has the same stream.
func (m *Model) Generate(ctx context.Context, prompts []Sequence, o *GenerateOptions) iter.Seq2[NewToken, error] {
	return func(yield func(NewToken, error) bool) {
		if o == nil {
			o = &GenerateOptions{}
		}
		if err := m.generate(ctx, prompts, o, yield); err != nil && err != errNobodyListens {
			yield(NewToken{}, err)
		}
	}
}

// errNobodyListens says that the loop over the tokens has ended.
var errNobodyListens = errors.New("the loop has ended")

func (m *Model) generate(ctx context.Context, prompts []Sequence, o *GenerateOptions, yield func(NewToken, error) bool) error {
	if err := m.CheckGenerate(prompts, o); err != nil {
		return err
	}
	g, err := m.newGeneration(ctx, prompts, o)
	if err != nil {
		return err
	}
	for len(g.live) > 0 {
		if err := g.step(ctx, yield); err != nil {
			return err
		}
	}
	return nil
}

// CheckGenerate says why Generate can't do with prompts what the options say: the model isn't one that goes on with a
// text, a prompt leaves no room for a new token, or one of the numbers is wrong.
func (m *Model) CheckGenerate(prompts []Sequence, o *GenerateOptions) error {
	switch {
	case !m.info.Causal && m.network.decoder == nil:
		return fmt.Errorf("%s is an encoder (%s), which can't go on with a text: that takes a causal model", m.info.Name, m.info.Family)
	case !m.info.HasHead:
		return fmt.Errorf("%s (%s) can't go on with a text: it has no head that scores the vocabulary", m.info.Name, m.info.Family)
	}
	if o == nil {
		o = &GenerateOptions{}
	}
	if o.MaxTokens < 0 {
		return fmt.Errorf("the number of new tokens is %d, expected 0 or a positive one", o.MaxTokens)
	}
	if o.MaxTokens == 0 && m.info.MaxSeqLen == AnyLen {
		return fmt.Errorf("%s (%s) has a context without end: the number of new tokens is 0, expected a positive one", m.info.Name, m.info.Family)
	}
	if o.TopKeys < 0 || o.TopKeys > 64 {
		return fmt.Errorf("the number of keys is %d, expected 0 to 64", o.TopKeys)
	}
	if err := o.Sampling.check(); err != nil {
		return err
	}
	if err := checkStops(o.Stop); err != nil {
		return err
	}
	if _, err := m.tokenizer(); err != nil && len(o.Stop) > 0 {
		return fmt.Errorf("a stop string needs a tokenizer: %w", err)
	}
	if err := check(&m.info, prompts, nil); err != nil {
		return err
	}
	for i, p := range prompts {
		if n := len(p.IDs); n == m.info.MaxSeqLen {
			err := fmt.Errorf("the prompt has %d tokens, and the model takes at most %d: there is no room for another", n, m.info.MaxSeqLen)
			if len(prompts) > 1 {
				err = fmt.Errorf("sequence %d: %w", i, err)
			}
			return err
		}
	}
	return nil
}

// A generation is prompts that Generate goes on with.
type generation struct {
	model *Model
	ends  []int
	live  []*continuation // that aren't over

	states []*State   // [live]
	batch  []Sequence // [live] tokens that the model hasn't seen
	looks  *looks     // nil: nothing is asked for
}

// A continuation is one of them.
type continuation struct {
	seq     int
	state   *State
	unseen  []int // by the model: the prompt, or the token that was chosen last
	left    int   // new tokens that may come
	limit   End   // why no more may
	sampler *Sampler
	writer  *textWriter
}

func (m *Model) newGeneration(ctx context.Context, prompts []Sequence, o *GenerateOptions) (*generation, error) {
	t, err := m.tokenizer()
	if err != nil {
		t = nil // there are ids only
	}
	g := &generation{model: m, ends: o.Ends}
	if o.Ends == nil {
		g.ends = m.ends
	}
	if o.TopKeys > 0 {
		g.looks = &looks{topKeys: o.TopKeys}
	}
	begun, err := m.begin(ctx, prompts, o)
	if err != nil {
		return nil, err
	}
	for i, c := range begun {
		c.left, c.limit = m.info.MaxSeqLen-len(c.unseen), EndContext
		if o.MaxTokens > 0 && o.MaxTokens <= c.left {
			c.left, c.limit = o.MaxTokens, EndLength
		}
		if c.sampler, err = NewSampler(o.Sampling, m.info.VocabSize, o.Stream+uint64(i)); err != nil {
			return nil, err
		}
		c.sampler.See(c.unseen...)
		if c.writer, err = newTextWriter(t, o.Stop, c.unseen); err != nil {
			return nil, err
		}
		g.live = append(g.live, c)
	}
	return g, nil
}

// begin gives the state of each sequence and the tokens with which it begins: those of its prompt, or of the decoder for
// which the encoder has read the prompt.
func (m *Model) begin(ctx context.Context, prompts []Sequence, o *GenerateOptions) (list []*continuation, err error) {
	if m.network.decoder == nil {
		newState := m.NewState
		if len(prompts) > 1 {
			// It is known what all of them take together, where states of their own make room for twice as much; and what one
			// that has ended had is for those that go on.
			pool, err := m.poolFor(prompts, o.MaxTokens)
			if err != nil {
				return nil, err
			}
			newState = pool.NewState
		}
		for i, prompt := range prompts {
			state, err := newState()
			if err != nil {
				return nil, err
			}
			list = append(list, &continuation{seq: i, unseen: prompt.IDs, state: state})
		}
		return list, nil
	}
	read := slices.Clone(prompts)
	for i := range read {
		read[i].DecoderIDs = nil
	}
	states, err := m.Encode(ctx, read)
	if err != nil {
		return nil, err
	}
	for i, prompt := range prompts {
		c := &continuation{seq: i, unseen: prompt.DecoderIDs, state: states[i]}
		if c.unseen == nil {
			c.unseen = []int{m.info.DecoderStart}
		}
		list = append(list, c)
	}
	return list, nil
}

// step yields the next token of every sequence that isn't over.
func (g *generation) step(ctx context.Context, yield func(NewToken, error) bool) error {
	g.states, g.batch = g.states[:0], g.batch[:0]
	for _, c := range g.live {
		g.states, g.batch = append(g.states, c.state), append(g.batch, Sequence{IDs: c.unseen})
	}
	logits, err := g.model.Next(ctx, g.states, g.batch, g.looks.taps(&g.model.info, g.states, g.batch))
	if err != nil {
		return err
	}
	for i, c := range g.live {
		token, err := g.choose(c, logits[i])
		if err != nil {
			return fmt.Errorf("sequence %d: %w", c.seq, err)
		}
		token.Look = g.looks.of(i)
		if !yield(token, nil) {
			return errNobodyListens
		}
		if c.left == 0 {
			c.state.Close()
		}
	}
	g.live = slices.DeleteFunc(g.live, func(c *continuation) bool { return c.left == 0 })
	return nil
}

// choose makes the next token of c. If it is the last, none is left.
func (g *generation) choose(c *continuation, logits []float32) (token NewToken, err error) {
	token.Seq = c.seq
	if token.ID, token.LogProb, err = c.sampler.Next(logits); err != nil {
		return token, err
	}
	c.unseen = []int{token.ID}
	c.left--
	ends := slices.Contains(g.ends, token.ID)
	text, stopped, err := c.writer.add(token.ID, ends || c.left == 0)
	if err != nil {
		return token, err
	}
	token.Text = text
	switch {
	case ends:
		token.End = EndToken
	case stopped:
		token.End = StopString
	case c.left == 0:
		token.End = c.limit
	}
	if token.End != Unfinished {
		c.left = 0
	}
	return token, nil
}
