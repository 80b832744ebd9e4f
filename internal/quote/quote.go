// Package quote shows text from a file in an error message.
package quote

import "strconv"

// limit is how many bytes of a text are shown.
const limit = 60

// Text is s in quotes, on one line and without control characters, cut short if it is long.
func Text(s string) string {
	if len(s) > limit {
		return strconv.Quote(s[:limit]) + "…"
	}
	return strconv.Quote(s)
}
