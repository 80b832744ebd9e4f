package tokenizer

import (
	"fmt"
	"math"
	"unicode/utf8"
)

// Options says how to encode. The zero value, and nil, is the whole text with the special tokens of the post-processor.
type Options struct {
	// MaxLen cuts tokens off until there are at most MaxLen, those of the post-processor included. 0 cuts nothing: what
	// the file says about truncation isn't applied, see [Tokenizer.Truncation].
	MaxLen int

	// Strategy says which of two texts is cut; the zero value is LongestFirst.
	Strategy Strategy

	// TruncateLeft cuts off the beginning instead of the end.
	TruncateLeft bool

	// NoSpecial leaves out the tokens that the post-processor adds. Special tokens typed in the text stay.
	NoSpecial bool
}

// An Encoding is a text, or two, as tokens. All slices have an entry per token.
type Encoding struct {
	IDs     []int
	Tokens  []string // as spelled in the vocabulary; an added token as it stands in the text, with the blanks it takes
	TypeIDs []int    // token types for the model, also called segments

	// Offsets are where each token stands in the text, or in the second text for its tokens: first code point, and one
	// behind the last. Tokens added by the post-processor have [0, 0].
	Offsets [][2]int

	Special  []bool // added by the post-processor; false for a special token typed in the text
	Sequence []int  // the text that the token is from: 0 or 1, and -1 if the post-processor added it

	// Cut counts the tokens of each text that Options.MaxLen has cut off.
	Cut [2]int
}

// Encode cuts a text into tokens. The errors are text that isn't UTF-8, options that can't be met, an unknown character
// where the model has no token for it, and a regular expression of the file that takes too long.
func (t *Tokenizer) Encode(text string, o *Options) (*Encoding, error) {
	return t.encode([]string{text}, t.single, o)
}

// EncodePair cuts two texts into tokens, put together as the post-processor does for pairs: for BERT
// [CLS] text [SEP] pair [SEP].
func (t *Tokenizer) EncodePair(text, pair string, o *Options) (*Encoding, error) {
	return t.encode([]string{text, pair}, t.pair, o)
}

func (t *Tokenizer) encode(texts []string, template []templatePiece, o *Options) (*Encoding, error) {
	if o == nil {
		o = new(Options)
	}
	c := t.cutter()
	defer t.cutters.Put(c)
	sequences := c.sequences[:len(texts)]
	lens := make([]int, len(texts))
	for i, text := range texts {
		if err := checkText([...]string{"text", "pair"}[i], text); err != nil {
			return nil, err
		}
		if err := t.cut(&sequences[i], c, text); err != nil {
			return nil, err
		}
		lens[i] = len(sequences[i].all)
	}
	if err := o.truncate(lens, template); err != nil {
		return nil, err
	}
	for i := range sequences {
		s := &sequences[i]
		s.tokens, s.cut = kept(s.all, lens[i], o.TruncateLeft), len(s.all)-lens[i]
		t.trim(s, o.NoSpecial)
	}
	e := t.assemble(template, sequences, o.NoSpecial)
	for _, s := range sequences {
		clear(s.verbatim) // parts of a text, which mustn't live on in the pool
	}
	return e, nil
}

func checkText(name, text string) error {
	if at := invalidUTF8(text); at >= 0 {
		return fmt.Errorf("%s is not UTF-8 at byte %d", name, at)
	}
	if len(text) > math.MaxInt32 {
		return fmt.Errorf("%s has %d bytes, expected at most %d", name, len(text), math.MaxInt32)
	}
	return nil
}

// sequence is one text as tokens, before the post-processor.
type sequence struct {
	tokens   []token // those that truncation has left
	all      []token
	verbatim []string // added tokens, and unknown ones of a Unigram, as they stand in the text
	cut      int      // tokens cut off by truncation
}

// token is free of pointers: there are many.
type token struct {
	id         int32
	verbatim   int32 // 1 + the place in sequence.verbatim; 0 for a token that is spelled as in the vocabulary
	start, end int32 // code points of the text
}

func (s *sequence) reset() { s.all, s.verbatim = s.all[:0], s.verbatim[:0] }

// add appends a token that is spelled as in the text.
func (s *sequence) add(id int32, text string, start, end int) {
	s.verbatim = append(s.verbatim, text)
	s.all = append(s.all, token{id, int32(len(s.verbatim)), int32(start), int32(end)})
}

// cutter is the scratch of cutting texts.
type cutter struct {
	sequences  [2]sequence
	normalized normalized
	words      wordCutter
	pieces     []piece
	segments   [2][]segment

	ids   []int    // of AppendIDs, as are those that follow
	bytes []byte   // of padded
	known *idCache // made when it is needed
}

// cutter returns one that was put back, or a new one.
func (t *Tokenizer) cutter() *cutter {
	if c, ok := t.cutters.Get().(*cutter); ok {
		return c
	}
	return new(cutter)
}

// cut sets s to the tokens of text.
func (t *Tokenizer) cut(s *sequence, c *cutter, text string) error {
	s.reset()
	position := runePosition{text: text}
	c.segments[0] = t.before.split(c.segments[0][:0], text)
	for _, g := range c.segments[0] {
		from := position.of(g.start)
		if g.added != nil {
			s.add(int32(g.added.id), text[g.start:g.end], from, position.of(g.end))
			continue
		}
		if err := t.normalizer.normalize(&c.normalized, text[g.start:g.end], from); err != nil {
			return err
		}
		if err := t.cutNormalized(s, c); err != nil {
			return err
		}
	}
	return nil
}

// cutNormalized appends the tokens of c.normalized, a text between two added tokens.
func (t *Tokenizer) cutNormalized(s *sequence, c *cutter) error {
	n := &c.normalized
	if len(t.after.tokens) == 0 {
		return t.cutWords(s, c, 0, len(n.text))
	}
	text := string(n.text)
	c.segments[1] = t.after.split(c.segments[1][:0], text)
	for _, g := range c.segments[1] {
		if g.added != nil {
			start, end := n.original(g.start, g.end)
			s.add(int32(g.added.id), text[g.start:g.end], start, end)
		} else if err := t.cutWords(s, c, g.start, g.end); err != nil {
			return err
		}
	}
	return nil
}

// cutWords appends the tokens of the bytes from start to end of c.normalized.
func (t *Tokenizer) cutWords(s *sequence, c *cutter, start, end int) error {
	if start == end {
		return nil
	}
	if err := t.preTokenizer.cut(&c.words, &c.normalized, start, end); err != nil {
		return err
	}
	n := c.words.n
	for _, w := range c.words.words {
		var err error
		if c.pieces, err = t.model.cut(c.pieces[:0], n.text[w.start:w.end]); err != nil {
			return err
		}
		for _, p := range c.pieces {
			start, end := w.start+int(p.start), w.start+int(p.end)
			from, to := n.original(start, end)
			if p.verbatim {
				s.add(p.id, string(n.text[start:end]), from, to)
			} else {
				s.all = append(s.all, token{id: p.id, start: int32(from), end: int32(to)})
			}
		}
	}
	return nil
}

// original returns the code points of the original that the bytes from start to end come from.
func (n *normalized) original(start, end int) (from, to int) {
	from, to = int(n.from[start]), int(n.from[end-1])+1
	if from < 0 {
		from = -1 - from
	}
	if to <= 0 {
		to = -to
	}
	return from, to
}

// runePosition converts positions in bytes to code points. It is quick for positions that mostly grow.
type runePosition struct {
	text  string
	bytes int
	runes int
}

func (p *runePosition) of(bytes int) int {
	if bytes < p.bytes {
		p.runes -= utf8.RuneCountInString(p.text[bytes:p.bytes])
	} else {
		p.runes += utf8.RuneCountInString(p.text[p.bytes:bytes])
	}
	p.bytes = bytes
	return p.runes
}
