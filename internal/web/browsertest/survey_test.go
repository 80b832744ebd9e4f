package browsertest

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"github.com/rapt-go/rapt/internal/web"
	"github.com/rapt-go/rapt/lens"
	"github.com/rapt-go/rapt/model"
)

// survey opens an address that shows a survey, and waits until it and the row that it asks for are drawn.
func (b *tab) survey(url string) {
	b.Helper()
	b.do(chromedp.Navigate("about:blank"), chromedp.Navigate(url))
	b.surveyed()
}

func (b *tab) surveyed() {
	b.Helper()
	b.until("document.body.dataset.ready === 'survey' && window.rapt.figures && !document.body.classList.contains('busy') && " +
		"(rapt.state.query === null || (({layer, heads: [head], query}, found) => found?.layer === layer && found.head === head && found.query === query)" +
		"(rapt.state, rapt.stage.survey.found))")
}

// rowIs waits for the row that is asked for and says whether it is the one that it should be.
func (b *tab) rowIs(what, want string) {
	b.Helper()
	b.surveyed()
	if got := b.text("#row h3"); got != want {
		b.Errorf("%s: %q, expected %q", what, got, want)
	}
}

// pointAtSegments moves the mouse over a cell of a survey's map and gives the line that the page then shows.
func (b *tab) pointAtSegments(row, column int) string {
	b.Helper()
	at := eval[[]float64](b, `
		const g = rapt.stage.survey.grid;
		g.element.scrollIntoView();
		const box = g.over.getBoundingClientRect();
		return [box.left + g.left + ($2 + 0.5) * g.cell, box.top + g.top + ($1 + 0.5) * g.row];`, row, column)
	b.do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, at[0], at[1]))
	return b.text("#readout")
}

// mapsOf are all weights of a text.
func mapsOf(t *testing.T, m *model.Model, text string) *model.Attention {
	t.Helper()
	in, err := lens.Encode(m, text, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	trace, err := m.Trace(t.Context(), in.Sequence, model.Want{Weights: true})
	if err != nil {
		t.Fatal(err)
	}
	return trace.Attention
}

// shownAs reports whether the page's number is that value, rounded to its digits.
func shownAs(shown string, want float64) bool {
	got, err := strconv.ParseFloat(shown, 64)
	_, after, _ := strings.Cut(shown, ".")
	return err == nil && math.Abs(got-want) <= .5*math.Pow10(-len(after))*(1+1e-4)+1e-6
}

// What the page shows of cells, of what tokens receive and of rows is what the full maps have: in a model that sees everything
// and in one that looks back, served and from a file.
func TestSurvey(t *testing.T) {
	for name, m := range map[string]*model.Model{"both ways": miniLM(t), "looking back": stories(t)} {
		text := longText(150)
		maps := mapsOf(t, m, text)
		const layer, head = 2, 3
		address := fmt.Sprintf("#v=1&t=%s&view=survey&L=%d&H=%d&q=60", strings.ReplaceAll(text, " ", "+"), layer, head)
		file := surveyFile(t, m, text)
		for source, url := range map[string]string{"served": serveModel(t, m), "file": file} {
			t.Run(name+" "+source, func(t *testing.T) {
				b := open(t, url, "about:blank")
				b.survey(url + address)
				checkSegments(b, maps, layer, head)
				checkRow(b, maps, layer, head, 60, source == "served")
				if name == "looking back" {
					eval[any](b, "await rapt.set({key: 100})")
					b.surveyed()
					if got := b.text("#readout"); !strings.Contains(got, "can’t see") {
						t.Errorf("of a token that comes later it says %q", got)
					}
					eval[any](b, "await rapt.set({key: null})")
				}
				for _, key := range []string{"]", "ArrowRight", "ArrowDown"} {
					b.press(keyOf(key))
				}
				b.surveyed()
				checkRow(b, maps, layer+1, head+1, 61, source == "served")
			})
		}
	}
}

// surveyFile writes the page of a text's survey to a file.
func surveyFile(t *testing.T, m *model.Model, text string) string {
	t.Helper()
	in, err := lens.Encode(m, text, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	s, err := web.TakeSurvey(t.Context(), m, in, nil, web.SurveyOptions{ForFile: true})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "survey.html")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.WriteFile(context.Background(), file); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return "file://" + path
}

// checkSegments points at cells of the map and compares what is shown with the weights.
func checkSegments(b *tab, maps *model.Attention, layer, head int) {
	b.Helper()
	segments := eval[[][2]int](b, "return rapt.run.segments")
	random := rand.New(rand.NewPCG(3, 4))
	for range 20 {
		r := random.IntN(len(segments))
		c := random.IntN(r + 1)
		rows, columns := segments[r], segments[c]
		share, most := pooled(maps, layer, head, rows, columns)
		line := b.pointAtSegments(r, c)
		for _, want := range []string{fmt.Sprintf("tokens %d–%d ", rows[0], rows[1]-1), fmt.Sprintf("tokens %d–%d ", columns[0], columns[1]-1)} {
			if rows[1]-rows[0] > 1 && columns[1]-columns[0] > 1 && !strings.Contains(line, want) {
				b.Errorf("cell %d, %d: there is no %q in %q", r, c, want, line)
			}
		}
		_, largest, _ := strings.Cut(line, "largest weight ")
		if !shownAs(b.text("#value"), share) || !shownAs(largest, most) {
			b.Errorf("cell %d, %d shows %q, expected %v and %v", r, c, line, share, most)
		}
	}
}

// pooled is what a token of some rows gives to all of some columns, on average, and the largest weight there.
func pooled(maps *model.Attention, layer, head int, rows, columns [2]int) (share, most float64) {
	for i := rows[0]; i < rows[1]; i++ {
		for _, w := range maps.Row(layer, head, i)[columns[0]:columns[1]] {
			share, most = share+float64(w), max(most, float64(w))
		}
	}
	return share / float64(rows[1]-rows[0]), most
}

// checkRow compares the keys that are listed for a query, and the table of the stretch, with the weights.
func checkRow(b *tab, maps *model.Attention, layer, head, query int, whole bool) {
	b.Helper()
	row := maps.Row(layer, head, query)
	if got := b.text("#row h3"); !strings.HasPrefix(got, fmt.Sprintf("Token %d ", query)) || eval[string](b, "return rapt.name") != fmt.Sprintf("Layer %d, head %d", layer, head) {
		b.Errorf("the row is of %q, and the head %s", got, eval[string](b, "return rapt.name"))
	}
	listed := eval[[][2]string](b, "return [...document.querySelectorAll('#row li')].map((li) => [li.querySelector('button').innerText, li.querySelector('.number').innerText])")
	if want := map[bool]int{true: 12, false: 8}[whole]; len(listed) != want {
		b.Errorf("%d keys are listed, expected %d", len(listed), want)
	}
	for _, item := range listed {
		key, _ := strconv.Atoi(strings.Fields(item[0])[0])
		if !shownAs(item[1], float64(row[key])) {
			b.Errorf("%d → %s is %s, expected %v", query, item[0], item[1], row[key])
		}
	}
	cells := eval[[][]string](b, `
		document.querySelector('#tables').open = true;
		await new Promise((r) => setTimeout(r, 50));
		return [...document.querySelector('.numbers tbody').rows].map((row) => [...row.cells].map((c) => c.innerText));`)
	if len(cells) < 150 {
		b.Fatalf("the table has %d rows", len(cells))
	}
	segments := eval[[][2]int](b, "return rapt.run.segments")
	for s, shown := range eval[[][]string](b, "return [...document.querySelector('#segmentNumbers tbody').rows].map((row) => [...row.cells].map((c) => c.innerText))") {
		at := slices.IndexFunc(segments, func(of [2]int) bool { return query < of[1] })
		if share, most := pooled(maps, layer, head, segments[at], segments[s]); !shownAs(shown[1], share) || !shownAs(shown[2], most) {
			b.Errorf("segment %d gives segment %d %v, expected %v and %v", at, s, shown, share, most)
		}
	}
	known := 0
	for _, cell := range cells {
		key, _ := strconv.Atoi(cell[0])
		if cell[2] != "" {
			known++
			if !shownAs(cell[2], float64(row[key])) {
				b.Errorf("in the table %d → %d is %s, expected %v", query, key, cell[2], row[key])
			}
		}
		var sum float64
		for i := range maps.QueryLen {
			sum += float64(maps.Row(layer, head, i)[key])
		}
		if got, err := strconv.ParseFloat(cell[3], 64); err != nil || math.Abs(got-sum) > .0051*sum+1e-6 {
			b.Errorf("token %d receives %s, expected %v", key, cell[3], sum)
		}
	}
	if whole && known < min(query+1, len(cells)) || !whole && known != 8 {
		b.Errorf("the table has %d weights", known)
	}
}

// What a survey doesn't have is off or refused by name, and short texts go back to their maps.
func TestSurveyRefuses(t *testing.T) {
	url := serve(t)
	b := open(t, url, "about:blank")
	b.survey(url + "#v=1&view=survey&w=1&sp=0&H=1,2&L=1&q=3")
	for _, want := range []string{"whole words, hiding special tokens, the mean of several heads", "Statistics are exact"} {
		if got := b.text("#note"); !strings.Contains(got, want) {
			t.Errorf("there is no %q in %q", want, got)
		}
	}
	if got := eval[[]bool](b, "return ['measure', 'special', 'words', 'compare'].map((id) => document.getElementById(id).disabled)"); fmt.Sprint(got) != "[true true true true]" {
		t.Errorf("disabled: %v", got)
	}
	for key, want := range map[string]string{"m": "other measures", "s": "special tokens", "w": "whole words", "c": "difference"} {
		b.press(key)
		if got := b.text("#problem"); !strings.Contains(got, want) {
			t.Errorf("after %s the page says %q", key, got)
		}
	}
	eval[any](b, "const t = document.querySelector('#token'); t.value = 9; t.dispatchEvent(new Event('change'))")
	if got := b.text("#problem"); !strings.Contains(got, "no token 9: there are 9, 0 to 8") {
		t.Errorf("of a token that isn't there the page says %q", got)
	}
	eval[any](b, "await rapt.find('mat')")
	b.rowIs("the word that was looked for", "Token 6 mat looks at")
	eval[any](b, "document.querySelector('.survey .prose [data-unit=\"2\"]').dispatchEvent(new PointerEvent('pointerover', {bubbles: true}))")
	b.press(keyOf("Enter"))
	b.rowIs("the word that was pointed at", "Token 2 cat looks at")
	eval[any](b, "document.querySelector('.survey .prose [data-unit=\"4\"]').click()")
	b.rowIs("the word that was clicked", "Token 4 on looks at")
	eval[any](b, "await rapt.set({view: 'heatmap', words: false, special: true})")
	b.until("rapt.map && !rapt.run.segments && document.body.dataset.ready === 'heatmap'")
	b.refuse = "422"
	eval[any](b, "await rapt.set({view: 'survey', measure: 'norm'})")
	if got := b.text("#problem"); !strings.Contains(got, "measure norm needs all weights") {
		t.Errorf("with another measure the page says %q", got)
	}
	// What was there is there still, and can be drawn again.
	if got := eval[string](b, "rapt.draw(); return rapt.state.view + ' ' + document.body.dataset.ready"); got != "heatmap heatmap" {
		t.Errorf("it shows %s", got)
	}
	eval[any](b, "await rapt.set({measure: 'weights'})")
	eval[any](b, "const loading = rapt.set({view: 'survey'}); rapt.draw(); await loading") // drawn again while the run is on its way
	b.surveyed()
}

// Heads that are off, edges that are cut, a ranking by an edge, the measures of heads, and what is saved.
func TestSurveyFunctions(t *testing.T) {
	url := serve(t)
	b := open(t, url, "about:blank")
	b.survey(url + "#v=1&view=survey&L=3&H=1&q=3&k=2")
	b.until("document.querySelector('#card').innerText.includes('Heads by sat → cat')")
	value := b.text("#value")
	if want := mapsOf(t, miniLM(t), cat).Row(3, 1, 3)[2]; !shownAs(value, float64(want)) {
		t.Errorf("sat → cat is %s, expected %v", value, want)
	}
	eval[any](b, "document.querySelector('#cut').click()")
	b.until("rapt.run.cuts.length === 1 && rapt.run.segments && !document.body.classList.contains('busy')")
	b.surveyed()
	b.until("document.querySelector('#value')?.innerText === '0.000000'")
	eval[any](b, "document.querySelector('#cut').click()")
	b.until("rapt.run.cuts.length === 0 && !document.body.classList.contains('busy')")
	b.surveyed()

	eval[any](b, "const by = document.querySelector('#by'); by.value = 'entropy'; by.dispatchEvent(new Event('change'))")
	b.until("document.querySelectorAll('.measure').length === 72")
	survey := eval[float64](b, "return rapt.run.roles[2][5].entropy")
	if got := b.text(".layer:nth-child(3) .thumb:nth-child(7) .measure"); !shownAs(got, survey) {
		t.Errorf("L2 H5 shows %s, its entropy is %v", got, survey)
	}
	if got := eval[string](b, "return location.hash"); !strings.Contains(got, "by=entropy") || !strings.Contains(got, "view=survey") {
		t.Errorf("the address is %s", got)
	}
	files := saved(b, "CSV", "JSON")
	if !strings.Contains(files["JSON"], `"share":[[`) || len(strings.Split(strings.TrimSpace(files["CSV"]), "\n")) != 10 {
		t.Errorf("saved: %.200s %.200s", files["JSON"], files["CSV"])
	}
}

// Who goes from token to token gets the row of the last one, and no complaint about those before.
func TestSurveyChangesOfMind(t *testing.T) {
	url := serve(t)
	b := open(t, url, "about:blank")
	b.survey(url + "#v=1&view=survey&L=2&H=3&t=" + strings.ReplaceAll(longText(300), " ", "+"))
	eval[any](b, "await Promise.allSettled([1, 2, 3, 4].map((query) => rapt.set({query, key: 0})))")
	b.surveyed()
	b.until("document.querySelector('#card').innerText.includes('Heads by ')")
	if got := b.text("#row h3"); !strings.HasPrefix(got, "Token 4 ") || b.text("#problem") != "" {
		t.Errorf("the row is of %q, and the page says %q", got, b.text("#problem"))
	}
}

// A text of thousands of tokens, with a real model.
func TestSurveyLong(t *testing.T) {
	file := os.Getenv("RAPT_SMOLLM2")
	if file == "" {
		t.Skip("RAPT_SMOLLM2 names no file of a model that takes thousands of tokens")
	}
	m, err := model.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	url := serveModel(t, m)
	b := open(t, url, "about:blank")
	text := longText(1200)
	b.survey(url + "#v=1&view=arcs&t=" + strings.ReplaceAll(text, " ", "+") + "&L=17&H=3&q=900")
	if got := eval[[]bool](b, "return ['lesson', 'heatmap', 'arcs', 'survey', 'write'].map((v) => document.querySelector(`#views [data-view=${v}]`).disabled)"); fmt.Sprint(got) != "[false true true false false]" {
		t.Errorf("disabled: %v", got)
	}
	in, err := lens.Encode(m, text, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := lens.TakeRows(t.Context(), m, in.Sequence, nil, []int{900})
	if err != nil {
		t.Fatal(err)
	}
	for at, got := range eval[[]float64](b, "return rapt.stage.survey.found.weights") {
		if want := float64(rows.Row(17, 3, 0)[at]); math.Abs(got-want) > 1e-7 {
			t.Fatalf("900 → %d is %v, expected %v", at, got, want)
		}
	}
	b.picture("survey-long")
	for _, view := range []string{"lesson", "write", "survey"} {
		eval[any](b, "await rapt.set({view: $1})", view)
		b.until("document.body.dataset.ready === '" + view + "'")
		if got := b.text("#problem"); got != "" {
			t.Errorf("%s: %s", view, got)
		}
	}
	b.surveyed()
	eval[any](b, "await rapt.set({text: 'The cat sat.'})")
	b.until("rapt.state.view === 'arcs' && rapt.map && !document.body.classList.contains('busy')")
}

// picture writes what the page looks like to the folder of RAPT_SCREENSHOTS, if there is one.
func (b *tab) picture(name string) {
	b.Helper()
	dir := os.Getenv("RAPT_SCREENSHOTS")
	if dir == "" {
		return
	}
	for _, theme := range []string{"light", "dark"} {
		b.theme(theme)
		for _, width := range []int64{1280, 390} {
			b.do(chromedp.EmulateViewport(width, 1500))
			eval[any](b, "await new Promise((r) => setTimeout(r, 500))")
			picture, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
			if err != nil {
				b.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%d-%s.png", name, width, theme)), picture, 0o644); err != nil {
				b.Fatal(err)
			}
		}
	}
}
