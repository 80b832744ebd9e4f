package tokenizer

import (
	"encoding/binary"
	"testing"
)

// Each value of a byte, at each place beside each of the values that might carry into it.
func TestEightBytes(t *testing.T) {
	for at := range 8 {
		for c := range 256 {
			for _, other := range []byte{0, '/', '0', '9', ':', '@', 'A', 'Z', '[', '`', 'a', 'z', '{', 0x7F, 0x80, 0xFF} {
				text := [8]byte{other, other, other, other, other, other, other, other}
				text[at] = byte(c)
				x := binary.LittleEndian.Uint64(text[:])
				isLetter, isDigit := 'a' <= c|0x20 && c|0x20 <= 'z' && c < 0x80, '0' <= c && c <= '9'
				if got := asciiLetters(x) >> (8 * at) & 0xFF; got != flag(isLetter) {
					t.Fatalf("byte %d of %q: %#x as a letter", at, text, got)
				}
				if got := asciiDigits(x) >> (8 * at) & 0xFF; got != flag(isDigit) {
					t.Fatalf("byte %d of %q: %#x as a digit", at, text, got)
				}
			}
		}
	}
}

func flag(is bool) uint64 {
	if is {
		return 0x80
	}
	return 0
}
