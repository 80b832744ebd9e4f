package figure

import (
	"fmt"
	"math"
)

// A Color says which colours a screen has.
type Color uint8

const (
	NoColor   Color = iota // none: plain text without escape codes
	ANSI16                 // the 16 colours whose shades each terminal chooses itself
	ANSI256                // the palette of 256
	TrueColor              // any
)

type rgb struct{ r, g, b uint8 }

// A paint is a colour of the map on one kind of screen.
type paint struct {
	code string // what selects it: "48;" + code as background, "38;" + code as foreground; for ANSI16 the digit alone
	dark bool   // white text on it is easier to read than black
}

// Paints are the colours of a map on one kind of screen.
type paints struct {
	Color
	colors *ColorMap
}

// paintOf is the colour of value v, which counts from 0 to 1.
func (c paints) paintOf(v float64) paint {
	v = min(max(v, 0), 1)
	switch c.Color {
	case TrueColor:
		p := c.colors.at(v)
		return paint{fmt.Sprintf("2;%d;%d;%d", p.r, p.g, p.b), p.dark()}
	case ANSI256:
		n := c.colors.palette[step(v, len(c.colors.palette))]
		return paint{fmt.Sprintf("5;%d", n), cube(n).dark()}
	default:
		n := c.colors.basic[step(v, len(c.colors.basic))]
		return paint{fmt.Sprint(n), n == 0 || n == 1 || n == 4} // black, red and blue
	}
}

// step is the index of the one of n equal parts of [0, 1] that v is in.
func step(v float64, n int) int { return min(int(v*float64(n)), n-1) }

// cube is colour n of the palette of 256, for n from 16 to 231: 6 × 6 × 6 steps.
func cube(n uint8) rgb {
	level := func(i uint8) uint8 {
		if i == 0 {
			return 0
		}
		return 55 + 40*i
	}
	n -= 16
	return rgb{level(n / 36), level(n / 6 % 6), level(n % 6)}
}

// dark reports whether white text has more contrast on p than black has. By WCAG 2 the contrast of luminances a > b is
// (a + 0.05)/(b + 0.05); black and white are equal on √(1.05·0.05) − 0.05.
func (p rgb) dark() bool {
	linear := func(v uint8) float64 {
		c := float64(v) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	luminance := 0.2126*linear(p.r) + 0.7152*linear(p.g) + 0.0722*linear(p.b)
	return luminance < math.Sqrt(1.05*0.05)-0.05
}

const reset = "\x1b[0m"

// cell is text on the colour of v. Without colours it is the text.
func (c paints) cell(text string, v float64, strong bool) string {
	if c.Color == NoColor {
		return text
	}
	p := c.paintOf(v)
	codes := "30" // black
	if p.dark {
		codes = "97" // bright white
	}
	if c.Color != ANSI16 {
		// The first 16 colours are the user's, and may be anything: name black and white in the palette.
		codes = "38;5;16"
		if p.dark {
			codes = "38;5;231"
		}
	}
	if strong {
		codes = "1;" + codes
	}
	return "\x1b[" + codes + ";" + c.background(p) + "m" + text + reset
}

// halves is one character whose upper half has the colour of one value and whose lower half that of another; a
// negative value is no colour.
func (c paints) halves(upper, lower float64) string {
	block := "▀"
	if upper < 0 {
		block, upper, lower = "▄", lower, -1
	}
	if upper < 0 {
		return " "
	}
	codes := c.foreground(c.paintOf(upper))
	if lower >= 0 {
		codes += ";" + c.background(c.paintOf(lower))
	}
	return "\x1b[" + codes + "m" + block + reset
}

func (c Color) background(p paint) string {
	if c == ANSI16 {
		return "4" + p.code
	}
	return "48;" + p.code
}

func (c Color) foreground(p paint) string {
	if c == ANSI16 {
		return "3" + p.code
	}
	return "38;" + p.code
}

// faint is text that matters less.
func (c Color) faint(text string) string {
	if c == NoColor {
		return text
	}
	return "\x1b[2m" + text + reset
}

// strong is text that matters more.
func (c Color) strong(text string) string {
	if c == NoColor {
		return text
	}
	return "\x1b[1m" + text + reset
}
