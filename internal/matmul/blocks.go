package matmul

import "github.com/rapt-go/rapt/internal/kernel"

// blocksAt is a panel of blocks from a step in depth on, which begins a block.
func (m *Matrix) blocksAt(panel, from int) []byte {
	quant, _ := m.format.quant()
	return m.panels.blocks[(panel*m.in+from)/kernel.BlockLen*quant.BlockBytes():]
}

// layBlocks lays out n rows from first on as a panel of blocks; the columns behind them stay 0.
func (m *Matrix) layBlocks(panel []byte, first, n int) {
	quant, _ := m.format.quant()
	_, length := m.format.block()
	rows := make([][]byte, kernel.PanelWidth)
	for c := range n {
		of, i := m.at(first + c)
		rows[c] = of.row(i)
	}
	zero := make([]byte, length)
	var blocks [kernel.PanelWidth][]byte
	for at := 0; at < len(rows[0]); at += length {
		for c, row := range rows {
			if blocks[c] = zero; row != nil {
				blocks[c] = row[at:][:length]
			}
		}
		if quant == kernel.Q8_0 {
			layBytes(panel, &blocks)
		} else {
			layNibbles(panel, &blocks)
		}
		panel = panel[quant.BlockBytes():]
	}
}

// layScales lays out what is before the numbers of each block, and returns the rest of the panel.
func layScales(panel []byte, blocks *[kernel.PanelWidth][]byte, bytes int) []byte {
	for s := 0; s < bytes; s += 2 { // d, m
		for c, block := range blocks {
			copy(panel[2*c:], block[s:s+2])
		}
		panel = panel[2*kernel.PanelWidth:]
	}
	return panel
}

// layBytes lays out a block of 8-bit numbers of each column.
func layBytes(panel []byte, blocks *[kernel.PanelWidth][]byte) {
	const scale = 2
	panel = layScales(panel, blocks, scale)
	for c, block := range blocks {
		for j, q := range block[scale:][:kernel.BlockLen] {
			panel[j*kernel.PanelWidth+c] = q
		}
	}
}

// layNibbles lays out a block of 4-bit numbers of each column: those of steps j and 16+j of one column share a byte in the
// file, those of columns c and 16+c of one step do in a panel.
func layNibbles(panel []byte, blocks *[kernel.PanelWidth][]byte) {
	const half = kernel.PanelWidth / 2 // of the columns, and of the steps of a block
	scales := len(blocks[0]) - half
	panel = layScales(panel, blocks, scales)
	for c := range half {
		left, right := blocks[c][scales:][:half], blocks[half+c][scales:][:half]
		for j, x := range left {
			y := right[j]
			panel[j*half+c] = x&15 | y<<4
			panel[(half+j)*half+c] = x>>4 | y&0xf0
		}
	}
}
