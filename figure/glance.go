package figure

import (
	"fmt"
	"io"
	"strconv"

	"github.com/rapt-go/rapt/lens"
)

// A Glance is what one token looks at in one head, on a line: its largest weights.
type Glance struct {
	Token   string // what the line is of
	Head    lens.Head
	Keys    []string // names of the tokens that it looks at, strongest first
	Weights []float32
}

// glanceName is the room for the token's name.
const glanceName = 14

// Print draws the line: as many keys as fit.
func (g *Glance) Print(w io.Writer, s Screen) error {
	width := s.width()
	name := min(glanceName, width/3)
	line := padRight(shorten(Printable(g.Token), name), name) + fmt.Sprintf(" %-7v", g.Head)
	used := displayWidth(line)
	for i, key := range g.Keys {
		mark := shorten(Printable(key), name) + " " + strconv.Itoa(int(100*g.Weights[i]+0.5))
		if used += 2 + displayWidth(mark); used > width {
			break
		}
		line += "  " + s.paints().cell(mark, float64(g.Weights[i]), false)
	}
	return write(w, []string{line})
}
