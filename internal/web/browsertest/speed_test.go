package browsertest

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/rapt-go/rapt/lens"
)

// Files are small, open quickly, and follow the mouse.
func TestSizeAndSpeed(t *testing.T) {
	for _, c := range []struct {
		name   string
		words  int
		size   int64
		first  float64 // ms until the first head is drawn
		hover  float64 // ms, median
		inside bool
	}{
		{"10 tokens", 8, 400_000, 300, 16, true},
		{"128 tokens", 126, 1_500_000, 1500, 16, false},
		{"512 tokens", 510, 12_000_000, 1500, 50, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			page := write(t, longText(c.words))
			if n := len(page.run.Names); n != c.words+2 {
				t.Fatalf("there are %d tokens, expected %d", n, c.words+2)
			}
			b := open(t, page.url, "about:blank")
			b.visit(page.url)
			first := eval[float64](b, "return performance.getEntriesByName('drawn')[0].startTime")
			hover := eval[float64](b, hoverTimes)
			frame := eval[float64](b, frameTimes)
			// Times are told, not tested: on a busy machine they say nothing of the page.
			t.Logf("%d bytes, first head after %.0f ms (goal %.0f), hover %.2f ms (goal %.0f), with the frame %.1f ms",
				page.size, first, c.first, hover, c.hover, frame)
			if page.size > c.size {
				t.Errorf("it has %d bytes, expected at most %d", page.size, c.size)
			}
			if got := eval[bool](b, "return !!rapt.run.inside"); got != c.inside {
				t.Errorf("q, k and v are in it: %v, expected %v", got, c.inside)
			}
		})
	}
}

// hoverTimes is the median time that the page takes for a move of the mouse over the heatmap, style and layout included.
const hoverTimes = `
	const g = rapt.stage.heatmap;
	const box = g.over.getBoundingClientRect();
	const times = [];
	for (let n = 0; n < 101; n++) {
		const x = box.left + g.left + Math.random() * g.cell * g.picture.columns.length;
		const y = box.top + g.top + Math.random() * g.row * g.picture.rows.length;
		const start = performance.now();
		g.over.dispatchEvent(new PointerEvent('pointermove', {clientX: x, clientY: y, bubbles: true}));
		document.body.getBoundingClientRect();
		times.push(performance.now() - start);
		await new Promise(requestAnimationFrame);
	}
	return times.sort((a, b) => a - b)[50];`

// frameTimes is the median time from such a move until the frame that shows it has been drawn.
const frameTimes = `
	const g = rapt.stage.heatmap;
	const box = g.over.getBoundingClientRect();
	const times = [];
	for (let n = 0; n < 41; n++) {
		const at = {clientX: box.left + g.left + Math.random() * g.cell * g.picture.columns.length, clientY: box.top + g.top + Math.random() * 200, bubbles: true};
		await new Promise(requestAnimationFrame);
		const start = performance.now();
		g.over.dispatchEvent(new PointerEvent('pointermove', at));
		await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
		times.push(performance.now() - start);
	}
	return times.sort((a, b) => a - b)[20];`

// A long text works in every view, served and from a file.
func TestLongText(t *testing.T) {
	served := serve(t)
	page := write(t, longText(510))
	for name, url := range map[string]string{"served": served, "file": page.url} {
		t.Run(name, func(t *testing.T) {
			b := open(t, url, "about:blank")
			b.visit(url)
			if url == served {
				eval[any](b, "await rapt.set({text: $1, layer: null, heads: []})", page.run.Text)
				b.until("rapt.run.tokens.length === 512 && !document.body.classList.contains('busy')")
			}
			for _, view := range views {
				start := time.Now()
				eval[any](b, "await rapt.set({view: $1})", view)
				if took := time.Since(start); took > 20*time.Second {
					t.Errorf("%s takes %v", view, took)
				}
				if got := b.text("#problem"); got != "" {
					t.Errorf("%s: %s", view, got)
				}
			}
			h := lens.Head{Layer: 1, Head: 2}
			eval[any](b, "await rapt.set({view: 'heatmap', special: false, layer: 1, heads: [2]})")
			want := page.run.View.HiddenShare(h, page.run.View.Select(false, false))
			if got := eval[float64](b, "return rapt.run.hidden[1][2]"); math.Abs(got-want) > 5e-7 {
				t.Errorf("the hidden share is %v, expected %v", got, want)
			}
			if svg := saved(b, "SVG")["SVG"]; strings.Count(svg, "<text") != 2*510+1 || !strings.Contains(svg, "<image") {
				t.Errorf("the picture has %d bytes: %.300s", len(svg), svg)
			}
			if url == served {
				eval[any](b, "await rapt.set({compare: $1, view: 'heatmap'})", longText(509))
				b.until("document.querySelector('#note').textContent.includes('Compared with')")
			}
		})
	}
}
