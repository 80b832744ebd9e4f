package tokenizer

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// decoder puts tokens together: its steps rewrite them in order, then they are joined. Without one they are joined with
// blanks.
type decoder []decodeStep

type decodeKind uint8

const (
	joinWordPieces decodeKind = iota
	joinBytes                 // ByteLevel: the bytes that characters spell
	joinBytePieces            // ByteFallback: <0xHH>
	joinAll                   // Fuse
	unmarkSpaces              // Metaspace
	replaceAll                // Replace
	stripEnds                 // Strip
	unmarkWordEnds            // BPEDecoder
)

type decodeStep struct {
	kind        decodeKind
	prefix      string // joinWordPieces: of tokens that continue a word
	cleanup     bool   // joinWordPieces: close up blanks before punctuation and in contractions
	suffix      string // unmarkWordEnds: of tokens that end a word
	char        rune   // unmarkSpaces, stripEnds
	keepFirst   bool   // unmarkSpaces: a mark in the first token is a space, too
	start, stop int    // stripEnds: how many at most
	pattern     *pattern
	content     string
}

func parseDecoder(n node, where string) (decoder, error) {
	if n.kind == nullKind {
		return nil, nil
	}
	f := n.fields(where)
	var s decodeStep
	switch f.componentType("BPEDecoder", "ByteFallback", "ByteLevel", "Fuse", "Metaspace", "Replace", "Sequence", "Strip",
		"WordPiece") {
	case "BPEDecoder":
		s = decodeStep{kind: unmarkWordEnds, suffix: f.string("suffix")}
	case "ByteFallback":
		s.kind = joinBytePieces
	case "ByteLevel":
		f.bool("add_prefix_space")
		f.bool("trim_offsets")
		f.optionalBool("use_regex", true)
		s.kind = joinBytes
	case "Fuse":
		s.kind = joinAll
	case "Metaspace":
		char, scheme, _ := parseMetaspace(f)
		s = decodeStep{kind: unmarkSpaces, char: char, keepFirst: scheme == prependNever}
	case "Replace":
		s = decodeStep{kind: replaceAll, pattern: f.pattern("pattern"), content: f.string("content")}
	case "Sequence":
		return parseDecoders(f)
	case "Strip":
		s = decodeStep{kind: stripEnds, char: f.rune("content"), start: f.int("start", 0), stop: f.int("stop", 0)}
	case "WordPiece":
		s = decodeStep{kind: joinWordPieces, prefix: f.string("prefix"), cleanup: f.bool("cleanup")}
	}
	return decoder{s}, f.end()
}

func parseDecoders(f *fields) (decoder, error) {
	d := decoder{}
	for i, m := range f.list("decoders") {
		more, err := parseDecoder(m.value, fmt.Sprintf("%s.decoders[%d]", f.where, i))
		if err != nil {
			return nil, err
		}
		d = append(d, more...)
	}
	return d, f.end()
}

// Decode puts tokens together to a text, without special tokens if skipSpecial is set. What Encode has dropped or changed
// stays lost: case, blanks, accents. An id that isn't in the vocabulary is an error.
func (t *Tokenizer) Decode(ids []int, skipSpecial bool) (string, error) {
	tokens := make([]string, 0, len(ids))
	for i, id := range ids {
		token, ok := t.IDToToken(id)
		if !ok {
			return "", fmt.Errorf("ids[%d] is %d, which is not in the vocabulary", i, id)
		}
		if !skipSpecial || !t.special[token] {
			tokens = append(tokens, token)
		}
	}
	return t.decoder.join(tokens)
}

// join puts tokens together; it may change the slice.
func (d decoder) join(tokens []string) (string, error) {
	if d == nil {
		return strings.Join(tokens, " "), nil
	}
	for i := range d {
		var err error
		if tokens, err = d[i].apply(tokens); err != nil {
			return "", err
		}
	}
	return strings.Join(tokens, ""), nil
}

func (s *decodeStep) apply(tokens []string) ([]string, error) {
	switch s.kind {
	case joinBytes:
		var bytes []byte
		for _, token := range tokens {
			bytes, _ = appendBytes(bytes, token)
		}
		return []string{string(appendValid(nil, bytes))}, nil
	case joinBytePieces:
		return joinedBytePieces(tokens), nil
	case joinAll:
		return []string{strings.Join(tokens, "")}, nil
	}
	for i, token := range tokens {
		var err error
		if tokens[i], err = s.rewrite(token, i == 0, i == len(tokens)-1); err != nil {
			return nil, err
		}
	}
	return tokens, nil
}

// rewrite is what becomes of one token.
func (s *decodeStep) rewrite(token string, first, last bool) (string, error) {
	switch s.kind {
	case joinWordPieces:
		return s.wordPiece(token, first), nil
	case unmarkSpaces:
		if first && !s.keepFirst {
			return strings.ReplaceAll(token, string(s.char), ""), nil
		}
		return strings.ReplaceAll(token, string(s.char), " "), nil
	case replaceAll:
		return s.pattern.replaced(token, s.content)
	case stripEnds:
		return s.stripped(token), nil
	case unmarkWordEnds:
		blank := " "
		if last {
			blank = ""
		}
		return strings.ReplaceAll(token, s.suffix, blank), nil
	}
	return token, nil
}

func (s *decodeStep) wordPiece(token string, first bool) string {
	if !first {
		rest, inner := strings.CutPrefix(token, s.prefix)
		if token = rest; !inner {
			token = " " + rest
		}
	}
	if s.cleanup {
		token = cleanUp(token)
	}
	return token
}

// cleanUp closes up blanks within a token, the one before it included. The order matters.
func cleanUp(token string) string {
	for _, r := range [...][2]string{
		{" .", "."}, {" ?", "?"}, {" !", "!"}, {" ,", ","}, {" ' ", "'"}, {" n't", "n't"}, {" 'm", "'m"},
		{" do not", " don't"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"},
	} {
		token = strings.ReplaceAll(token, r[0], r[1])
	}
	return token
}

// stripped takes up to start characters at the beginning of a token away, and up to stop at its end.
func (s *decodeStep) stripped(token string) string {
	char := string(s.char)
	for range s.start {
		rest, ok := strings.CutPrefix(token, char)
		if !ok {
			break
		}
		token = rest
	}
	for range s.stop {
		rest, ok := strings.CutSuffix(token, char)
		if !ok {
			break
		}
		token = rest
	}
	return token
}

func (p *pattern) replaced(text, content string) (string, error) {
	matches, err := p.find(nil, text)
	if err != nil || len(matches) == 0 {
		return text, err
	}
	var b strings.Builder
	done := 0
	for _, m := range matches {
		b.WriteString(text[done:m.start])
		b.WriteString(content)
		done = m.end
	}
	b.WriteString(text[done:])
	return b.String(), nil
}

// joinedBytePieces puts runs of tokens such as <0xE2> together to the text that they spell; if it isn't UTF-8, each of
// them becomes U+FFFD.
func joinedBytePieces(tokens []string) []string {
	var out []string
	var bytes []byte
	for _, token := range tokens {
		if b, ok := bytePiece(token); ok {
			bytes = append(bytes, b)
			continue
		}
		out = append(append(out, spelledBytes(bytes)...), token)
		bytes = bytes[:0]
	}
	return append(out, spelledBytes(bytes)...)
}

func spelledBytes(bytes []byte) []string {
	switch {
	case len(bytes) == 0:
		return nil
	case utf8.Valid(bytes):
		return []string{string(bytes)}
	}
	return slices.Repeat([]string{string(utf8.RuneError)}, len(bytes))
}

// bytePiece returns the byte of a token <0xHH>. The digits may be one with a plus sign, as the library has it.
func bytePiece(token string) (byte, bool) {
	if len(token) != len("<0xHH>") || token[:3] != "<0x" || token[5] != '>' {
		return 0, false
	}
	digits := token[3:5]
	if digits[0] == '+' {
		digits = digits[1:]
	}
	v, err := strconv.ParseUint(digits, 16, 8)
	return byte(v), err == nil
}
