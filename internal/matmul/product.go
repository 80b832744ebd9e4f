package matmul

import (
	"github.com/rapt-go/rapt/internal/kernel"
	"github.com/rapt-go/rapt/internal/team"
)

const (
	// depthStep is the number of steps in depth for which a panel is expanded at a time: 48 KB, which a second-level cache
	// delivers as fast as they are multiplied. With fewer, more time goes into beginning and ending the sums of a tile. It is
	// a multiple of kernel.BlockLen.
	depthStep = 384

	// blockFloats bounds the rows of x that a piece goes through for its panel: 768 KB, which stay in a second-level cache
	// while all panels pass by.
	blockFloats = 192 << 10

	// sharedRows is the number of rows from which on each worker of a team has blocks of its own. The rows that it wrote in the
	// step before are in its cache, and half of them would have to come from another core's; with fewer rows, more time goes
	// into reading all panels on every core.
	sharedRows = 48

	// piecesPerThread is how many pieces there are at least, if there are rows for it, so that no thread waits long for the
	// last one.
	piecesPerThread = 3
)

// A Product is the product of a layer:
//
//	dst[r][i] = act(bias[i] + Σ_j x[r][j]·m[i][j])    r < Rows, i < Out, j < In
//
// It is a step for a team, of pieces of one panel of columns and a block of rows, block after block. Every sum runs over j in order, whoever
// computes it, so that the result doesn't depend on the number of threads, nor a row of it on the other rows. A Product may
// be run again with other arguments, and then allocates nothing; it must not be used by two goroutines at once.
type Product struct {
	Matrix *Matrix   // [Out][In]
	Dst    []float32 // [Rows][Out], DstStride apart; must not overlap X
	X      []float32 // [Rows][In], XStride apart
	Bias   []float32 // [Out]; nil: 0
	Act    func(x []float32, stride, rows, n int)

	Rows, DstStride, XStride int

	count     int // of panels
	blockRows int // in a piece
	depth     int // steps at a time
	scratch   []*scratch
}

// scratch is what a worker needs.
type scratch struct {
	panel [depthStep * kernel.PanelWidth]float32
	edge  []float32 // [blockRows][PanelWidth]: the columns of a panel that is wider than the matrix
}

// ones keeps what a product has so far.
var ones = [kernel.RowStep]float32{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}

// Run computes the product. The first time that a Matrix is in one, it is laid out.
func (p *Product) Run(t *team.Team) {
	if p.Rows == 0 {
		return
	}
	m := p.Matrix
	m.lay(t)
	p.count = kernel.Panels(m.out)
	p.blockRows = divide(p.Rows, p.blocks(t.Size()))
	p.depth = divide(m.in, divide(m.in, depthStep))
	if _, blocks := m.format.quant(); blocks {
		p.depth = kernel.RoundUp(p.depth, kernel.BlockLen)
	}
	for len(p.scratch) < t.Size() {
		p.scratch = append(p.scratch, new(scratch))
	}
	t.Run(p, p.count*divide(p.Rows, p.blockRows))
}

// blocks is the number of blocks of rows for a team of that size.
func (p *Product) blocks(size int) int {
	blocks := divide(p.Rows*p.Matrix.in, blockFloats)
	if size == 1 {
		return blocks
	}
	if p.Rows >= sharedRows*size {
		return kernel.RoundUp(blocks, size)
	}
	if wanted := piecesPerThread * size; p.count*blocks < wanted {
		return min(divide(wanted, p.count), divide(p.Rows, 2*kernel.RowStep))
	}
	return blocks
}

// divide is n/by, rounded up.
func divide(n, by int) int { return (n + by - 1) / by }

// ahead is what the product of a group of rows with a panel fetches on the way, so that it is near when it is needed: a part
// of the panel that comes next, or of the next steps of this one. A group that expands a panel fetches nothing.
func (p *Product) ahead(panel, from, group int) []float32 {
	m := p.Matrix
	if from += p.depth; from >= m.in {
		panel, from = panel+1, 0
	}
	if m.format != F32 {
		group--
	}
	const float32Size = 4
	part := group * kernel.AheadRows(p.depth, kernel.PanelWidth) * kernel.AheadWidth * float32Size / m.format.size()
	if part < 0 || part >= min(p.depth, m.in-from)*kernel.PanelWidth || panel >= p.count {
		return nil
	}
	return m.panels.memory((panel*m.in+from)*kernel.PanelWidth + part)
}

// Do computes the columns of one panel for a block of rows.
func (p *Product) Do(piece, worker int) {
	m, s := p.Matrix, p.scratch[worker]
	panel, first := piece%p.count, piece/p.count*p.blockRows
	rows := min(p.blockRows, p.Rows-first)
	column := panel * kernel.PanelWidth
	width := min(kernel.PanelWidth, m.out-column)
	out, stride := p.Dst[first*p.DstStride+column:], p.DstStride
	if width%kernel.ColumnStep != 0 { // Multiply writes whole vectors
		if len(s.edge) < rows*kernel.PanelWidth {
			s.edge = make([]float32, rows*kernel.PanelWidth)
		}
		out, stride = s.edge, kernel.PanelWidth
	}
	var bias []float32
	if p.Bias != nil {
		bias = p.Bias[column:][:width]
	}
	// As few groups as there can be, of about the same height.
	group := divide(rows, divide(rows, kernel.RowStep))
	for from := 0; from < m.in; from += p.depth {
		depth := min(p.depth, m.in-from)
		for r := 0; r < rows; r += group {
			n := min(group, rows-r)
			keep := ones[:n]
			if from == 0 && bias == nil {
				keep = nil
			} else if from == 0 {
				kernel.SetRows(out[r*stride:], stride, n, bias)
			}
			m.multiply(out[r*stride:], stride, p.X[(first+r)*p.XStride+from:], p.XStride, panel, from, depth, s.panel[:], r == 0, r+n == rows, n, width, keep, p.ahead(panel, from, r/group))
			if p.Act != nil && from+depth == m.in {
				p.Act(out[r*stride:], stride, n, width)
			}
		}
	}
	if width%kernel.ColumnStep != 0 {
		for r := range rows {
			copy(p.Dst[(first+r)*p.DstStride+column:][:width], s.edge[r*kernel.PanelWidth:])
		}
	}
}
