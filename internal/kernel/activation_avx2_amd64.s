//go:build !purego

#include "textflag.h"
#include "tails_amd64.h"

// STEP is one of the steps of Horner's scheme for P in Y4 and for Q in Y5, in powers of u in Y3; the coefficients are read
// where they lie, since there are more than registers.
#define STEP(p, q) \
	VBROADCASTSS ·geluTable+p(SB), Y6 \
	VBROADCASTSS ·geluTable+q(SB), Y7 \
	VFMADD213PS  Y6, Y3, Y4           \
	VFMADD213PS  Y7, Y3, Y5

// GELU makes Y0 of Y0: x·(½ + z·P/Q), z bounded in Y2. VMINPS and VMAXPS give their first operand where one is NaN.
#define GELU \
	VMINPS       Y0, Y10, Y2  \
	VMAXPS       Y2, Y11, Y2  \
	VMULPS       Y2, Y2, Y3   \
	VBROADCASTSS ·geluTable+20(SB), Y4 \
	VBROADCASTSS ·geluTable+40(SB), Y5 \
	STEP(16, 36)              \
	STEP(12, 32)              \
	STEP(8, 28)               \
	STEP(4, 24)               \
	STEP(0, 44)               \
	VMULPS       Y2, Y4, Y4   \
	VDIVPS       Y5, Y4, Y4   \
	VMINPS       Y4, Y12, Y4  \
	VMAXPS       Y4, Y13, Y4  \
	VADDPS       Y12, Y4, Y4  \
	VMULPS       Y4, Y0, Y0

// ROWS makes a function out of F, which works on Y0, for rows of any length: whole vectors, and the rest under the mask
// Y15. DI row, R8 stride, R9 rows left, R10 n, SI place in the row, DX left of it.
#define ROWS(F) \
	SHLQ $2, R8       \
	MOVQ R10, CX      \
	ANDQ $7, CX       \
	NEGQ CX           \
	LEAQ ·tailMask+128(SB), AX \
	VMOVUPS (AX)(CX*4), Y15    \
row:                  \
	MOVQ DI, SI       \
	MOVQ R10, DX      \
	SUBQ $8, DX       \
	JLT  tail         \
one:                  \
	VMOVUPS (SI), Y0  \
	F                 \
	VMOVUPS Y0, (SI)  \
	ADDQ $32, SI      \
	SUBQ $8, DX       \
	JGE  one          \
tail:                 \
	TESTQ CX, CX      \
	JEQ  next         \
	VMASKMOVPS (SI), Y15, Y0 \
	F                        \
	VMASKMOVPS Y0, Y15, (SI) \
next:                 \
	ADDQ R8, DI       \
	DECQ R9           \
	JNE  row          \
	VZEROUPPER

// func geluAVX2(x *float32, stride, rows, n int)
TEXT ·geluAVX2(SB), NOSPLIT, $0-32
	MOVQ x+0(FP), DI
	MOVQ stride+8(FP), R8
	MOVQ rows+16(FP), R9
	MOVQ n+24(FP), R10
	VBROADCASTSS ·geluTable+48(SB), Y10
	VBROADCASTSS ·geluTable+52(SB), Y11
	VBROADCASTSS ·geluTable+56(SB), Y12
	VBROADCASTSS ·geluTable+60(SB), Y13
	ROWS(GELU)
	RET

// SWISH makes Y0 of Y0: x/(1 + 2^t) with t = x·(a + b·x²)·−log₂e, bounded at ±126 so that 2^⌊t⌋ is a number whose bits are
// made by adding ⌊t⌋ to its exponent. Below −126 it is lost beside 1 anyway.
//
//	Y8 a·−log₂e, Y9 b·−log₂e    Y10, Y11 bounds of t    Y12 1    Y13 the 127 of the exponent    Y14 bound of x², so that b = 0 is not
//	multiplied by Inf
#define SWISH \
	VMULPS       Y0, Y0, Y1   \
	VMINPS       Y1, Y14, Y1  \
	VMOVAPS      Y9, Y2       \
	VFMADD213PS  Y8, Y1, Y2   \
	VMULPS       Y0, Y2, Y2   \
	VMINPS       Y2, Y10, Y2  \
	VMAXPS       Y2, Y11, Y2  \
	VROUNDPS     $9, Y2, Y3   \
	VSUBPS       Y3, Y2, Y2   \
	VCVTPS2DQ    Y3, Y3       \
	VPADDD       Y13, Y3, Y3  \
	VPSLLD       $23, Y3, Y3  \
	VBROADCASTSS ·swishTable+28(SB), Y4 \
	VBROADCASTSS ·swishTable+24(SB), Y5 \
	VFMADD213PS  Y5, Y2, Y4   \
	VBROADCASTSS ·swishTable+20(SB), Y5 \
	VFMADD213PS  Y5, Y2, Y4   \
	VBROADCASTSS ·swishTable+16(SB), Y5 \
	VFMADD213PS  Y5, Y2, Y4   \
	VBROADCASTSS ·swishTable+12(SB), Y5 \
	VFMADD213PS  Y5, Y2, Y4   \
	VFMADD213PS  Y12, Y2, Y4  \
	VFMADD213PS  Y12, Y3, Y4  \
	VDIVPS       Y4, Y0, Y0

// func swishAVX2(x *float32, stride, rows, n int, a, b float32)
TEXT ·swishAVX2(SB), NOSPLIT, $0-40
	MOVQ x+0(FP), DI
	MOVQ stride+8(FP), R8
	MOVQ rows+16(FP), R9
	MOVQ n+24(FP), R10
	VBROADCASTSS ·swishTable+0(SB), Y10
	VBROADCASTSS a+32(FP), Y8
	VBROADCASTSS b+36(FP), Y9
	VMULPS       Y10, Y8, Y8
	VMULPS       Y10, Y9, Y9
	VBROADCASTSS ·swishTable+4(SB), Y10
	VBROADCASTSS ·swishTable+32(SB), Y11
	VBROADCASTSS ·swishTable+36(SB), Y14
	VBROADCASTSS ·swishTable+8(SB), Y12
	MOVL         $127, AX
	VMOVQ        AX, X13
	VPBROADCASTD X13, Y13
	ROWS(SWISH)
	RET

// func timesAVX2(dst *float32, dstStride int, x *float32, xStride, rows, n int)
//
//	DI row of dst, R8 its stride, SI row of x, R10 its stride, R9 rows left    AX place in the row    DX whole vectors, Y15 mask of the rest
TEXT ·timesAVX2(SB), NOSPLIT, $0-48
	MOVQ dst+0(FP), DI
	MOVQ dstStride+8(FP), R8
	SHLQ $2, R8
	MOVQ x+16(FP), SI
	MOVQ xStride+24(FP), R10
	SHLQ $2, R10
	MOVQ rows+32(FP), R9
	MOVQ n+40(FP), DX
	TAIL256(DX)

timesRow:
	XORQ  AX, AX
	MOVQ  DX, BX
	TESTQ BX, BX
	JEQ   timesTail

timesVector:
	VMOVUPS (DI)(AX*1), Y0
	VMULPS  (SI)(AX*1), Y0, Y0
	VMOVUPS Y0, (DI)(AX*1)
	ADDQ    $32, AX
	DECQ    BX
	JNE     timesVector

timesTail:
	TESTQ CX, CX
	JEQ   timesNext
	VMASKMOVPS (DI)(AX*1), Y15, Y0
	VMASKMOVPS (SI)(AX*1), Y15, Y1
	VMULPS     Y1, Y0, Y0
	VMASKMOVPS Y0, Y15, (DI)(AX*1)

timesNext:
	ADDQ R8, DI
	ADDQ R10, SI
	DECQ R9
	JNE  timesRow
	VZEROUPPER
	RET
