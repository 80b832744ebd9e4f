package main

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"

	tea "charm.land/bubbletea/v2"
	"golang.org/x/term"

	"github.com/rapt-go/rapt/figure"
	"github.com/rapt-go/rapt/lens"
)

// A browser walks through the heads of a looking in a terminal.
type browser struct {
	window
	look  *figure.Look
	shown int // an index of browserViews
}

// A window is the part of a figure that a terminal has room for.
type window struct {
	screen figure.Screen
	height int // of the terminal, in lines
	top    int // the first line that is shown
}

// A printer is what a view is.
type printer interface {
	Print(w io.Writer, s figure.Screen) error
}

var browserViews = []func(l *figure.Look) printer{
	func(l *figure.Look) printer { return l },
	func(l *figure.Look) printer { return &figure.Card{Look: *l} },
}

const browserHelp = "←→ head · ↑↓ layer · tab view · s special rows · n no special columns · pgup pgdn scroll · q quit"

// browse runs the browser until the user leaves it.
func (l *looking) browse(ctx context.Context, in io.Reader, out io.Writer, screen figure.Screen) error {
	b := &browser{look: l.figure(), window: window{screen: screen, height: 24}}
	b.look.Reason, b.look.NoHints = "", true
	return runBrowser(ctx, b, in, out)
}

// needTerminal refuses to browse in anything else.
func needTerminal(in io.Reader, out io.Writer) error {
	if !isTerminal(in) || !isTerminal(out) {
		return usagef("-i browses in a terminal, and standard input or output isn't one")
	}
	return nil
}

// runBrowser runs a browser until the user leaves it, or the context ends.
func runBrowser(ctx context.Context, b tea.Model, in io.Reader, out io.Writer) error {
	_, err := tea.NewProgram(b, tea.WithContext(ctx), tea.WithInput(in), tea.WithOutput(out)).Run()
	if errors.Is(err, tea.ErrProgramKilled) || errors.Is(err, tea.ErrInterrupted) {
		return errInterrupted
	}
	return err
}

func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// Init has nothing to do: the terminal tells its size by itself.
func (w *window) Init() tea.Cmd { return nil }

// resize takes the size that the terminal tells.
func (w *window) resize(size tea.WindowSizeMsg) { w.screen.Width, w.height = size.Width, size.Height }

// Update takes what the user does.
func (b *browser) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		b.resize(msg)
	case tea.KeyPressMsg:
		return b, b.press(msg.String())
	}
	return b, nil
}

// press is one key.
func (b *browser) press(key string) tea.Cmd {
	switch key {
	case "q", "esc", "ctrl+c":
		return tea.Quit
	case "tab":
		b.shown, b.top = (b.shown+1)%b.views(), 0
	case "s":
		b.look.Special = !b.look.Special
	case "n":
		b.look.NoSpecial = !b.look.NoSpecial
	default:
		step(&b.look.Head, key, b.look.View.NumLayers, b.look.View.NumHeads)
		b.scroll(key)
	}
	return nil
}

// step goes to the head beside, above or below, if that is what the key means; at the edge to the other side.
func step(h *lens.Head, key string, layers, heads int) {
	switch key {
	case "right":
		h.Head = (h.Head + 1) % heads
	case "left":
		h.Head = (h.Head + heads - 1) % heads
	case "down":
		h.Layer = (h.Layer + 1) % layers
	case "up":
		h.Layer = (h.Layer + layers - 1) % layers
	}
}

// scroll goes on or back by a screen, if that is what the key means.
func (w *window) scroll(key string) {
	switch room := max(w.height-2, 1); key {
	case "pgdown", "space":
		w.top += room
	case "pgup":
		w.top -= room
	}
}

// views is how many views there are: cards are of weights alone.
func (b *browser) views() int {
	if m := b.look.Measure; m.Name != lens.Measures[0].Name {
		return 1
	}
	return len(browserViews)
}

// View is the screen: as much of the figure as fits, and the keys.
func (b *browser) View() tea.View { return b.view(browserViews[b.shown](b.look), browserHelp) }

// view is as much of a figure as fits, and a line below it.
func (w *window) view(f printer, help string) tea.View {
	var text strings.Builder
	f.Print(&text, w.screen) // a strings.Builder takes everything
	lines := strings.Split(strings.TrimRight(text.String(), "\n"), "\n")
	room := max(w.height-1, 1)
	w.top = max(0, min(w.top, len(lines)-room))
	shown := lines[w.top:min(len(lines), w.top+room)]
	more := ""
	if len(lines) > room {
		more = "↕ "
	}
	view := tea.NewView(strings.Join(shown, "\n") + "\n" + clipTo(more+help, w.screen.Width))
	view.AltScreen = true
	return view
}

// clipTo is the beginning of a line that fits width columns; each of its letters takes one.
func clipTo(line string, width int) string {
	if runes := []rune(line); width > 0 && len(runes) > width {
		return string(runes[:width])
	}
	return line
}
