package figure

import (
	"math"
	"strings"
)

// A ColorMap says which colour a value from 0 to 1 has. There are Viridis, Cividis and, for differences alone, RdBu.
type ColorMap struct {
	Name string

	stops   [9]rgb  // at 0, 1/8, … 1
	palette []uint8 // the nearest of the 256 colours of a terminal
	basic   []uint8 // as much as its 16 colours can say
}

// Viridis rises in brightness evenly, also for those who don't see red or green (Smith, van der Walt 2015; CC0).
var Viridis = &ColorMap{"viridis", [9]rgb{
	{0x44, 0x01, 0x54}, {0x47, 0x2d, 0x7b}, {0x3b, 0x52, 0x8b}, {0x2c, 0x72, 0x8e}, {0x21, 0x91, 0x8c},
	{0x28, 0xae, 0x80}, {0x5e, 0xc9, 0x62}, {0xad, 0xdc, 0x30}, {0xfd, 0xe7, 0x25},
}, []uint8{53, 54, 60, 24, 30, 36, 72, 71, 77, 113, 149, 148, 184, 220}, []uint8{0, 4, 6, 2, 3}}

// Cividis looks nearly the same with and without a deficiency of colour vision (Nuñez, Anderton, Renslow 2018).
var Cividis = &ColorMap{"cividis", [9]rgb{
	{0x00, 0x22, 0x4e}, {0x1a, 0x38, 0x6f}, {0x43, 0x4e, 0x6c}, {0x61, 0x65, 0x6f}, {0x7d, 0x7c, 0x78},
	{0x9b, 0x94, 0x76}, {0xbc, 0xae, 0x6c}, {0xde, 0xc9, 0x58}, {0xfe, 0xe8, 0x38},
}, []uint8{17, 59, 60, 102, 138, 143, 179, 185, 221}, []uint8{0, 4, 6, 7, 3}}

// RdBu runs from blue for less by way of white to red for more (Brewer's, Apache-2.0).
var RdBu = &ColorMap{"RdBu", [9]rgb{
	{0x05, 0x30, 0x61}, {0x2a, 0x71, 0xb2}, {0x6b, 0xac, 0xd1}, {0xc2, 0xdd, 0xec}, {0xf7, 0xf6, 0xf6},
	{0xfb, 0xcc, 0xb4}, {0xe4, 0x80, 0x66}, {0xba, 0x28, 0x32}, {0x67, 0x00, 0x1f},
}, []uint8{24, 67, 74, 116, 189, 231, 224, 217, 209, 131, 88}, []uint8{4, 6, 7, 3, 1}}

// at is the colour of v, linear between its neighbours.
func (m *ColorMap) at(v float64) rgb {
	v = min(max(v, 0), 1)
	last := len(m.stops) - 1
	i := min(int(v*float64(last)), last-1)
	f := v*float64(last) - float64(i)
	a, b := m.stops[i], m.stops[i+1]
	between := func(a, b uint8) uint8 { return uint8(math.Round(float64(a) + f*(float64(b)-float64(a)))) }
	return rgb{between(a.r, b.r), between(a.g, b.g), between(a.b, b.b)}
}

// A scale turns the values of a map into places on a ColorMap.
type scale struct {
	colors  *ColorMap
	ceiling float64 // the value that gets the last colour; larger ones get it too
	root    bool    // by the square root: where a few large values would leave the rest alike
}

// signed reports whether values may be negative; 0 is then in the middle.
func (s scale) signed() bool { return s.colors == RdBu }

// text is a value in hundredths, with a sign if it is a difference.
func (s scale) text(v float32) string {
	digits := percent(v)
	switch {
	case digits == "·" || !s.signed():
		return digits
	case v > 0:
		return "+" + digits
	}
	return "−" + strings.TrimPrefix(digits, "-")
}

// place is where v is on the map, from 0 to 1.
func (s scale) place(v float64) float64 {
	p := min(max(v/s.ceiling, -1), 1)
	if s.root {
		p = math.Copysign(math.Sqrt(math.Abs(p)), p)
	}
	if s.signed() {
		return (1 + p) / 2
	}
	return max(p, 0)
}
