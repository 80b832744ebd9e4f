package tokenizer

import (
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// kind is what a JSON value is.
type kind uint8

const (
	nullKind kind = iota
	boolKind
	numberKind
	stringKind
	arrayKind
	objectKind
)

func (k kind) String() string {
	return [...]string{"null", "true or false", "a number", "a string", "an array", "an object"}[k]
}

// node is a JSON value. Unlike encoding/json's values it keeps what a strict reader needs: the order of members, keys
// given twice, and numbers as they were spelled. Arrays and objects are kept as text and read by each, so that a
// vocabulary takes no memory twice.
type node struct {
	kind kind
	text string // the value of a string; else the spelling
}

// member is a value of an object, or of an array, then without a key.
type member struct {
	key   string
	value node
}

// maxDepth bounds the nesting, so that no file can exhaust the stack. A tokenizer.json needs less than ten levels.
const maxDepth = 64

// parseJSON reads one JSON text (RFC 8259). Invalid UTF-8 and escapes of half a surrogate pair are errors, not U+FFFD:
// two tokens could become one. Strings without escapes share the memory of one copy of data.
func parseJSON(data []byte) (node, error) {
	r := jsonReader{src: string(data)}
	if i := invalidUTF8(r.src); i >= 0 {
		return node{}, fmt.Errorf("invalid UTF-8 at byte %d", i)
	}
	n, err := r.value(0)
	if err != nil {
		return node{}, err
	}
	if r.blanks(); r.pos < len(r.src) {
		return node{}, r.errorf("expected the end of the file")
	}
	return n, nil
}

// each visits the values of an array or object, in order, until visit returns an error.
func (n node) each(visit func(member) error) error {
	r := jsonReader{src: n.text}
	if n.kind == arrayKind {
		return r.array(0, visit)
	}
	return r.object(0, visit)
}

// members returns the values of an array or object.
func (n node) members() []member {
	var list []member
	if n.kind != arrayKind && n.kind != objectKind {
		return nil
	}
	// The syntax is known to be right, and the visitor has no errors.
	_ = n.each(func(m member) error {
		list = append(list, m)
		return nil
	})
	return list
}

type jsonReader struct {
	src string
	pos int
}

func (r *jsonReader) errorf(format string, args ...any) error {
	return fmt.Errorf("byte %d: "+format, append([]any{r.pos}, args...)...)
}

func (r *jsonReader) blanks() {
	for r.pos < len(r.src) {
		switch r.src[r.pos] {
		case ' ', '\t', '\n', '\r':
			r.pos++
		default:
			return
		}
	}
}

// next skips blanks and takes c if it comes then.
func (r *jsonReader) next(c byte) bool {
	r.blanks()
	if r.pos < len(r.src) && r.src[r.pos] == c {
		r.pos++
		return true
	}
	return false
}

func (r *jsonReader) value(depth int) (node, error) {
	r.blanks()
	if r.pos == len(r.src) {
		return node{}, r.errorf("the file ends where a value is expected")
	}
	if depth > maxDepth {
		return node{}, r.errorf("more than %d levels of nesting", maxDepth)
	}
	start := r.pos
	switch c := r.src[r.pos]; {
	case c == '{':
		err := r.object(depth, func(member) error { return nil })
		return node{objectKind, r.src[start:r.pos]}, err
	case c == '[':
		err := r.array(depth, func(member) error { return nil })
		return node{arrayKind, r.src[start:r.pos]}, err
	case c == '"':
		s, err := r.string()
		return node{stringKind, s}, err
	case c == '-' || '0' <= c && c <= '9':
		return r.number()
	default:
		return r.literal()
	}
}

func (r *jsonReader) object(depth int, visit func(member) error) error {
	r.pos++
	if r.next('}') {
		return nil
	}
	for {
		if r.blanks(); r.pos == len(r.src) || r.src[r.pos] != '"' {
			return r.errorf("expected a key in quotes")
		}
		key, err := r.string()
		if err != nil {
			return err
		}
		if !r.next(':') {
			return r.errorf("expected ':' after the key %q", key)
		}
		v, err := r.value(depth + 1)
		if err != nil {
			return err
		}
		if err := visit(member{key, v}); err != nil {
			return err
		}
		if r.next('}') {
			return nil
		}
		if !r.next(',') {
			return r.errorf("expected ',' or '}'")
		}
	}
}

func (r *jsonReader) array(depth int, visit func(member) error) error {
	r.pos++
	if r.next(']') {
		return nil
	}
	for {
		v, err := r.value(depth + 1)
		if err != nil {
			return err
		}
		if err := visit(member{value: v}); err != nil {
			return err
		}
		if r.next(']') {
			return nil
		}
		if !r.next(',') {
			return r.errorf("expected ',' or ']'")
		}
	}
}

func (r *jsonReader) literal() (node, error) {
	for _, l := range [...]node{{nullKind, "null"}, {boolKind, "true"}, {boolKind, "false"}} {
		if end := r.pos + len(l.text); end <= len(r.src) && r.src[r.pos:end] == l.text {
			r.pos = end
			return l, nil
		}
	}
	return node{}, r.errorf("expected a value")
}

// number takes -?(0|[1-9][0-9]*)(.[0-9]+)?([eE][+-]?[0-9]+)?.
func (r *jsonReader) number() (node, error) {
	start := r.pos
	if r.src[r.pos] == '-' {
		r.pos++
	}
	zero := r.pos < len(r.src) && r.src[r.pos] == '0'
	if n := r.digits(); n == 0 || zero && n > 1 {
		return node{}, r.errorf("bad number")
	}
	if r.pos < len(r.src) && r.src[r.pos] == '.' {
		r.pos++
		if r.digits() == 0 {
			return node{}, r.errorf("bad number")
		}
	}
	if r.pos < len(r.src) && r.src[r.pos]|0x20 == 'e' {
		r.pos++
		if r.pos < len(r.src) && (r.src[r.pos] == '+' || r.src[r.pos] == '-') {
			r.pos++
		}
		if r.digits() == 0 {
			return node{}, r.errorf("bad number")
		}
	}
	return node{numberKind, r.src[start:r.pos]}, nil
}

func (r *jsonReader) digits() int {
	start := r.pos
	for r.pos < len(r.src) && '0' <= r.src[r.pos] && r.src[r.pos] <= '9' {
		r.pos++
	}
	return r.pos - start
}

// string takes a string in quotes; without escapes it is a slice of the file.
func (r *jsonReader) string() (string, error) {
	r.pos++
	start := r.pos
	for r.pos < len(r.src) {
		switch c := r.src[r.pos]; {
		case c == '"':
			r.pos++
			return r.src[start : r.pos-1], nil
		case c == '\\':
			return r.escapedString([]byte(r.src[start:r.pos]))
		case c < ' ':
			return "", r.errorf("control character %#02x in a string", c)
		}
		r.pos++
	}
	return "", r.errorf("the file ends inside a string")
}

// escapedString takes the rest of a string that begins with s.
func (r *jsonReader) escapedString(s []byte) (string, error) {
	for r.pos < len(r.src) {
		c := r.src[r.pos]
		switch {
		case c == '"':
			r.pos++
			return string(s), nil
		case c == '\\':
			char, err := r.escape()
			if err != nil {
				return "", err
			}
			s = utf8.AppendRune(s, char)
			continue
		case c < ' ':
			return "", r.errorf("control character %#02x in a string", c)
		}
		s = append(s, c)
		r.pos++
	}
	return "", r.errorf("the file ends inside a string")
}

// escape takes one escape; two, where they are the halves of a surrogate pair.
func (r *jsonReader) escape() (rune, error) {
	if char, ok := r.utf16Escape(); ok {
		if !utf16.IsSurrogate(char) {
			return char, nil
		}
		low, _ := r.utf16Escape()
		if full := utf16.DecodeRune(char, low); full != utf8.RuneError {
			return full, nil
		}
		return 0, r.errorf("half a surrogate pair in a string")
	}
	if r.pos+1 < len(r.src) {
		escapes, chars := `"\/bfnrt`, "\"\\/\b\f\n\r\t"
		for i := range len(escapes) {
			if escapes[i] == r.src[r.pos+1] {
				r.pos += 2
				return rune(chars[i]), nil
			}
		}
	}
	return 0, r.errorf("unknown escape in a string")
}

// utf16Escape takes \uXXXX.
func (r *jsonReader) utf16Escape() (rune, bool) {
	const length = len(`\uXXXX`)
	if r.pos+length > len(r.src) || r.src[r.pos:r.pos+2] != `\u` {
		return 0, false
	}
	for _, c := range []byte(r.src[r.pos+2 : r.pos+length]) {
		if !('0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f') {
			return 0, false
		}
	}
	v, err := strconv.ParseUint(r.src[r.pos+2:r.pos+length], 16, 16)
	r.pos += length
	return rune(v), err == nil
}

// invalidUTF8 returns the position of the first byte of s that isn't UTF-8, or -1.
func invalidUTF8(s string) int {
	if utf8.ValidString(s) {
		return -1
	}
	for i, r := range s {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
				return i
			}
		}
	}
	return -1
}
