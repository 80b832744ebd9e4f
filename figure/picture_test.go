package figure

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapt-go/rapt/lens"
	"github.com/rapt-go/rapt/model"
)

// render writes a picture in a format.
func render(t rapid.TB, p *Picture, format string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := p.Write(&b, format); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// difference is a look at the difference between two heads, as if they were two texts.
func difference(t *testing.T) *Look {
	t.Helper()
	s := golden(t, "cat")
	a := &model.Attention{NumLayers: 1, NumHeads: 1, QueryLen: 9, KeyLen: 9}
	for i, w := range s.View.Map(0, 3) {
		a.Weights = append(a.Weights, w-s.View.Map(5, 6)[i])
	}
	v, err := lens.NewView(a, s.View.Tokens)
	if err != nil {
		t.Fatal(err)
	}
	s.View, s.Notes = v, []string{"first: a text", "second: another"}
	return &Look{Subject: s, Difference: true}
}

func pictures(t *testing.T) map[string]*Picture {
	t.Helper()
	look := func(s Subject, layer, head int) *Look {
		return &Look{Subject: s, Head: lens.Head{Layer: layer, Head: head}}
	}
	cat := golden(t, "cat")
	hidden := look(cat, 5, 11)
	hidden.NoSpecial = true
	special := look(cat, 0, 3)
	special.Special = true
	norms := look(cat, 0, 3)
	norms.Measure, _ = lens.MeasureNamed("norm")
	arcs := func(l *Look, s Style, mass float64) *Picture {
		p, err := l.Arcs(s, mass)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	steps, err := (&Steps{Title: "two steps", Caption: []string{"a caption"}, Steps: []Step{
		{"y = Wx", "the product", []Factor{{"", "W", [][]string{{"1", "−2.5"}, {"0", "3"}}, nil, []string{"the", "cat"}},
			{"·", "x", [][]string{{"1"}, {"2"}}, nil, nil}, {"=", "y", [][]string{{"−4"}, {"6"}}, nil, nil}}},
		{"softmax(y)", "shares", []Factor{{"softmax", "y", [][]string{{"−4", "6"}}, nil, nil},
			{"=", "a", [][]string{{"0.00", "1.00"}}, [][]float64{{0, 1}}, nil}}},
	}}).Picture(Style{})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]*Picture{
		"cat":        look(cat, 0, 3).Heatmap(Style{}),
		"cat_dark":   special.Heatmap(Style{Theme: Dark, Map: Cividis}),
		"cat_hidden": hidden.Heatmap(Style{}),
		"norm":       norms.Heatmap(Style{}),
		"difference": difference(t).Heatmap(Style{}),
		"tokens_40":  look(made(t, numbered(38)...), 0, 1).Heatmap(Style{}),
		"tokens_120": look(made(t, numbered(118)...), 0, 1).Heatmap(Style{Theme: Dark}),
		"word":       look(golden(t, "word"), 0, 0).Heatmap(Style{}),
		"arcs":       arcs(look(golden(t, "pronoun"), 3, 1), Style{}, DefaultMass),
		"arcs_dark":  arcs(look(cat, 0, 3), Style{Theme: Dark}, .5),
		"heads":      (&Heads{Subject: cat}).Picture(Style{}),
		"steps":      steps,
		"roles":      (&Roles{cat}).Picture(Style{Theme: Dark}),
	}
}

// Every picture is the same as the last time, in every format the same bytes twice, and holds no number that isn't one.
func TestPictureFiles(t *testing.T) {
	notNumber := regexp.MustCompile(`NaN|Inf`)
	again := pictures(t)
	for name, p := range pictures(t) {
		t.Run(name, func(t *testing.T) {
			for _, format := range Formats {
				data := render(t, p, format)
				if !bytes.Equal(data, render(t, again[name], format)) {
					t.Errorf("%s has other bytes the second time", format)
				}
				if dir := os.Getenv("RAPT_PICTURES"); dir != "" {
					if err := os.WriteFile(filepath.Join(dir, name+format), data, 0o644); err != nil {
						t.Fatal(err)
					}
				}
			}
			data := render(t, p, ".svg")
			if notNumber.Match(data) {
				t.Errorf("there is %q", notNumber.Find(data))
			}
			checkXML(t, data)
			compare(t, filepath.Join("testdata", name+".svg"), string(data))
			config, err := png.DecodeConfig(bytes.NewReader(render(t, p, ".png")))
			if err != nil || config.Width != int(math.Ceil(p.Width*pngScale)) {
				t.Errorf("the PNG is %+v, %v", config, err)
			}
		})
	}
}

func checkXML(t rapid.TB, data []byte) {
	t.Helper()
	for d := xml.NewDecoder(bytes.NewReader(data)); ; {
		if _, err := d.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Fatalf("not XML: %v\n%s", err, data)
		}
	}
}

// Text is text: what is written in the picture can be found in the file.
func TestSVGText(t *testing.T) {
	l := &Look{Subject: golden(t, "cat"), Head: lens.Head{Layer: 5, Head: 11}, NoSpecial: true}
	svg := string(render(t, l.Heatmap(Style{}), ".svg"))
	for _, want := range []string{">from (query)</text>", ">to (key)</text>", ">layer 5 head 11</text>", "all-MiniLM-L6-v2", "weights (softmax)",
		fmt.Sprintf("%.1f %%", 100*l.View.HiddenShare(l.Head, l.selection())), "<title>sat → cat: 0.9", ">mat</text>"} {
		if !strings.Contains(svg, want) {
			t.Errorf("there is no %s", want)
		}
	}
}

// Whatever the tokens are called, SVG is well formed and keeps them, and PNG and PDF either draw them or refuse.
func TestPicturesOfAnyNames(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s := made(t, rapid.SliceOfN(rapid.String(), 0, 20).Draw(r, "words")...)
		s.Model = rapid.String().Draw(r, "model")
		l := &Look{Subject: s, Head: lens.Head{Head: 1}, Special: rapid.Bool().Draw(r, "special"), NoSpecial: rapid.Bool().Draw(r, "no special")}
		arcs, err := l.Arcs(Style{}, .8)
		if err != nil {
			r.Fatal(err)
		}
		for _, p := range []*Picture{l.Heatmap(Style{}), arcs} {
			checkXML(r, render(r, p, ".svg"))
		}
	})
}

func TestPNGRefusesWhatItCantDraw(t *testing.T) {
	for _, word := range []string{"東京", "🙂", "שלום", "سلام", "क्षि", "x\u0304"} {
		l := &Look{Subject: made(t, word)}
		for _, format := range []string{".png", ".pdf"} {
			err := l.Heatmap(Style{}).Write(io.Discard, format)
			if err == nil || !strings.Contains(err.Error(), "can't be drawn with the font") {
				t.Errorf("%s as %s: error %v", word, format, err)
			}
		}
		if svg := render(t, l.Heatmap(Style{}), ".svg"); !bytes.Contains(svg, []byte(Printable(word))) {
			t.Errorf("%s isn't in the SVG", word)
		}
	}
	for _, word := range []string{"Łódź", "café", "cafe\u0301", "Ελλάδα", "Москва", "–", "€"} {
		l := &Look{Subject: made(t, word)}
		for _, format := range []string{".png", ".pdf"} {
			render(t, l.Heatmap(Style{}), format)
		}
	}
}

func TestStrongest(t *testing.T) {
	edges, total, share := strongest([][]float32{{.5, .3, .2}, {0, 0, 0}, {.1, .1, .8}}, .8)
	want := []edge{{0, 0, .5}, {0, 1, .3}, {2, 2, .8}}
	if fmt.Sprint(edges) != fmt.Sprint(want) || total != 9 || math.Abs(share-.8) > 1e-7 {
		t.Errorf("%v of %d, %v of the mass", edges, total, share)
	}
	if edges, _, _ := strongest([][]float32{{.5, .3, .2}}, 1); len(edges) != 3 {
		t.Errorf("all of the mass is %v", edges)
	}
}

func TestArcsErrors(t *testing.T) {
	if _, err := difference(t).Arcs(Style{}, .8); err == nil {
		t.Error("a difference has arcs")
	}
	if _, err := (&Look{Subject: made(t, numbered(127)...)}).Arcs(Style{}, .8); err == nil || !strings.Contains(err.Error(), "129 tokens; arcs of more than 128") {
		t.Errorf("error %v", err)
	}
	for _, mass := range []float64{0, 1.1, math.NaN()} {
		if _, err := (&Look{Subject: golden(t, "word")}).Arcs(Style{}, mass); err == nil || !strings.Contains(err.Error(), "mass") {
			t.Errorf("mass %v: error %v", mass, err)
		}
	}
}

func TestScale(t *testing.T) {
	for _, root := range []bool{false, true} {
		for _, m := range []*ColorMap{Viridis, RdBu} {
			s := scale{m, .4, root}
			for _, place := range []float64{0, .2, .5, .9, 1} {
				if got := s.place(s.at(place)); math.Abs(got-place) > 1e-12 {
					t.Errorf("%s, root %v: place(at(%v)) = %v", m.Name, root, place, got)
				}
			}
			if s.place(9) != 1 || (s.place(-9) != 0) {
				t.Errorf("%s: beyond the ends is %v, %v", m.Name, s.place(9), s.place(-9))
			}
		}
	}
}

func TestStepsRefuseLargeMatrices(t *testing.T) {
	row := make([]string, 13)
	_, err := (&Steps{Steps: []Step{{Factors: []Factor{{Name: "X", Cells: [][]string{row}}}}}}).Picture(Style{})
	if err == nil || err.Error() != "X is 1 × 13; a picture takes matrices up to 12 × 12" {
		t.Errorf("error %v", err)
	}
}
