// Package quote shows text from a file in an error message.
package quote

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// limit is how many bytes of a text are shown.
const limit = 60

// Text is s in quotes, on one line and without control characters, cut short if it is long.
func Text(s string) string {
	if len(s) > limit {
		return strconv.Quote(s[:limit]) + "…"
	}
	return strconv.Quote(s)
}

// Plain is s itself, or Text(s) where s would show as something that it isn't.
func Plain(s string) string {
	if !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return Text(s)
	}
	return s
}
