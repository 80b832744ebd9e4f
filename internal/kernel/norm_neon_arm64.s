//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// TOTAL makes F0 the sum of the lanes of V0 … V4, added as in normGeneric: j and j+8, then j+4, j+2, j+1. V4 has what is left
// of the row.
#define TOTAL \
	FADD(2, 0, 0)                          \
	FADD(3, 1, 1)                          \
	FADD(4, 0, 0)                          \
	FADD(1, 0, 0)                          \
	VEXT $8, V0.B16, V0.B16, V1.B16        \
	FADD(1, 0, 0)                          \
	FADDP(0, 0, 0)

#define ZERO \
	VEOR V0.B16, V0.B16, V0.B16 \
	VEOR V1.B16, V1.B16, V1.B16 \
	VEOR V2.B16, V2.B16, V2.B16 \
	VEOR V3.B16, V3.B16, V3.B16 \
	VEOR V4.B16, V4.B16, V4.B16

// func normNEON(dst, x *float32, stride, rows, n int, scale, shift *float32, eps float32)
//
//	R0 row of dst, R1 row of x, R2 stride, R3 rows left    R4 n/16, R5 n/4%4, R6 n%4    R7 scale, R8 shift
//	V16 mean, V17 1/√(variance + eps)    F29 eps, F30 1, F31 1/n
//	R10 … R13 places in x, dst, scale, shift, R14 left of them
TEXT ·normNEON(SB), NOSPLIT, $0-60
	MOVD   dst+0(FP), R0
	MOVD   x+8(FP), R1
	MOVD   stride+16(FP), R2
	LSL    $2, R2
	MOVD   rows+24(FP), R3
	MOVD   n+32(FP), R6
	MOVD   scale+40(FP), R7
	MOVD   shift+48(FP), R8
	FMOVS  eps+56(FP), F29
	FMOVS  $1.0, F30
	SCVTFS R6, F31
	FDIVS  F31, F30, F31
	LSR    $4, R6, R4
	UBFX   $2, R6, $2, R5
	AND    $3, R6

row:
	VEOR V16.B16, V16.B16, V16.B16
	CBZ  R8, squares
	ZERO
	MOVD R1, R10
	CBZ  R4, sumFours
	MOVD R4, R14

sumLoop:
	FLDPQ.P 32(R10), (F20, F21)
	FLDPQ.P 32(R10), (F22, F23)
	FADD(20, 0, 0)
	FADD(21, 1, 1)
	FADD(22, 2, 2)
	FADD(23, 3, 3)
	SUBS    $1, R14
	BNE     sumLoop

sumFours:
	CBZ  R5, sumRest
	MOVD R5, R14

sumFour:
	FMOVQ.P 16(R10), F20
	FADD(20, 4, 4)
	SUBS    $1, R14
	BNE     sumFour

sumRest:
	CBZ  R6, sumDone
	MOVD R6, R14

	// The other lanes of what FMOVS loads are 0.
sumOne:
	FMOVS.P 4(R10), F20
	FADD(20, 4, 4)
	SUBS    $1, R14
	BNE     sumOne

sumDone:
	TOTAL
	FMULS F31, F0, F0
	VDUP  V0.S[0], V16.S4

squares:
	ZERO
	MOVD R1, R10
	CBZ  R4, squareFours
	MOVD R4, R14

squareLoop:
	FLDPQ.P 32(R10), (F20, F21)
	FLDPQ.P 32(R10), (F22, F23)
	FSUB(16, 20, 20)
	FSUB(16, 21, 21)
	FSUB(16, 22, 22)
	FSUB(16, 23, 23)
	VFMLA   V20.S4, V20.S4, V0.S4
	VFMLA   V21.S4, V21.S4, V1.S4
	VFMLA   V22.S4, V22.S4, V2.S4
	VFMLA   V23.S4, V23.S4, V3.S4
	SUBS    $1, R14
	BNE     squareLoop

squareFours:
	CBZ  R5, squareRest
	MOVD R5, R14

squareFour:
	FMOVQ.P 16(R10), F20
	FSUB(16, 20, 20)
	VFMLA   V20.S4, V20.S4, V4.S4
	SUBS    $1, R14
	BNE     squareFour

squareRest:
	CBZ  R6, squareDone
	MOVD R6, R14

	// FSUBS makes the other lanes 0, where FSUB would leave −mean.
squareOne:
	FMOVS.P 4(R10), F20
	FSUBS   F16, F20, F20
	VFMLA   V20.S4, V20.S4, V4.S4
	SUBS    $1, R14
	BNE     squareOne

squareDone:
	TOTAL
	FMADDS F31, F29, F0, F0
	FSQRTS F0, F0
	FDIVS  F0, F30, F0
	VDUP   V0.S[0], V17.S4

	// Without a shift the mean is 0 too, and what is added is V24, V25.
	VEOR V24.B16, V24.B16, V24.B16
	VEOR V25.B16, V25.B16, V25.B16
	MOVD R1, R10
	MOVD R0, R11
	MOVD R7, R12
	MOVD R8, R13
	ADD  R5<<2, R6, R14
	ADD  R4<<4, R14, R14
	SUBS $8, R14
	BLT  rest

pair:
	FLDPQ.P 32(R10), (F20, F21)
	FLDPQ.P 32(R12), (F22, F23)
	CBZ     R8, unshifted
	FLDPQ.P 32(R13), (F24, F25)

unshifted:
	FSUB(16, 20, 20)
	FSUB(16, 21, 21)
	FMUL(17, 20, 20)
	FMUL(17, 21, 21)
	VMOV    V24.B16, V26.B16
	VMOV    V25.B16, V27.B16
	VFMLA   V22.S4, V20.S4, V26.S4
	VFMLA   V23.S4, V21.S4, V27.S4
	FSTPQ.P (F26, F27), 32(R11)
	SUBS    $8, R14
	BGE     pair

rest:
	ADDS $8, R14
	BEQ  next

one:
	FMOVS.P 4(R10), F20
	FMOVS.P 4(R12), F22
	CBZ     R8, unshiftedOne
	FMOVS.P 4(R13), F24

unshiftedOne:
	FSUBS   F16, F20, F20
	FMULS   F17, F20, F20
	VMOV    V24.B16, V26.B16
	VFMLA   V22.S4, V20.S4, V26.S4
	FMOVS.P F26, 4(R11)
	SUBS    $1, R14
	BNE     one

next:
	ADD  R2, R0
	ADD  R2, R1
	SUBS $1, R3
	BNE  row
	RET
