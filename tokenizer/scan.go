package tokenizer

import (
	"encoding/binary"
	"unicode/utf8"
)

// wordRule is one of the expressions by which byte-level tokenizers cut text into words, written out by hand: otherwise
// regexp2 takes half of the time of an encoding (BenchmarkWords). Every character is in one of the words, so that all
// there is to find is where each one ends. TestWordRules holds them against the expressions.
type wordRule struct {
	foldCase   bool // 's and the like also in capital letters
	anyPrefix  bool // a word may begin with any one character but a line break; else with a space
	maxDigits  int  // numbers are cut after so many digits; 0: never, and they may begin with a space
	lineBreaks bool // punctuation takes the line breaks behind it; blanks end with their last line break
}

const (
	gpt2Pattern   = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
	llama3Pattern = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	qwen2Pattern  = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
)

var wordRules = map[string]*wordRule{
	gpt2Pattern:   {},
	llama3Pattern: {foldCase: true, anyPrefix: true, maxDigits: 3, lineBreaks: true},
	qwen2Pattern:  {foldCase: true, anyPrefix: true, maxDigits: 1, lineBreaks: true},
}

// wordScanner cuts one text by a wordRule.
type wordScanner struct {
	*wordRule
	text  []byte
	table *classTable
}

// words appends the words of text[start:end] to out.
func (w *wordRule) words(out []span, text []byte, start, end int) []span {
	s := wordScanner{w, text[:end], classes()}
	for start < end {
		stop := s.wordEnd(start)
		out = append(out, span{start, stop})
		start = stop
	}
	return out
}

// classAt returns the class of the character at i, and where the next one begins; behind the end no class.
func (s *wordScanner) classAt(i int) (class, int) {
	if i >= len(s.text) {
		return 0, i
	}
	r, size := decodeRune(s.text[i:])
	return s.table[r], i + size
}

// run returns the end of the run of characters of class c from i on.
func (s *wordScanner) run(i int, c class) int {
	for i < len(s.text) {
		k, next := s.classAt(i)
		if k&c == 0 {
			break
		}
		i = next
	}
	return i
}

// runOfLetters is run for letters, with a short way for those of ASCII.
func (s *wordScanner) runOfLetters(i int) int {
	for i+8 <= len(s.text) {
		n := lettersAhead(binary.LittleEndian.Uint64(s.text[i:]))
		i += n
		if n < 8 && s.text[i] < utf8.RuneSelf {
			return i
		}
		if n < 8 {
			break
		}
	}
	return s.run(i, letter)
}

// runOfOthers returns the end of the run of characters that are neither blanks nor letters nor numbers.
func (s *wordScanner) runOfOthers(i int) int {
	for i < len(s.text) {
		k, next := s.classAt(i)
		if k&(blank|letter|number) != 0 {
			break
		}
		i = next
	}
	return i
}

func (s *wordScanner) wordEnd(i int) int {
	if s.text[i] == '\'' {
		if n := contraction(s.text[i+1:], s.foldCase); n > 0 {
			return i + 1 + n
		}
	}
	k, next := s.classAt(i)
	behindSpace := i
	if s.text[i] == ' ' {
		behindSpace = next
	}
	if end := s.letters(i, k, next, behindSpace); end > 0 {
		return end
	}
	if end := s.digits(i, k, behindSpace); end > 0 {
		return end
	}
	if end := s.runOfOthers(behindSpace); end > behindSpace {
		for s.lineBreaks && end < len(s.text) && isLineBreak(s.text[end]) {
			end++
		}
		return end
	}
	return s.blanks(i)
}

// letters takes \p{L}+ with what may stand before it. The character at i is of class k, and the next one begins at next.
func (s *wordScanner) letters(i int, k class, next, behindSpace int) int {
	start := behindSpace
	if k&letter != 0 {
		start = i
	} else if s.anyPrefix && k&number == 0 && !isLineBreak(s.text[i]) {
		start = next
	}
	if end := s.runOfLetters(start); end > start {
		return end
	}
	return 0
}

func (s *wordScanner) digits(i int, k class, behindSpace int) int {
	if s.maxDigits == 0 {
		if end := s.run(behindSpace, number); end > behindSpace {
			return end
		}
		return 0
	}
	end := i
	for n := 0; n < s.maxDigits && k&number != 0; n++ {
		_, end = s.classAt(end)
		k, _ = s.classAt(end)
	}
	if end > i {
		return end
	}
	return 0
}

// blanks takes a run of blanks: up to its last line break, or all but the last blank, which is left to the next word.
func (s *wordScanner) blanks(i int) int {
	end, last, breaks := i, i, 0
	for end < len(s.text) {
		k, next := s.classAt(end)
		if k&blank == 0 {
			break
		}
		if isLineBreak(s.text[end]) {
			breaks = next
		}
		last, end = end, next
	}
	switch {
	case s.lineBreaks && breaks > 0:
		return breaks
	case end < len(s.text) && last > i:
		return last
	}
	return end
}

func isLineBreak(c byte) bool { return c == '\n' || c == '\r' }

// contraction returns the length of s, t, re, ve, m, ll or d at the beginning of text.
func contraction(text []byte, fold bool) int {
	var c [2]byte
	n := copy(c[:], text)
	if fold {
		const longS = "ſ" // the only other character that is one of these letters in another case
		if n == 2 && string(c[:]) == longS {
			return len(longS)
		}
		for i := range c {
			if 'A' <= c[i] && c[i] <= 'Z' {
				c[i] += 'a' - 'A'
			}
		}
	}
	switch c[0] {
	case 's', 't', 'm', 'd':
		return 1
	case 'r', 'v':
		if c[1] == 'e' {
			return 2
		}
	case 'l':
		if c[1] == 'l' {
			return 2
		}
	}
	return 0
}

// decodeRune is utf8.DecodeRune with a short way for ASCII that the compiler can inline.
func decodeRune(text []byte) (rune, int) {
	if c := text[0]; c < utf8.RuneSelf {
		return rune(c), 1
	}
	return utf8.DecodeRune(text)
}
