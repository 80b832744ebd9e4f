package browsertest

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rapt-go/rapt/textbook"
)

// shown reads a matrix of the lesson off the page.
func (b *tab) shown(name string) [][]string {
	b.Helper()
	return eval[[][]string](b, `
		const all = [...document.querySelectorAll('.matrix[data-matrix=' + $1 + ']')].filter((m) => m.querySelector('sup') === null);
		const read = (m) => [...m.tBodies[0].rows].map((row) => [...row.cells].slice(1).map((c) => c.querySelector('input')?.value ?? c.textContent));
		const first = read(all[0]);
		for (const m of all) if (JSON.stringify(read(m)) !== JSON.stringify(first)) throw new Error($1 + ' differs from itself');
		return first;`, name)
}

// fourDecimals is a matrix as the lesson writes it.
func fourDecimals(m [][]float64) [][]string {
	var rows [][]string
	for _, row := range m {
		var cells []string
		for _, x := range row {
			s := strconv.FormatFloat(x, 'f', 4, 64)
			if s == "-0.0000" {
				s = "0.0000"
			}
			cells = append(cells, strings.Replace(s, "-", "−", 1))
		}
		rows = append(rows, cells)
	}
	return rows
}

func (b *tab) checkLesson(x, wq, wk, wv [][]float64) {
	b.Helper()
	s, err := textbook.SelfAttention(x, wq, wk, wv)
	if err != nil {
		b.Fatal(err)
	}
	for name, want := range map[string][][]float64{
		"q": s.Q, "k": s.K, "v": s.V, "scores": s.Scores, "scaled": s.Scaled, "weights": s.Weights, "output": s.Output,
	} {
		if diff := cmp.Diff(fourDecimals(want), b.shown(name)); diff != "" {
			b.Errorf("%s (-textbook +page):\n%s", name, diff)
		}
	}
}

// typeInto types a number into a cell of an input matrix, as a person does.
func (b *tab) typeInto(name string, i, j int, text string) {
	b.Helper()
	eval[any](b, `
		const input = document.querySelector('.matrix.edit[data-matrix=' + $1 + ']').tBodies[0].rows[$2].cells[$3 + 1].querySelector('input');
		input.scrollIntoView({block: 'center'});
		input.focus();
		input.select();`, name, i, j)
	b.press(strings.Split(text, "")...)
}

// Every number of the lesson can be changed, and all that follows from it changes as the textbook says.
func TestLesson(t *testing.T) {
	page := write(t, cat)
	b := open(t, page.url, "about:blank")
	b.visit(page.url + "#v=1&view=lesson")
	x, wq, wk, wv := textbook.Lesson()
	b.checkLesson(x, wq, wk, wv)

	random := rand.New(rand.NewPCG(1, 1))
	for name, m := range map[string][][]float64{"x": x, "wq": wq, "wk": wk, "wv": wv} {
		for range 3 {
			i, j, value := random.IntN(3), random.IntN(3), float64(random.IntN(600)-300)/100
			m[i][j] = value
			b.typeInto(name, i, j, fmt.Sprint(value))
		}
		b.checkLesson(x, wq, wk, wv)
	}

	// What is no number changes nothing, and is marked.
	b.typeInto("x", 0, 0, "1e")
	if got := eval[string](b, "return document.activeElement.getAttribute('aria-invalid')"); got != "true" {
		t.Errorf("aria-invalid is %q for 1e", got)
	}
	b.press(keyOf("Escape"))
	x[0][0] = 1 // the 1 before the e was one
	b.checkLesson(x, wq, wk, wv)

	// The address has the changes.
	hash := eval[string](b, "return location.hash")
	b.visit(page.url + hash)
	b.checkLesson(x, wq, wk, wv)

	// Outputs are permuted with the words.
	before := b.shown("output")
	eval[any](b, "document.querySelector('#permute').click()")
	b.checkLesson([][]float64{x[2], x[0], x[1]}, wq, wk, wv)
	if diff := cmp.Diff([][]string{before[2], before[0], before[1]}, b.shown("output")); diff != "" {
		t.Errorf("permuted outputs (-want +got):\n%s", diff)
	}
	if got := b.text(".proof"); !strings.Contains(got, "mat, cat, sat") {
		t.Errorf("it says %q", got)
	}

	eval[any](b, "document.querySelector('#draw').click()")
	drawn := eval[map[string][][]float64](b, "return {q: rapt.state.lessonQ, k: rapt.state.lessonK, v: rapt.state.lessonV}")
	b.checkLesson([][]float64{x[2], x[0], x[1]}, drawn["q"], drawn["k"], drawn["v"])

	eval[any](b, "document.querySelector('#reset').click()")
	b.checkLesson(textbook.Lesson())
}

// A cell that is pointed at says how its number comes about, and marks what from.
func TestFormulas(t *testing.T) {
	page := write(t, cat)
	b := open(t, page.url, "about:blank")
	b.visit(page.url + "#v=1&view=lesson")
	for _, c := range []struct {
		matrix  string
		i, j    int
		formula string
		sources int
	}{
		{"q", 1, 0, "Q[sat, 1] = 0·1.09 + 1·(−0.21) + 1·1.7 = 1.4900", 6},
		{"scores", 0, 2, "score[cat, mat] = 2.79·1.54 + (−0.46)·(−2.4) + 0.57·(−0.76) = 4.9674", 6},
		{"scaled", 0, 2, "scaled[cat, mat] = 4.9674 / √3 = 2.8679", 1},
		{"weights", 0, 0, "weight[cat, cat] = e^(1.1988 − 2.8679) / (e^(1.1988 − 2.8679) + e^(1.4164 − 2.8679) + e^(2.8679 − 2.8679)) = 0.1324", 3},
		{"output", 1, 0, "output[sat, 1] = 0.0565·(−0.277) + 0.0028·(−0.7928) + 0.9407·1.3156 = 1.2198", 6},
	} {
		eval[any](b, `
			const m = [...document.querySelectorAll('.matrix[data-matrix=' + $1 + ']')][0];
			m.tBodies[0].rows[$2].cells[$3 + 1].dispatchEvent(new PointerEvent('pointerenter'));`, c.matrix, c.i, c.j)
		if got := b.text(".lesson .formula"); got != c.formula {
			t.Errorf("%s: %q, expected %q", c.matrix, got, c.formula)
		}
		if got := eval[int](b, "return document.querySelectorAll('.source').length"); got != c.sources {
			t.Errorf("%s: %d cells are marked, expected %d", c.matrix, got, c.sources)
		}
	}
}

// The matrices of a real head, worked out on the page from q, k and v, end in the weights that the model has computed.
func TestInside(t *testing.T) {
	served, page := serve(t), write(t, cat)
	// In a file q and k are off by up to 2.5e-4 a number; a score of 32 products of numbers up to 7 then by 1e-2 at most.
	for name, c := range map[string]struct {
		url   string
		error float64
	}{"served": {served, 1e-5}, "file": {page.url, 1e-2}} {
		t.Run(name, func(t *testing.T) {
			b := open(t, c.url, "about:blank")
			b.visit(c.url + "#v=1&view=inside&L=3&H=5")
			b.until("rapt.stage.inside.values?.weights")
			got := eval[[][]float64](b, "return rapt.stage.inside.values.weights")
			for i := range got {
				for j, want := range page.run.Map.Row(3, 5, i) {
					if d := got[i][j] - float64(want); d > c.error || d < -c.error {
						t.Errorf("%d → %d: %v, expected %v", i, j, got[i][j], want)
					}
				}
			}
		})
	}
}
