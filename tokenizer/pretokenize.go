package tokenizer

import "unicode/utf8"

// parsePreTokenizer reports whether there is a pre-tokenizer.
func parsePreTokenizer(n node) (bool, error) {
	if n.kind == nullKind {
		return false, nil
	}
	f := n.fields("pre_tokenizer")
	f.componentType("BertPreTokenizer")
	return true, f.end()
}

// nextWord returns the first word of text from pos on: the characters up to a blank or a punctuation mark, or one such
// mark. Behind the last one it returns two times len(text).
func nextWord(text []byte, pos int) (start, end int) {
	table := classes()
	for start = pos; start < len(text); {
		r, size := decodeRune(text[start:])
		switch c := table[r]; {
		case c&punct != 0:
			return start, start + size
		case c&blank == 0:
			for end = start + size; end < len(text); end += size {
				if r, size = decodeRune(text[end:]); table[r]&(punct|blank) != 0 {
					break
				}
			}
			return start, end
		}
		start += size
	}
	return len(text), len(text)
}

// decodeRune is utf8.DecodeRune with a short way for ASCII that the compiler can inline.
func decodeRune(text []byte) (rune, int) {
	if c := text[0]; c < utf8.RuneSelf {
		return rune(c), 1
	}
	return utf8.DecodeRune(text)
}
