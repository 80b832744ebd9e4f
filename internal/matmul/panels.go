package matmul

import (
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/rapt-go/rapt/internal/kernel"
	"github.com/rapt-go/rapt/internal/mapped"
	"github.com/rapt-go/rapt/internal/team"
)

// panels is a matrix laid out for kernel.Multiply, in the width in which it is stored: element [p][j][c] is row
// p·PanelWidth+c, column j of the matrix, 0 behind its last row. Blocks are laid out as kernel.Quant says.
type panels struct {
	ready  atomic.Bool
	once   sync.Once
	half   []uint16  // F16 and BF16
	full   []float32 // F32
	blocks []byte    // the formats of ggml
}

// memory is where the panels lie from a number of them on, whatever is there: it is for kernel.MultiplyAhead, which fetches it
// and doesn't look. Blocks are not fetched.
func (p *panels) memory(at int) []float32 {
	switch {
	case p.full != nil:
		return p.full[at:]
	case p.half != nil:
		half := p.half[at:]
		return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(half))), len(half)/2)
	}
	return nil
}

// Prepare lays the matrix out for products, on all threads of a team. Otherwise the first product does that.
func (m *Matrix) Prepare(t *team.Team) { m.lay(t) }

// lay lays the matrix out, the first time that it is called.
func (m *Matrix) lay(t *team.Team) {
	p := m.panels
	if p.ready.Load() {
		return
	}
	p.once.Do(func() {
		count := kernel.Panels(m.out)
		size := count * m.in * kernel.PanelWidth
		switch quant, blocks := m.format.quant(); {
		case blocks:
			p.blocks = make([]byte, size/(kernel.BlockLen*kernel.PanelWidth)*quant.BlockBytes())
		case m.format == F32:
			p.full = make([]float32, size)
		default:
			p.half = make([]uint16, size)
		}
		s := &layStep{matrix: m, panels: p, rows: make([][]float32, t.Size())}
		t.Run(s, count)
		m.forget()
		p.ready.Store(true)
	})
}

// forget gives the memory of the data back that has been laid out, if it is of a mapped file: else every parameter that a
// model multiplies by would be in memory twice.
func (m *Matrix) forget() {
	mapped.Forget(m.data)
	for i := range m.stack {
		m.stack[i].forget()
	}
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
	if m.turned {
		s.copyPanel(at, first, n)
		return
	}
	if p.blocks != nil {
		m.layBlocks(m.blocksAt(panel, 0), first, n)
		return
	}
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

// copyPanel lays out n outputs of a transposed matrix, whose rows have those of an input side by side as a panel does.
func (s *layStep) copyPanel(at, first, n int) {
	m, p := s.matrix, s.panels
	size := m.format.size()
	for j := range m.in {
		row := m.data[(j*m.out+first)*size:][:n*size]
		to := at + j*kernel.PanelWidth
		if m.format == F32 {
			expandFloats(p.full[to:][:n], row)
		} else {
			copy(p.half[to:], halves(row))
		}
	}
}

// spread writes a row of numbers into one column of a panel.
func spread(column, row []uint16) {
	for j, x := range row {
		column[j*kernel.PanelWidth] = x
	}
}

// multiply computes some rows of a product with some steps in depth of a panel: dst = keep·dst + a·panel. Where the panel
// has to be expanded, that is done into room on the way if it is the first group of rows, and was done if not; it is the
// last group too if no other will look at room. ahead is fetched on the way where nothing is expanded.
func (m *Matrix) multiply(dst []float32, dstStride int, a []float32, aStride int, panel, from, depth int, room []float32, first, last bool, rows, width int, keep, ahead []float32) {
	at, n := (panel*m.in+from)*kernel.PanelWidth, depth*kernel.PanelWidth
	p := m.panels
	switch {
	case m.format == F32:
		room = p.full[at:]
	case !first:
	case p.blocks != nil:
		quant, _ := m.format.quant()
		blocks, count := m.blocksAt(panel, from), depth/kernel.BlockLen
		if last && width == kernel.PanelWidth {
			kernel.MultiplyBlocks(quant, dst, dstStride, a, aStride, room, blocks, rows, count, keep)
			return
		}
		kernel.ExpandBlocks(quant, room[:n], blocks, count)
	case width < kernel.PanelWidth && m.format == F16:
		kernel.ExpandHalf(room[:n], p.half[at:])
	case width < kernel.PanelWidth:
		kernel.ExpandBFloat16(room[:n], p.half[at:])
	case last && m.format == F16:
		kernel.MultiplyHalfOnce(dst, dstStride, a, aStride, room, p.half[at:], rows, depth, keep)
		return
	case last:
		kernel.MultiplyBFloat16Once(dst, dstStride, a, aStride, room, p.half[at:], rows, depth, keep)
		return
	case m.format == F16:
		kernel.MultiplyHalf(dst, dstStride, a, aStride, room, p.half[at:], rows, depth, keep)
		return
	default:
		kernel.MultiplyBFloat16(dst, dstStride, a, aStride, room, p.half[at:], rows, depth, keep)
		return
	}
	kernel.MultiplyAhead(dst, dstStride, a, aStride, kernel.Packed(room[:n], depth), rows, depth, width, keep, ahead, kernel.AheadWidth)
}
