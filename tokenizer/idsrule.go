package tokenizer

// ruleWords is how to find the words of byte-level tokenizers in a text that the normalizer leaves as it is.
type ruleWords struct {
	*wordRule
	prefix string // what stands before a text that doesn't begin with it
}

// newRuleWords returns nil unless the words are found so.
func newRuleWords(p *preTokenizer) *ruleWords {
	n := len(p.steps)
	if !p.raw || n > 2 {
		return nil
	}
	first, last := &p.steps[0], &p.steps[n-1]
	if first.pattern == nil || first.pattern.rule == nil || first.behavior != isolated {
		return nil
	}
	r := &ruleWords{wordRule: first.pattern.rule}
	switch {
	case last.prepend == prependNever:
	case last.prepend == prependAlways && n == 1:
		r.prefix = " "
	default:
		return nil
	}
	if n == 2 && last.pattern != nil {
		return nil
	}
	return r
}

// appendRuleWords appends the ids of a text between two added tokens.
func (t *Tokenizer) appendRuleWords(ids []int, c *cutter, text string) ([]int, error) {
	prefix := t.rule.prefix
	if text[0] == ' ' {
		prefix = ""
	}
	padded := c.padded(prefix, text)
	s := wordScanner{t.rule.wordRule, padded[:len(prefix)+len(text)], classes()}
	for i, end := 0, 0; i < len(s.text); i = end {
		end = s.wordEnd(i)
		if end-i > maxKnown {
			var err error
			if ids, err = t.appendWordIDs(ids, c, s.text[i:end]); err != nil {
				return ids, err
			}
			continue
		}
		k := keyOf(padded[i:], end-i)
		if w := c.known.find(k); w != nil {
			ids = w.appendTo(ids)
			continue
		}
		before := len(ids)
		var err error
		if ids, err = t.appendWordIDs(ids, c, s.text[i:end]); err != nil {
			return ids, err
		}
		c.known.put(k, ids[before:])
	}
	return ids, nil
}

// appendWordIDs appends the ids of a word, cut by the model.
func (t *Tokenizer) appendWordIDs(ids []int, c *cutter, word []byte) (_ []int, err error) {
	c.pieces, err = t.model.cut(c.pieces[:0], word)
	for _, p := range c.pieces {
		ids = append(ids, int(p.id))
	}
	return ids, err
}
