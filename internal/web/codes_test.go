package web

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"io"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// fromBase85 reads what base85 has written.
func fromBase85(t interface{ Fatal(...any) }, text string) []byte {
	var data []byte
	for len(text) > 0 {
		n := min(len(text), 5)
		var x uint64
		for i := range 5 {
			digit := byte(84)
			if i < n {
				digit = text[i] - '('
				if text[i] > '<' {
					digit--
				}
			}
			if digit > 84 || i < n && text[i] == '<' {
				t.Fatal("not a digit: ", text[i:n])
			}
			x = x*85 + uint64(digit)
		}
		data = append(data, binary.BigEndian.AppendUint32(nil, uint32(x))[:n-1]...)
		text = text[n:]
	}
	return data
}

func TestBase85(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.SliceOf(rapid.Byte()).Draw(t, "data")
		if got := fromBase85(t, base85(data)); !bytes.Equal(got, data) {
			t.Errorf("%v comes back as %v", data, got)
		}
	})
}

// unpack is what the page does with a block: base 85, inflate, and a number for each code.
func (c code) unpack(t interface{ Fatal(...any) }, block string) []float64 {
	raw, err := io.ReadAll(flate.NewReader(bytes.NewReader(fromBase85(t, block))))
	if err != nil {
		t.Fatal(err)
	}
	var values []float64
	if c.Kind == "digits" {
		for _, b := range raw {
			values = append(values, digitLevels[b]*math.Pow10(c.Exponent))
		}
		return values
	}
	for i := range len(raw) / 2 {
		if u := int(raw[i]) | int(raw[len(raw)/2+i])<<8; c.Kind == "figures" {
			values = append(values, map[bool]float64{true: float64(100+(u-1)%900) * math.Pow10((u-1)/900-30)}[u > 0])
			continue
		}
		u := float64(int16(uint16(raw[i]) | uint16(raw[len(raw)/2+i])<<8))
		switch {
		case c.Kind == "fixed":
			values = append(values, u/math.Pow10(c.Decimals))
		case u == 0:
			values = append(values, 0)
		default:
			values = append(values, (u+.5)/2/math.Pow10(c.Decimals))
		}
	}
	return values
}

// rounded is x to so many decimals, half up.
func rounded(x float64, decimals int) float64 {
	return math.Floor(x*math.Pow10(decimals)+.5) / math.Pow10(decimals)
}

// What the page shows of a coded number is the number itself, rounded once.
func TestCodesRound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOf(rapid.Float32Range(0, 1)).Draw(t, "values")
		for _, n := range []int{1, halvesTokens, halvesTokens + 1, fixedTokens} {
			c := mapCode(n, 1)
			got := c.unpack(t, c.pack(values))
			for i, v := range values {
				for d := 4; d >= 0 && (d == 4 || c.Kind == "halves"); d-- {
					if a, b := rounded(got[i], d), rounded(float64(v), d); math.Abs(a-b) > 1e-12 {
						t.Fatalf("%s: %v with %d decimals is shown as %v, expected %v", c.Kind, v, d, a, b)
					}
				}
			}
		}
	})
}

// Half a unit of the last digit shown is as far as a long text's numbers are off.
func TestDigitsRound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		top := rapid.SampledFrom([]float64{1, 7, 250}).Draw(t, "top")
		v := rapid.Float32Range(0, float32(top)).Draw(t, "v")
		c := mapCode(fixedTokens+1, top)
		got := c.unpack(t, c.pack([]float32{v}))[0]
		x := float64(v) / math.Pow10(c.Exponent)
		unit := map[bool]float64{x < .0005: 1e-4, x >= .0005 && x < .00995: 1e-3, x >= .00995 && x < .0995: 1e-3, x >= .0995: 1e-2}[true]
		if math.Abs(got-float64(v)) > unit/2*math.Pow10(c.Exponent)*(1+1e-6) {
			t.Fatalf("%v is shown as %v", v, got)
		}
	})
}

// Three significant digits are right, whatever the size.
func TestFiguresRound(t *testing.T) {
	c := code{Kind: "figures"}
	values := []float32{0, 1, 9.994, 9.996, 99.95, 100, 1000, 1e-27, 1e-30, math.MaxFloat32}
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.OneOf(rapid.Float32Range(0, 1e5), rapid.SampledFrom(values)).Draw(t, "v")
		got := c.unpack(t, c.pack([]float32{v}))[0]
		if v < 1e-28 {
			if got != 0 {
				t.Fatalf("%v is %v", v, got)
			}
			return
		}
		unit := math.Pow10(int(math.Floor(math.Log10(float64(v)))) - 2)
		if math.Abs(got-float64(v)) > unit/2*(1+1e-6) {
			t.Fatalf("%v is %v", v, got)
		}
	})
}

func TestDigitLevels(t *testing.T) {
	if !slices.IsSorted(digitLevels) || len(digitLevels) != 200 {
		t.Fatalf("there are %d levels: %v", len(digitLevels), digitLevels)
	}
	for c, level := range digitLevels {
		if got := digitsCode(level); int(got) != c {
			t.Errorf("level %d, %v, has code %d", c, level, got)
		}
		if c > 0 {
			bound := (digitLevels[c-1] + level) / 2
			if below, at := digitsCode(math.Nextafter(bound, 0)), digitsCode(bound); int(below) != c-1 || int(at) != c {
				t.Errorf("around %v the codes are %d and %d, expected %d and %d", bound, below, at, c-1, c)
			}
		}
	}
}

// Numbers too large for so many decimals get fewer, and none is cut off.
func TestHalvesRange(t *testing.T) {
	for _, top := range []float32{.5, 1.6, 1.7, 16, 17, 900, 16000} {
		c := halvesCode(float64(top), 4)
		for _, v := range []float32{top, -top} {
			got := c.unpack(t, c.pack([]float32{v}))[0]
			if math.Abs(got-float64(v)) > .5*math.Pow10(-c.Decimals) {
				t.Errorf("%v with %d decimals is %v", v, c.Decimals, got)
			}
		}
	}
}
