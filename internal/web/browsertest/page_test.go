package browsertest

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"

	"github.com/rapt-go/rapt/internal/web"
	"github.com/rapt-go/rapt/lens"
	"github.com/rapt-go/rapt/model"
)

var views = []string{"lesson", "heatmap", "arcs", "text", "layers", "inside"}

// Every view draws, served and from a file, and has something to say.
func TestViews(t *testing.T) {
	served := serve(t)
	for name, url := range map[string]string{"served": served, "file": write(t, cat).url} {
		t.Run(name, func(t *testing.T) {
			b := open(t, url, "about:blank")
			for _, view := range views {
				b.visit(url + "#v=1&view=" + view)
				if got := eval[string](b, "return document.querySelector('#views [aria-current=true]').dataset.view"); got != view {
					t.Errorf("%s: the page shows %s", view, got)
				}
				b.until(map[string]string{
					"lesson":  "document.querySelectorAll('.matrix').length === 19 && document.querySelector('.inside canvas')?.width > 100",
					"heatmap": "document.querySelector('#picture canvas').width > 300",
					"arcs":    "document.querySelector('#note').textContent.includes('of 81 edges')",
					"text":    "document.querySelectorAll('.prose span').length === 9",
					"layers":  "document.querySelector('#note').textContent.includes('Rollout from')",
					"inside":  "document.querySelector('.inside canvas').width > 100 && document.querySelector('.inside .faint').textContent.includes('Layer')",
				}[view])
				if view != "lesson" && view != "layers" && view != "inside" && !strings.Contains(b.text("#note"), "58.7 %") {
					t.Errorf("%s: the share of special tokens isn't there: %q", view, b.text("#note"))
				}
			}
			b.visit(url + "#v=1&sp=0")
			if note := b.text("#note"); !strings.Contains(note, "Hidden: 19.7 %") {
				t.Errorf("what is hidden isn't said: %q", note)
			}
			b.visit(url + "#v=1&sp=0&view=layers&q=3")
			b.until("document.querySelector('#note').textContent.includes('Hidden: " + hiddenOfRollout(t) + " %')")
		})
	}
}

// hiddenOfRollout is how much of the fourth token's last row of rollout goes to the first and last token, in percent.
func hiddenOfRollout(t *testing.T) string {
	t.Helper()
	rollout, err := lens.MeasureNamed("rollout")
	if err != nil {
		t.Fatal(err)
	}
	in, err := lens.Encode(miniLM(t), cat, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	run, err := web.Look(t.Context(), miniLM(t), in, rollout, nil)
	if err != nil {
		t.Fatal(err)
	}
	row := run.Map.Row(run.Map.NumLayers-1, 0, 3)
	return fmt.Sprintf("%.1f", 100*(row[0]+row[len(row)-1]))
}

// pointAt moves the mouse over a cell of the heatmap and gives the number that the page then shows.
func (b *tab) pointAt(query, key int) string {
	b.Helper()
	at := eval[[]float64](b, `
		const g = rapt.stage.heatmap;
		const box = g.over.getBoundingClientRect();
		const place = (u) => rapt.frame.shown.indexOf(u);
		return [box.left + g.left + (place($2) + 0.5) * g.cell, box.top + g.top + (place($1) + 0.5) * g.row];`, query, key)
	b.do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, at[0], at[1]))
	return b.text("#value")
}

// checkCells points at a hundred cells of several heads, and compares what is shown with what --json has.
func checkCells(b *tab, a *model.Attention) {
	b.Helper()
	random := rand.New(rand.NewPCG(7, 7))
	for range 10 {
		layer, head := random.IntN(a.NumLayers), random.IntN(a.NumHeads)
		eval[any](b, "await rapt.choose($1, $2)", layer, head)
		for range 10 {
			query, key := random.IntN(a.QueryLen), random.IntN(a.KeyLen)
			shown := b.pointAt(query, key)
			got, err := strconv.ParseFloat(strings.Replace(shown, "−", "-", 1), 64)
			if err != nil {
				b.Fatal(err)
			}
			_, after, _ := strings.Cut(shown, ".")
			want := float64(a.Row(layer, head, query)[key])
			if half := .5 * math.Pow10(-len(after)); math.Abs(got-want) > half*(1+1e-6) || len(after) < 2 {
				b.Errorf("L%d H%d, %d → %d: shown %s, expected %v", layer, head, query, key, shown, want)
			}
		}
	}
}

func TestNumbers(t *testing.T) {
	url := serve(t)
	t.Run("served", func(t *testing.T) {
		b := open(t, url, "about:blank")
		b.visit(url)
		checkCells(b, write(t, cat).run.Map)
	})
	for _, words := range []int{6, 90, 500} {
		t.Run(fmt.Sprint("file of ", words, " words"), func(t *testing.T) {
			page := write(t, longText(words))
			b := open(t, page.url, "about:blank")
			b.visit(page.url)
			checkCells(b, page.run.Map)
		})
	}
}

// saved is what the page saves in some formats, without leaving it on a disk.
func saved(b *tab, formats ...string) map[string]string {
	b.Helper()
	return eval[map[string]string](b, `
		const kept = {};
		const make = URL.createObjectURL;
		for (const name of $1) {
			URL.createObjectURL = (blob) => { kept[name] = blob.text(); return '#saved'; };
			document.querySelector('#export').click();
			[...document.querySelectorAll('#saveAs button')].find((x) => x.textContent === name).click();
			kept[name] = await kept[name];
		}
		URL.createObjectURL = make;
		return kept;`, formats)
}

// The table, and the files that the page saves, have the same numbers.
func TestTableAndExport(t *testing.T) {
	page := write(t, cat)
	b := open(t, page.url, "about:blank")
	b.visit(page.url + "#v=1&L=2&H=5")
	cells := eval[[][]string](b, `
		document.querySelector('#tables').open = true;
		await new Promise((r) => setTimeout(r, 100));
		return [...document.querySelector('.numbers tbody').rows].map((row) => [...row.cells].slice(1).map((c) => c.textContent));`)
	files := saved(b, "CSV", "JSON", "SVG")
	var object struct{ Attention [][]float64 }
	if err := json.Unmarshal([]byte(files["JSON"]), &object); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(files["CSV"]), "\n")
	for i := range cells {
		numbers := strings.Split(lines[i+1], ",")[1:]
		for j, cell := range cells[i] {
			want := strconv.FormatFloat(math.Floor(float64(page.run.Map.Row(2, 5, i)[j])*1e4+.5)/1e4, 'f', 4, 64)
			if cell != want || numbers[j] != want || strconv.FormatFloat(object.Attention[i][j], 'f', 4, 64) != want {
				t.Errorf("%d → %d: table %s, CSV %s, JSON %v, expected %s", i, j, cell, numbers[j], object.Attention[i][j], want)
			}
		}
	}
	if !strings.Contains(files["SVG"], ">cat</text>") || strings.Count(files["SVG"], "<rect") != 82 {
		t.Errorf("the picture: %.300s", files["SVG"])
	}
}

// Who changes his mind gets the last text that he asked for, and no complaint about those before.
func TestChangesOfMind(t *testing.T) {
	url := serve(t)
	b := open(t, url, "about:blank")
	b.visit(url)
	eval[any](b, `
		const texts = ['one', 'one two', 'one two three', 'one two three four'];
		await Promise.allSettled(texts.map((text) => rapt.set({text, layer: null, heads: [], view: 'inside'})));`)
	b.until("rapt.run.text === 'one two three four' && !document.body.classList.contains('busy')")
	if got := b.text("#problem"); got != "" {
		t.Error(got)
	}
}

// Every measure shows in every view.
func TestMeasuresShown(t *testing.T) {
	url := serve(t)
	b := open(t, url, "about:blank")
	b.visit(url)
	for _, m := range lens.Measures {
		for _, view := range views {
			eval[any](b, "await rapt.set({measure: $1, view: $2})", m.Name, view)
			if got := b.text("#problem"); got != "" {
				t.Errorf("%s, %s: %s", m.Name, view, got)
			}
		}
		if got := eval[int](b, "return document.querySelectorAll('.thumb').length"); got != map[bool]int{true: 72, false: 6}[m.PerHead] {
			t.Errorf("%s: there are %d thumbnails", m.Name, got)
		}
	}
}

// An edge that is cut is 0 in every head, and the page says what that changes; a file says what was cut in it.
func TestCut(t *testing.T) {
	url := serve(t)
	b := open(t, url, "about:blank")
	b.visit(url + "#v=1&q=3&k=2&cut=3.2")
	if got := b.text("#value"); got != "0.000000" {
		t.Errorf("sat → cat is %s", got)
	}
	b.until("document.querySelector('#card').innerText.includes('turns the sentence')")
	eval[any](b, "document.querySelector('#cut').click()")
	b.until("rapt.run.cuts.length === 0 && document.querySelector('#value').innerText !== '0.000000'")

	in, err := lens.Encode(miniLM(t), cat, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	run, err := web.Look(t.Context(), miniLM(t), in, lens.Measures[0], &model.Edit{Cuts: []model.Cut{{Layer: model.All, Head: model.All, Query: 3, Key: 2}}})
	if err != nil {
		t.Fatal(err)
	}
	run.Address = "#v=1&L=4&H=2&q=3&k=2&w=1"
	page := writeRun(t, run)
	b = open(t, page.url, "about:blank")
	b.visit(page.url)
	if got := b.text("#card"); !strings.Contains(got, "sat → cat in every head") || b.text("#value") != "0.000" {
		t.Errorf("the file's card says %q, and sat → cat is %s", got, b.text("#value"))
	}
	if got := eval[string](b, "return rapt.name"); got != "Layer 4, head 2" {
		t.Errorf("the file opens with %q", got)
	}
}

// longText is so many words, all of one token.
func longText(words int) string {
	list := strings.Fields("the cat sat on the mat and looked at a bird that sang in an old tree while rain fell over the quiet town")
	random := rand.New(rand.NewPCG(1, 2))
	var text []string
	for range words {
		text = append(text, list[random.IntN(len(list))])
	}
	return strings.Join(text, " ")
}

// The keys do what the list of keys says.
func TestKeyboard(t *testing.T) {
	url := serve(t)
	b := open(t, url, "about:blank")
	b.visit(url + "#v=1&L=1&H=2")
	for _, c := range []struct{ key, want string }{
		{"ArrowRight", "s.layer === 1 && s.heads[0] === 3"},
		{"ArrowLeft", "s.heads[0] === 2"},
		{"ArrowDown", "s.layer === 2"},
		{"ArrowUp", "s.layer === 1"},
		{"]", "s.query === 0"},
		{"]", "s.query === 1"},
		{"[", "s.query === 0"},
		{"}", "s.key === 0 && document.querySelector('#value')"},
		{"Escape", "s.query === null && s.key === null"},
		{"v", "s.view === 'arcs'"},
		{"s", "s.special === false"},
		{"w", "s.words === true"},
		{"l", "s.log === true"},
		{"m", "s.measure === 'norm' && rapt.run.measure.name === 'norm'"},
		{"o", "s.off.length === 1 && rapt.run.off.length === 1"},
		{"o", "s.off.length === 0 && rapt.run.off.length === 0"},
		{"]", "s.query === 1"},
		{"}", "s.key === 1"},
		{"x", "s.cuts.length === 1 && rapt.run.cuts.length === 1"},
		{"x", "s.cuts.length === 0 && rapt.run.cuts.length === 0"},
		{"Escape", "s.query === null && s.key === null"},
		{"/", "document.activeElement.id === 'text'"},
		{"Escape", "document.activeElement === document.body"},
		{"f", "document.activeElement.id === 'find'"},
		{"Escape", "document.activeElement === document.body"},
		{"c", "document.activeElement.id === 'compare'"},
		{"Escape", "document.activeElement === document.body"},
		{"?", "document.querySelector('#keys').open"},
		{"Escape", "!document.querySelector('#keys').open"},
		{"e", "document.querySelector('#save').open"},
		{"Escape", "!document.querySelector('#save').open"},
	} {
		b.press(keyOf(c.key))
		b.until("(() => { const s = rapt.state; return " + c.want + "; })()")
	}
	// Enter locks what is pointed at.
	b.visit(url)
	b.pointAt(3, 2)
	b.press(keyOf("Enter"))
	b.until("rapt.state.query === 3 && rapt.state.key === 2")
	b.until("document.querySelector('#card').innerText.includes('Heads by sat → cat')")
}

// keyOf is how the browser's driver writes a key.
func keyOf(name string) string {
	special := map[string]string{
		"ArrowRight": kb.ArrowRight, "ArrowLeft": kb.ArrowLeft, "ArrowDown": kb.ArrowDown, "ArrowUp": kb.ArrowUp,
		"Escape": kb.Escape, "Enter": kb.Enter,
	}
	if key, ok := special[name]; ok {
		return key
	}
	return name
}

// Words typed into the fields do what their labels say.
func TestFindAndCompare(t *testing.T) {
	url := serve(t)
	b := open(t, url, "about:blank")
	b.visit(url)
	eval[any](b, "await rapt.find('sat:mat')")
	b.until("rapt.state.query === 3 && rapt.state.key === 6 && document.querySelector('.ranking li')")
	if got := b.text(".ranking li"); !strings.HasPrefix(got, "L") {
		t.Errorf("the ranking begins with %q", got)
	}
	eval[any](b, "await rapt.find('dog')")
	if got := b.text("#problem"); !strings.Contains(got, "dog") {
		t.Errorf("the page says %q of a word that isn't there", got)
	}
	b.visit(url + "#v=1&L=1&H=0&c=The+dog+sat+on+the+mat.")
	b.until("document.querySelector('#note').textContent.includes('Compared with')")
	var difference struct{ Difference [][]float64 }
	files := saved(b, "JSON", "SVG")
	if err := json.Unmarshal([]byte(files["JSON"]), &difference); err != nil || len(difference.Difference) != 8 {
		t.Errorf("the difference is saved as %.200s: %v", files["JSON"], err)
	}
	if want := eval[[][]float64](b, "return rapt.stage.compared.difference"); cmp.Diff(want, difference.Difference) != "" {
		t.Error("the numbers saved aren't those of the difference")
	}
	if svg := files["SVG"]; strings.Count(svg, "<rect") != 65 || !strings.Contains(svg, "Compared with") {
		t.Errorf("the picture of the difference is %.300s", svg)
	}
	b.visit(url + "#v=1&off=2.3&L=2&H=3")
	b.until("document.querySelector('#card').innerText.includes('turns the sentence')")
	b.refuse = "422"
	eval[any](b, "await rapt.set({measure: 'flow', text: 'a '.repeat(40)})")
	if got := b.text("#problem"); !strings.Contains(got, "30") {
		t.Errorf("the page says %q of a text too long for flow", got)
	}
}
