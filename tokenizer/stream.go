package tokenizer

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// A Stream decodes tokens as they come, such as those of a model that writes. The texts of all calls of Next, and of Flush
// at the end, are together what [Tokenizer.Decode] makes of all tokens: nothing is given out before it is certain, so never
// a part of a character. It isn't for several goroutines at once.
type Stream struct {
	t           *Tokenizer
	skipSpecial bool
	states      []streamState // by step of the decoder
	started     bool
	out         strings.Builder
	err         error
}

// streamState is what a step of the decoder remembers of the tokens before.
type streamState struct {
	started bool   // the step has had a token
	held    string // tokens that wait for what comes
	bytes   []byte // and bytes that do
	cut     int    // characters taken away at the beginning; -1: done
}

// Stream returns a stream that leaves out special tokens if skipSpecial is set.
func (t *Tokenizer) Stream(skipSpecial bool) *Stream {
	return &Stream{t: t, skipSpecial: skipSpecial, states: make([]streamState, len(t.decoder))}
}

// Next takes a token and returns the text that is certain now and wasn't before; often "" for bytes of a character. An id
// that isn't in the vocabulary is an error, and taken for nothing.
func (s *Stream) Next(id int) (string, error) {
	token, ok := s.t.IDToToken(id)
	if !ok {
		return "", fmt.Errorf("id is %d, which is not in the vocabulary", id)
	}
	if s.skipSpecial && s.t.special[token] {
		return "", nil
	}
	if s.t.decoder == nil && s.started {
		s.out.WriteByte(' ')
	}
	s.started = true
	s.token(0, token)
	return s.take()
}

// Flush returns what is left, the tokens being all. The stream is as new then.
func (s *Stream) Flush() (string, error) {
	whole := false
	for i := range s.t.decoder {
		whole = s.end(i, whole)
	}
	clear(s.states)
	s.started = false
	return s.take()
}

func (s *Stream) take() (string, error) {
	text, err := s.out.String(), s.err
	s.out.Reset()
	s.err = nil
	return text, err
}

// token takes a token through the steps of the decoder from i on.
func (s *Stream) token(i int, token string) {
	if i == len(s.t.decoder) {
		s.out.WriteString(token)
		return
	}
	step, state := &s.t.decoder[i], &s.states[i]
	switch step.kind {
	case joinAll:
		s.text(i+1, token)
	case joinBytes:
		state.bytes, _ = appendBytes(state.bytes, token)
		n := decidedLen(state.bytes)
		s.text(i+1, string(appendValid(nil, state.bytes[:n])))
		state.bytes = append(state.bytes[:0], state.bytes[n:]...)
	case joinBytePieces:
		if b, ok := bytePiece(token); ok {
			state.bytes = append(state.bytes, b)
			return
		}
		s.bytePieces(i)
		s.token(i+1, token)
	case unmarkWordEnds:
		if state.started {
			s.rewritten(i, state.held, false)
		}
		state.started, state.held = true, token
	default:
		s.rewritten(i, token, false)
		state.started = true
	}
}

// rewritten passes on what the step i makes of one token.
func (s *Stream) rewritten(i int, token string, last bool) {
	text, err := s.t.decoder[i].rewrite(token, !s.states[i].started, last)
	if err != nil {
		s.err = err
	}
	s.token(i+1, text)
}

// bytePieces passes on the run of tokens such as <0xE2> that the step i has.
func (s *Stream) bytePieces(i int) {
	pieces := spelledBytes(s.states[i].bytes)
	s.states[i].bytes = s.states[i].bytes[:0]
	for _, p := range pieces {
		s.token(i+1, p)
	}
}

// text takes more of the one token that a step has made of all through the steps from i on.
func (s *Stream) text(i int, text string) {
	if i == len(s.t.decoder) {
		s.out.WriteString(text)
		return
	}
	step, state := &s.t.decoder[i], &s.states[i]
	switch {
	case step.kind == joinAll:
		s.text(i+1, text)
	case step.kind == stripEnds && step.stop == 0:
		for state.cut >= 0 && state.cut < step.start && text != "" {
			rest, ok := strings.CutPrefix(text, string(step.char))
			if state.cut++; !ok {
				state.cut = -1
			}
			text = rest
		}
		s.text(i+1, text)
	default:
		state.held += text // only all of it says what becomes of it
	}
}

// end passes on what the step i has kept. whole says that it has had one token, of which this was the end; end returns that
// for the next step.
func (s *Stream) end(i int, whole bool) bool {
	step, state := &s.t.decoder[i], &s.states[i]
	if whole {
		if step.kind != joinAll && !(step.kind == stripEnds && step.stop == 0) {
			tokens, err := step.apply([]string{state.held})
			if err != nil {
				s.err = err
			}
			s.text(i+1, strings.Join(tokens, ""))
		}
		return true
	}
	switch step.kind {
	case joinAll:
		return true
	case joinBytes:
		s.text(i+1, string(appendValid(nil, state.bytes)))
		return true
	case joinBytePieces:
		s.bytePieces(i)
	case unmarkWordEnds:
		if state.started {
			s.rewritten(i, state.held, true)
		}
	}
	return false
}

// decidedLen returns how many bytes of b no more bytes can change: all but the beginning of a character at the end.
func decidedLen(b []byte) int {
	for i := max(0, len(b)-utf8.UTFMax+1); i < len(b); i++ {
		if utf8.RuneStart(b[i]) && !utf8.FullRune(b[i:]) {
			return i
		}
	}
	return len(b)
}
