package kernel

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/rapt-go/rapt/internal/half"
)

var quants = []struct {
	name string
	f    Quant
}{{"Q8_0", Q8_0}, {"Q4_0", Q4_0}, {"Q4_1", Q4_1}}

// fillPanel fills a panel with random numbers, some scales being 0, negative, denormal or large.
func fillPanel(r *rand.Rand, f Quant, panel []byte) {
	for i := range panel {
		panel[i] = byte(r.Uint32())
	}
	scales := []float32{1, -0.5, 0, 1e-6, -3e-8, 300, 0.007, -0.3}
	for ; len(panel) > 0; panel = panel[f.BlockBytes():] {
		for i := range f.scaleBytes() / 2 {
			binary.LittleEndian.PutUint16(panel[2*i:], half.FloatToHalf(scales[r.IntN(len(scales))]))
		}
	}
}

// quantValue is what stands in a panel at a step and column, as the format says it.
func quantValue(f Quant, panel []byte, step, c int) float64 {
	block := panel[step/BlockLen*f.BlockBytes():]
	scale := func(i int) float64 { return float64(half.HalfToFloat(binary.LittleEndian.Uint16(block[2*i:]))) }
	q := block[f.scaleBytes()+step%BlockLen*f.stepBytes():]
	if f == Q8_0 {
		return float64(int8(q[c])) * scale(c)
	}
	nibble := float64(q[c%16] >> (c / 16 * 4) & 15)
	if f == Q4_0 {
		return (nibble - 8) * scale(c)
	}
	return nibble*scale(c) + scale(PanelWidth+c)
}

func TestQuantSizes(t *testing.T) {
	for _, q := range quants {
		if want := map[Quant]int{Q8_0: 32 * 34, Q4_0: 32 * 18, Q4_1: 32 * 20}[q.f]; q.f.BlockBytes() != want {
			t.Errorf("a block of a panel of %s has %d bytes; 32 of ggml's have %d", q.name, q.f.BlockBytes(), want)
		}
	}
}

// Every number is what its format says, rounded once.
func TestExpandBlocks(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		const most = 5
		r := rand.New(rand.NewPCG(1, 2))
		memory := guarded(t, most*Q8_0.BlockBytes())
		room := newRoom[float32](t, most*BlockLen*PanelWidth)
		for _, q := range quants {
			for blocks := range most + 1 {
				for _, edge := range edges {
					panel := memory[:blocks*q.f.BlockBytes()]
					if edge == "back" {
						panel = memory[len(memory)-len(panel):]
					}
					fillPanel(r, q.f, panel)
					dst := room.slice(edge, blocks*BlockLen*PanelWidth)
					ExpandBlocks(q.f, dst, panel, blocks)
					room.checkAround(t, q.name)
					for i, x := range dst {
						if want := float32(quantValue(q.f, panel, i/PanelWidth, i%PanelWidth)); x != want {
							t.Fatalf("%s: step %d, column %d is %v, expected %v", q.name, i/PanelWidth, i%PanelWidth, x, want)
						}
					}
				}
			}
		}
	})
}

// A product with a panel of blocks is the product with the expanded panel, to the bit.
func TestMultiplyBlocks(t *testing.T) {
	eachVariant(t, func(t *testing.T) {
		const most = 9
		next := numbers(t)
		r := rand.New(rand.NewPCG(3, 4))
		memory := guarded(t, most*Q8_0.BlockBytes())
		dstRoom, aRoom := newRoom[float32](t, RowStep*40), newRoom[float32](t, RowStep*(most*BlockLen+1))
		expanded, wide := make([]float32, most*BlockLen*PanelWidth), make([]float32, most*BlockLen*PanelWidth)
		for _, q := range quants {
			for rows := range RowStep + 1 {
				for _, blocks := range []int{0, 1, 2, 4, 5, 9} {
					for i, edge := range edges {
						panel := memory[:blocks*q.f.BlockBytes()]
						if edge == "back" {
							panel = memory[len(memory)-len(panel):]
						}
						fillPanel(r, q.f, panel)
						depth := blocks * BlockLen
						dstStride, aStride := PanelWidth+i, depth+i
						dst := dstRoom.fill(edge, matrixSize(rows, PanelWidth, dstStride), next)
						a := aRoom.fill(edge, matrixSize(rows, depth, aStride), next)
						var rescale []float32
						if blocks%2 == 0 {
							rescale = random(next, rows)
						}
						want := clone(dst)
						if blocks > 0 {
							ExpandBlocks(q.f, expanded, panel, blocks)
							Multiply(want, dstStride, a, aStride, Packed(expanded, depth), rows, depth, PanelWidth, rescale)
						}
						MultiplyBlocks(q.f, dst, dstStride, a, aStride, wide, panel, rows, blocks, rescale)
						checkSame(t, dst, want)
						dstRoom.checkAround(t, "dst")
						aRoom.checkUnchanged(t, "a")
					}
				}
			}
		}
	})
}

func BenchmarkBlocks(b *testing.B) {
	const blocks = 12
	r := rand.New(rand.NewPCG(5, 6))
	dst, a, row := make([]float32, blocks*BlockLen*PanelWidth), make([]float32, 4*blocks*BlockLen), make([]float32, 4*PanelWidth)
	for _, q := range quants {
		panel := make([]byte, blocks*q.f.BlockBytes())
		fillPanel(r, q.f, panel)
		bench(b, "do=Expand/format="+q.name, "number", blocks*BlockLen*PanelWidth, func() { ExpandBlocks(q.f, dst, panel, blocks) })
		bench(b, "do=Multiply/rows=1/format="+q.name, "number", blocks*BlockLen*PanelWidth, func() {
			MultiplyBlocks(q.f, row, PanelWidth, a, blocks*BlockLen, dst, panel, 1, blocks, nil)
		})
		bench(b, "do=Multiply/rows=4/format="+q.name, "number", blocks*BlockLen*PanelWidth, func() {
			MultiplyBlocks(q.f, row, PanelWidth, a, blocks*BlockLen, dst, panel, 4, blocks, nil)
		})
	}
}
