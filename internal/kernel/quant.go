package kernel

import "encoding/binary"

// BlockLen is the number of neighbours in a row of a quantised matrix that share a scale: a block of ggml's formats.
const BlockLen = 32

// A Quant is a format of quantised numbers. A panel of it holds 32 columns, as one of float32 does: for each BlockLen steps
// in depth, which are a block of every column,
//
//	d [PanelWidth] float16             scales
//	m [PanelWidth] float16             least values, in Q4_1 only
//	q [BlockLen][PanelWidth]           numbers of 8 or 4 bits; of 4: column c in the lower half of byte c, 16+c in its upper
//
// little-endian. That is what ggml has for the block of one column, 32 times, with the numbers of one step side by side.
type Quant int

// The formats, by ggml's names, and what a number q stands for.
const (
	Q8_0 Quant = iota // q·d, q from −128 to 127
	Q4_0              // q·d − 8·d, q from 0 to 15
	Q4_1              // q·d + m
)

// scaleBytes is the number of bytes before the numbers in a block of a panel.
func (f Quant) scaleBytes() int {
	if f == Q4_1 {
		return 2 * 2 * PanelWidth
	}
	return 2 * PanelWidth
}

// stepBytes is the number of bytes of one step in depth.
func (f Quant) stepBytes() int {
	if f == Q8_0 {
		return PanelWidth
	}
	return PanelWidth / 2
}

// BlockBytes is the number of bytes of BlockLen steps in depth of a panel.
func (f Quant) BlockBytes() int { return f.scaleBytes() + BlockLen*f.stepBytes() }

// ExpandBlocks expands so many blocks of a panel: dst[j][c] is the number of step j and column c. All products q·d are
// exact in float32, so that a number is rounded once at most and is the same from every kernel.
func ExpandBlocks(f Quant, dst []float32, panel []byte, blocks int) { // dst [blocks·BlockLen][PanelWidth]
	if blocks > 0 {
		_, _ = dst[blocks*BlockLen*PanelWidth-1], panel[blocks*f.BlockBytes()-1]
		expandBlocks(f, dst, panel, blocks)
	}
}

func expandBlocksGeneric(f Quant, dst []float32, panel []byte, blocks int) {
	var d, m [PanelWidth]float32
	for range blocks {
		expandScales(&d, panel)
		if f == Q4_1 {
			expandScales(&m, panel[2*PanelWidth:])
		} else {
			Scale(m[:], -8, d[:]) // for Q4_0
		}
		q := panel[f.scaleBytes():f.BlockBytes()]
		for j := range BlockLen {
			row := dst[j*PanelWidth:][:PanelWidth]
			if f == Q8_0 {
				for c := range row {
					row[c] = float32(int8(q[j*PanelWidth+c])) * d[c]
				}
				continue
			}
			for c, b := range q[j*PanelWidth/2:][:PanelWidth/2] {
				row[c] = float32(b&15)*d[c] + m[c]
				row[PanelWidth/2+c] = float32(b>>4)*d[PanelWidth/2+c] + m[PanelWidth/2+c]
			}
		}
		panel, dst = panel[f.BlockBytes():], dst[BlockLen*PanelWidth:]
	}
}

func expandScales(dst *[PanelWidth]float32, src []byte) {
	var h [PanelWidth]uint16
	for c := range h {
		h[c] = binary.LittleEndian.Uint16(src[2*c:])
	}
	ExpandHalf(dst[:], h[:])
}

// chunkBlocks is the number of blocks that are expanded at a time where they are needed once: 16 KB, half of a first-level
// cache.
const chunkBlocks = 4

// chunkOnes keeps what MultiplyBlocks has so far.
var chunkOnes = [RowStep]float32{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}

// MultiplyBlocks is ExpandBlocks(f, expanded, panel, blocks), for one panel, and Multiply of at most RowStep rows with all
// columns of it. What it leaves in expanded, which has room for so many blocks, is not defined: few rows are multiplied with
// numbers that never leave the registers.
func MultiplyBlocks(f Quant, dst []float32, dstStride int, a []float32, aStride int, expanded []float32, panel []byte, rows, blocks int, rescale []float32) {
	if rows == 0 || blocks == 0 || multiplyBlocks(f, dst, dstStride, a, aStride, panel, rows, blocks, rescale) {
		return
	}
	for first := 0; first < blocks; first += chunkBlocks {
		n := min(chunkBlocks, blocks-first)
		depth := n * BlockLen
		ExpandBlocks(f, expanded, panel[first*f.BlockBytes():], n)
		Multiply(dst, dstStride, a[first*BlockLen:], aStride, Packed(expanded[:depth*PanelWidth], depth), rows, depth, PanelWidth, rescale)
		rescale = chunkOnes[:rows]
	}
}
