package matmul

import (
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/rapt-go/rapt/internal/kernel"
	"github.com/rapt-go/rapt/internal/team"
)

// panels is a matrix laid out for kernel.Multiply, in the width in which it is stored: element [p][j][c] is row
// p·PanelWidth+c, column j of the matrix, 0 behind its last row.
type panels struct {
	ready atomic.Bool
	once  sync.Once
	half  []uint16  // F16 and BF16; with F32 the memory of full
	full  []float32 // F32
}

// Prepare lays the matrix out for products, on all threads of a team. Otherwise the first product does that.
func (m *Matrix) Prepare(t *team.Team) { m.lay(t) }

// lay lays the matrix out, the first time that it is called.
func (m *Matrix) lay(t *team.Team) *panels {
	p := m.panels
	if p.ready.Load() {
		return p
	}
	p.once.Do(func() {
		count := kernel.Panels(m.out)
		size := count * m.in * kernel.PanelWidth
		if m.format == F32 {
			p.full = make([]float32, size)
			p.half = unsafe.Slice((*uint16)(unsafe.Pointer(&p.full[0])), 2*size)
		} else {
			p.half = make([]uint16, size)
		}
		s := &layStep{matrix: m, panels: p, rows: make([][]float32, t.Size())}
		t.Run(s, count)
		p.ready.Store(true)
	})
	return p
}

// A layStep lays out one panel as a piece.
type layStep struct {
	matrix *Matrix
	panels *panels
	rows   [][]float32 // [worker][PanelWidth·in]
}

func (s *layStep) Do(panel, worker int) {
	m, p := s.matrix, s.panels
	first := panel * kernel.PanelWidth
	n := min(kernel.PanelWidth, m.out-first)
	at := first * m.in
	if m.format != F32 {
		for c := range n {
			of, i := m.at(first + c)
			spread(p.half[at+c:], halves(of.row(i)))
		}
		return
	}
	if s.rows[worker] == nil {
		s.rows[worker] = make([]float32, kernel.PanelWidth*m.in)
	}
	rows := s.rows[worker]
	for c := range n {
		of, i := m.at(first + c)
		of.expand(rows[c*m.in:][:m.in], i)
	}
	kernel.PackKeys(p.full[at:], rows, m.in, n, m.in)
}

// spread writes a row of numbers into one column of a panel.
func spread(column, row []uint16) {
	for j, x := range row {
		column[j*kernel.PanelWidth] = x
	}
}

// panelAt is some steps in depth of a panel as float32: in place, or expanded into room.
func (m *Matrix) panelAt(p *panels, panel, from, depth int, room []float32) kernel.B {
	at, n := (panel*m.in+from)*kernel.PanelWidth, depth*kernel.PanelWidth
	switch m.format {
	case F32:
		return kernel.Packed(p.full[at:][:n], depth)
	case F16:
		kernel.ExpandHalf(room[:n], p.half[at:][:n])
	case BF16:
		kernel.ExpandBFloat16(room[:n], p.half[at:][:n])
	}
	return kernel.Packed(room[:n], depth)
}

// chunk is some steps in depth of a panel as they are stored, or as many as there are.
func (m *Matrix) chunk(panel, from, depth int) []uint16 {
	width := kernel.PanelWidth
	if m.format == F32 {
		width *= 2
	}
	return m.panels.half[(panel*m.in+from)*width:][:min(depth, m.in-from)*width]
}
