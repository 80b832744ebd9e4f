package tokenizer

import "math/bits"

// Eight bytes of text as one number, the first one in its low bits. What a function finds out about each byte is in the byte's
// bit 7, the other bits are clear. With bit 7 of each byte clear, adding 0x80 − c sets it where the byte is at least c, and
// carries no further.
const (
	eachByte = 0x0101010101010101
	highBits = 0x80 * eachByte
)

func asciiLetters(x uint64) uint64 {
	small := x&^highBits | 0x20*eachByte
	return (small + (0x80-'a')*eachByte) &^ (small + (0x80-'z'-1)*eachByte) &^ x & highBits
}

func asciiDigits(x uint64) uint64 {
	low := x &^ highBits
	return (low + (0x80-'0')*eachByte) &^ (low + (0x80-'9'-1)*eachByte) &^ x & highBits
}

// bytesBefore returns how many bytes come before the first one whose bit 7 is set.
func bytesBefore(x uint64) int { return bits.TrailingZeros64(x&highBits) / 8 }

// lettersAhead returns how many ASCII letters the eight bytes begin with.
func lettersAhead(x uint64) int { return bytesBefore(^asciiLetters(x)) }
