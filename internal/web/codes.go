package web

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"math"
	"sort"
)

// Numbers travel in a file in one of four codes. All are decimal: a number is rounded, half up, to the digits that the
// page shows, so that what is shown is what --json has, rounded.
//
//	fixed   round(v·10^decimals) as a signed 16-bit integer.
//	halves  floor(v·2·10^decimals) likewise: it also rounds right to fewer decimals, and never twice. For short texts,
//	        and for q, k and v.
//	digits  one byte: the nearest of 200 numbers with two significant digits, one below 0.01, none below 0.0001.
//	        For long texts, where nearly all weights are small. Numbers beyond 1 are divided by 10^exponent first.
//	figures three significant digits, of any size, as an unsigned 16-bit integer: 0 for 0, and else 1 + 900·(e + 30) + m − 100
//	        for m·10^e, where m has three digits. For sums, which may be thousands and thousandths in one text.
//
// Rows and columns lie as in memory; of 16-bit integers first come all low bytes and then all high ones, which packs
// better. The bytes are deflated and written in base 85.

// halvesTokens is the longest text whose maps are written as halves, fixedTokens as fixed, both with 4 decimals.
const (
	halvesTokens = 64
	fixedTokens  = 128
)

// A code says how the numbers of a file are to be read.
type code struct {
	Kind     string `json:"kind"`     // "fixed", "halves", "digits" or "figures"
	Decimals int    `json:"decimals"` // of fixed and halves
	Exponent int    `json:"exponent"` // of digits
}

// mapCode is the code for maps over n tokens whose largest number is top.
func mapCode(n int, top float64) code {
	switch {
	case n <= halvesTokens:
		return halvesCode(top, 4)
	case n <= fixedTokens:
		c := halvesCode(top/2, 4)
		c.Kind = "fixed"
		return c
	}
	c := code{Kind: "digits"}
	for top > 1 {
		top /= 10
		c.Exponent++
	}
	return c
}

// halvesCode has as many decimals as 16 bits have room for, and at most so many.
func halvesCode(top float64, decimals int) code {
	for decimals > 0 && 2*top*math.Pow10(decimals) >= math.MaxInt16 {
		decimals--
	}
	return code{Kind: "halves", Decimals: decimals}
}

// pack writes values in the code, deflated and in base 85.
func (c code) pack(values []float32) string {
	switch c.Kind {
	case "halves":
		return squeeze(integers(values, 2*math.Pow10(c.Decimals), 0))
	case "fixed":
		return squeeze(integers(values, math.Pow10(c.Decimals), .5))
	case "figures":
		return squeeze(figures(values))
	}
	raw, scale := make([]byte, len(values)), math.Pow10(c.Exponent)
	for i, v := range values {
		raw[i] = digitsCode(float64(v) / scale)
	}
	return squeeze(raw)
}

// integers are floor(v·scale + shift), all low bytes and then all high bytes.
func integers(values []float32, scale, shift float64) []byte {
	n := len(values)
	raw := make([]byte, 2*n)
	for i, v := range values {
		u := uint16(int16(max(math.MinInt16, min(math.MaxInt16, math.Floor(float64(v)*scale+shift)))))
		raw[i], raw[n+i] = byte(u), byte(u>>8)
	}
	return raw
}

// figures are the codes of three significant digits, all low bytes and then all high bytes. Numbers are not negative; those
// below 10^−28 are 0.
func figures(values []float32) []byte {
	n := len(values)
	raw := make([]byte, 2*n)
	for i, v := range values {
		u := figuresCode(float64(v))
		raw[i], raw[n+i] = byte(u), byte(u>>8)
	}
	return raw
}

func figuresCode(v float64) uint16 {
	if v < 1e-28 {
		return 0
	}
	exponent := int(math.Floor(math.Log10(v))) - 2
	digits := int(math.Floor(v/math.Pow(10, float64(exponent)) + .5))
	if digits >= 1000 { // rounded up, or by a logarithm a little too small
		digits, exponent = 100, exponent+1
	}
	return uint16(1 + 900*(exponent+30) + max(digits, 100) - 100)
}

// digitLevels are the numbers of the digits code, ascending.
var digitLevels = func() []float64 {
	levels := []float64{0}
	for _, decade := range []float64{1e4, 1e3} {
		for d := 1.; d < 10; d++ {
			levels = append(levels, d/decade)
		}
	}
	for d := 10.; d < 100; d++ {
		levels = append(levels, d/1000)
	}
	for d := 10.; d <= 100; d++ {
		levels = append(levels, d/100)
	}
	return levels
}()

// digitBounds are where one level ends and the next begins, halfway between.
var digitBounds = func() []float64 {
	bounds := make([]float64, len(digitLevels)-1)
	for i := range bounds {
		bounds[i] = (digitLevels[i] + digitLevels[i+1]) / 2
	}
	return bounds
}()

// digitStarts are the codes of the smallest numbers v of each of 4096 stretches of the square root, where the search
// for a code begins: a linear search from there ends after one or two steps.
var digitStarts = func() []byte {
	starts := make([]byte, 4097)
	for i := range starts {
		root := float64(i) / 4096
		starts[i] = byte(sort.SearchFloat64s(digitBounds, root*root))
	}
	return starts
}()

// digitsCode is the number of the level nearest to v.
func digitsCode(v float64) byte {
	v = max(0, min(1, v))
	c := int(digitStarts[int(math.Sqrt(v)*4096)])
	for c < len(digitBounds) && digitBounds[c] <= v {
		c++
	}
	return byte(c)
}

// squeeze deflates bytes and writes them in base 85.
func squeeze(raw []byte) string {
	var out bytes.Buffer
	level := flate.BestCompression
	if len(raw) > 1<<20 {
		level = flate.DefaultCompression
	}
	w, err := flate.NewWriter(&out, level)
	if err != nil {
		panic(err) // the level is one of flate's own
	}
	w.Write(raw) // a bytes.Buffer takes everything
	w.Close()
	return base85(out.Bytes())
}

// base85 writes each 4 bytes, big-endian, as 5 digits to the base of 85, and the n bytes that are left as the first n+1
// digits of what they are with zeros behind them: a sixteenth less than base64 takes. The digits are the characters from
// ( to } without <, which could end a script element.
func base85(data []byte) string {
	out := make([]byte, 0, (len(data)+3)/4*5)
	for len(data) > 0 {
		var four [4]byte
		n := copy(four[:], data)
		data = data[n:]
		var digits [5]byte
		x := binary.BigEndian.Uint32(four[:])
		for i := 4; i >= 0; i-- {
			digits[i], x = '('+byte(x%85), x/85
			if digits[i] >= '<' {
				digits[i]++
			}
		}
		out = append(out, digits[:n+1]...)
	}
	return string(out)
}
