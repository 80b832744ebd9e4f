package tokenizer

import (
	"fmt"
	"slices"
	"unicode/utf8"
)

// preTokenizer cuts a text into words, which the model then cuts on their own. It is the list of its steps, in order;
// without any a text is one word.
type preTokenizer struct {
	steps []cutStep
	raw   bool // the last step is a byteLevel, whose characters the model wants as the bytes that they spell
}

type cutKind uint8

const (
	bertWords     cutKind = iota // between blanks, and around punctuation
	blankWords                   // between blanks
	wordRuns                     // runs of \w, and runs of what is neither \w nor blank
	digitRuns                    // around runs of digits
	digits                       // around each digit
	punctuation                  // by behavior at each punctuation mark
	delimiter                    // between two of a character
	splitPattern                 // by behavior at each match of pattern
	metaspace                    // make spaces ▁ and cut before each
	byteLevelText                // spell bytes as characters
)

type cutStep struct {
	kind     cutKind
	pattern  *pattern // splitPattern; byteLevelText: GPT-2's, or nil to cut nothing
	behavior behavior
	invert   bool // what isn't a match is, and the other way round
	char     rune // delimiter; metaspace: what stands for a space

	prepend prependScheme // of metaspace: char; of byteLevelText: a space
	split   bool          // metaspace
}

// prependScheme says which words get a mark at their beginning, unless they have one.
type prependScheme uint8

const (
	prependAlways prependScheme = iota
	prependFirst                // the one at the beginning of the text
	prependNever
)

func parsePreTokenizer(n node) (preTokenizer, error) {
	steps, err := parseCutSteps(n, "pre_tokenizer")
	return preTokenizer{steps: steps}, err
}

func parseCutSteps(n node, where string) ([]cutStep, error) {
	if n.kind == nullKind {
		return nil, nil
	}
	f := n.fields(where)
	var steps []cutStep
	switch f.componentType("BertPreTokenizer", "ByteLevel", "CharDelimiterSplit", "Digits", "Metaspace", "Punctuation",
		"Sequence", "Split", "Whitespace", "WhitespaceSplit") {
	case "BertPreTokenizer":
		steps = []cutStep{{kind: bertWords}}
	case "ByteLevel":
		steps = []cutStep{parseByteLevel(f)}
	case "CharDelimiterSplit":
		steps = []cutStep{{kind: delimiter, char: f.rune("delimiter")}}
	case "Digits":
		steps = []cutStep{{kind: digitRuns}}
		if f.bool("individual_digits") {
			steps[0].kind = digits
		}
	case "Metaspace":
		char, scheme, split := parseMetaspace(f)
		steps = []cutStep{{kind: metaspace, char: char, prepend: scheme, split: split}}
	case "Punctuation":
		b := isolated
		if f.take("behavior").kind != nullKind {
			b = f.behavior("behavior")
		}
		steps = []cutStep{{kind: punctuation, behavior: b}}
	case "Split":
		s := cutStep{kind: splitPattern, pattern: f.pattern("pattern"), behavior: f.behavior("behavior"), invert: f.bool("invert")}
		steps = []cutStep{s}
	case "Whitespace":
		steps = []cutStep{{kind: wordRuns}}
	case "WhitespaceSplit":
		steps = []cutStep{{kind: blankWords}}
	case "Sequence":
		for i, m := range f.list("pretokenizers") {
			more, err := parseCutSteps(m.value, fmt.Sprintf("%s.pretokenizers[%d]", where, i))
			if err != nil {
				return nil, err
			}
			steps = append(steps, more...)
		}
	}
	return steps, f.end()
}

func parseByteLevel(f *fields) cutStep {
	s := cutStep{kind: byteLevelText, behavior: isolated, prepend: prependNever}
	if f.bool("add_prefix_space") {
		s.prepend = prependAlways
	}
	f.bool("trim_offsets") // the library looks at it in the post-processor only
	if f.optionalBool("use_regex", true) {
		p, err := compile(gpt2Pattern)
		if err != nil {
			f.failf("%s: %w", f.where, err)
		}
		s.pattern = p
	}
	return s
}

// parseMetaspace reads what the pre-tokenizer and the decoder of this name have in common. Older files have only
// add_prefix_space; where it is false the library wants the other, too.
func parseMetaspace(f *fields) (char rune, scheme prependScheme, split bool) {
	char = f.rune("replacement")
	if f.take("prepend_scheme").kind != nullKind {
		scheme = prependScheme(f.choice("prepend_scheme", "always", "first", "never"))
	}
	if !f.optionalBool("add_prefix_space", true) && scheme != prependNever {
		f.failf("%s is false, but prepend_scheme is not never", f.path("add_prefix_space"))
	}
	f.optionalString("str_rep")
	return char, scheme, f.optionalBool("split", true)
}

// spellRaw makes the last step leave bytes as they are if it would spell them as characters and m is a model that can do
// with the bytes.
func (p *preTokenizer) spellRaw(m model) {
	n := len(p.steps)
	if b, ok := m.(*bpe); ok && n > 0 && p.steps[n-1].kind == byteLevelText {
		p.raw = b.takeRawWords()
	}
}

// wordCutter is the scratch of cutting a text into words.
type wordCutter struct {
	n       *normalized // the text with what the steps have made of it
	words   []span      // of n.text
	rebuilt [2]normalized
	other   []span
	matches []span
}

// cut sets c.words to the words of the bytes from start to end of n, and c.n to the text that they are in.
func (p *preTokenizer) cut(c *wordCutter, n *normalized, start, end int) error {
	c.n, c.words = n, append(c.words[:0], span{start, end})
	for i := range p.steps {
		s := &p.steps[i]
		switch s.kind {
		case metaspace:
			c.rewrite(s, s.char, ' ')
		case byteLevelText:
			c.rewrite(s, ' ', ' ')
		}
		if err := c.cutWords(s); err != nil {
			return err
		}
		if s.kind == byteLevelText && !(p.raw && i == len(p.steps)-1) {
			c.spellBytes()
		}
	}
	return nil
}

// rewrite puts mark in the place of each space, and before the words that the step says.
func (c *wordCutter) rewrite(s *cutStep, mark, space rune) {
	if mark == space && !slices.ContainsFunc(c.words, func(w span) bool { return s.prepends(c.n, w, mark) }) {
		return
	}
	var markText [utf8.UTFMax]byte
	replacement := markText[:utf8.EncodeRune(markText[:], mark)]
	c.rebuild(func(out *normalized, w span) {
		if s.prepends(c.n, w, mark) {
			out.append(replacement, c.n.from[w.start])
		}
		for i, b := range c.n.text[w.start:w.end] {
			if b == byte(space) {
				out.append(replacement, c.n.from[w.start+i])
			} else {
				out.text, out.from = append(out.text, b), append(out.from, c.n.from[w.start+i])
			}
		}
	})
}

// prepends reports whether the step puts mark before the word w of n. A word that begins with mark, or with a space that
// becomes one, has it.
func (s *cutStep) prepends(n *normalized, w span, mark rune) bool {
	r, _ := decodeRune(n.text[w.start:])
	switch {
	case s.prepend == prependNever || r == mark || r == ' ':
		return false
	case s.prepend == prependFirst:
		from, _ := n.original(w.start, w.start+1)
		return from == 0
	}
	return true
}

// spellBytes spells each byte of the words as the character that stands for it.
func (c *wordCutter) spellBytes() {
	c.rebuild(func(out *normalized, w span) {
		for i, b := range c.n.text[w.start:w.end] {
			var buf [utf8.UTFMax]byte
			out.append(buf[:utf8.EncodeRune(buf[:], byteChars[b])], c.n.from[w.start+i])
		}
	})
}

// rebuild makes a text of what by appends for each word.
func (c *wordCutter) rebuild(by func(out *normalized, w span)) {
	out := &c.rebuilt[0]
	if c.n == out {
		out = &c.rebuilt[1]
	}
	out.text, out.from, out.start = out.text[:0], out.from[:0], c.n.start
	for i, w := range c.words {
		start := len(out.text)
		by(out, w)
		c.words[i] = span{start, len(out.text)}
	}
	c.n = out
}

func (n *normalized) append(text []byte, from int32) {
	n.text = append(n.text, text...)
	for range text {
		n.from = append(n.from, from)
	}
}
