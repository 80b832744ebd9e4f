package main

import (
	"errors"
	"io"
	"os"
	"strings"
	"syscall"

	"golang.org/x/term"

	"github.com/rapt-go/rapt/figure"
)

// screenOf is what pictures on w may use: the terminal's width, and colours as colorOf says.
func screenOf(w io.Writer, colorFlag string) (figure.Screen, error) {
	file, _ := w.(*os.File)
	isTerminal := file != nil && term.IsTerminal(int(file.Fd()))
	color, err := colorOf(colorFlag, isTerminal, os.Getenv)
	return figure.Screen{Width: textWidth(w), Color: color}, err
}

// colorOf decides about colour. The first of these that says something counts: --color; NO_COLOR; FORCE_COLOR (0 to 3:
// none, 16, 256, all colours) and CLICOLOR_FORCE; whether the output is a terminal. How many colours there are is in
// COLORTERM and TERM.
func colorOf(flag string, isTerminal bool, env func(string) string) (figure.Color, error) {
	available := terminalColors(env)
	switch flag {
	case "always":
		return max(available, figure.ANSI16), nil
	case "never":
		return figure.NoColor, nil
	case "auto":
	default:
		return 0, usagef("--color is %q, expected auto, always or never", flag)
	}
	force := env("FORCE_COLOR")
	switch {
	case env("NO_COLOR") != "":
		return figure.NoColor, nil
	case force == "0" || force == "false":
		return figure.NoColor, nil
	case force == "2":
		return figure.ANSI256, nil
	case force == "3":
		return figure.TrueColor, nil
	case force != "" || (env("CLICOLOR_FORCE") != "" && env("CLICOLOR_FORCE") != "0"):
		return max(available, figure.ANSI16), nil
	case isTerminal:
		return available, nil
	}
	return figure.NoColor, nil
}

// terminalColors is how many colours the environment says that the terminal has.
func terminalColors(env func(string) string) figure.Color {
	colorTerm, name := env("COLORTERM"), env("TERM")
	switch {
	case name == "dumb":
		return figure.NoColor
	case colorTerm == "truecolor" || colorTerm == "24bit" || strings.HasSuffix(name, "-direct"):
		return figure.TrueColor
	case strings.Contains(name, "256"):
		return figure.ANSI256
	}
	return figure.ANSI16
}

// isClosedPipe reports whether writing failed because nobody reads any more, as in "rapt … | head -1". On standard
// output Go ends the program before it comes to that; this is for the same pipe under another name.
func isClosedPipe(err error) bool { return errors.Is(err, syscall.EPIPE) }
