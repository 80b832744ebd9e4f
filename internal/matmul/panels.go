package matmul

import (
	"encoding/binary"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/rapt-go/rapt/internal/kernel"
)

// panels is a matrix laid out for kernel.Multiply, in the width in which it is stored: element [p][j][c] is row
// p·PanelWidth+c, column j of the matrix, 0 behind its last row.
type panels struct {
	once sync.Once
	half []uint16  // F16 and BF16
	full []float32 // F32
}

// lay lays the matrix out, once, on all threads.
func (m *Matrix) lay() {
	p := m.panels
	p.once.Do(func() {
		count := kernel.Panels(m.out)
		size := count * m.in * kernel.PanelWidth
		if m.format == F32 {
			p.full = make([]float32, size)
		} else {
			p.half = make([]uint16, size)
		}
		parallel(count, runtime.GOMAXPROCS(0), func() (func(int), func()) {
			rows := make([]float32, kernel.PanelWidth*m.in)
			return func(panel int) { m.layPanel(p, panel, rows) }, func() {}
		})
	})
}

// layPanel lays out one panel. rows is room for its rows as float32.
func (m *Matrix) layPanel(p *panels, panel int, rows []float32) {
	first := panel * kernel.PanelWidth
	n := min(kernel.PanelWidth, m.out-first)
	at := first * m.in
	if m.format == F32 {
		m.expand(rows[:n*m.in], first)
		kernel.PackKeys(p.full[at:], rows, m.in, n, m.in)
		return
	}
	for c := range n {
		row := m.data[2*(first+c)*m.in:][:2*m.in]
		for j := range m.in {
			p.half[at+j*kernel.PanelWidth+c] = binary.LittleEndian.Uint16(row[2*j:])
		}
	}
}

// parallel calls do with 0, …, n−1, each once, on so many goroutines. Every goroutine has a do of its own from worker, and
// calls done at its end.
func parallel(n, threads int, worker func() (do func(int), done func())) {
	var next atomic.Int64
	work := func() {
		do, done := worker()
		defer done()
		for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
			do(int(i))
		}
	}
	var wait sync.WaitGroup
	for range min(n, threads) - 1 {
		wait.Go(work)
	}
	work()
	wait.Wait()
}
