package figure

import (
	"fmt"
	"strings"
	"sync"
	"unicode"

	"codeberg.org/go-fonts/liberation/liberationsansbold"
	"codeberg.org/go-fonts/liberation/liberationsansregular"
	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"golang.org/x/text/unicode/norm"
)

// faces are Liberation Sans, whose widths are those of Arial and Helvetica, for text of any size.
var faces = sync.OnceValue(func() [2]*opentype.Font { // regular, bold
	var fonts [2]*opentype.Font
	for i, ttf := range [][]byte{liberationsansregular.TTF, liberationsansbold.TTF} {
		f, err := opentype.Parse(ttf)
		if err != nil {
			panic(err) // the font is part of the program
		}
		fonts[i] = f
	}
	return fonts
})

func fontOf(bold bool) *opentype.Font {
	if bold {
		return faces()[1]
	}
	return faces()[0]
}

// face is a face of so many pixels.
func face(bold bool, size float64) font.Face {
	f, err := opentype.NewFace(fontOf(bold), &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		panic(err) // the options are ours
	}
	return f
}

// signs are what the font has in place of signs that it doesn't have.
var signs = strings.NewReplacer("␣", "˽", "▁", "˽", "⏎", "¶", "⇥", "→")

// inFont is s in letters that the font has, as far as possible.
func inFont(s string) string { return signs.Replace(norm.NFC.String(s)) }

// textWidth is how wide s is in points; a letter that the font doesn't have counts as wide as it is on a terminal.
func textWidth(s string, size float64, bold bool) (width float64) {
	var buf sfnt.Buffer
	f := fontOf(bold)
	for _, r := range inFont(s) {
		index, err := f.GlyphIndex(&buf, r)
		if err != nil || index == 0 {
			width += float64(displayWidth(string(r))) * size * .55
			continue
		}
		advance, err := f.GlyphAdvance(&buf, index, fixed.I(1000), font.HintingNone)
		if err == nil {
			width += float64(advance) / 64 / 1000 * size
		}
	}
	return width
}

// clip is s if it is at most width points wide, or as much of its beginning as fits before "…".
func clip(s string, size, width float64, bold bool) string {
	if textWidth(s, size, bold) <= width {
		return s
	}
	runes := []rune(s)
	for n := len(runes) - 1; n > 0; n-- {
		if short := string(runes[:n]) + "…"; textWidth(short, size, bold) <= width {
			return short
		}
	}
	return "…"
}

// drawable is s as the font can draw it, letter by letter from left to right, or an error that names the first letter for
// which that isn't so: one it doesn't have, a mark that must be placed, or a script that runs from right to left.
func drawable(s string, bold bool) (string, error) {
	var buf sfnt.Buffer
	s = inFont(s)
	for _, r := range s {
		index, err := fontOf(bold).GlyphIndex(&buf, r)
		if err != nil || index == 0 || unicode.In(r, unicode.M, unicode.Hebrew, unicode.Arabic, unicode.Cf) {
			return "", fmt.Errorf("%q (%U) in %q can't be drawn with the font of .png and .pdf files; .svg keeps it as text", r, r, s)
		}
	}
	return s, nil
}
