package kernel

import (
	"fmt"
	"math"
	"testing"
	"unsafe"

	"github.com/rapt-go/rapt/internal/half"
)

var expansions = []struct {
	name   string
	expand func(dst []float32, src []uint16)
	value  func(uint16) float32
}{
	{"float16", ExpandHalf, half.HalfToFloat},
	{"bfloat16", ExpandBFloat16, half.BFloat16ToFloat},
}

// All values there are. A NaN may become quiet, which is one bit.
func TestExpandValues(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		src, dst := make([]uint16, 1<<16), make([]float32, 1<<16)
		for i := range src {
			src[i] = uint16(i)
		}
		for _, e := range expansions {
			e.expand(dst, src)
			for i, x := range dst {
				want := e.value(uint16(i))
				if !same(x, want) && math.Float32bits(x) != math.Float32bits(want)|0x00400000 {
					t.Fatalf("%s %#04x is %v (%#x), expected %v", e.name, i, x, math.Float32bits(x), want)
				}
				if (x == x) != (want == want) {
					t.Fatalf("%s %#04x is %v, expected %v", e.name, i, x, want)
				}
			}
		}
	})
}

func TestExpandLengths(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		memory := guarded(t, 2*260)
		all := unsafe.Slice((*uint16)(unsafe.Pointer(&memory[0])), len(memory)/2)
		room := newRoom[float32](t, 260)
		for i := range all {
			all[i] = uint16(0x3c00 + 7*i)
		}
		for _, e := range expansions {
			for _, n := range lengths() {
				for _, edge := range edges {
					src := all[:n]
					if edge == "back" {
						src = all[len(all)-n:]
					}
					dst := room.slice(edge, n)
					e.expand(dst, src)
					room.checkAround(t, e.name)
					for j, x := range dst {
						if want := e.value(src[j]); !same(x, want) {
							t.Fatalf("n=%d: %s %d is %v, expected %v", n, e.name, j, x, want)
						}
					}
				}
			}
		}
	})
}

// A product with a panel that is expanded on the way is the product with the expanded panel, to the bit.
func TestMultiplyExpand(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		next := numbers(t)
		dstRoom, aRoom, wideRoom := newRoom[float32](t, 12*40), newRoom[float32](t, 12*300), newRoom[float32](t, 300*PanelWidth)
		memory := guarded(t, 2*300*PanelWidth)
		all := unsafe.Slice((*uint16)(unsafe.Pointer(&memory[0])), len(memory)/2)
		for _, f := range []struct {
			multiply func(dst []float32, dstStride int, a []float32, aStride int, expanded []float32, panel []uint16, rows, depth int, rescale []float32)
			expand   func(dst []float32, src []uint16)
			one      uint16
			kept     bool // the expanded panel
		}{
			{MultiplyHalf, ExpandHalf, 0x3c00, true}, {MultiplyBFloat16, ExpandBFloat16, 0x3f80, true},
			{MultiplyHalfOnce, ExpandHalf, 0x3c00, false}, {MultiplyBFloat16Once, ExpandBFloat16, 0x3f80, false},
		} {
			for rows := 1; rows <= RowStep; rows++ {
				for _, depth := range []int{1, 2, 7, 8, 9, 16, 63, 192, 300} {
					for i, edge := range edges {
						panel := all[:depth*PanelWidth]
						if edge == "back" {
							panel = all[len(all)-depth*PanelWidth:]
						}
						for j := range panel {
							panel[j] = f.one + uint16(j*37%256) - uint16(j%2)<<15
						}
						dstStride, aStride := PanelWidth+i, depth+i
						dst := dstRoom.fill(edge, matrixSize(rows, PanelWidth, dstStride), next)
						a := aRoom.fill(edge, matrixSize(rows, depth, aStride), next)
						wide := wideRoom.slice(edge, depth*PanelWidth)
						var rescale []float32
						if depth%2 == 0 {
							rescale = random(next, rows)
						}
						want, expanded := clone(dst), make([]float32, depth*PanelWidth)
						f.expand(expanded, panel)
						Multiply(want, dstStride, a, aStride, Packed(expanded, depth), rows, depth, PanelWidth, rescale)
						f.multiply(dst, dstStride, a, aStride, wide, panel, rows, depth, rescale)
						checkSame(t, dst, want)
						if f.kept {
							checkSame(t, wide, expanded)
						}
						dstRoom.checkAround(t, "dst")
						wideRoom.checkAround(t, "expanded")
						aRoom.checkUnchanged(t, "a")
					}
				}
			}
		}
	})
}

// A step of decoding: a panel that lies in memory, beside others that make up for the caches, times few rows.
func BenchmarkMultiplyOnce(b *testing.B) {
	const depth, panels = 576, 1 << 10
	all := make([]uint16, panels*depth*PanelWidth)
	for i := range all {
		all[i] = 0x3c00 + uint16(i%512)
	}
	expanded := make([]float32, depth*PanelWidth)
	for _, rows := range []int{1, 2, 4} {
		dst, a := make([]float32, rows*PanelWidth), make([]float32, rows*depth)
		at := 0
		for _, f := range []struct {
			name     string
			multiply func(dst []float32, dstStride int, a []float32, aStride int, expanded []float32, panel []uint16, rows, depth int, rescale []float32)
		}{
			{"Half", MultiplyHalf}, {"HalfOnce", MultiplyHalfOnce}, {"BFloat16", MultiplyBFloat16}, {"BFloat16Once", MultiplyBFloat16Once},
		} {
			bench(b, fmt.Sprintf("do=%s/rows=%d", f.name, rows), "number", depth*PanelWidth, func() {
				f.multiply(dst, PanelWidth, a, depth, expanded, all[at*depth*PanelWidth:], rows, depth, nil)
				at = (at + 1) % panels
			})
		}
	}
}

func BenchmarkExpand(b *testing.B) {
	const n = 192 * PanelWidth
	src, dst := make([]uint16, n), make([]float32, n)
	bench(b, "do=ExpandHalf", "number", n, func() { ExpandHalf(dst, src) })
	bench(b, "do=ExpandBFloat16", "number", n, func() { ExpandBFloat16(dst, src) })
}
