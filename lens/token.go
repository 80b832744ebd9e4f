package lens

import (
	"strings"
	"unicode"
)

// A Kind says what part a token plays in a sentence, as far as its letters tell.
type Kind uint8

const (
	Content     Kind = iota // a word, or a piece of one, that isn't one of the others
	Function                // one of the few English function words in the list below
	Punctuation             // neither letter nor digit
	Special                 // put there by the tokenizer, such as [CLS] and [SEP]
)

// A Token is what the measures know of a token.
type Token struct {
	ID   int
	Kind Kind
	Word int // the number of its word: the pieces of a word share it
}

// A Piece is a token as it stands in the text.
type Piece struct {
	ID      int
	Text    string // the characters of the text that it stands for; its name where there is no text
	Follows bool   // it begins where the piece before it ends, with no blank between
	Within  bool   // it is a part of a letter that the piece before it begins
	Special bool
}

// Tokens finds words and kinds. A piece continues a word if it Follows a piece without a blank and both are of letters
// or digits, or joined by an apostrophe between letters (didn't), except in scripts that are written without blanks,
// where each piece is a word of its own. The parts of a letter's bytes stay together.
func Tokens(pieces []Piece) []Token {
	tokens := make([]Token, len(pieces))
	for start, word := 0, 0; start < len(pieces); word++ {
		end := start + 1
		for end < len(pieces) && continues(pieces, end) {
			end++
		}
		for i := start; i < end; i++ {
			tokens[i] = Token{pieces[i].ID, kindOf(pieces[start:end], i-start), word}
		}
		start = end
	}
	return tokens
}

// continues says whether piece i belongs to the word of piece i−1.
func continues(pieces []Piece, i int) bool {
	prev, p := pieces[i-1], pieces[i]
	if p.Special || prev.Special || !(p.Follows || p.Within) {
		return false
	}
	switch {
	case p.Within:
		return true
	case isWord(prev.Text) && isWord(p.Text):
		return true
	case isWord(prev.Text) && isContraction(p.Text):
		return true
	case isWord(prev.Text) && isApostrophe(p.Text):
		return i+1 < len(pieces) && pieces[i+1].Follows && isWord(pieces[i+1].Text)
	case isApostrophe(prev.Text) && isWord(p.Text):
		return i >= 2 && prev.Follows && isWord(pieces[i-2].Text)
	}
	return false
}

func isApostrophe(s string) bool { return s == "'" || s == "’" }

// isContraction says whether s is an apostrophe and letters, such as 't.
func isContraction(s string) bool {
	for _, apostrophe := range []string{"'", "’"} {
		if rest, ok := strings.CutPrefix(s, apostrophe); ok && isWord(rest) {
			return true
		}
	}
	return false
}

// isWord says whether s is made of letters and digits of a script that is written with blanks between words.
func isWord(s string) bool {
	for _, r := range s {
		if !unicode.In(r, unicode.L, unicode.N, unicode.M) || unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana,
			unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar) {
			return false
		}
	}
	return s != ""
}

// kindOf is the kind of piece i of a word. What follows an apostrophe (n't, 's, 'll) is grammar, not content.
func kindOf(word []Piece, i int) Kind {
	if word[i].Special {
		return Special
	}
	if !strings.ContainsFunc(word[i].Text, func(r rune) bool { return unicode.In(r, unicode.L, unicode.N) }) {
		return Punctuation
	}
	var stem strings.Builder
	for j, p := range word {
		if isApostrophe(p.Text) || (j > 0 && isContraction(p.Text)) {
			if i > j || isContraction(word[i].Text) {
				return Function
			}
			break
		}
		stem.WriteString(p.Text)
	}
	s := strings.ToLower(strings.TrimSpace(stem.String()))
	if functionWords[s] || (stem.Len() < wordLen(word) && functionWords[strings.TrimSuffix(s, "n")]) {
		return Function
	}
	return Content
}

func wordLen(word []Piece) (n int) {
	for _, p := range word {
		n += len(p.Text)
	}
	return n
}

// functionWords are the commonest English articles, prepositions, conjunctions, pronouns and auxiliaries. They only keep
// such words out of Pick and Pairs, where "on → the" tells a reader little. Other languages, and English words that are
// missing here, work the same with a few more uninteresting pairs.
var functionWords = func() map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(`a an the this that these those and or but nor if than so as of to in on at by for
		with from into over up out about i you he she it we they me him her us them my your his its our their is are was
		were be been am do does did has have had will would can could not no who which what when where how there because too`) {
		m[w] = true
	}
	return m
}()
