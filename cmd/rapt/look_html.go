package main

import (
	"context"
	"io"
	"strings"

	"github.com/rapt-go/rapt/internal/web"
)

// writeHTML writes the page with all maps in it, as one file.
func (l *looking) writeHTML(ctx context.Context, w io.Writer) error {
	in := l.input
	subject := &web.Subject{
		Text: in.text, Sequence: in.sequence, Names: in.names, Sources: in.source, Offsets: in.offsets, Special: in.special, Tokens: in.tokens,
	}
	if l.flags.given("pair") {
		subject.Pair = &l.flags.pair
	}
	if l.flags.given("ids") {
		subject.Text = strings.Join(in.names, " ")
	}
	run := web.Run{Subject: subject, Model: l.model, Measure: l.flags.measure, View: l.picker, Map: l.maps}
	edit, _, err := l.flags.edit(l.info, in)
	if err != nil {
		return err
	}
	if edit != nil {
		run.Off = edit.HeadsOff
	}
	return run.WriteFile(ctx, w)
}
