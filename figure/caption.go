package figure

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rapt-go/rapt/lens"
)

// caption says which model, which measure, which text, what was changed and what isn't shown.
func (l *Look) caption() []string {
	sentences := []string{Printable(l.Model), l.measure().Title}
	if l.Difference {
		sentences = append(sentences, "second less first")
	}
	if l.Words {
		sentences = append(sentences, "words: sums of their pieces' columns, means of their rows")
	}
	for _, note := range l.Notes {
		sentences = append(sentences, Printable(note))
	}
	for _, s := range l.hidden() {
		sentences = append(sentences, strings.TrimSuffix(s, " (--special)"))
	}
	if sinks := l.called(l.View.Sinks); len(sinks) > 0 && !l.NoSpecial && !l.Difference {
		get := "get"
		if len(sinks) == 1 {
			get = "gets"
		}
		shown := lens.Selection{Rows: l.selection().Rows, Columns: l.View.Select(false, false).Columns}
		sentences = append(sentences, fmt.Sprintf("%s %s %.1f %% of what the rows shown give", and(sinks), get,
			100*l.View.HiddenShare(l.Head, shown)))
	}
	return append(sentences, "layers and heads count from 0")
}

// describe says what a map shows to those who can't see it: for each of the first rows where it is largest.
func (l *Look) describe(s lens.Selection) string {
	const most = 12
	names := l.names()
	var b strings.Builder
	fmt.Fprintf(&b, "A table of %d rows (from, queries) and %d columns (to, keys). %s.", len(s.Rows), len(s.Columns), strings.Join(l.caption(), ". "))
	for _, i := range s.Rows[:min(most, len(s.Rows))] {
		row := l.View.Row(l.Head.Layer, l.Head.Head, i)
		j := slices.MaxFunc(s.Columns, func(a, b int) int {
			if row[a] < row[b] {
				return -1
			}
			return 1
		})
		fmt.Fprintf(&b, " %s looks most at %s, %s.", names[i], names[j], number(float64(row[j]), l.measure().Unit))
	}
	if len(s.Rows) > most {
		fmt.Fprintf(&b, " %d more rows.", len(s.Rows)-most)
	}
	return b.String()
}

// foldText puts parts on as few lines as so many points allow, with semicolons between them. A word that is wider than a line
// is shortened.
func foldText(parts []string, size, width float64) (lines []string) {
	line := ""
	for _, word := range strings.Split(strings.Join(parts, "; "), " ") {
		word = clip(word, size, width, false)
		if line != "" && textWidth(line+" "+word, size, false) > width {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return append(lines, line)
}
