package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/rapt-go/rapt/internal/web"
	"github.com/rapt-go/rapt/lens"
)

// writeHTML writes the page with all maps in it, as one file that opens with what the flags say.
func (l *looking) writeHTML(ctx context.Context, w io.Writer) error {
	head, _ := l.pick()
	address, err := l.address(head, l.flags.given("layer"))
	if err != nil {
		return err
	}
	run := web.Run{Input: l.input.Input, Model: l.model, Measure: l.flags.measure, View: l.picker, Map: l.maps, Edit: l.edit,
		Address: address}
	return run.WriteFile(ctx, w)
}

// writeSurveyHTML writes the page with the survey of a long text in it.
func (l *looking) writeSurveyHTML(ctx context.Context, w io.Writer) error {
	head, chosen := l.surveyFigure().Head, l.flags.given("layer")
	if l.flags.given("find") && !chosen { // the page can't rank heads by an edge
		head, chosen = l.survey.found[0].Head, true
	}
	var err error
	if l.survey.page.Address, err = l.address(head, chosen); err != nil {
		return err
	}
	return l.survey.page.WriteFile(ctx, w)
}

// address is what the flags say, as the page writes it behind # in its address, with the head if one was chosen; see page/address.js.
func (l *looking) address(head lens.Head, chosen bool) (string, error) {
	f := l.flags
	fields := []string{"v=1"}
	add := func(given bool, format string, args ...any) {
		if given {
			fields = append(fields, fmt.Sprintf(format, args...))
		}
	}
	add(chosen, "L=%d&H=%d", head.Layer, head.Head)
	if f.given("find") {
		query, key, err := l.input.edge("find", f.find)
		if err != nil {
			return "", err
		}
		add(true, "q=%d&k=%d", query.tokens[0], key.tokens[0])
	}
	add(f.given("view"), "view=%s", f.picture.view)
	add(f.plain, "sp=0")
	add(f.words, "w=1")
	add(f.given("mass"), "mass=%v", f.picture.mass)
	add(f.given("theme"), "th=%s", f.picture.theme)
	return "#" + strings.Join(fields, "&"), nil
}
