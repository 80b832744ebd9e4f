package npy

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/rapt-go/rapt/internal/quote"
)

// A parser reads the dictionary of a header, which is written in Python:
//
//	{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
//
// It knows as much of the language as NumPy writes: strings without escapes, True and False, tuples of integers.
type parser struct {
	rest string // what hasn't been read
}

// parseHeader reads a dictionary with exactly these three keys and the blanks that pad it.
func parseHeader(text string) (header, error) {
	var h header
	p := parser{text}
	if err := p.expect("{"); err != nil {
		return h, err
	}
	seen := map[string]bool{}
	for !p.accept("}") {
		key, err := p.text()
		if err != nil {
			return h, err
		}
		if seen[key] {
			return h, fmt.Errorf("%s is there twice", quote.Text(key))
		}
		seen[key] = true
		if err := p.expect(":"); err != nil {
			return h, err
		}
		if err := p.value(key, &h); err != nil {
			return h, fmt.Errorf("%s: %w", quote.Text(key), err)
		}
		if p.accept("}") {
			break
		}
		if err := p.expect(","); err != nil {
			return h, err
		}
	}
	if rest := strings.Trim(p.rest, " \n"); rest != "" {
		return h, fmt.Errorf("found %s after the dictionary", quote.Text(rest))
	}
	for _, key := range []string{"descr", "fortran_order", "shape"} {
		if !seen[key] {
			return h, fmt.Errorf("no '%s'", key)
		}
	}
	return h, nil
}

// value reads what belongs to key.
func (p *parser) value(key string, h *header) (err error) {
	switch key {
	case "descr":
		if p.accept("[") {
			return errors.New("structured types can't be read")
		}
		h.descr, err = p.text()
	case "fortran_order":
		h.fortran, err = p.bool()
	case "shape":
		h.shape, err = p.tuple()
	default:
		err = errors.New("unknown key")
	}
	return err
}

// text reads a string in either kind of quotes.
func (p *parser) text() (string, error) {
	for _, mark := range []string{"'", `"`} {
		if !p.accept(mark) {
			continue
		}
		s, rest, ok := strings.Cut(p.rest, mark)
		if !ok || strings.ContainsAny(s, "\\\n") {
			return "", fmt.Errorf("%s isn't a string on one line without escapes", quote.Text(mark+p.rest))
		}
		p.rest = rest
		return s, nil
	}
	return "", p.unexpected("a string")
}

func (p *parser) bool() (bool, error) {
	switch {
	case p.accept("True"):
		return true, nil
	case p.accept("False"):
		return false, nil
	}
	return false, p.unexpected("True or False")
}

// tuple reads lengths of axes. As in Python, one length needs a comma after it.
func (p *parser) tuple() ([]int, error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	list := []int{}
	for comma := true; !p.accept(")"); comma = p.accept(",") {
		if !comma {
			return nil, p.unexpected("a comma")
		}
		if len(list) == maxAxes {
			return nil, fmt.Errorf("the most axes are %d", maxAxes)
		}
		n, err := p.integer()
		if err != nil {
			return nil, err
		}
		list = append(list, n)
		if len(list) == 1 && strings.HasPrefix(strings.TrimLeft(p.rest, " "), ")") {
			return nil, p.unexpected("a comma")
		}
	}
	return list, nil
}

// integer reads a number that isn't negative. Python 2 may have written an L after it.
func (p *parser) integer() (int, error) {
	p.skip()
	digits := p.rest[:len(p.rest)-len(strings.TrimLeft(p.rest, "0123456789"))]
	if digits == "" {
		return 0, p.unexpected("a length")
	}
	n, err := strconv.Atoi(digits)
	if err != nil {
		return 0, fmt.Errorf("the length %s is larger than any file", quote.Text(digits))
	}
	p.rest = strings.TrimPrefix(p.rest[len(digits):], "L")
	return n, nil
}

func (p *parser) skip() { p.rest = strings.TrimLeft(p.rest, " ") }

// accept reads token if it is next.
func (p *parser) accept(token string) bool {
	p.skip()
	rest, ok := strings.CutPrefix(p.rest, token)
	p.rest = rest
	return ok
}

func (p *parser) expect(token string) error {
	if p.accept(token) {
		return nil
	}
	return p.unexpected(token)
}

func (p *parser) unexpected(wanted string) error {
	p.skip()
	if p.rest == "" {
		return fmt.Errorf("it ends where %s is expected", wanted)
	}
	return fmt.Errorf("found %s, expected %s", quote.Text(p.rest), wanted)
}
