package figure

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"image"
	"image/png"
	"strconv"
)

// svg writes Scalable Vector Graphics 1.1. Text stays text, in whatever the reader has that is as wide as Liberation Sans.
type svg struct{ b *bytes.Buffer }

func (p *Picture) writeSVG(b *bytes.Buffer) {
	c := svg{b}
	fmt.Fprintf(b, `<svg xmlns="http://www.w3.org/2000/svg" width="%spt" height="%[2]spt" viewBox="0 0 %[1]s %[2]s" role="img" aria-labelledby="title desc" font-family="'Liberation Sans', Arial, Helvetica, sans-serif">`+"\n",
		decimal(p.Width), decimal(p.Height))
	fmt.Fprintf(b, "<title id=\"title\">%s</title>\n<desc id=\"desc\">%s</desc>\n", escaped(p.Title), escaped(p.Description))
	c.rect(0, 0, p.Width, p.Height, p.theme.paper, "")
	p.draw(c)
	b.WriteString("</svg>\n")
}

// decimal is a length with at most two digits behind the point.
func decimal(v float64) string {
	s := strconv.FormatFloat(v, 'f', 2, 64)
	for s[len(s)-1] == '0' {
		s = s[:len(s)-1]
	}
	if s[len(s)-1] == '.' {
		s = s[:len(s)-1]
	}
	if s == "-0" {
		return "0"
	}
	return s
}

func escaped(s string) string {
	var b bytes.Buffer
	xml.EscapeText(&b, []byte(s)) // a bytes.Buffer takes everything
	return b.String()
}

func (c rgb) hex() string { return fmt.Sprintf("#%02x%02x%02x", c.r, c.g, c.b) }

// end closes an element, around its tip if there is one.
func (c svg) end(name, tip string) {
	if tip == "" {
		c.b.WriteString("/>\n")
		return
	}
	fmt.Fprintf(c.b, "><title>%s</title></%s>\n", escaped(tip), name)
}

func (c svg) rect(x, y, w, h float64, fill rgb, tip string) {
	fmt.Fprintf(c.b, `<rect x="%s" y="%s" width="%s" height="%s" fill="%s"`, decimal(x), decimal(y), decimal(w), decimal(h), fill.hex())
	c.end("rect", tip)
}

func (c svg) frame(x, y, w, h, width float64, color rgb) {
	fmt.Fprintf(c.b, `<rect x="%s" y="%s" width="%s" height="%s" fill="none" stroke="%s" stroke-width="%s"/>`+"\n",
		decimal(x), decimal(y), decimal(w), decimal(h), color.hex(), decimal(width))
}

func (c svg) curve(from, c1, c2, to point, width float64, color rgb, tip string) {
	fmt.Fprintf(c.b, `<path d="M%s %sC%s %s %s %s %s %s" fill="none" stroke="%s" stroke-width="%s"`,
		decimal(from.x), decimal(from.y), decimal(c1.x), decimal(c1.y), decimal(c2.x), decimal(c2.y), decimal(to.x), decimal(to.y),
		color.hex(), decimal(width))
	c.end("path", tip)
}

func (c svg) image(x, y, w, h float64, m *image.NRGBA) {
	var data bytes.Buffer
	png.Encode(&data, m) // a bytes.Buffer takes everything
	fmt.Fprintf(c.b, `<image x="%s" y="%s" width="%s" height="%s" preserveAspectRatio="none" style="image-rendering:pixelated" href="data:image/png;base64,%s"/>`+"\n",
		decimal(x), decimal(y), decimal(w), decimal(h), base64.StdEncoding.EncodeToString(data.Bytes()))
}

func (c svg) text(l label) {
	fmt.Fprintf(c.b, `<text x="%s" y="%s" font-size="%s" fill="%s"`, decimal(l.x), decimal(l.y), decimal(l.size), l.color.hex())
	if l.anchor != start {
		fmt.Fprintf(c.b, ` text-anchor="%s"`, [...]string{"start", "middle", "end"}[l.anchor])
	}
	if l.bold {
		c.b.WriteString(` font-weight="bold"`)
	}
	if l.upright {
		fmt.Fprintf(c.b, ` transform="rotate(-90 %s %s)"`, decimal(l.x), decimal(l.y))
	}
	fmt.Fprintf(c.b, ">%s</text>\n", escaped(l.text))
}
