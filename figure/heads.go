package figure

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/rapt-go/rapt/lens"
)

// A headMap is a table with a cell for each head: a row for each layer.
type headMap struct {
	view *lens.View
	cell func(h lens.Head, width int) string // what stands in a cell, so wide
}

// lines draws the map with cells so wide. Heads that don't fit are left out, and a last line says so.
func (m *headMap) lines(cell, width int) []string {
	label := max(len("head"), len("L")+len(strconv.Itoa(m.view.NumLayers-1)))
	if cell == 1 {
		label++
	}
	shown := min(m.view.NumHeads, max(1, (width-label)/cell))
	heading := padRight("head", label)
	for h := range shown {
		number := strconv.Itoa(h)
		heading += padLeft(number[max(0, len(number)-max(1, cell-1)):], cell)
	}
	lines := []string{heading}
	for layer := range m.view.NumLayers {
		line := padRight(fmt.Sprintf("L%d", layer), label)
		for h := range shown {
			line += m.cell(lens.Head{Layer: layer, Head: h}, cell)
		}
		lines = append(lines, line)
	}
	if shown < m.view.NumHeads {
		lines = append(lines, fmt.Sprintf("heads %d to %d don't fit", shown, m.view.NumHeads-1))
	}
	return lines
}

// beside puts the map to the right of other lines if it fits there, or else below, with cells from wide to narrow as
// there is room. It returns how wide they are.
func (m *headMap) beside(left []string, wide, narrow, width int) (lines []string, cell int) {
	const gap = 3
	fits := func(used, cell int) bool { return used+widest(m.lines(cell, math.MaxInt)) <= width }
	for cell := wide; cell >= max(narrow, 2); cell-- {
		if len(left) > 0 && fits(widest(left)+gap, cell) {
			return sideBySide(left, m.lines(cell, width), gap), cell
		}
	}
	if len(left) > 0 {
		left = append(left, "")
	}
	cell = wide
	for cell > narrow && !fits(0, cell) {
		cell--
	}
	return append(left, m.lines(cell, width)...), cell
}

// roleMap has every head's letter, and the shown head marked as in marks.
func (l *Look) roleMap(letters map[lens.Head]rune, c Color) *headMap {
	return &headMap{l.View, func(h lens.Head, width int) string {
		letter := string(letters[h])
		if h != l.Head {
			return padLeft(letter, width-width/3) + strings.Repeat(" ", width/3)
		}
		switch width {
		case 3:
			return c.strong("[" + letter + "]")
		case 2:
			return c.strong("*" + letter)
		}
		return c.strong(letter)
	}}
}

// marks say how a role map with cells so wide marks the head that is shown.
var marks = map[int]string{3: "[ ] is shown above; ", 2: "* is shown above; "}

// legend explains the letters that the heads have.
func legend(letters map[lens.Head]rune, heads []lens.Head) []string {
	present := map[rune]bool{}
	for _, h := range heads {
		present[letters[h]] = true
	}
	var parts []string
	for _, letter := range lens.Letters {
		if present[letter.Letter] {
			parts = append(parts, fmt.Sprintf("%c %s", letter.Letter, letter.Name))
		}
	}
	return parts
}

// list lists pairs of words.
func (l *Look) list(pairs []lens.Pair, width int) []string {
	if len(pairs) == 0 {
		return nil
	}
	places := l.places()
	room := min(12, (width-len("   →   0.00  L0 H00"))/2)
	var names []string // queries, keys
	for _, p := range pairs {
		names = append(names, places[p.Query])
	}
	for _, p := range pairs {
		names = append(names, places[p.Key])
	}
	names = shortenAll(names, room)
	queries, keys := names[:len(pairs)], names[len(pairs):]
	lines := wrap("strongest pairs by excess, any head", width)
	for i, p := range pairs {
		lines = append(lines, fmt.Sprintf("  %s → %s  %.2f  %v",
			padLeft(queries[i], widest(queries)), padRight(keys[i], widest(keys)), p.Weight, p.Head))
	}
	return lines
}

// places are the tokens' names; of several with the same name all but the first get their number: the, the#2.
func (s *Subject) places() []string {
	names := s.names()
	seen := map[string]int{}
	for i, name := range names {
		if seen[name]++; seen[name] > 1 {
			names[i] = fmt.Sprintf("%s#%d", name, seen[name])
		}
	}
	return names
}
