package figure

import (
	"strconv"
	"strings"
	"unicode"

	"charm.land/lipgloss/v2"
)

// Printable is s with everything escaped that isn't a visible character or a blank: control characters, which could
// command the terminal, invisible ones, which could reorder a line, and bytes that aren't UTF-8. A combining mark with no
// letter before it gets a dotted circle to carry it.
func Printable(s string) string {
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == unicode.ReplacementChar && !strings.HasPrefix(s[i:], "\uFFFD"):
			b.WriteString(`\x` + strconv.FormatUint(uint64(s[i]), 16))
		case !unicode.IsPrint(r):
			quoted := strconv.QuoteRuneToASCII(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		case unicode.Is(unicode.M, r) && (i == 0 || s[i-1] == ' '):
			b.WriteString("◌" + string(r))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// displayWidth is how many columns s takes: a Chinese character takes two.
func displayWidth(s string) int { return lipgloss.Width(s) }

// shorten is s if it fits width columns, or as much of its beginning as fits before "…". The brackets of a special
// token's name go first.
func shorten(s string, width int) string {
	if displayWidth(s) <= width {
		return s
	}
	for _, brackets := range []string{"[]", "<>"} {
		inner, ok := strings.CutPrefix(s, brackets[:1])
		inner, closed := strings.CutSuffix(inner, brackets[1:])
		if inner = Printable(inner); ok && closed && inner != "" && displayWidth(inner) <= width {
			return inner
		}
	}
	end := 0
	for i, r := range s {
		if displayWidth(s[:i]+string(r)) > width-1 {
			break
		}
		end = i + len(string(r))
	}
	return s[:end] + "…"
}

// shortenMiddle is s if it fits width columns, or its beginning and its end with "…" between.
func shortenMiddle(s string, width int) string {
	if displayWidth(s) <= width || width < 3 {
		return shorten(s, width)
	}
	head := shorten(s, width/2+1) // with its "…"
	start := len(s)
	for i := range s {
		if displayWidth(s[i:]) <= width-displayWidth(head) {
			start = i
			break
		}
	}
	return head + s[start:]
}

// shortenAll shortens names so that different ones stay different: at their ends, or in their middles or, as a last
// resort, with a number in front.
func shortenAll(names []string, width int) []string {
	short := make([]string, len(names))
	for _, shortened := range []func(string, int) string{shorten, shortenMiddle} {
		for i, name := range names {
			short[i] = shortened(name, width)
		}
		if distinct(names, short) {
			return short
		}
	}
	for i, name := range names {
		short[i] = shorten(strconv.Itoa(i+1)+" "+name, width)
	}
	return short
}

// distinct reports whether no two different names are the same when shortened.
func distinct(names, short []string) bool {
	full := map[string]string{}
	for i, s := range short {
		if other, ok := full[s]; ok && other != names[i] {
			return false
		}
		full[s] = names[i]
	}
	return true
}

// padLeft and padRight fill s up with blanks to width columns.
func padLeft(s string, width int) string {
	return strings.Repeat(" ", max(0, width-displayWidth(s))) + s
}

func padRight(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-displayWidth(s)))
}

// wrap breaks s between words, where it is wider than width.
func wrap(s string, width int) []string { return fold(strings.Split(s, " "), " ", width) }

// fold puts parts on as few lines as width allows, with sep between them. A part that is wider than a line is broken
// between words.
func fold(parts []string, sep string, width int) []string {
	mark := strings.TrimRight(sep, " ")
	blank := sep[len(mark):]
	lines := []string{""}
	for i, part := range parts {
		if i < len(parts)-1 {
			part += mark
		}
		last := &lines[len(lines)-1]
		switch {
		case *last == "" && displayWidth(part) <= width:
			*last = part
		case *last != "" && displayWidth(*last+blank+part) <= width:
			*last += blank + part
		default:
			broken := []string{part}
			if displayWidth(part) > width && strings.Contains(part, " ") {
				broken = wrap(part, width)
			}
			lines = append(lines, broken...)
		}
	}
	if lines[0] == "" && len(lines) > 1 {
		return lines[1:]
	}
	return lines
}

// sideBySide puts two blocks of lines next to each other.
func sideBySide(left, right []string, gap int) []string {
	margin := widest(left) + gap
	lines := make([]string, max(len(left), len(right)))
	copy(lines, left)
	for i, line := range right {
		lines[i] = padRight(lines[i], margin) + line
	}
	return lines
}

func widest(lines []string) (width int) {
	for _, line := range lines {
		width = max(width, displayWidth(line))
	}
	return width
}
