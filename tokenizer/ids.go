package tokenizer

// AppendIDs appends the ids of a text's tokens to dst: those of Encode(text, o), with the same errors, and several times as
// quickly, because nothing else is made of the text. It is what a model needs; take [Tokenizer.Encode] to know which
// characters a token stands for. Nothing is allocated if dst has room and the words are ones that t has seen, but by a regular
// expression of the file. With an error dst comes back as it was.
func (t *Tokenizer) AppendIDs(dst []int, text string, o *Options) ([]int, error) {
	if o == nil {
		o = new(Options)
	}
	if err := checkText("text", text); err != nil {
		return dst, err
	}
	c := t.cutter()
	defer t.cutters.Put(c)
	var err error
	if c.ids, err = t.appendTextIDs(c.ids[:0], c, text); err != nil {
		return dst, err
	}
	lens := [1]int{len(c.ids)}
	if err := o.truncate(lens[:], t.single); err != nil {
		return dst, err
	}
	ids := kept(c.ids, lens[0], o.TruncateLeft)
	for _, p := range t.single {
		switch {
		case p.text >= 0:
			dst = append(dst, ids...)
		case !o.NoSpecial:
			dst = append(dst, p.ids...)
		}
	}
	return dst, nil
}

// appendTextIDs appends the ids of a text without those of the post-processor. Tokenizers for which there is a short way
// (ascii, rule) take it, segment by segment.
func (t *Tokenizer) appendTextIDs(ids []int, c *cutter, text string) ([]int, error) {
	if t.ascii == nil && t.rule == nil {
		s := &c.sequences[0]
		err := t.cut(s, c, text)
		return s.appendIDs(ids), err
	}
	if c.known == nil {
		c.known = new(idCache)
	}
	c.segments[0] = t.before.split(c.segments[0][:0], text)
	for _, g := range c.segments[0] {
		part := text[g.start:g.end]
		var err error
		switch {
		case g.added != nil:
			ids = append(ids, g.added.id)
		case t.ascii != nil:
			ids, err = t.appendASCIIWords(ids, c, part)
		case t.normalizer.keeps(part):
			ids, err = t.appendKept(ids, c, part)
		default:
			ids, err = t.appendSegmentIDs(ids, c, part)
		}
		if err != nil {
			return ids, err
		}
	}
	return ids, nil
}

// appendKept appends the ids of a text between two added tokens that are searched for in the text itself, which the
// normalizer leaves as it is.
func (t *Tokenizer) appendKept(ids []int, c *cutter, text string) (_ []int, err error) {
	c.segments[1] = t.after.split(c.segments[1][:0], text)
	for _, g := range c.segments[1] {
		if g.added != nil {
			ids = append(ids, g.added.id)
		} else if ids, err = t.appendRuleWords(ids, c, text[g.start:g.end]); err != nil {
			return ids, err
		}
	}
	return ids, nil
}

// appendSegmentIDs appends the ids of a text between two added tokens the long way.
func (t *Tokenizer) appendSegmentIDs(ids []int, c *cutter, text string) ([]int, error) {
	s := &c.sequences[0]
	s.reset()
	if err := t.normalizer.normalize(&c.normalized, text, 0); err != nil {
		return ids, err
	}
	err := t.cutNormalized(s, c)
	return s.appendIDs(ids), err
}

// appendIDs appends the ids of s, which is not needed any longer.
func (s *sequence) appendIDs(ids []int) []int {
	for _, k := range s.all {
		ids = append(ids, int(k.id))
	}
	clear(s.verbatim)
	return ids
}

// padded returns text as bytes with maxKnown+1 zeros behind, until it is called again.
func (c *cutter) padded(before, text string) []byte {
	c.bytes = append(append(append(c.bytes[:0], before...), text...), make([]byte, maxKnown+1)...)
	return c.bytes
}
