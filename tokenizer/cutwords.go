package tokenizer

// behavior says what becomes of the matches at which a text is cut.
type behavior uint8

const (
	removedMatch behavior = iota
	isolated
	mergedWithPrevious
	mergedWithNext
	contiguous // matches side by side are one word
)

func (f *fields) behavior(key string) behavior {
	return behavior(f.choice(key, "Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"))
}

// cutWords cuts each of c.words as the step says.
func (c *wordCutter) cutWords(s *cutStep) error {
	text := c.n.text
	out := c.other[:0]
	for _, w := range c.words {
		var err error
		switch s.kind {
		case bertWords:
			out = appendBertWords(out, text[:w.end], w.start)
		case blankWords:
			out = cutAt(out, text[:w.end], w.start, removedMatch, func(r rune) bool { return classOf(r)&blank != 0 })
		case delimiter:
			out = cutAt(out, text[:w.end], w.start, removedMatch, func(r rune) bool { return r == s.char })
		case digits:
			out = cutAt(out, text[:w.end], w.start, isolated, func(r rune) bool { return classOf(r)&numeric != 0 })
		case digitRuns:
			out = cutAt(out, text[:w.end], w.start, contiguous, func(r rune) bool { return classOf(r)&numeric != 0 })
		case punctuation:
			out = cutAt(out, text[:w.end], w.start, s.behavior, func(r rune) bool { return classOf(r)&punct != 0 })
		case wordRuns:
			out = appendWordRuns(out, text[:w.end], w.start)
		case metaspace:
			if s.split {
				out = cutAt(out, text[:w.end], w.start, mergedWithNext, func(r rune) bool { return r == s.char })
			} else {
				out = append(out, w)
			}
		case byteLevelText, splitPattern:
			out, err = c.cutPattern(out, s, w)
		}
		if err != nil {
			return err
		}
	}
	c.other, c.words = c.words, out
	return nil
}

// cutPattern appends what is made of the word w by the pattern of the step.
func (c *wordCutter) cutPattern(out []span, s *cutStep, w span) ([]span, error) {
	switch {
	case s.pattern == nil:
		return append(out, w), nil
	case s.pattern.rule != nil && s.behavior == isolated:
		return s.pattern.rule.words(out, c.n.text, w.start, w.end), nil
	}
	matches, err := s.pattern.find(c.matches[:0], string(c.n.text[w.start:w.end]))
	c.matches = matches
	if err != nil {
		return out, err
	}
	j := joiner{out: out, base: len(out), behavior: s.behavior}
	done := w.start
	for _, m := range matches {
		start, end := w.start+m.start, w.start+m.end
		if done < start {
			j.add(span{done, start}, s.invert)
		}
		j.add(span{start, end}, !s.invert)
		done = end
	}
	if done < w.end {
		j.add(span{done, w.end}, s.invert)
	}
	return j.words(), nil
}

// cutAt appends what is made of text from start on by cutting it at the characters that are matches, each one its own.
func cutAt(out []span, text []byte, start int, b behavior, is func(rune) bool) []span {
	j := joiner{out: out, base: len(out), behavior: b}
	done := start
	for i := start; i < len(text); {
		r, size := decodeRune(text[i:])
		if is(r) {
			if done < i {
				j.add(span{done, i}, false)
			}
			done = i + size
			j.add(span{i, done}, true)
		}
		i += size
	}
	if done < len(text) {
		j.add(span{done, len(text)}, false)
	}
	return j.words()
}

// joiner puts matches and what is between them together by a behavior.
type joiner struct {
	out      []span
	base     int // out from here on is ours
	behavior behavior
	previous bool // the part before was a match, and for mergedWithNext one that waits for the next
}

func (j *joiner) add(w span, match bool) {
	join := false
	switch j.behavior {
	case removedMatch:
		if match {
			return
		}
	case mergedWithPrevious:
		join = match && !j.previous
	case mergedWithNext:
		join = !match && j.previous
	case contiguous:
		join = match == j.previous
	}
	j.previous = match
	if join && len(j.out) > j.base {
		j.out[len(j.out)-1].end = w.end
	} else {
		j.out = append(j.out, w)
	}
}

// words returns all words, without the empty ones that empty matches leave.
func (j *joiner) words() []span {
	kept := j.out[:j.base]
	for _, w := range j.out[j.base:] {
		if w.start < w.end {
			kept = append(kept, w)
		}
	}
	return kept
}

// appendBertWords appends the words of text from start on: the characters up to a blank or a punctuation mark, or one
// such mark.
func appendBertWords(out []span, text []byte, start int) []span {
	table := classes()
	for start < len(text) {
		r, size := decodeRune(text[start:])
		end := start + size
		if c := table[r]; c&punct != 0 {
			out = append(out, span{start, end})
		} else if c&blank == 0 {
			for ; end < len(text); end += size {
				if r, size = decodeRune(text[end:]); table[r]&(punct|blank) != 0 {
					break
				}
			}
			out = append(out, span{start, end})
		}
		start = end
	}
	return out
}

// appendWordRuns appends the runs of \w, and those of what is neither \w nor blank.
func appendWordRuns(out []span, text []byte, start int) []span {
	table := classes()
	for start < len(text) {
		r, size := decodeRune(text[start:])
		kind := table[r] & (word | blank)
		end := start + size
		for ; end < len(text); end += size {
			if r, size = decodeRune(text[end:]); table[r]&(word|blank) != kind {
				break
			}
		}
		if kind != blank {
			out = append(out, span{start, end})
		}
		start = end
	}
	return out
}
