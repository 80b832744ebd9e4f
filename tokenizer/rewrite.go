package tokenizer

import (
	"slices"
	"unicode/utf8"
)

// nmt does what sentencepiece's rule nmt does to controls and blanks.
func (n *normalized) nmt() {
	n.run = slices.DeleteFunc(n.run, func(t traced) bool {
		r := t.char
		return 0x01 <= r && r <= 0x08 || r == 0x0B || 0x0E <= r && r <= 0x1F || r == 0x7F || r == 0x8F || r == 0x9F
	})
	for i, t := range n.run {
		switch r := t.char; {
		case r == '\t', r == '\n', r == '\f', r == '\r', r == 0x1680, 0x200B <= r && r <= 0x200F, r == 0x2028, r == 0x2029,
			r == 0x2581, r == 0xFEFF, r == 0xFFFD:
			n.run[i].char = ' '
		}
	}
}

func (n *normalized) strip(left, right bool) {
	start, end := 0, len(n.run)
	for left && start < end && isBlank(n.run[start].char) {
		start++
	}
	for right && start < end && isBlank(n.run[end-1].char) {
		end--
	}
	n.run = n.run[start:end]
}

// prepend puts content before a text that isn't empty. It comes from where the first character does.
func (n *normalized) prepend(content string) {
	if len(n.run) == 0 {
		return
	}
	if content == "" {
		n.run[0].from = -1 - n.start // so it is in the library
	}
	out := n.spare[:0]
	for _, r := range content {
		out = append(out, traced{r, n.run[0].from})
	}
	n.run, n.spare = append(out, n.run...), n.run
}

// replace puts content in the place of each match. It comes from where the last character of the match does.
func (n *normalized) replace(p *pattern, content string) error {
	if from, to, ok := p.oneForOne(content); ok {
		for i, t := range n.run {
			if t.char == from {
				n.run[i].char = to
			}
		}
		return nil
	}
	text := string(n.spelled())
	matches, err := p.find(nil, text)
	if err != nil || len(matches) == 0 {
		return err
	}
	out := make([]traced, 0, len(n.run))
	i, at := 0, 0 // the next character of the run, and where it is in text
	for _, m := range matches {
		for ; at < m.start; i++ {
			out = append(out, n.run[i])
			at += utf8.RuneLen(n.run[i].char)
		}
		for ; at < m.end; i++ {
			at += utf8.RuneLen(n.run[i].char)
		}
		from := -1 - n.start
		if i > 0 {
			from = n.run[i-1].from
		}
		for _, r := range content {
			out = append(out, traced{r, from})
		}
	}
	n.run = append(out, n.run[i:]...)
	return nil
}

// oneForOne reports whether p is one character that content replaces by one.
func (p *pattern) oneForOne(content string) (from, to rune, ok bool) {
	if p.regex != nil || utf8.RuneCountInString(p.literal) != 1 || utf8.RuneCountInString(content) != 1 {
		return 0, 0, false
	}
	from, _ = utf8.DecodeRuneInString(p.literal)
	to, _ = utf8.DecodeRuneInString(content)
	return from, to, true
}

// spellBytes spells each byte as the character that stands for it.
func (n *normalized) spellBytes() {
	out := make([]traced, 0, 2*len(n.run))
	for _, t := range n.run {
		var buf [utf8.UTFMax]byte
		for _, b := range buf[:utf8.EncodeRune(buf[:], t.char)] {
			out = append(out, traced{byteChars[b], t.from})
		}
	}
	n.run = out
}
