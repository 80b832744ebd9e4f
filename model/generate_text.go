package model

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/rapt-go/rapt/tokenizer"
)

// A textWriter makes text of the new tokens of a sequence, up to the first stop string.
type textWriter struct {
	tokenizer *tokenizer.Tokenizer // nil: there is no text
	stream    *tokenizer.Stream
	skip      int // bytes of the stream's text that are still the prompt's
	stops     stopStrings
}

// newTextWriter makes a writer of what follows a prompt.
func newTextWriter(t *tokenizer.Tokenizer, stops []string, prompt []int) (*textWriter, error) {
	if t == nil {
		return &textWriter{}, nil
	}
	w := &textWriter{tokenizer: t, stream: t.Stream(true), stops: stopStrings{list: stops}}
	return w, w.follow(prompt)
}

// follow takes the prompt through the stream, whose first new text then begins as it does within a text: with a blank
// where there is one, or with the end of a character that the prompt has begun. Of what the stream keeps of the prompt all
// but such a beginning, which Decode makes U+FFFD, is left out of the new text.
func (w *textWriter) follow(prompt []int) error {
	var known []int
	given := 0
	for _, id := range prompt {
		if !w.knows(id) {
			continue
		}
		text, err := w.stream.Next(id)
		if err != nil {
			return err
		}
		known = append(known, id)
		given += len(text)
	}
	whole, err := w.tokenizer.Decode(known, true)
	if err != nil {
		return err
	}
	if given < len(whole) && strings.Trim(whole[given:], "\uFFFD") != "" {
		w.skip = len(whole) - given
	}
	return nil
}

// knows reports whether the tokenizer has an id. A model may have more: there is no text for these.
func (w *textWriter) knows(id int) bool {
	_, ok := w.tokenizer.IDToToken(id)
	return ok
}

// add is the text that is certain with one more token. stopped says that a stop string came up, and the text ended
// before it. last says that the token is the last: nothing is kept then.
func (w *textWriter) add(id int, last bool) (text string, stopped bool, err error) {
	if w.tokenizer == nil {
		return "", false, nil
	}
	if w.knows(id) {
		if text, err = w.stream.Next(id); err != nil {
			return "", false, err
		}
	}
	if last {
		rest, err := w.stream.Flush()
		if err != nil {
			return "", false, err
		}
		text += rest
	}
	cut := min(w.skip, len(text))
	w.skip -= cut
	text, stopped = w.stops.add(text[cut:])
	if last && !stopped {
		text += w.stops.held
		w.stops.held = ""
	}
	return text, stopped, nil
}

// stopStrings look for the first of several strings in a text that comes in pieces. The result doesn't depend on the
// pieces.
type stopStrings struct {
	list []string
	held string // the end of the text so far that may be the beginning of one of them
}

// checkStops says what is wrong with stop strings.
func checkStops(list []string) error {
	for _, stop := range list {
		switch {
		case stop == "":
			return errors.New("a stop string is empty")
		case !utf8.ValidString(stop):
			return fmt.Errorf("stop string %q isn't UTF-8", stop)
		}
	}
	return nil
}

// add takes another piece. It returns what is certain not to belong to a stop string, or found with the text before the
// string that is complete first, the longest of several.
func (s *stopStrings) add(piece string) (text string, found bool) {
	text = s.held + piece
	s.held = ""
	start, end := 0, len(text)+1
	for _, stop := range s.list {
		i := strings.Index(text, stop)
		if e := i + len(stop); i >= 0 && (e < end || e == end && i < start) {
			start, end, found = i, e, true
		}
	}
	if found {
		return text[:start], true
	}
	kept := 0
	for _, stop := range s.list {
		kept = max(kept, overlap(text, stop))
	}
	s.held = text[len(text)-kept:]
	return text[:len(text)-kept], false
}

// overlap is the length of the longest end of text that is a beginning of stop, but not all of it.
func overlap(text, stop string) int {
	for n := min(len(text), len(stop)-1); n > 0; n-- {
		if strings.HasSuffix(text, stop[:n]) {
			return n
		}
	}
	return 0
}
