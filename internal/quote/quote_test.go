package quote

import (
	"strings"
	"testing"
)

func TestText(t *testing.T) {
	for _, c := range []struct{ s, want string }{
		{"", `""`},
		{"cat\n\x00\xff", `"cat\n\x00\xff"`},
		{strings.Repeat("é", 30), `"` + strings.Repeat("é", 30) + `"`},
		{strings.Repeat("x", 61), `"` + strings.Repeat("x", 60) + `"…`},
	} {
		if got := Text(c.s); got != c.want {
			t.Errorf("Text(%q) = %s, want %s", c.s, got, c.want)
		}
	}
}

func TestPlain(t *testing.T) {
	for _, c := range []struct{ s, want string }{
		{"org/a name-é.gguf", "org/a name-é.gguf"},
		{"\x1b[2Jcat", `"\x1b[2Jcat"`},
		{"a\nb", `"a\nb"`},
		{"\xff", `"\xff"`},
	} {
		if got := Plain(c.s); got != c.want {
			t.Errorf("Plain(%q) = %s, want %s", c.s, got, c.want)
		}
	}
}
