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
	numbers := length - kernel.BlockLen // of bytes before the numbers of a block, if these have a byte each
	if quant != kernel.Q8_0 {
		numbers = length - kernel.BlockLen/2
	}
	for c := range n {
		of, i := m.at(first + c)
		row, to := of.row(i), panel
		for ; len(row) > 0; row, to = row[length:], to[quant.BlockBytes():] {
			for s := 0; s < numbers; s += 2 { // d, m
				copy(to[s*kernel.PanelWidth+2*c:], row[s:s+2])
			}
			q := to[numbers*kernel.PanelWidth:]
			if quant == kernel.Q8_0 {
				for j, b := range row[numbers:length] {
					q[j*kernel.PanelWidth+c] = b
				}
				continue
			}
			spreadNibbles(q, row[numbers:length], c)
		}
	}
}

// spreadNibbles writes the 4-bit numbers of a block into column c of a panel, whose own are 0 yet. Steps are as far apart as
// half a panel is wide.
func spreadNibbles(q, block []byte, c int) {
	const step, middle = kernel.PanelWidth / 2, kernel.BlockLen / 2
	shift := c / step * 4
	q = q[c%step:]
	for j, b := range block {
		q[j*step] |= b & 15 << shift
		q[(middle+j)*step] |= b >> 4 << shift
	}
}
