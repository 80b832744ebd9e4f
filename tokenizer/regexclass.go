package tokenizer

import (
	"slices"
	"strings"
	"sync"
	"unicode"
)

// set takes an escape that stands for a set of characters, if one comes next.
func (t *translator) set() (g ranges, ok bool) {
	rest := t.src[t.pos:]
	if len(rest) < 2 || rest[0] != '\\' {
		return nil, false
	}
	switch rest[1] {
	case 's', 'S':
		g = tableRanges(unicode.White_Space)
	case 'd', 'D':
		g = propertyRanges("Nd")
	case 'w', 'W':
		g = wordRanges()
	case 'p', 'P':
		t.pos += 2
		return t.property(rest[1] == 'P'), true
	default:
		return nil, false
	}
	t.pos += 2
	if unicode.IsUpper(rune(rest[1])) {
		g = g.inverted()
	}
	return g, true
}

// property takes {Name} or {^Name}.
func (t *translator) property(negated bool) ranges {
	name, _, ok := strings.Cut(t.src[t.pos:], "}")
	if !ok || !strings.HasPrefix(name, "{") {
		t.failf(`expected \p{…}`)
		return nil
	}
	start := t.pos
	t.pos += len(name) + 1
	name = name[1:]
	if rest, inverse := strings.CutPrefix(name, "^"); inverse {
		name, negated = rest, !negated
	}
	if properties[name] == nil {
		t.pos = start
		t.failf(`\p{%s} is not supported`, name)
		return nil
	}
	if negated {
		return propertyRanges(name).inverted()
	}
	return propertyRanges(name)
}

// class takes a class in brackets.
func (t *translator) class(fold bool) string {
	t.pos++
	open := "["
	if t.accept("^") {
		open = "[^"
	}
	var parts strings.Builder
	for first := true; ; first = false {
		switch {
		case t.pos >= len(t.src):
			t.failf("missing ]")
			return ""
		case t.src[t.pos] == ']' && !first:
			t.pos++
			return open + parts.String() + "]"
		case t.src[t.pos] == ']', t.src[t.pos] == '[', t.accept("&&"):
			t.failf("a class in a class, an empty class or && is not supported")
			return ""
		}
		parts.WriteString(t.classItem(fold).String())
	}
}

// classItem takes a character, a range or a set of a class.
func (t *translator) classItem(fold bool) ranges {
	if set, ok := t.set(); ok {
		return set
	}
	low := t.classRune()
	high := low
	if rest := t.src[t.pos:]; strings.HasPrefix(rest, "-") && !strings.HasPrefix(rest, "-]") {
		t.pos++
		if _, ok := t.set(); ok || strings.HasPrefix(rest, "-[") {
			t.failf("a range that ends with a set is not supported")
			return nil
		}
		if high = t.classRune(); high < low {
			t.failf("the range %c-%c is empty", low, high)
			return nil
		}
	}
	g := ranges{{low, high}}
	if fold {
		for _, r := range folding() {
			for f := unicode.SimpleFold(r); low <= r && r <= high && f != r; f = unicode.SimpleFold(f) {
				g = append(g, [2]rune{f, f})
			}
		}
	}
	return g.joined()
}

// folding are the characters that are another one in another case.
var folding = sync.OnceValue(func() []rune {
	var chars []rune
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if unicode.SimpleFold(r) != r {
			chars = append(chars, r)
		}
	}
	return chars
})

func (t *translator) classRune() rune {
	if t.pos == len(t.src) {
		t.failf("missing ]")
		return 0
	}
	if t.src[t.pos] == '\\' {
		return t.escapedRune()
	}
	return t.rune()
}

// String spells the ranges as parts of a class.
func (g ranges) String() string {
	var b strings.Builder
	for _, pair := range g {
		b.WriteString(hexRune(pair[0]))
		if pair[1] > pair[0] {
			b.WriteString("-" + hexRune(pair[1]))
		}
	}
	return b.String()
}

// inverted returns the code points that aren't in g, which is sorted.
func (g ranges) inverted() ranges {
	var out ranges
	next := rune(0)
	for _, pair := range g {
		if pair[0] > next {
			out = append(out, [2]rune{next, pair[0] - 1})
		}
		next = pair[1] + 1
	}
	if next <= unicode.MaxRune {
		out = append(out, [2]rune{next, unicode.MaxRune})
	}
	return out
}

// joined sorts g and joins ranges that touch.
func (g ranges) joined() ranges {
	slices.SortFunc(g, func(a, b [2]rune) int { return int(a[0] - b[0]) })
	var out ranges
	for _, pair := range g {
		if n := len(out); n > 0 && out[n-1][1]+1 >= pair[0] {
			out[n-1][1] = max(out[n-1][1], pair[1])
		} else {
			out = append(out, pair)
		}
	}
	return out
}

// tableRanges returns the ranges of a table, sorted.
func tableRanges(t *unicode.RangeTable) ranges {
	var g ranges
	for _, r := range t.R16 {
		g = g.appendStrided(rune(r.Lo), rune(r.Hi), rune(r.Stride))
	}
	for _, r := range t.R32 {
		g = g.appendStrided(rune(r.Lo), rune(r.Hi), rune(r.Stride))
	}
	return g.joined()
}

func (g ranges) appendStrided(low, high, stride rune) ranges {
	if stride == 1 {
		return append(g, [2]rune{low, high})
	}
	for r := low; r <= high; r += stride {
		g = append(g, [2]rune{r, r})
	}
	return g
}

// propertyRanges returns the code points of \p{name}, sorted.
func propertyRanges(name string) ranges {
	g := append(tableRanges(properties[name]), laterRanges(name)...)
	return g.joined().without(formerProperties[name])
}

// without returns the code points of g, which is sorted, that aren't in h.
func (g ranges) without(h ranges) ranges {
	if len(h) == 0 {
		return g
	}
	return append(g.inverted(), h...).joined().inverted()
}

// wordRanges are the code points of \w, sorted.
var wordRanges = sync.OnceValue(func() ranges {
	var g ranges
	for r, c := range classes() {
		if r := rune(r); c&word != 0 && !unicode.Is(unicode.Join_Control, r) || isLatinNumber(r) {
			if n := len(g); n > 0 && g[n-1][1] == r-1 {
				g[n-1][1] = r
			} else {
				g = append(g, [2]rune{r, r})
			}
		}
	}
	return g
})

// isLatinNumber reports whether r is one of ² ³ ¹ ¼ ½ ¾, which \w has though they are neither digits nor letters.
func isLatinNumber(r rune) bool { return r == '²' || r == '³' || r == '¹' || '¼' <= r && r <= '¾' }
