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

// Encode cuts a text into tokens. The only errors are text that isn't UTF-8, and options that can't be met.
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
	sequences := make([]sequence, len(texts))
	for i, text := range texts {
		name := [...]string{"text", "pair"}[i]
		if at := invalidUTF8(text); at >= 0 {
			return nil, fmt.Errorf("%s is not UTF-8 at byte %d", name, at)
		}
		if len(text) > math.MaxInt32 {
			return nil, fmt.Errorf("%s has %d bytes, expected at most %d", name, len(text), math.MaxInt32)
		}
		t.cut(&sequences[i], text)
	}
	if err := o.truncate(sequences, template); err != nil {
		return nil, err
	}
	return t.assemble(template, sequences, o.NoSpecial), nil
}

// sequence is one text as tokens, before the post-processor.
type sequence struct {
	tokens []token
	added  []string // the added tokens of the text, as they stand there
	cut    int      // tokens cut off by truncation
}

// token is free of pointers: there are many.
type token struct {
	id         int32
	added      int32 // 1 + the place in sequence.added; 0 for a token of the model
	start, end int32 // code points of the text
}

func (s *sequence) add(a *addedToken, text string, start, end int) {
	s.added = append(s.added, text)
	s.tokens = append(s.tokens, token{int32(a.id), int32(len(s.added)), int32(start), int32(end)})
}

// cut fills s with the tokens of text.
func (t *Tokenizer) cut(s *sequence, text string) {
	s.tokens = make([]token, 0, len(text)/4+1)
	var n normalized
	position := runePosition{text: text}
	for _, g := range t.before.split(nil, text) {
		from := position.of(g.start)
		if g.added != nil {
			s.add(g.added, text[g.start:g.end], from, position.of(g.end))
			continue
		}
		t.normalizer.normalize(&n, text[g.start:g.end], from)
		t.cutNormalized(s, &n)
	}
}

// cutNormalized appends the tokens of a text between two added tokens.
func (t *Tokenizer) cutNormalized(s *sequence, n *normalized) {
	if len(t.after.tokens) == 0 {
		t.cutWords(s, n, 0, len(n.text))
		return
	}
	text := string(n.text)
	for _, g := range t.after.split(nil, text) {
		if g.added == nil {
			t.cutWords(s, n, g.start, g.end)
			continue
		}
		start, end := n.original(g.start, g.end)
		s.add(g.added, text[g.start:g.end], start, end)
	}
}

// cutWords appends the tokens of the bytes from start to end.
func (t *Tokenizer) cutWords(s *sequence, n *normalized, start, end int) {
	text := n.text[:end]
	var pieces []piece
	for start < end {
		wordStart, wordEnd := start, end
		if t.splitWords {
			wordStart, wordEnd = nextWord(text, start)
		}
		if wordStart == end {
			return
		}
		pieces = t.model.cut(pieces[:0], text[wordStart:wordEnd])
		for _, p := range pieces {
			from, to := n.original(wordStart+p.start, wordStart+p.end)
			s.tokens = append(s.tokens, token{id: p.id, start: int32(from), end: int32(to)})
		}
		start = wordEnd
	}
}

// original returns the code points of the original that the bytes from start to end come from.
func (n *normalized) original(start, end int) (from, to int) {
	return int(n.from[start]), int(n.from[end-1]) + 1
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
