package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/rapt-go/rapt/figure"
	"github.com/rapt-go/rapt/lens"
	"github.com/rapt-go/rapt/model"
)

// A surveyBrowser walks through the heads and tokens of a long text in a terminal. Of a token it shows the exact row, for
// which the model runs again once, whatever the head.
type surveyBrowser struct {
	window
	figure   *figure.Survey
	received []float32 // [layer][head][key]
	tokens   bool      // a token is shown, and not the map of segments
	query    int
	asking   bool   // for a word or a number,
	asked    string // of which so much is typed
	said     string // what was wrong with it

	take    func(ctx context.Context, query int) (*model.Attention, error)
	find    func(word string, from int) (int, error) // its first token from there on or, if there is none, in the text
	rows    *model.Attention                         // of token rowsOf in every head; nil: there are none yet
	rowsOf  int
	failed  error    // why there are none
	running *rowsRun // nil: none
	ctx     context.Context
}

// A rowsRun is the model on its way to the rows of a token.
type rowsRun struct {
	query  int
	cancel context.CancelFunc
}

// A rowsMsg is the rows of a token.
type rowsMsg struct {
	query int
	rows  *model.Attention
	err   error
}

// The keys, in a terminal of 80 columns whole.
const (
	surveyHelp = "←→ head · ↑↓ layer · tab tokens · pgup pgdn scroll · q quit"
	tokenHelp  = "←→ head · ↑↓ layer · [ ] token, { } 50 · / find · tab map · pgup pgdn · q quit"
)

// browseSurvey runs the browser until the user leaves it.
func (l *looking) browseSurvey(ctx context.Context, in io.Reader, out io.Writer, screen figure.Screen) error {
	ctx, cancel := context.WithCancel(ctx) // a run that isn't waited for any more
	defer cancel()
	return runBrowser(ctx, l.surveyBrowser(ctx, screen), in, out)
}

func (l *looking) surveyBrowser(ctx context.Context, screen figure.Screen) *surveyBrowser {
	b := &surveyBrowser{window: window{screen: screen, height: 24}, figure: l.surveyFigure(), received: l.survey.received, ctx: ctx}
	b.figure.Reason = ""
	b.take = func(ctx context.Context, query int) (*model.Attention, error) {
		return lens.TakeRows(ctx, l.model, l.input.Sequence, l.edit, []int{query})
	}
	b.find = func(name string, from int) (int, error) {
		found, err := l.input.word("find", name)
		if err != nil {
			return 0, fmt.Errorf("there is no %q", name)
		}
		for _, tokens := range l.input.places(name) {
			if tokens[0] >= from {
				return tokens[0], nil
			}
		}
		return found.tokens[0], nil
	}
	return b
}

// Update takes what the user does, and rows that have come.
func (b *surveyBrowser) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		b.resize(msg)
	case tea.KeyPressMsg:
		if b.asking {
			b.answer(msg.String(), msg.Text)
		} else if b.press(msg.String()) {
			return b, tea.Quit
		}
	case rowsMsg:
		b.running = nil
		givenUp := errors.Is(msg.err, context.Canceled) && b.ctx.Err() == nil // on the way to another token and back
		if msg.query == b.query && !givenUp {
			b.rows, b.rowsOf, b.failed = msg.rows, msg.query, msg.err
		}
	}
	return b, b.fetch()
}

// fetch runs the model for the token that is shown, unless its rows are there. One run at a time: one for another token is
// told to stop, and the next begins when it has.
func (b *surveyBrowser) fetch() tea.Cmd {
	there := b.rowsOf == b.query && (b.rows != nil || b.failed != nil)
	if !b.tokens || there {
		return nil
	}
	b.rows, b.failed = nil, nil
	if b.running != nil {
		if b.running.query != b.query {
			b.running.cancel()
		}
		return nil
	}
	ctx, cancel := context.WithCancel(b.ctx)
	query := b.query
	b.running = &rowsRun{query, cancel}
	return func() tea.Msg {
		defer cancel()
		rows, err := b.take(ctx, query)
		return rowsMsg{query, rows, err}
	}
}

// press is one key; it reports whether the user leaves.
func (b *surveyBrowser) press(key string) bool {
	y := b.figure.Survey
	b.said = ""
	switch key {
	case "q", "esc", "ctrl+c":
		return true
	case "tab":
		b.tokens, b.top = !b.tokens, 0
	case "[":
		b.goTo(b.query - 1)
	case "]":
		b.goTo(b.query + 1)
	case "{":
		b.goTo(b.query - 50)
	case "}":
		b.goTo(b.query + 50)
	case "/":
		b.asking, b.asked = true, ""
	default:
		step(&b.figure.Head, key, y.NumLayers, y.NumHeads)
		b.scroll(key)
	}
	return false
}

// goTo shows a token, the first or last one if there is none of that number.
func (b *surveyBrowser) goTo(token int) {
	b.query = max(0, min(token, len(b.figure.Names)-1))
	b.tokens = true
}

// answer is a key while a word or a number is typed.
func (b *surveyBrowser) answer(key, text string) {
	switch key {
	case "esc", "ctrl+c":
		b.asking = false
	case "backspace":
		runes := []rune(b.asked)
		b.asked = string(runes[:max(len(runes)-1, 0)])
	case "enter":
		b.asking = false
		token, err := strconv.Atoi(b.asked)
		if err != nil {
			from := b.query
			if b.tokens {
				from++ // the next one
			}
			token, err = b.find(b.asked, from)
		} else if token < 0 || token >= len(b.figure.Names) {
			err = fmt.Errorf("there is no token %d: there are %d, 0 to %d", token, len(b.figure.Names), len(b.figure.Names)-1)
		}
		if err != nil {
			b.said = figure.Printable(err.Error())
			return
		}
		b.goTo(token)
	default:
		b.asked += text
	}
}

// View is the screen: as much of the figure as fits, and the keys.
func (b *surveyBrowser) View() tea.View {
	help := surveyHelp
	var shown printer = b.figure
	if b.tokens {
		help, shown = tokenHelp, b.row()
	}
	switch {
	case b.asking:
		help = "word or number: " + figure.Printable(b.asked) + "▏"
	case b.said != "":
		help = b.said
	}
	return b.view(shown, help)
}

// row is the token that is shown, in the head at hand.
func (b *surveyBrowser) row() *figure.SurveyRow {
	y, h, n := b.figure.Survey, b.figure.Head, len(b.figure.Names)
	row := &figure.SurveyRow{Survey: *b.figure, Query: b.query, Received: b.received[(h.Layer*y.NumHeads+h.Head)*n:][:n],
		Pending: "its row is on its way: the model runs once for it"}
	switch {
	case b.rowsOf != b.query: // those of another one
	case b.rows != nil:
		row.Weights = b.rows.Row(h.Layer, h.Head, 0)
	case b.failed != nil:
		row.Pending = strings.TrimSpace("there is no row: " + b.failed.Error())
	}
	return row
}
