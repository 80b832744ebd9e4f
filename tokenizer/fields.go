package tokenizer

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// fields reads the members of a JSON object by name. The first thing that is wrong is kept in err, and later calls return
// zero values, so that a component reads as the list of its settings followed by end, which also complains about members
// that nobody asked for: what isn't understood isn't ignored.
type fields struct {
	where   string // the path of the object in the file; "" is the file itself
	members []member
	taken   []bool
	err     error
}

func (n node) fields(where string) *fields {
	f := &fields{where: where}
	if n.kind != objectKind {
		f.failf("%s is %s, expected %s", f.name(), n.kind, objectKind)
		return f
	}
	f.members = n.members()
	f.taken = make([]bool, len(f.members))
	seen := make(map[string]bool, len(f.members))
	for _, m := range f.members {
		if seen[m.key] {
			f.failf("%s has the key %q twice", f.name(), m.key)
		}
		seen[m.key] = true
	}
	return f
}

func (f *fields) name() string {
	if f.where == "" {
		return "the file"
	}
	return f.where
}

// path is how errors call the member key.
func (f *fields) path(key string) string {
	if f.where == "" {
		return key
	}
	return f.where + "." + key
}

func (f *fields) failf(format string, args ...any) {
	if f.err == nil {
		f.err = fmt.Errorf(format, args...)
	}
}

// end returns what went wrong, unknown members included.
func (f *fields) end() error {
	for i, m := range f.members {
		if !f.taken[i] {
			f.failf("unknown key %q in %s", m.key, f.name())
		}
	}
	return f.err
}

// take returns the member key, or null if there is none.
func (f *fields) take(key string) node {
	for i, m := range f.members {
		if m.key == key {
			f.taken[i] = true
			return m.value
		}
	}
	return node{}
}

// need returns the member key, which must be of kind k.
func (f *fields) need(key string, k kind) (n node, ok bool) {
	n = f.take(key)
	if n.kind != k {
		f.failf("%s is %s, expected %s", f.path(key), n.kind, k)
	}
	return n, n.kind == k
}

func (f *fields) string(key string) string {
	n, _ := f.need(key, stringKind)
	return n.text
}

func (f *fields) bool(key string) bool {
	n, _ := f.need(key, boolKind)
	return n.text == "true"
}

// optionalString returns a string, or "" if there is none.
func (f *fields) optionalString(key string) string {
	if f.take(key).kind == nullKind {
		return ""
	}
	return f.string(key)
}

// optionalBool returns true or false, or fallback if there is neither.
func (f *fields) optionalBool(key string, fallback bool) bool {
	if f.take(key).kind == nullKind {
		return fallback
	}
	return f.bool(key)
}

// rune returns a string of one character.
func (f *fields) rune(key string) rune {
	s := f.string(key)
	r, size := utf8.DecodeRuneInString(s)
	if size == 0 || size < len(s) {
		f.failf("%s is %q, expected one character", f.path(key), s)
	}
	return r
}

func (f *fields) list(key string) []member {
	n, ok := f.need(key, arrayKind)
	if !ok {
		return nil
	}
	return n.members()
}

// int returns an integer of at least low.
func (f *fields) int(key string, low int) int { return f.intBetween(key, low, math.MaxInt32) }

func (f *fields) intBetween(key string, low, high int) int {
	v, err := f.take(key).int(low, high)
	if err != nil {
		f.failf("%s is %w", f.path(key), err)
	}
	return v
}

// int returns a number that is an integer from low to high.
func (n node) int(low, high int) (int, error) {
	if n.kind != numberKind {
		return 0, fmt.Errorf("%s, expected %s", n.kind, numberKind)
	}
	v, err := strconv.Atoi(n.text)
	if err != nil || v < low || v > high {
		return 0, fmt.Errorf("%s, expected an integer from %d to %d", n.text, low, high)
	}
	return v, nil
}

// choice returns the position of a string in options.
func (f *fields) choice(key string, options ...string) int {
	v := f.string(key)
	for i, o := range options {
		if o == v {
			return i
		}
	}
	f.failf("%s is %q, expected one of: %s", f.path(key), v, strings.Join(options, ", "))
	return 0
}

// componentType returns the type that names a part of the pipeline, and complains if it is none of those supported.
func (f *fields) componentType(supported ...string) string {
	v := f.string("type")
	for _, s := range supported {
		if s == v {
			return v
		}
	}
	f.failf("%s type %q is not supported; supported: %s", f.name(), v, strings.Join(supported, ", "))
	return ""
}
