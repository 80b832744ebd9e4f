package browsertest

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/rapt-go/rapt/lens"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/textbook"
)

// near allows for sums in another order.
var near = cmpopts.EquateApprox(1e-12, 1e-12)

// An address holds the whole state: parse(format(x)) is x, for every field alone and for thousands of states.
func TestAddress(t *testing.T) {
	url := serve(t)
	b := open(t, url, "about:blank")
	b.visit(url)
	wrong := eval[string](b, `
		const {initial, parse, format, fieldNames, views} = await import('/address.js');
		const pick = (list) => list[Math.floor(Math.random() * list.length)];
		const text = () => pick([null, '', 'a b', 'a+b&c=d#e%41', 'naïve 東京 🐈', ' ', '%', 'null', '0', '\n\t', 'x'.repeat(300)]);
		const whole = () => pick([null, 0, 1, 7, 511]);
		const matrix = () => pick([null, [[0]], [[1, -0.5, 1e-7], [0.1, 2, 3]], [[1e21, 1.0000000000000002]]]);
		const values = {
			text, pair: text, model: text, measure: () => pick(['weights', 'norm', '', 'value-zeroing']), layer: whole,
			heads: () => pick([[], [0], [7, 9], [0, 1, 2]]), query: whole, key: whole, view: () => pick(views),
			special: () => pick([true, false]), words: () => pick([true, false]), log: () => pick([true, false]),
			mass: () => pick([0, 0.1, 0.8, 1, 1 / 3]), sort: () => pick(['place', 'relation', 'entropy', 'special', 'distance']),
			filter: () => pick(['', 'P', 'P·=.', '2#&']), find: text, compare: text, off: () => pick([[], [[0, 0]], [[3, 7], [0, 11]]]),
			cuts: () => pick([[], [[0, 0]], [[3, 7], [511, 2]]]),
			by: () => pick(['map', 'entropy', 'a&b']), cells: () => pick(['share', 'max']), at: whole,
			theme: () => pick(['auto', 'light', 'dark']), lessonX: matrix, lessonQ: matrix, lessonK: matrix, lessonV: matrix,
			order: () => pick([[0, 1, 2], [2, 0, 1], []]),
		};
		for (const name of fieldNames) if (!values[name]) return 'no values for ' + name;
		for (let n = 0; n < 5000; n++) {
			const state = initial();
			for (const name of n < 2000 ? [fieldNames[n % fieldNames.length]] : fieldNames) state[name] = values[name]();
			const back = parse(format(state));
			if (JSON.stringify(back) !== JSON.stringify(state)) return JSON.stringify(state) + ' → ' + format(state) + ' → ' + JSON.stringify(back);
		}
		for (const hash of ['', '#', '#v=1&L=x', '#t=%E0%A4%A', '#H=1,,2', '#sp=2', '#off=1', '#lx=1;2,3', '#mass=', '#view=none', '#=&&=&a']) {
			if (hash !== '#t=%E0%A4%A' && JSON.stringify(parse(hash)) !== JSON.stringify(initial())) return hash;
			parse(hash);
		}
		return '';`)
	if wrong != "" {
		t.Error(wrong)
	}
}

// An address brings the page back as it was.
func TestAddressOpens(t *testing.T) {
	url := serve(t)
	b := open(t, url, "about:blank")
	b.visit(url + "#v=1&t=The+dog+sat.&L=2&H=7,9&q=2&k=3&view=arcs&sp=0&w=1&mass=0.5&sort=entropy&f=DS&th=dark&lx=1,0,2;0,1,1;1,1,0&lo=2,0,1")
	before := eval[json.RawMessage](b, "return rapt.state")
	hash := eval[string](b, "return location.hash")
	b.visit(url + hash)
	if diff := cmp.Diff(string(before), string(eval[json.RawMessage](b, "return rapt.state"))); diff != "" {
		t.Errorf("opened again (-before +after):\n%s", diff)
	}
	if got := eval[string](b, "return rapt.name"); got != "Layer 2, mean of heads 7, 9" {
		t.Errorf("it shows %q", got)
	}
}

// So does that of a survey.
func TestSurveyAddressOpens(t *testing.T) {
	url := serve(t)
	b := open(t, url, "about:blank")
	b.survey(url + "#v=1&L=2&H=7&q=2&k=3&view=survey&log=1&by=entropy&cell=max&at=1&off=1.1&cut=2.1&t=" + strings.ReplaceAll(longText(200), " ", "+"))
	before := eval[json.RawMessage](b, "return rapt.state")
	b.survey(url + eval[string](b, "return location.hash"))
	if diff := cmp.Diff(string(before), string(eval[json.RawMessage](b, "return rapt.state"))); diff != "" {
		t.Errorf("opened again (-before +after):\n%s", diff)
	}
	if got := b.text(".choices h3"); got != "Tokens 1 to 160 of 202" {
		t.Errorf("it shows %q", got)
	}
}

// The page's seven steps are the textbook's.
func TestSevenSteps(t *testing.T) {
	url := serve(t)
	b := open(t, url, "about:blank")
	b.visit(url)
	x, wq, wk, wv := textbook.Lesson()
	lesson := eval[struct{ X, Wq, Wk, Wv [][]float64 }](b, "return (await import('/seven.js')).lesson")
	if diff := cmp.Diff([][][]float64{x, wq, wk, wv}, [][][]float64{lesson.X, lesson.Wq, lesson.Wk, lesson.Wv}); diff != "" {
		t.Errorf("the lesson's numbers (-textbook +page):\n%s", diff)
	}
	random := rand.New(rand.NewPCG(3, 4))
	for range 20 {
		n, d := 1+random.IntN(5), 1+random.IntN(5)
		m := func(rows int) [][]float64 {
			rowsOf := make([][]float64, rows)
			for i := range rowsOf {
				for range d {
					rowsOf[i] = append(rowsOf[i], 3*random.NormFloat64())
				}
			}
			return rowsOf
		}
		x, wq, wk, wv = m(n), m(d), m(d), m(d)
		want, err := textbook.SelfAttention(x, wq, wk, wv)
		if err != nil {
			t.Fatal(err)
		}
		got := eval[textbook.Steps](b, "const s = (await import('/seven.js')).sevenSteps($1, $2, $3, $4);"+
			"return {Q: s.q, K: s.k, V: s.v, Scores: s.scores, Scaled: s.scaled, Weights: s.weights, Output: s.output}", x, wq, wk, wv)
		if diff := cmp.Diff(want, got, near); diff != "" {
			t.Fatalf("(-textbook +page):\n%s", diff)
		}
	}
}

// Rollout, words and hidden shares of the page are those of package lens.
func TestMeasures(t *testing.T) {
	url := serve(t)
	b := open(t, url, "about:blank")
	page := write(t, "Electroencephalography is unbelievable, isn't it?")
	a, n := page.run.Map, len(page.run.Names)
	b.visit(url + "#v=1&t=" + "Electroencephalography+is+unbelievable,+isn't+it%3F")

	record, err := lens.Run(t.Context(), miniLM(t), page.run.Sequence, nil)
	if err != nil {
		t.Fatal(err)
	}
	var means [][]float64
	for l := range record.Layers {
		means = append(means, record.Layers[l].MeanWithResidual())
	}
	rolled := lens.Rollout(means, n)
	got := eval[[][]float64](b, `
		const {rollout, mean} = await import('/maps.js');
		const means = [];
		for (let l = 0; l < rapt.run.layers; l++) means.push(mean(await rapt.source.layer(rapt.run, l)));
		return rollout(means, rapt.run.tokens.length, 3).map((row) => [...row]);`)
	for l := range got {
		// The page adds the heads up in float32: 12 additions of numbers below 1 are off by less than 1e-6.
		if diff := cmp.Diff(rolled[l][3*n:4*n], got[l], cmpopts.EquateApprox(0, 1e-5)); diff != "" {
			t.Errorf("rollout after layer %d (-lens +page):\n%s", l, diff)
		}
	}

	words, _, groups, err := lens.Words(a, page.run.Tokens)
	if err != nil {
		t.Fatal(err)
	}
	merged := eval[[]float64](b, `
		const {frame, merge} = await import('/maps.js');
		const layer = await rapt.source.layer(rapt.run, 2);
		return [...merge(layer[5], frame(rapt.run.tokens, {words: true, special: true}))];`)
	if len(merged) != len(groups)*len(groups) {
		t.Fatalf("there are %d numbers for %d words", len(merged), len(groups))
	}
	for i, want := range words.Map(2, 5) {
		if math.Abs(float64(want)-merged[i]) > 1e-6 {
			t.Errorf("words: number %d is %v, expected %v", i, merged[i], want)
		}
	}

	view := page.run.View
	want := view.HiddenShare(lens.Head{Layer: 2, Head: 5}, view.Select(false, false))
	hidden := eval[float64](b, `
		const {frame, hidden} = await import('/maps.js');
		const layer = await rapt.source.layer(rapt.run, 2);
		return hidden(layer[5], frame(rapt.run.tokens, {words: false, special: false}));`)
	if math.Abs(want-hidden) > 1e-6 {
		t.Errorf("the hidden share is %v, expected %v", hidden, want)
	}
}

// The edges drawn are of each row the strongest, no more than it takes.
func TestEdges(t *testing.T) {
	url := serve(t)
	b := open(t, url, "about:blank")
	b.visit(url)
	a := &model.Attention{NumLayers: 1, NumHeads: 1, QueryLen: 3, KeyLen: 3, Weights: []float32{.5, .3, .2, .1, .1, .8, .4, .4, .2}}
	got := eval[struct {
		List []struct{ I, J int }
		Mass float64
	}](b, `
		const {edges} = await import('/maps.js');
		return edges($1, {units: [{}, {}, {}], shown: [0, 1, 2]}, 0.8);`, a.Weights)
	var drawn [][2]int
	for _, e := range got.List {
		drawn = append(drawn, [2]int{e.I, e.J})
	}
	if diff := cmp.Diff([][2]int{{0, 0}, {0, 1}, {1, 2}, {2, 0}, {2, 1}}, drawn); diff != "" || math.Abs(got.Mass-.8) > 1e-7 {
		t.Errorf("mass %v, edges (-want +got):\n%s", got.Mass, diff)
	}
}
