package matmul

import (
	"runtime"
	"sync"

	"github.com/rapt-go/rapt/internal/kernel"
)

const (
	// blockRows is the number of rows of x that a task takes: enough that expanding a panel for them costs little, and few
	// enough that they stay in a second-level cache and that there are tasks for all threads.
	blockRows = 16 * kernel.RowStep

	// depthStep is the number of steps in depth for which a panel is expanded at a time: 32 KB.
	depthStep = 256

	// serialLimit is the number of products below which starting goroutines costs more than it saves.
	serialLimit = 1 << 18
)

// scratch is what a worker of Mul needs.
type scratch struct {
	panel []float32 // [depthStep][PanelWidth]
	edge  []float32 // [blockRows][PanelWidth]: the columns of a panel that is wider than the matrix
	ones  [blockRows]float32
}

var scratches = sync.Pool{New: func() any {
	s := &scratch{panel: make([]float32, depthStep*kernel.PanelWidth), edge: make([]float32, blockRows*kernel.PanelWidth)}
	for r := range s.ones {
		s.ones[r] = 1
	}
	return s
}}

// A Product is one of several that are computed together from the same x.
type Product struct {
	Dst  []float32 // [rows][M.Out()]
	M    *Matrix
	Bias []float32 // [M.Out()]; nil: 0

	// After, if not nil, is applied to every number of Dst: to n numbers in each of some rows, stride apart. It is called
	// from several goroutines.
	After func(x []float32, stride, rows, n int)
}

// Mul computes dst = x·mᵀ + bias:
//
//	dst[r][i] = bias[i] + Σ_j x[r][j]·m[i][j]    r < rows, i < Out, j < In
//
// A nil bias is 0. dst must not overlap x. Panels of output columns and blocks of rows are shared among GOMAXPROCS
// goroutines; every sum runs over j in order, whoever computes it, so that the result doesn't depend on their number, nor a
// row of it on the other rows. The first call lays the matrix out.
func (m *Matrix) Mul(dst, x []float32, rows int, bias []float32) { // dst [rows][out], x [rows][in], bias [out]
	MulAll(x, rows, Product{Dst: dst, M: m, Bias: bias})
}

// MulAll is Mul for several matrices of the same width, in one go of all goroutines.
func MulAll(x []float32, rows int, products ...Product) { // x [rows][in]
	if rows == 0 {
		return
	}
	blocks := (rows + blockRows - 1) / blockRows
	tasks, work := 0, 0
	for i := range products {
		m := products[i].M
		m.lay()
		tasks += kernel.Panels(m.out) * blocks
		work += rows * m.out * m.in
	}
	threads := runtime.GOMAXPROCS(0)
	if work < serialLimit {
		threads = 1
	}
	parallel(tasks, threads, func() (func(int), func()) {
		s := scratches.Get().(*scratch)
		return func(task int) {
			p := products
			for task >= kernel.Panels(p[0].M.out)*blocks {
				task -= kernel.Panels(p[0].M.out) * blocks
				p = p[1:]
			}
			first := task % blocks * blockRows
			p[0].panel(x, task/blocks, first, min(blockRows, rows-first), s)
		}, func() { scratches.Put(s) }
	})
}

// panel computes the columns of one panel for n rows from the first on.
func (p *Product) panel(x []float32, panel, first, n int, s *scratch) {
	m := p.M
	column := panel * kernel.PanelWidth
	width := min(kernel.PanelWidth, m.out-column)
	out, stride := p.Dst[first*m.out+column:], m.out
	edge := width%kernel.ColumnStep != 0 // Multiply writes whole vectors
	if edge {
		out, stride = s.edge, kernel.PanelWidth
	}
	bias := zeros[:]
	if p.Bias != nil {
		bias = p.Bias[column:]
	}
	kernel.SetRows(out, stride, n, bias[:width])
	for from := 0; from < m.in; from += depthStep {
		depth := min(depthStep, m.in-from)
		kernel.Multiply(out, stride, x[first*m.in+from:], m.in, m.panelAt(panel, from, depth, s), n, depth, width, s.ones[:n])
	}
	if p.After != nil {
		p.After(out, stride, n, width)
	}
	if edge {
		for r := range n {
			copy(p.Dst[(first+r)*m.out+column:][:width], s.edge[r*kernel.PanelWidth:])
		}
	}
}

var zeros [kernel.PanelWidth]float32

// panelAt is some steps in depth of a panel as float32: in place, or expanded.
func (m *Matrix) panelAt(panel, from, depth int, s *scratch) kernel.B {
	p := m.panels
	at, n := (panel*m.in+from)*kernel.PanelWidth, depth*kernel.PanelWidth
	switch m.format {
	case F32:
		return kernel.Packed(p.full[at:][:n], depth)
	case F16:
		kernel.ExpandHalf(s.panel[:n], p.half[at:][:n])
	case BF16:
		kernel.ExpandBFloat16(s.panel[:n], p.half[at:][:n])
	}
	return kernel.Packed(s.panel[:n], depth)
}
