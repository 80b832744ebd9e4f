package main

import (
	"fmt"
	"io"
)

// A progress is a line on a terminal that counts what is done.
type progress struct {
	w    io.Writer // nil: nobody looks
	done int
}

// newProgress counts on w if that is a terminal and answers go elsewhere: on the same screen they can be seen to come.
func newProgress(w, answers io.Writer) *progress {
	if isTerminal(w) && !isTerminal(answers) {
		return &progress{w: w}
	}
	return &progress{}
}

// add counts n more.
func (p *progress) add(n int) {
	p.done += n
	if p.w != nil {
		fmt.Fprintf(p.w, "\r%d texts", p.done)
	}
}

// end leaves the count where it is and begins a new line.
func (p *progress) end() {
	if p.w != nil && p.done > 0 {
		fmt.Fprintln(p.w)
	}
}
