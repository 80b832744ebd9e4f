package figure

import (
	"bytes"
	"fmt"
	"image"
	"io"
)

// A Theme is the colours of everything in a picture that isn't a value.
type Theme struct {
	Name string

	paper, ink, faint, line rgb
}

// Light and Dark are the themes.
var (
	Light = &Theme{"light", rgb{255, 255, 255}, rgb{0x1a, 0x1a, 0x1a}, rgb{0x59, 0x59, 0x59}, rgb{0xc8, 0xc8, 0xc8}}
	Dark  = &Theme{"dark", rgb{0x16, 0x18, 0x1d}, rgb{0xec, 0xec, 0xec}, rgb{0xb4, 0xb4, 0xb4}, rgb{0x4a, 0x4e, 0x57}}
)

// A Style is what a picture looks like.
type Style struct {
	Theme *Theme    // nil: Light
	Map   *ColorMap // nil: Viridis
}

func (s Style) theme() *Theme {
	if s.Theme == nil {
		return Light
	}
	return s.Theme
}

// A Picture is a drawing on one page, the same in every format. Its title and description are for those who can't see
// it. Lengths are in points.
type Picture struct {
	Width, Height      float64
	Title, Description string

	theme *Theme
	draw  func(c canvas)
}

// A canvas is one format's way to draw. The origin is the upper left corner.
type canvas interface {
	rect(x, y, w, h float64, fill rgb, tip string) // tip: what is said of it where a reader can ask
	frame(x, y, w, h, width float64, color rgb)
	curve(from, c1, c2, to point, width float64, color rgb, tip string)
	image(x, y, w, h float64, m *image.NRGBA) // pixels stay squares
	text(l label)
}

type point struct{ x, y float64 }

// A label is text at its baseline.
type label struct {
	x, y, size float64
	text       string
	anchor     anchor
	bold       bool
	upright    bool // read from below
	color      rgb
}

type anchor uint8

const (
	start anchor = iota
	middle
	end
)

// Formats are the endings of the files that Write can make.
var Formats = []string{".svg", ".png", ".pdf"}

// Write writes the picture in a format by its ending. Text that the font of .png and .pdf doesn't have, or that has to be
// shaped, is an error there: it would come out wrong. In .svg it stays text.
func (p *Picture) Write(w io.Writer, format string) error {
	var data bytes.Buffer
	var err error
	switch format {
	case ".svg":
		p.writeSVG(&data)
	case ".png":
		err = p.writePNG(&data)
	case ".pdf":
		err = p.writePDF(&data)
	default:
		err = fmt.Errorf("there is no picture format %q; there are %q", format, Formats)
	}
	if err != nil {
		return err
	}
	_, err = data.WriteTo(w)
	return err
}
