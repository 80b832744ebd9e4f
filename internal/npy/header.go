package npy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

const (
	magic = "\x93NUMPY"

	// maxAxes is NumPy's own limit.
	maxAxes = 64

	// maxHeader is the longest dictionary that is read, in bytes. Sixty-four axes take less than a fiftieth of it.
	maxHeader = 1<<16 - 1
)

// A header is what the dictionary at the front of a file says.
type header struct {
	descr   string // the type of the elements
	fortran bool   // the first axis is contiguous, not the last one
	shape   []int
}

// readHeader reads up to the first element, and says how many bytes that took.
func readHeader(r io.Reader) (h header, length int, err error) {
	// The length takes two bytes in version 1 and four in versions 2 and 3, which differ in the encoding of the names of
	// fields; those only structured types have.
	start := make([]byte, len(magic)+2, len(magic)+6)
	if got, err := io.ReadFull(r, start); err != nil && !atEnd(err) {
		return h, 0, err
	} else if got < len(start) || string(start[:len(magic)]) != magic {
		return h, 0, errors.New("not a .npy file: it doesn't begin with \\x93NUMPY and a version")
	}
	major, minor := start[len(magic)], start[len(magic)+1]
	width := map[byte]int{1: 2, 2: 4, 3: 4}[major]
	if width == 0 || minor != 0 {
		return h, 0, fmt.Errorf("the file has version %d.%d, expected 1.0, 2.0 or 3.0", major, minor)
	}
	field := make([]byte, 4)
	if _, err := io.ReadFull(r, field[:width]); err != nil {
		return h, 0, cutShort(err)
	}
	n := binary.LittleEndian.Uint32(field)
	if n > maxHeader {
		return h, 0, fmt.Errorf("the header claims %d bytes; the most that is read is %d", n, maxHeader)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(r, text); err != nil {
		return h, 0, cutShort(err)
	}
	if h, err = parseHeader(string(text)); err != nil {
		return h, 0, fmt.Errorf("header: %w", err)
	}
	return h, len(start) + width + len(text), nil
}

func atEnd(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }

// cutShort is the error of a read inside the header.
func cutShort(err error) error {
	if atEnd(err) {
		return errors.New("the file ends inside its header")
	}
	return err
}

// encodeHeader is the front of a file in version 1, up to the first element, as NumPy writes it: with room for
// the first axis to grow to 21 digits, and blanks after that so that the elements begin at a multiple of 64 bytes.
func encodeHeader(descr string, shape []int) []byte {
	text := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': %s, }", descr, tuple(shape))
	if len(shape) > 0 {
		text += strings.Repeat(" ", 21-len(strconv.Itoa(shape[0])))
	}
	const before = len(magic) + 4 // with the version and the length
	text += strings.Repeat(" ", 64-(before+len(text)+1)%64) + "\n"
	front := append([]byte(magic), 1, 0)
	front = binary.LittleEndian.AppendUint16(front, uint16(len(text)))
	return append(front, text...)
}

// tuple is a shape as Python writes it.
func tuple(shape []int) string {
	if len(shape) == 1 {
		return fmt.Sprintf("(%d,)", shape[0])
	}
	list := make([]string, len(shape))
	for i, length := range shape {
		list[i] = strconv.Itoa(length)
	}
	return "(" + strings.Join(list, ", ") + ")"
}
