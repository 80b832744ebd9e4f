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

// viridis is the colour map of that name (Smith, van der Walt 2015; CC0) at 0, 1/8, … 1.
var viridis = [9]rgb{
	{0x44, 0x01, 0x54}, {0x47, 0x2d, 0x7b}, {0x3b, 0x52, 0x8b}, {0x2c, 0x72, 0x8e}, {0x21, 0x91, 0x8c},
	{0x28, 0xae, 0x80}, {0x5e, 0xc9, 0x62}, {0xad, 0xdc, 0x30}, {0xfd, 0xe7, 0x25},
}

// viridis256 is viridis with the palette of 256: those of its colours that lie nearest, and rise in brightness.
var viridis256 = [14]uint8{53, 54, 60, 24, 30, 36, 72, 71, 77, 113, 149, 148, 184, 220}

// viridis16 is as much of viridis as 16 colours can say: black, blue, cyan, green, yellow.
var viridis16 = [5]uint8{0, 4, 6, 2, 3}

// A paint is a colour of the map on one kind of screen.
type paint struct {
	code string // what selects it: "48;" + code as background, "38;" + code as foreground; for ANSI16 the digit alone
	dark bool   // white text on it is easier to read than black
}

// paintOf is the colour of value v, which counts from 0 to 1.
func (c Color) paintOf(v float64) paint {
	v = min(max(v, 0), 1)
	switch c {
	case TrueColor:
		p := mix(v)
		return paint{fmt.Sprintf("2;%d;%d;%d", p.r, p.g, p.b), p.dark()}
	case ANSI256:
		n := viridis256[step(v, len(viridis256))]
		return paint{fmt.Sprintf("5;%d", n), cube(n).dark()}
	default:
		i := step(v, len(viridis16))
		return paint{fmt.Sprint(viridis16[i]), i < 2}
	}
}

// step is the index of the one of n equal parts of [0, 1] that v is in.
func step(v float64, n int) int { return min(int(v*float64(n)), n-1) }

// mix is viridis at v, linear between its neighbours.
func mix(v float64) rgb {
	i := min(int(v*float64(len(viridis)-1)), len(viridis)-2)
	f := v*float64(len(viridis)-1) - float64(i)
	a, b := viridis[i], viridis[i+1]
	between := func(a, b uint8) uint8 { return uint8(math.Round(float64(a) + f*(float64(b)-float64(a)))) }
	return rgb{between(a.r, b.r), between(a.g, b.g), between(a.b, b.b)}
}

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
func (c Color) cell(text string, v float64, strong bool) string {
	if c == NoColor {
		return text
	}
	p := c.paintOf(v)
	codes := "30" // black
	if p.dark {
		codes = "97" // bright white
	}
	if c != ANSI16 {
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
func (c Color) halves(upper, lower float64) string {
	codes := c.foreground(c.paintOf(upper))
	if lower >= 0 {
		codes += ";" + c.background(c.paintOf(lower))
	}
	return "\x1b[" + codes + "m▀" + reset
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
