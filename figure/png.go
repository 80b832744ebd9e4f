package figure

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"

	"git.sr.ht/~sbinet/gg"
)

// pngScale is how many pixels a point has: 216 to the inch.
const pngScale = 3

// raster draws pixels.
type raster struct {
	*gg.Context
	err error // the first text that can't be drawn
}

func (p *Picture) writePNG(b *bytes.Buffer) error {
	c := &raster{Context: gg.NewContext(int(math.Ceil(p.Width*pngScale)), int(math.Ceil(p.Height*pngScale)))}
	c.rect(0, 0, p.Width+1, p.Height+1, p.theme.paper, "")
	p.draw(c)
	if c.err != nil {
		return c.err
	}
	return png.Encode(b, c.Image())
}

func (c rgb) color() color.NRGBA { return color.NRGBA{c.r, c.g, c.b, 255} }

// rect fills whole pixels, so that no paper shines through between cells.
func (c *raster) rect(x, y, w, h float64, fill rgb, _ string) {
	r := image.Rect(pixel(x), pixel(y), pixel(x+w), pixel(y+h))
	draw.Draw(c.Image().(draw.Image), r, image.NewUniform(fill.color()), image.Point{}, draw.Src)
}

func pixel(v float64) int { return int(math.Round(v * pngScale)) }

func (c *raster) frame(x, y, w, h, width float64, color rgb) {
	c.SetColor(color.color())
	c.SetLineWidth(width * pngScale)
	c.DrawRectangle(x*pngScale, y*pngScale, w*pngScale, h*pngScale)
	c.Stroke()
}

func (c *raster) curve(from, c1, c2, to point, width float64, color rgb, _ string) {
	c.SetColor(color.color())
	c.SetLineWidth(width * pngScale)
	c.SetLineCapButt()
	c.MoveTo(from.x*pngScale, from.y*pngScale)
	c.CubicTo(c1.x*pngScale, c1.y*pngScale, c2.x*pngScale, c2.y*pngScale, to.x*pngScale, to.y*pngScale)
	c.Stroke()
}

func (c *raster) image(x, y, w, h float64, m *image.NRGBA) {
	b := m.Bounds()
	for j := range b.Dy() {
		for i := range b.Dx() {
			p := m.NRGBAAt(i, j)
			c.rect(x+w*float64(i)/float64(b.Dx()), y+h*float64(j)/float64(b.Dy()), w/float64(b.Dx()), h/float64(b.Dy()), rgb{p.R, p.G, p.B}, "")
		}
	}
}

func (c *raster) text(l label) {
	s, err := drawable(l.text, l.bold)
	if err != nil {
		if c.err == nil {
			c.err = err
		}
		return
	}
	c.SetColor(l.color.color())
	c.SetFontFace(face(l.bold, l.size*pngScale))
	c.Push()
	defer c.Pop()
	x, y := l.x*pngScale, l.y*pngScale
	if l.upright {
		c.RotateAbout(-math.Pi/2, x, y)
	}
	width, _ := c.MeasureString(s)
	c.DrawString(s, x-width*float64(l.anchor)/2, y)
}
