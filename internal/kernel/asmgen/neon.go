package main

const (
	neonRows    = 6 // of a full tile: with 4 vectors of columns each 24 accumulators, the other 8 registers are for B and A
	neonVectors = 4 // columns of a tile: 16
	neonB       = neonRows * neonVectors
	neonA       = neonB + neonVectors
)

// neonUnroll is the number of steps in depth between two checks of the loop.
const neonUnroll = 4

// multiplyNEON is the function that kernel.Multiply describes, for up to neonRows rows. For each number of rows there is a
// loop over the columns, 16 at a time; in it a loop over the depth. A number of A is loaded alone and stands for all lanes
// as the indexed operand of FMLA: a load that fills all lanes would also take a place of a multiplication on many cores.
//
//	R0 dst, R1 its stride    R2 a, R3 its stride, R4 … R9 its rows    R10 b, R11 its stride, R12 row of b
//	R13 from these columns of b to the next: half a panel and the rest of its stride, R14, by turns
//	R15 depth, R19 steps left    R20 columns left    R21 rescale
func multiplyNEON() string {
	a := new(asm)
	a.begin("NEON", 0, false, "neon_arm64.h")
	for _, load := range []struct{ name, register string }{{"dst+0", "R0"}, {"dstStride+8", "R1"}, {"a+16", "R2"}, {"aStride+24", "R3"},
		{"b+32", "R10"}, {"bStride+40", "R11"}, {"panelStride+48", "R14"}, {"rows+56", "R19"}, {"depth+64", "R15"}, {"cols+72", "R20"}, {"rescale+80", "R21"}} {
		a.line("MOVD %s(FP), %s", load.name, load.register)
	}
	for _, stride := range []string{"R1", "R3", "R11", "R14"} {
		a.line("LSL $2, %s", stride)
	}
	a.line("MOVD $%d, R13", 4*columnStep)
	for rows := neonRows; rows > 1; rows-- {
		a.line("CMP $%d, R19", rows)
		a.line("BEQ rows%d", rows)
	}
	a.line("B rows1")
	for rows := neonRows; rows > 0; rows-- {
		neonColumns(a, rows)
	}
	a.label("done")
	a.line("RET")
	return a.String()
}

// neonColumns is the loop over the columns for one number of rows.
func neonColumns(a *asm, rows int) {
	a.label("rows%d", rows)
	neonTile(a, rows)
	a.line("ADD R13, R10")
	a.line("SUB R13, R14, R13")
	a.line("ADD $%d, R0", 4*columnStep)
	a.line("SUBS $%d, R20", columnStep)
	a.line("BGT rows%d", rows)
	if rows > 1 {
		a.line("B done")
	}
}

// neonTile computes rows × 4 accumulators over the whole depth: row r in V[4r] to V[4r+3].
func neonTile(a *asm, rows int) {
	neonBegin(a, rows)
	a.line("MOVD R2, R4")
	for r := 1; r < rows; r++ {
		a.line("ADD R3, R%d, R%d", 3+r, 4+r)
	}
	a.line("MOVD R10, R12")
	a.line("SUBS $%d, R15, R19", neonUnroll)
	a.line("BLT rows%drest", rows)
	a.label("rows%dloop", rows)
	for step := range neonUnroll {
		neonStep(a, rows, step)
	}
	neonAdvance(a, rows, neonUnroll)
	a.line("SUBS $%d, R19", neonUnroll)
	a.line("BGE rows%dloop", rows)
	a.label("rows%drest", rows)
	a.line("ADDS $%d, R19", neonUnroll)
	a.line("BEQ rows%dstore", rows)
	a.label("rows%done", rows)
	neonStep(a, rows, 0)
	neonAdvance(a, rows, 1)
	a.line("SUBS $1, R19")
	a.line("BNE rows%done", rows)
	a.label("rows%dstore", rows)
	neonDst(a, rows, func(r, v int) {
		a.line("FSTPQ (F%d, F%d), %d(R19)", 4*r+v, 4*r+v+1, 16*v)
	})
}

// neonBegin sets the accumulators to 0, or to rescale[r]·dst[r].
func neonBegin(a *asm, rows int) {
	a.line("CBZ R21, rows%dzero", rows)
	neonDst(a, rows, func(r, v int) {
		if v == 0 {
			a.line("FMOVS %d(R21), F%d", 4*r, neonA)
		}
		a.line("FLDPQ %d(R19), (F%d, F%d)", 16*v, 4*r+v, 4*r+v+1)
		a.line("FMULLANE0(%d, %d, %d)", neonA, 4*r+v, 4*r+v)
		a.line("FMULLANE0(%d, %d, %d)", neonA, 4*r+v+1, 4*r+v+1)
	})
	a.line("B rows%dbegin", rows)
	a.label("rows%dzero", rows)
	for i := range rows * neonVectors {
		a.line("VEOR V%d.B16, V%d.B16, V%d.B16", i, i, i)
	}
	a.label("rows%dbegin", rows)
}

// neonDst goes through the rows of dst, R19, two vectors at a time.
func neonDst(a *asm, rows int, do func(r, v int)) {
	a.line("MOVD R0, R19")
	for r := range rows {
		do(r, 0)
		do(r, 2)
		if r < rows-1 {
			a.line("ADD R1, R19")
		}
	}
}

// neonStep adds one step in depth: a row of B times a number of each row of A.
func neonStep(a *asm, rows, step int) {
	a.line("FLDPQ (R12), (F%d, F%d)", neonB, neonB+1)
	a.line("FLDPQ 32(R12), (F%d, F%d)", neonB+2, neonB+3)
	a.line("ADD R11, R12")
	for r := range rows {
		x := neonA + r%(32-neonA)
		a.line("FMOVS %d(R%d), F%d", 4*step, 4+r, x)
		for v := range neonVectors {
			a.line("FMLALANE0(%d, %d, %d)", x, neonB+v, 4*r+v)
		}
	}
}

// neonAdvance moves the pointers into A by some steps.
func neonAdvance(a *asm, rows, steps int) {
	for r := range rows {
		a.line("ADD $%d, R%d", 4*steps, 4+r)
	}
}
