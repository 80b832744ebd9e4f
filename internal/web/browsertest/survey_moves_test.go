package browsertest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// The stretch of text stays where it is as long as what is looked at is in it, and the focus in the list of keys.
func TestSurveyStretch(t *testing.T) {
	url := serve(t)
	b := open(t, url, "about:blank")
	b.survey(url + "#v=1&view=survey&L=2&H=3&q=100&at=20&t=" + strings.ReplaceAll(longText(300), " ", "+"))
	stretch := func(after, want string) {
		t.Helper()
		eval[any](b, "await rapt.update()") // what the key has changed is drawn
		if got := b.text(".survey h3"); !strings.HasPrefix(got, want) {
			t.Errorf("after %s it shows %q, expected %s", after, got, want)
		}
	}
	b.press("]")
	stretch("]", "Tokens 20 to 179 ")
	b.press(keyOf("Escape"))
	stretch("Escape", "Tokens 20 to 179 ")
	eval[any](b, "const t = document.querySelector('#token'); t.value = 240; t.dispatchEvent(new Event('change'))")
	stretch("a number", "Tokens 142 to 301 ")
	b.press("}")
	stretch("}", "Tokens 0 to 159 ")
	if got := eval[int](b, "return document.querySelectorAll('.survey .prose .key').length"); got != 1 {
		t.Errorf("%d tokens are marked as looked at", got)
	}

	eval[any](b, "document.querySelectorAll('.survey .choices button')[1].click()")
	stretch("Later", "Tokens 142 to 301 ")
	eval[any](b, "await rapt.set({at: 5000})")
	stretch("a token behind the text", "Tokens 142 to 301 ")

	eval[any](b, "document.querySelector('#row li:nth-child(3) button').focus()")
	b.press(keyOf("Enter"))
	eval[any](b, "await rapt.update()")
	if got := eval[[]string](b, "const at = document.activeElement; return [at.getAttribute('aria-pressed'), getComputedStyle(at).backgroundColor]"); fmt.Sprint(got) != "[true rgba(0, 0, 0, 0)]" {
		t.Errorf("the focus and its ground: %v", got)
	}
}

// What isn't of the run at hand isn't drawn with its names.
func TestSurveyDrawsItsRun(t *testing.T) {
	url := serve(t)
	b := open(t, url, "about:blank")
	b.survey(url + "#v=1&view=survey")
	got := eval[[]string](b, `
		const {source, stage: {survey}} = rapt;
		const readout = () => document.querySelector('#readout').innerText;
		let go;
		const wait = new Promise((resolve) => { go = resolve; });
		source.pooled = async (...about) => { await wait; delete source.pooled; return source.pooled(...about); };
		const done = rapt.set({text: $1});
		while (rapt.run.tokens.length < 20) await new Promise((r) => setTimeout(r, 10));
		rapt.draw();
		const shown = [document.querySelector('.survey h3').innerText, readout()];
		survey.point(2, 1);
		survey.pointToken(3);
		shown.push(readout());
		go();
		await done;
		return shown;`, longText(60))
	if got[0] != "Tokens 0 to 8 of 9" || got[1] != got[2] {
		t.Errorf("before the figures have come it shows %q", got)
	}
	b.surveyed()
	if got := b.text(".survey h3"); got == "Tokens 0 to 8 of 9" {
		t.Errorf("it still shows %q", got)
	}
}

// A text that is too long for the view in which it is asked for is surveyed; the next text has that view again, unless another
// one was chosen.
func TestSurveyGoesBack(t *testing.T) {
	url := serve(t)
	for view, want := range map[string]string{"survey": "arcs", "lesson": "lesson"} {
		b := open(t, url, "about:blank")
		b.visit(url + "#v=1&view=arcs")
		got := eval[[]string](b, `
			const {source} = rapt;
			source.summary = async (about) => { // of a text that is too long
				delete source.summary;
				return {...await source.summary({...about, survey: true}), long: true};
			};
			await rapt.set({text: 'A bird sang.'});
			const views = [rapt.state.view];
			await rapt.set({view: $1});
			await rapt.set({text: 'The cat sat.'});
			return [...views, rapt.state.view];`, view)
		if got[0] != "survey" || got[1] != want {
			t.Errorf("the views are %v, expected survey and %s", got, want)
		}
	}
}

// The lesson of a survey is the lesson; where there is no room for the names of all views, that of the one shown is there; and an
// address with a measure that a survey doesn't have shows one all the same, and says so.
func TestSurveyViews(t *testing.T) {
	file, url := surveyFile(t, miniLM(t), cat), serve(t)
	b := open(t, url, "about:blank", file)
	b.survey(file)
	if got := b.text("#note"); strings.Contains(got, "too long") {
		t.Errorf("of nine tokens the file says %q", got)
	}
	eval[any](b, "await rapt.set({view: 'lesson'})")
	if got := eval[string](b, "return [...document.querySelector('#picture').children].map((e) => e.className).join()"); got != "lesson" {
		t.Errorf("in the view Lesson there is %q", got)
	}
	b.do(chromedp.EmulateViewport(390, 844))
	b.survey(url + "#v=1&view=survey")
	if got := eval[float64](b, "return document.querySelector('#views [aria-current=true]').getBoundingClientRect().right"); got > 390 {
		t.Errorf("the view's name ends at %v of 390", got)
	}
	b.refuse = "422"
	b.survey(url + "#v=1&view=survey&ms=norm")
	b.until("document.querySelector('#problem').innerText.includes('measure norm needs all weights')")
}
