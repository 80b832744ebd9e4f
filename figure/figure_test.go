package figure

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rapt-go/rapt/internal/safetensors"
	"github.com/rapt-go/rapt/lens"
	"github.com/rapt-go/rapt/model"
)

var update = flag.Bool("update", false, "write the pictures in testdata anew")

// golden is one text of the golden data of package lens: what all-MiniLM-L6-v2 does.
func golden(t *testing.T, name string) Subject {
	t.Helper()
	dir := filepath.Join("..", "lens", "testdata")
	data, err := os.ReadFile(filepath.Join(dir, "minilm.json"))
	if err != nil {
		t.Fatal(err)
	}
	var facts map[string]struct {
		IDs     []int
		Tokens  []string
		Special []bool
	}
	if err := json.Unmarshal(data, &facts); err != nil {
		t.Fatal(err)
	}
	f, err := safetensors.Open(filepath.Join(dir, "minilm.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	tensor, _ := f.Tensor(name)
	weights, err := tensor.Float32s()
	if err != nil {
		t.Fatal(err)
	}
	fact := facts[name]
	pieces := make([]lens.Piece, len(fact.IDs))
	for i, id := range fact.IDs {
		pieces[i] = lens.Piece{ID: id, Text: fact.Tokens[i], Special: fact.Special[i]}
	}
	return subject(t, tensor.Shape[0], tensor.Shape[1], weights, pieces)
}

func subject(t *testing.T, layers, heads int, weights []float32, pieces []lens.Piece) Subject {
	t.Helper()
	s := Subject{Model: "all-MiniLM-L6-v2"}
	for _, p := range pieces {
		s.Names = append(s.Names, p.Text)
	}
	var err error
	s.View, err = lens.NewView(&model.Attention{NumLayers: layers, NumHeads: heads, QueryLen: len(pieces), KeyLen: len(pieces),
		Weights: weights}, lens.Tokens(pieces))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// made is attention over the words w0, w1, … between [CLS] and [SEP], or over words as given: the nearer, the more, and
// in head 1 every third token gets the most.
func made(t *testing.T, words ...string) Subject {
	t.Helper()
	pieces := []lens.Piece{{ID: 1, Text: "[CLS]", Special: true}}
	for i, w := range words {
		pieces = append(pieces, lens.Piece{ID: 10 + i, Text: w})
	}
	pieces = append(pieces, lens.Piece{ID: 2, Text: "[SEP]", Special: true})
	n := len(pieces)
	var weights []float32
	for head := range 2 {
		for i := range n {
			row, sum := make([]float64, n), 0.0
			for j := range row {
				row[j] = 1 / float64(1+(i-j)*(i-j))
				if head == 1 && j%3 == 0 {
					row[j] *= 8
				}
				sum += row[j]
			}
			for _, w := range row {
				weights = append(weights, float32(w/sum))
			}
		}
	}
	return subject(t, 1, 2, weights, pieces)
}

func numbered(n int) (words []string) {
	for i := range n {
		words = append(words, fmt.Sprintf("w%d", i))
	}
	return words
}

type printer interface {
	Print(w io.Writer, s Screen) error
}

func TestPictures(t *testing.T) {
	look := func(s Subject, head lens.Head) *Look {
		return &Look{Subject: s, Head: head, Reason: "picked for a test"}
	}
	cat := golden(t, "cat")
	special := look(cat, lens.Head{Layer: 5, Head: 11})
	special.Special = true
	find := &Find{Subject: cat, Query: "sat", Key: "cat", Ranking: cat.View.Find([]int{3}, []int{2}), Notes: []string{"a note"}}
	hidden := look(cat, lens.Head{Layer: 5, Head: 11})
	hidden.NoSpecial, hidden.NoHints = true, true
	norms := look(cat, lens.Head{})
	norms.Measure, _ = lens.MeasureNamed("norm")
	wide := wideDifference(t)
	strange := made(t, "東京", "🙂", "\x1b[31mred", "e\u0301t\u00e9", "\u0301", "\u202eright", "extraordinarily", "extraordinary")
	for _, c := range []struct {
		name   string
		figure printer
		screen Screen
	}{
		{"cat", look(cat, lens.Head{Layer: 0, Head: 3}), Screen{}},
		{"cat_16", look(cat, lens.Head{Layer: 0, Head: 3}), Screen{Color: ANSI16}},
		{"cat_256", look(cat, lens.Head{Layer: 0, Head: 3}), Screen{Color: ANSI256}},
		{"cat_true", look(cat, lens.Head{Layer: 0, Head: 3}), Screen{Color: TrueColor}},
		{"cat_40", look(cat, lens.Head{Layer: 0, Head: 3}), Screen{Width: 40}},
		{"cat_20", look(cat, lens.Head{Layer: 0, Head: 3}), Screen{Width: 20}},
		{"cat_special", special, Screen{}},
		{"pronoun", look(golden(t, "pronoun"), lens.Head{Layer: 3, Head: 1}), Screen{}},
		{"word", look(golden(t, "word"), lens.Head{}), Screen{}},
		{"tokens_14", look(made(t, numbered(12)...), lens.Head{Head: 1}), Screen{}},
		{"tokens_24", look(made(t, numbered(22)...), lens.Head{Head: 1}), Screen{}},
		{"tokens_40", look(made(t, numbered(38)...), lens.Head{Head: 1}), Screen{}},
		{"tokens_40_256", look(made(t, numbered(38)...), lens.Head{Head: 1}), Screen{Color: ANSI256}},
		{"tokens_120", look(made(t, numbered(118)...), lens.Head{Head: 1}), Screen{}},
		{"strange", look(strange, lens.Head{Head: 1}), Screen{}},
		{"find", find, Screen{}},
		{"card", &Card{*look(cat, lens.Head{Layer: 1, Head: 5})}, Screen{}},
		{"card_36_256", &Card{*special}, Screen{Width: 36, Color: ANSI256}},
		{"hidden", hidden, Screen{}},
		{"difference", difference(t), Screen{}},
		{"difference_256", difference(t), Screen{Color: ANSI256}},
		{"difference_40", wide, Screen{Width: 40}},
		{"difference_40_16", wide, Screen{Width: 40, Color: ANSI16}},
		{"norm", norms, Screen{}},
		{"cividis", look(cat, lens.Head{Layer: 0, Head: 3}), Screen{Color: TrueColor, Map: Cividis}},
		{"find_60_true", find, Screen{Width: 60, Color: TrueColor}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b strings.Builder
			if err := c.figure.Print(&b, c.screen); err != nil {
				t.Fatal(err)
			}
			compare(t, filepath.Join("testdata", c.name+".txt"), b.String())
			checkLines(t, b.String(), c.screen)
		})
	}
}

// wideDifference is the difference between two heads over 40 tokens.
func wideDifference(t *testing.T) *Look {
	t.Helper()
	s := made(t, numbered(38)...)
	a := &model.Attention{NumLayers: 1, NumHeads: 1, QueryLen: 40, KeyLen: 40}
	for i, w := range s.View.Map(0, 1) {
		a.Weights = append(a.Weights, w-s.View.Map(0, 0)[i])
	}
	v, err := lens.NewView(a, s.View.Tokens)
	if err != nil {
		t.Fatal(err)
	}
	s.View = v
	return &Look{Subject: s, Difference: true}
}

// Whatever the tokens are called and however wide the screen is, lines fit it and nothing commands the terminal.
func TestAnyNamesAnyWidth(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		words := rapid.SliceOfN(rapid.String(), 0, 60).Draw(r, "words")
		screen := Screen{Width: rapid.IntRange(0, 130).Draw(r, "width"), Color: Color(rapid.IntRange(0, 3).Draw(r, "color"))}
		s := made(t, words...)
		s.Model = rapid.String().Draw(r, "model")
		look := &Look{Subject: s, Head: lens.Head{Head: 1}, Special: rapid.Bool().Draw(r, "special"), NoSpecial: rapid.Bool().Draw(r, "no special")}
		find := &Find{Subject: s, Query: s.Names[0], Key: s.Names[len(words)], Ranking: s.View.Find([]int{0}, []int{len(words)})}
		for _, figure := range []printer{look, find, &Card{*look}} {
			var b strings.Builder
			if err := figure.Print(&b, screen); err != nil {
				r.Fatal(err)
			}
			checkLines(r, b.String(), screen)
		}
	})
}

// A hint names words with which the shell and --find do what it says: letters and digits, and no # but that of a number.
func TestHintNames(t *testing.T) {
	for _, c := range []struct{ name, want string }{
		{"cat", "--find A:cat"}, {"A", "--find A:A#2"}, {"A#\u00a0", ""}, {"A#2", ""}, {"#", ""}, {"a b", ""},
	} {
		look := &Look{Subject: Subject{Names: []string{"A", c.name}}}
		got := look.next([]lens.Pair{{Query: 0, Key: 1}})
		if has := strings.HasPrefix(got[0], "next: rapt … --find"); has != (c.want != "") || !strings.HasSuffix(got[0], c.want) {
			t.Errorf("with a token %q the hint is %q, expected %q in it", c.name, got, c.want)
		}
	}
}

func compare(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("go test -update writes %s anew (-want +got):\n%s", path, diff)
	}
}

var escape = regexp.MustCompile("\x1b\\[[0-9;]*m")

// checkLines checks what must hold for every picture: lines fit the screen, there are no codes but those of colours,
// and none without colours.
func checkLines(t rapid.TB, text string, s Screen) {
	t.Helper()
	if s.Color == NoColor && strings.Contains(text, "\x1b") {
		t.Errorf("there are escape codes without colours")
	}
	for line := range strings.Lines(escape.ReplaceAllString(text, "")) {
		line = strings.TrimSuffix(line, "\n")
		if width := displayWidth(line); width > s.width() {
			t.Errorf("%d columns, expected at most %d: %s", width, s.width(), line)
		}
		if printable := Printable(line); printable != line {
			t.Errorf("not printable: %s", printable)
		}
	}
}

func TestPrintable(t *testing.T) {
	for _, c := range []struct{ s, want string }{
		{"the", "the"},
		{"a b", "a b"},
		{"\x1b[31m", `\x1b[31m`},
		{"a\nb\tc\x00", `a\nb\tc\x00`},
		{"\u202eabc", `\u202eabc`},
		{"\u200b", `\u200b`},
		{"\u0085", `\u0085`},
		{"a\xffb", `a\xffb`},
		{"\uFFFD", "\uFFFD"},
		{"\u0301", "◌\u0301"},
		{"é東🙂", "é東🙂"},
	} {
		if got := Printable(c.s); got != c.want {
			t.Errorf("Printable(%q) = %q, expected %q", c.s, got, c.want)
		}
	}
}

func TestShorten(t *testing.T) {
	for _, c := range []struct {
		s     string
		width int
		want  string
	}{
		{"cat", 3, "cat"}, {"cats", 3, "ca…"}, {"[CLS]", 4, "CLS"}, {"[SEP]", 2, "[…"}, {"東京都", 5, "東京…"}, {"東京都", 4, "東…"},
		{"東京都", 6, "東京都"}, {"[", 1, "["}, {"cat", 1, "…"},
	} {
		got := shorten(c.s, c.width)
		if got != c.want || displayWidth(got) > c.width {
			t.Errorf("shorten(%q, %d) = %q, expected %q", c.s, c.width, got, c.want)
		}
	}
}

func TestShortenAll(t *testing.T) {
	for _, c := range []struct{ names, want []string }{
		{[]string{"cat", "lighthouse", "cat"}, []string{"cat", "light…", "cat"}},
		{[]string{"extraordinary", "extraordinarily"}, []string{"ext…ry", "ext…ly"}},
		{[]string{"internationalise", "internationalize", "internationalism", "interim-ise"},
			[]string{"1 int…", "2 int…", "3 int…", "4 int…"}},
	} {
		got := shortenAll(c.names, 6)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func TestFold(t *testing.T) {
	for _, c := range []struct {
		parts []string
		want  []string
	}{
		{[]string{"a", "b"}, []string{"a; b"}},
		{[]string{"12345678", "b c", "d"}, []string{"12345678;", "b c; d"}},
		{[]string{"1234567", "8", "9"}, []string{"1234567;", "8; 9"}},
		{[]string{"one two three", "four"}, []string{"one two", "three;", "four"}},
		{[]string{"1234567890123"}, []string{"1234567890123"}},
		{[]string{""}, []string{""}},
	} {
		if diff := cmp.Diff(c.want, fold(c.parts, "; ", 9)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", c.parts, diff)
		}
	}
}

// Text is readable on every cell: black or white, whichever is better, has a contrast of at least 4.58 to 1.
func TestContrast(t *testing.T) {
	luminance := func(p rgb) float64 {
		sum := 0.0
		for i, v := range []uint8{p.r, p.g, p.b} {
			c := float64(v) / 255
			if c <= 0.04045 {
				c /= 12.92
			} else {
				c = math.Pow((c+0.055)/1.055, 2.4)
			}
			sum += c * []float64{0.2126, 0.7152, 0.0722}[i]
		}
		return sum
	}
	check := func(name string, p rgb) {
		contrast := (luminance(p) + 0.05) / 0.05
		if p.dark() {
			contrast = 1.05 / (luminance(p) + 0.05)
		}
		if contrast < 4.58 {
			t.Errorf("%s: contrast %.2f, expected at least 4.58", name, contrast)
		}
	}
	for _, m := range []*ColorMap{Viridis, Cividis, RdBu} {
		for v := 0.0; v <= 1; v += 1.0 / 256 {
			check(fmt.Sprint(m.Name, " ", v), m.at(v))
		}
		for _, n := range m.palette {
			check(fmt.Sprint(m.Name, " palette ", n), cube(n))
		}
	}
}

// A figure that can't be written says so.
func TestWriteError(t *testing.T) {
	l := &Look{Subject: golden(t, "word")}
	if err := l.Print(full{}, Screen{}); err != io.ErrShortWrite {
		t.Errorf("error %v, expected %v", err, io.ErrShortWrite)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, io.ErrShortWrite }
