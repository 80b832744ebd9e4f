package figure

import (
	"bytes"
	"image"
	"image/png"
	"time"

	"codeberg.org/go-fonts/liberation/liberationsansbold"
	"codeberg.org/go-fonts/liberation/liberationsansregular"
	"codeberg.org/go-pdf/fpdf"
)

// document draws a page of PDF. The letters that are used are embedded, and text can be searched and copied.
type document struct {
	*fpdf.Fpdf
	err error // the first text that can't be drawn
}

func (p *Picture) writePDF(b *bytes.Buffer) error {
	c := &document{Fpdf: fpdf.NewCustom(&fpdf.InitType{UnitStr: "pt", Size: fpdf.SizeType{Wd: p.Width, Ht: p.Height}})}
	// The same bytes every time: no clock, and maps in order.
	c.SetCreationDate(time.Unix(0, 0).UTC())
	c.SetModificationDate(time.Unix(0, 0).UTC())
	c.SetCatalogSort(true)
	c.SetTitle(p.Title, true)
	c.SetSubject(p.Description, true)
	c.SetMargins(0, 0, 0)
	c.SetAutoPageBreak(false, 0)
	c.AddUTF8FontFromBytes("sans", "", liberationsansregular.TTF)
	c.AddUTF8FontFromBytes("sans", "B", liberationsansbold.TTF)
	c.AddPage()
	c.rect(0, 0, p.Width, p.Height, p.theme.paper, "")
	p.draw(c)
	if c.err != nil {
		return c.err
	}
	return c.Output(b)
}

func (c *document) rect(x, y, w, h float64, fill rgb, _ string) {
	c.SetFillColor(int(fill.r), int(fill.g), int(fill.b))
	c.Rect(x, y, w, h, "F")
}

func (c *document) stroke(width float64, color rgb) {
	c.SetDrawColor(int(color.r), int(color.g), int(color.b))
	c.SetLineWidth(width)
}

func (c *document) frame(x, y, w, h, width float64, color rgb) {
	c.stroke(width, color)
	c.Rect(x, y, w, h, "D")
}

func (c *document) curve(from, c1, c2, to point, width float64, color rgb, _ string) {
	c.stroke(width, color)
	c.MoveTo(from.x, from.y)
	c.CurveBezierCubicTo(c1.x, c1.y, c2.x, c2.y, to.x, to.y)
	c.DrawPath("D")
}

// image puts the large map of a picture into the file as it is. Small ones, of which there are many, are drawn: fpdf
// writes images in no certain order, and the bytes would differ from time to time.
func (c *document) image(x, y, w, h float64, m *image.NRGBA) {
	b := m.Bounds()
	if b.Dx() <= mostPixels && b.Dy() <= mostPixels {
		for j := range b.Dy() {
			for i := range b.Dx() {
				p := m.NRGBAAt(i, j)
				c.rect(x+w*float64(i)/float64(b.Dx()), y+h*float64(j)/float64(b.Dy()), w/float64(b.Dx())+.05, h/float64(b.Dy())+.05,
					rgb{p.R, p.G, p.B}, "")
			}
		}
		return
	}
	var data bytes.Buffer
	png.Encode(&data, m) // a bytes.Buffer takes everything
	options := fpdf.ImageOptions{ImageType: "png"}
	c.RegisterImageOptionsReader("map", options, &data)
	c.ImageOptions("map", x, y, w, h, false, options, 0, "")
}

func (c *document) text(l label) {
	s, err := drawable(l.text, l.bold)
	if err != nil {
		if c.err == nil {
			c.err = err
		}
		return
	}
	style := ""
	if l.bold {
		style = "B"
	}
	c.SetFont("sans", style, l.size)
	c.SetTextColor(int(l.color.r), int(l.color.g), int(l.color.b))
	if l.upright {
		c.TransformBegin()
		defer c.TransformEnd()
		c.TransformRotate(90, l.x, l.y)
	}
	c.Text(l.x-c.GetStringWidth(s)*float64(l.anchor)/2, l.y, s)
}
