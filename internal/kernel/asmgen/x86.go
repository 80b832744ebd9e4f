package main

import "fmt"

// x86 is an instruction set of amd64, as far as multiply needs it.
type x86 struct {
	name      string // suffix of the function
	reg       string // prefix of vector registers
	bytes     int    // in a vector
	rows      int    // of a full tile: rows × 2 accumulators, and a few registers to spare
	zero      string // instruction that clears a register
	firstB    int    // first of the registers for rows of B
	buffersB  int    // how many rows of B are in registers at a time
	firstA    int    // first of the registers for numbers of A
	registers int
	ahead     string // instruction that fetches a cache line, for which there are two arguments more
}

var (
	avx512 = x86{name: "AVX512", reg: "Z", bytes: 64, rows: 12, zero: "VPXORD", firstB: 24, buffersB: 2, firstA: 28, registers: 32, ahead: "PREFETCHT1"}
	avx2   = x86{name: "AVX2", reg: "Y", bytes: 32, rows: 6, zero: "VXORPS", firstB: 12, buffersB: 1, firstA: 14, registers: 16}
)

// unroll is the number of steps in depth between two checks of the loop: the fewer scalar instructions come between the
// multiplications, the fewer take a place on the two ports that multiply.
const unroll = 8

const cacheLine = 64

// multiplyX86 is the function that kernel.Multiply describes, for up to m.rows rows. For each number of rows there is a
// loop over the columns, a panel or a half at a time; in it a loop over the depth.
//
//	DI dst, R8 its stride      SI, R14, R15 rows 0, 4, 8 of a, R9 its stride, R13 three times that
//	BX b, R10 its stride, R11 three times that     CX depth     DX columns left     R12 rescale
//	next from these columns of b to those after them: half a panel and the rest of its stride by turns
//	BP what is fetched ahead: a row of four lines in eight steps of depth, for each panel; b where there is nothing to fetch
func multiplyX86(m x86) string {
	a := new(asm)
	a.begin(m.name, 8, m.ahead != "")
	a.line("MOVQ dst+0(FP), DI")
	for _, load := range [][2]string{{"dstStride+8", "R8"}, {"aStride+24", "R9"}, {"bStride+40", "R10"}} {
		a.line("MOVQ %s(FP), %s", load[0], load[1])
		a.line("SHLQ $2, %s", load[1])
	}
	a.line("MOVQ rows+56(FP), AX")
	a.line("MOVQ depth+64(FP), CX")
	a.line("MOVQ cols+72(FP), DX")
	a.line("MOVQ rescale+80(FP), R12")
	if m.ahead != "" {
		a.line("MOVQ ahead+88(FP), BP")
		a.line("TESTQ BP, BP")
		a.line("CMOVQEQ b+32(FP), BP")
		a.line("SHLQ $2, aheadStride+96(FP)")
	}
	a.line("SHLQ $2, panelStride+48(FP)")
	a.line("MOVQ $%d, next-8(SP)", 4*columnStep)
	a.line("LEAQ (R9)(R9*2), R13")
	a.line("LEAQ (R10)(R10*2), R11")
	for rows := m.rows; rows > 1; rows-- {
		a.line("CMPQ AX, $%d", rows)
		a.line("JEQ  rows%d", rows)
	}
	a.line("JMP  rows1")
	for rows := m.rows; rows > 0; rows-- {
		m.columns(a, rows)
	}
	a.label("done")
	a.line("VZEROUPPER")
	a.line("RET")
	return a.String()
}

// columns is the loop over the columns for one number of rows.
func (m x86) columns(a *asm, rows int) {
	a.label("rows%d", rows)
	if 2*m.bytes == panelBytes {
		a.line("CMPQ DX, $%d", columnStep)
		a.line("JLE  rows%dhalf", rows)
		m.tile(a, rows, 2, "full")
		a.line("MOVQ panelStride+48(FP), AX")
		a.line("ADDQ AX, b+32(FP)")
		m.nextColumns(a, rows, 2)
		a.label("rows%dhalf", rows)
		m.tile(a, rows, 1, "half")
		a.line("JMP  done")
		return
	}
	m.tile(a, rows, 2, "")
	a.line("MOVQ next-8(SP), AX")
	a.line("ADDQ AX, b+32(FP)")
	a.line("SUBQ panelStride+48(FP), AX")
	a.line("NEGQ AX")
	a.line("MOVQ AX, next-8(SP)")
	m.nextColumns(a, rows, 2)
}

// nextColumns goes on to the columns behind a tile, if there are any.
func (m x86) nextColumns(a *asm, rows, vectors int) {
	a.line("ADDQ $%d, DI", vectors*m.bytes)
	a.line("SUBQ $%d, DX", vectors*m.bytes/4)
	a.line("JGT  rows%d", rows)
	a.line("JMP  done")
}

// tile computes rows × vectors accumulators over the whole depth.
func (m x86) tile(a *asm, rows, vectors int, name string) {
	prefix := fmt.Sprintf("rows%d%s", rows, name)
	m.begin(a, rows, vectors, prefix)
	a.line("MOVQ a+16(FP), SI")
	if rows > 4 {
		a.line("LEAQ (SI)(R9*4), R14")
	}
	if rows > 8 {
		a.line("LEAQ (SI)(R9*8), R15")
	}
	a.line("MOVQ b+32(FP), BX")
	a.line("MOVQ CX, AX")
	a.line("SUBQ $%d, AX", unroll)
	a.line("JLT  %srest", prefix)
	a.label("%sloop", prefix)
	for step := range unroll {
		m.step(a, rows, vectors, step)
		if m.ahead != "" && rows < m.rows {
			m.fetchPanel(a, step)
		}
		if m.ahead != "" && step%2 == 1 {
			a.line("%s %d(BP)", m.ahead, step/2*cacheLine)
		}
	}
	if m.ahead != "" {
		a.line("ADDQ aheadStride+96(FP), BP")
	}
	m.advance(a, rows, unroll)
	a.line("SUBQ $%d, AX", unroll)
	a.line("JGE  %sloop", prefix)
	a.label("%srest", prefix)
	a.line("ADDQ $%d, AX", unroll)
	a.line("JEQ  %sstore", prefix)
	a.label("%sone", prefix)
	m.step(a, rows, vectors, 0)
	a.line("ADDQ R10, BX")
	m.advance(a, rows, 1)
	a.line("DECQ AX")
	a.line("JNE  %sone", prefix)
	a.label("%sstore", prefix)
	m.store(a, rows, vectors)
}

// smallAhead is how many bytes before its use a line of B is fetched where there are fewer rows than fill a tile: they take
// less time than B takes to come. Half a page of memory, in the middle of which what the CPU fetches by itself is under way.
const smallAhead = 2048

// fetchPanel fetches what lies smallAhead behind the row of B of a step.
func (m x86) fetchPanel(a *asm, step int) {
	row := step % 4
	if row == 3 { // BX has been moved
		row = -1
	}
	for line := range panelBytes / cacheLine {
		a.line("PREFETCHT0 %d(BX)", smallAhead+row*panelBytes+line*cacheLine)
	}
}

// store writes the accumulators.
func (m x86) store(a *asm, rows, vectors int) {
	a.line("MOVQ DI, AX")
	for r := range rows {
		for v := range vectors {
			a.line("VMOVUPS %s%d, %d(AX)", m.reg, r*vectors+v, v*m.bytes)
		}
		if r < rows-1 {
			a.line("ADDQ R8, AX")
		}
	}
}

// begin sets the accumulators to 0, or to rescale[r]·dst[r].
func (m x86) begin(a *asm, rows, vectors int, prefix string) {
	a.line("TESTQ R12, R12")
	a.line("JEQ  %szero", prefix)
	a.line("MOVQ DI, AX")
	for r := range rows {
		a.line("VBROADCASTSS %d(R12), %s%d", 4*r, m.reg, m.firstA)
		for v := range vectors {
			a.line("VMULPS %d(AX), %s%d, %s%d", v*m.bytes, m.reg, m.firstA, m.reg, r*vectors+v)
		}
		if r < rows-1 {
			a.line("ADDQ R8, AX")
		}
	}
	a.line("JMP  %sbegin", prefix)
	a.label("%szero", prefix)
	for i := range rows * vectors {
		a.line("%s %s%d, %s%d, %s%d", m.zero, m.reg, i, m.reg, i, m.reg, i)
	}
	a.label("%sbegin", prefix)
}

// step adds one step in depth: a row of B times a number of each row of A.
func (m x86) step(a *asm, rows, vectors, step int) {
	b := m.firstB + step%m.buffersB*vectors
	index := []string{"", "(R10*1)", "(R10*2)", "(R11*1)"}[step%4]
	for v := range vectors {
		a.line("VMOVUPS %d(BX)%s, %s%d", v*m.bytes, index, m.reg, b+v)
	}
	if step%4 == 3 {
		a.line("LEAQ (BX)(R10*4), BX")
	}
	m.multiplyStep(a, rows, vectors, step, b)
}

// multiplyStep adds the products of a number of each row of A with the row of B in the registers from b on.
func (m x86) multiplyStep(a *asm, rows, vectors, step, b int) {
	spare := m.registers - m.firstA
	for r := range rows {
		x := m.firstA + r%spare
		a.line("VBROADCASTSS %s, %s%d", address(r, 4*step), m.reg, x)
		for v := range vectors {
			a.line("VFMADD231PS %s%d, %s%d, %s%d", m.reg, b+v, m.reg, x, m.reg, r*vectors+v)
		}
	}
}

// advance moves the pointers into A by some steps.
func (m x86) advance(a *asm, rows, steps int) {
	for i, base := range []string{"SI", "R14", "R15"} {
		if rows > 4*i {
			a.line("ADDQ $%d, %s", 4*steps, base)
		}
	}
}

// address is that of row r of A, some bytes into it.
func address(r, offset int) string {
	base := []string{"SI", "R14", "R15"}[r/4]
	index := []string{"", "(R9*1)", "(R9*2)", "(R13*1)"}[r%4]
	if offset == 0 {
		return fmt.Sprintf("(%s)%s", base, index)
	}
	return fmt.Sprintf("%d(%s)%s", offset, base, index)
}
