package browsertest

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rapt-go/rapt/internal/web"
	"github.com/rapt-go/rapt/lens"
	"github.com/rapt-go/rapt/model"
)

var openStories = sync.OnceValues(func() (*model.Model, error) {
	return model.Open(filepath.Join("..", "..", "..", "model", "testdata", "stories260K"))
})

// stories is a small model that looks back only, and continues texts.
func stories(t *testing.T) *model.Model {
	t.Helper()
	m, err := openStories()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

const once = "Once upon a time there was"

// Of a model that looks back only the page shows no numbers for what comes later, in no view, served or from a file.
func TestCausal(t *testing.T) {
	in, err := lens.Encode(stories(t), once, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	run, err := web.Look(t.Context(), stories(t), in, lens.Measures[0], nil)
	if err != nil {
		t.Fatal(err)
	}
	n := len(in.Names)
	for name, url := range map[string]string{"served": serveModel(t, stories(t)), "file": writeRun(t, run).url} {
		t.Run(name, func(t *testing.T) {
			b := open(t, url, "about:blank")
			b.visit(url + "#v=1&t=Once+upon+a+time+there+was&L=2&H=1")
			if got := eval[bool](b, "return rapt.run.causal && rapt.frame.causal"); !got {
				t.Error("the page doesn't know that the model looks back only")
			}
			painted := eval[[]int](b, `
				const g = rapt.stage.heatmap;
				const ratio = g.canvas.width / g.width;
				const {data} = g.context.getImageData(0, 0, g.canvas.width, g.canvas.height);
				const at = (i, j) => data[4 * (Math.round((g.top + (i + 0.2) * g.row) * ratio) * g.canvas.width + Math.round((g.left + (j + 0.2) * g.cell) * ratio)) + 3];
				return [at(3, 5), at(5, 3)];`)
			if painted[0] != 0 || painted[1] != 255 {
				t.Errorf("the alpha of what comes later is %d, of what came before %d", painted[0], painted[1])
			}
			eval[any](b, "rapt.hover(3, 5)")
			if got := b.text("#readout"); !strings.Contains(got, "can’t see") {
				t.Errorf("of what comes later it says %q", got)
			}
			eval[any](b, "rapt.hover(5, 3)")
			if got := b.text("#readout"); !strings.Contains(got, "of 6 in its row") {
				t.Errorf("of what came before it says %q", got)
			}
			for _, view := range views {
				eval[any](b, "await rapt.set({view: $1})", view)
				b.until("document.body.dataset.ready === '" + view + "'")
				if got := b.text("#problem"); got != "" {
					t.Errorf("%s: %s", view, got)
				}
			}
			if got := b.text(".inside .faint"); !strings.Contains(got, "sees none that come later") || strings.Contains(got, "does more") {
				t.Errorf("inside it says %q", got)
			}
			eval[any](b, "await rapt.set({view: 'arcs'})")
			if got := b.text("#note"); !strings.Contains(got, " of "+strconv.Itoa(n*(n+1)/2)+" edges") {
				t.Errorf("the arcs say %q", got)
			}
			if got := eval[[]float64](b, "return rapt.stage.inside.values.weights[2].slice(3)"); slices.Max(got) != 0 {
				t.Errorf("inside, weights of what comes later are %v", got)
			}
		})
	}
}

// write has the model on a server write ten tokens.
func (b *tab) write(url string) {
	b.Helper()
	b.visit(url + "#v=1&t=Once+upon+a+time&view=write&L=2&H=1")
	eval[any](b, "document.querySelector('#writeTokens').value = 10; document.querySelector('#write').click()")
	b.until("document.querySelectorAll('#written .new').length === 10 && !rapt.stage.write.writing")
}

// The model writes on, and the page says of each token what was looked at, as the maps of the whole text have it.
func TestWrite(t *testing.T) {
	url := serveModel(t, stories(t))
	b := open(t, url, "about:blank")
	b.write(url)
	if got := b.text("#written"); got != "Once upon a time, there was a little girl named Lily" {
		t.Errorf("it has written %q", got)
	}
	eval[any](b, "rapt.stage.write.point(7)")
	looked := b.text("#writeLooks")
	weight := eval[float64](b, "return rapt.stage.write.list[7].look.heads[2][1].weights[0]")
	key := eval[int](b, "return rapt.stage.write.list[7].look.heads[2][1].keys[0]")
	if !strings.HasPrefix(looked, "To write ") || !strings.Contains(looked, "layer 2 head 1") {
		t.Errorf("it says %q", looked)
	}
	eval[any](b, "document.querySelector('#writeWhole').click()")
	b.until("rapt.state.view === 'heatmap' && rapt.run.tokens.length === 15")
	eval[any](b, "await rapt.choose(2, 1)")
	if got := eval[float64](b, "return rapt.map[6 * 15 + $1]", key); got-weight > 1e-5 || weight-got > 1e-5 {
		t.Errorf("the map has %v, to write it was looked at with %v", got, weight)
	}
	encoder := serve(t)
	b = open(t, encoder, "about:blank")
	b.visit(encoder + "#v=1&view=write")
	if got := eval[string](b, "return rapt.state.view"); got != "heatmap" {
		t.Errorf("a model that can't write shows %s", got)
	}
}
