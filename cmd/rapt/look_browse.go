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
	look   *figure.Look
	screen figure.Screen
	height int // of the terminal, in lines
	view   int // an index of browserViews
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
	if !isTerminal(in) || !isTerminal(out) {
		return usagef("-i browses in a terminal, and standard input or output isn't one")
	}
	b := &browser{look: l.figure(), screen: screen, height: 24}
	b.look.Reason, b.look.NoHints = "", true
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
func (b *browser) Init() tea.Cmd { return nil }

// Update takes what the user does.
func (b *browser) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		b.screen.Width, b.height = msg.Width, msg.Height
	case tea.KeyPressMsg:
		return b, b.press(msg.String())
	}
	return b, nil
}

// press is one key.
func (b *browser) press(key string) tea.Cmd {
	v, h := b.look.View, &b.look.Head
	page := max(b.height-2, 1)
	switch key {
	case "q", "esc", "ctrl+c":
		return tea.Quit
	case "right":
		h.Head = (h.Head + 1) % v.NumHeads
	case "left":
		h.Head = (h.Head + v.NumHeads - 1) % v.NumHeads
	case "down":
		h.Layer = (h.Layer + 1) % v.NumLayers
	case "up":
		h.Layer = (h.Layer + v.NumLayers - 1) % v.NumLayers
	case "tab":
		b.view, b.top = (b.view+1)%b.views(), 0
	case "s":
		b.look.Special = !b.look.Special
	case "n":
		b.look.NoSpecial = !b.look.NoSpecial
	case "pgdown", "space":
		b.top += page
	case "pgup":
		b.top -= page
	}
	return nil
}

// views is how many views there are: cards are of weights alone.
func (b *browser) views() int {
	if m := b.look.Measure; m.Name != lens.Measures[0].Name {
		return 1
	}
	return len(browserViews)
}

// View is the screen: as much of the figure as fits, and the keys.
func (b *browser) View() tea.View {
	var text strings.Builder
	browserViews[b.view](b.look).Print(&text, b.screen) // a strings.Builder takes everything
	lines := strings.Split(strings.TrimRight(text.String(), "\n"), "\n")
	room := max(b.height-1, 1)
	b.top = max(0, min(b.top, len(lines)-room))
	shown := lines[b.top:min(len(lines), b.top+room)]
	more := ""
	if len(lines) > room {
		more = "↕ "
	}
	view := tea.NewView(strings.Join(shown, "\n") + "\n" + clipTo(more+browserHelp, b.screen.Width))
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
