package half

import (
	"math"
	"testing"
)

// valueOf is a float16 by the definition of the format.
func valueOf(h uint16) float64 {
	sign := 1.0
	if h&0x8000 != 0 {
		sign = -1
	}
	exponent, fraction := int(h>>10&31), float64(h&0x3ff)
	switch exponent {
	case 0:
		return sign * math.Ldexp(fraction, -24)
	case 31:
		if fraction != 0 {
			return math.NaN()
		}
		return math.Inf(int(sign))
	}
	return sign * math.Ldexp(1024+fraction, exponent-25)
}

func TestHalfToFloat(t *testing.T) {
	for i := range 1 << 16 {
		h := uint16(i)
		got, want := HalfToFloat(h), valueOf(h)
		if math.IsNaN(want) {
			if got == got {
				t.Errorf("HalfToFloat(%#04x) = %v, want NaN", h, got)
			}
			continue
		}
		if float64(got) != want || math.Signbit(float64(got)) != math.Signbit(want) {
			t.Errorf("HalfToFloat(%#04x) = %v, want %v", h, got, want)
		}
	}
}

func TestFloatToHalfKeepsEveryHalf(t *testing.T) {
	for i := range 1 << 16 {
		h := uint16(i)
		want := h
		if h&0x7c00 == 0x7c00 && h&0x3ff != 0 {
			want |= 0x200 // a NaN becomes quiet
		}
		if got := FloatToHalf(HalfToFloat(h)); got != want {
			t.Errorf("FloatToHalf(HalfToFloat(%#04x)) = %#04x, want %#04x", h, got, want)
		}
	}
}

// Between each pair of neighbours: the midpoint goes to the even one, and the float32 beside it to the nearer one.
func TestFloatToHalfRoundsToNearestEven(t *testing.T) {
	for i := range 0x7c00 {
		low, high := uint16(i), uint16(i)+1
		above := valueOf(high)
		if high == 0x7c00 {
			above = 0x1p16 // where the next float16 would be, were there one
		}
		middle := float32((valueOf(low) + above) / 2)
		even := low
		if low&1 == 1 {
			even = high
		}
		for _, c := range []struct {
			f    float32
			want uint16
		}{
			{middle, even},
			{math.Nextafter32(middle, 0), low},
			{math.Nextafter32(middle, math.MaxFloat32), high},
		} {
			if got := FloatToHalf(c.f); got != c.want {
				t.Errorf("FloatToHalf(%v) = %#04x, want %#04x", c.f, got, c.want)
			}
			if got := FloatToHalf(-c.f); got != c.want|0x8000 {
				t.Errorf("FloatToHalf(%v) = %#04x, want %#04x", -c.f, got, c.want|0x8000)
			}
		}
	}
}

func TestFloatToHalfExtremes(t *testing.T) {
	for _, c := range []struct {
		f    float32
		want uint16
	}{
		{0, 0},
		{float32(math.Copysign(0, -1)), 0x8000},
		{math.SmallestNonzeroFloat32, 0},
		{math.MaxFloat32, 0x7c00},
		{-math.MaxFloat32, 0xfc00},
		{float32(math.Inf(1)), 0x7c00},
		{float32(math.Inf(-1)), 0xfc00},
	} {
		if got := FloatToHalf(c.f); got != c.want {
			t.Errorf("FloatToHalf(%v) = %#04x, want %#04x", c.f, got, c.want)
		}
	}
	if h := FloatToHalf(math.Float32frombits(0x7f800001)); h&0x7c00 != 0x7c00 || h&0x3ff == 0 {
		t.Errorf("FloatToHalf(a NaN whose payload is in the lost bits) = %#04x, not a NaN", h)
	}
}

func TestBFloat16ToFloat(t *testing.T) {
	for _, c := range []struct {
		b    uint16
		want float32
	}{
		{0x3f80, 1},
		{0xc040, -3},
		{0x0001, 0x1p-133}, // the smallest subnormal
		{0x7f80, float32(math.Inf(1))},
	} {
		if got := BFloat16ToFloat(c.b); got != c.want {
			t.Errorf("BFloat16ToFloat(%#04x) = %v, want %v", c.b, got, c.want)
		}
	}
}
