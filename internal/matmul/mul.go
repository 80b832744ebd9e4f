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

// Mul computes dst = x·mᵀ + bias:
//
//	dst[r][i] = bias[i] + Σ_j x[r][j]·m[i][j]    r < rows, i < Out, j < In
//
// A nil bias is 0. dst must not overlap x. Panels of output columns and blocks of rows are shared among GOMAXPROCS
// goroutines; every sum runs over j in order, whoever computes it, so that the result doesn't depend on their number, nor a
// row of it on the other rows. The first call lays the matrix out.
func (m *Matrix) Mul(dst, x []float32, rows int, bias []float32) { // dst [rows][out], x [rows][in], bias [out]
	dst, x = dst[:rows*m.out], x[:rows*m.in]
	if rows == 0 {
		return
	}
	p := m.lay()
	count := kernel.Panels(m.out)
	blocks := (rows + blockRows - 1) / blockRows
	threads := runtime.GOMAXPROCS(0)
	if rows*m.out*m.in < serialLimit {
		threads = 1
	}
	parallel(count*blocks, threads, func() (func(int), func()) {
		s := scratches.Get().(*scratch)
		return func(task int) {
			first := task % blocks * blockRows
			m.mulPanel(p, dst, x, bias, task/blocks, first, min(blockRows, rows-first), s)
		}, func() { scratches.Put(s) }
	})
}

// mulPanel computes the columns of one panel for n rows from the first on.
func (m *Matrix) mulPanel(p *panels, dst, x, bias []float32, panel, first, n int, s *scratch) {
	column := panel * kernel.PanelWidth
	width := min(kernel.PanelWidth, m.out-column)
	out, stride := dst[first*m.out+column:], m.out
	edge := width%kernel.ColumnStep != 0 // Multiply writes whole vectors
	if edge {
		out, stride = s.edge, kernel.PanelWidth
	}
	if bias == nil {
		bias = zeros[:]
	} else {
		bias = bias[column:]
	}
	kernel.SetRows(out, stride, n, bias[:width])
	for from := 0; from < m.in; from += depthStep {
		depth := min(depthStep, m.in-from)
		kernel.Multiply(out, stride, x[first*m.in+from:], m.in, m.panelAt(p, panel, from, depth, s), n, depth, width, s.ones[:n])
	}
	if edge {
		for r := range n {
			copy(dst[(first+r)*m.out+column:][:width], s.edge[r*kernel.PanelWidth:])
		}
	}
}

var zeros [kernel.PanelWidth]float32

// panelAt is some steps in depth of a panel as float32: in place, or expanded.
func (m *Matrix) panelAt(p *panels, panel, from, depth int, s *scratch) kernel.B {
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
