package tokenizer

import "unicode/utf8"

// Byte-level tokenizers see a text as bytes, and spell each byte as a character that can be seen: printable ones of
// Latin-1 as themselves, the others as the characters from U+0100 on, so that a space is Ġ (Radford et al. 2019).

// byteChars is the character of each byte.
var byteChars = func() (chars [256]rune) {
	next := rune(0x100)
	for b := range chars {
		if c := rune(b); '!' <= c && c <= '~' || '¡' <= c && c <= '¬' || '®' <= c && c <= 'ÿ' {
			chars[b] = c
		} else {
			chars[b] = next
			next++
		}
	}
	return chars
}()

// charBytes is the byte of each of these characters, and -1 of others.
var charBytes = func() (bytes [0x144]int16) {
	for i := range bytes {
		bytes[i] = -1
	}
	for b, c := range byteChars {
		bytes[c] = int16(b)
	}
	return bytes
}()

// appendBytes appends the bytes that a token spells. A token with any other character is its own bytes, and ok is false.
func appendBytes(out []byte, token string) (_ []byte, ok bool) {
	before := len(out)
	for _, c := range token {
		if int(c) >= len(charBytes) || charBytes[c] < 0 {
			return append(out[:before], token...), false
		}
		out = append(out, byte(charBytes[c]))
	}
	return out, true
}

// spelledLen is the number of bytes of the character of b.
func spelledLen(b byte) int { return utf8.RuneLen(byteChars[b]) }

// appendValid appends bytes as UTF-8: each longest part of them that could begin a character but doesn't become one, and
// each byte that couldn't begin one, as U+FFFD. That is the Unicode Standard's practice (section 3.9); utf8.DecodeRune
// would give one U+FFFD for each byte.
func appendValid(out, bytes []byte) []byte {
	for len(bytes) > 0 {
		r, size := decodeRune(bytes)
		if r == utf8.RuneError && size == 1 {
			size = truncatedLen(bytes)
		}
		out = utf8.AppendRune(out, r)
		bytes = bytes[size:]
	}
	return out
}

// truncatedLen returns how many bytes at the beginning of b, which isn't a character, could begin one; at least 1.
func truncatedLen(b []byte) int {
	low, high, length := byte(0x80), byte(0xBF), 0
	switch c := b[0]; {
	case 0xC2 <= c && c <= 0xDF:
		length = 2
	case 0xE0 <= c && c <= 0xEF:
		length = 3
		if c == 0xE0 {
			low = 0xA0
		} else if c == 0xED {
			high = 0x9F
		}
	case 0xF0 <= c && c <= 0xF4:
		length = 4
		if c == 0xF0 {
			low = 0x90
		} else if c == 0xF4 {
			high = 0x8F
		}
	}
	n := 1
	for n < length && n < len(b) && low <= b[n] && b[n] <= high {
		low, high = 0x80, 0xBF
		n++
	}
	return n
}
