//go:build !purego

#include "textflag.h"
#include "tails_amd64.h"

// BOTH writes an instruction for two vectors; the chains of these functions are long, and side by side they keep the
// scheduler from filling up with instructions that wait.
#define BOTH(op, x, a0, a1, b0, b1) \
	op x, a0, b0 \
	op x, a1, b1

// STEP is one of the steps of Horner's scheme for P in Z6, Z7 and for Q in Z8, Z9, in powers of u in Z4, Z5.
#define STEP(p, q) \
	BOTH(VFMADD213PS, p, Z4, Z5, Z6, Z7) \
	BOTH(VFMADD213PS, q, Z4, Z5, Z8, Z9)

// GELU makes Z0 and Z1 of those in Z0 and Z1: x·(½ + z·P/Q), z bounded. VMINPS and VMAXPS give their first operand where one
// is NaN, so NaN stays. Instead of a division the quotient comes from an approximate reciprocal and is corrected by what it
// leaves of the numerator: t += (p − t·q)/q.
//
//	Z16 … Z21 P    Z27, Z22 … Z26 Q, with Z27 = 1    Z28, Z29 bounds of x    Z30, Z31 bounds of the quotient
#define GELU \
	VMINPS  Z0, Z28, Z2            \
	VMINPS  Z1, Z28, Z3            \
	VMAXPS  Z2, Z29, Z2            \
	VMAXPS  Z3, Z29, Z3            \
	VMULPS  Z2, Z2, Z4             \
	VMULPS  Z3, Z3, Z5             \
	VMOVAPS Z21, Z6                \
	VMOVAPS Z21, Z7                \
	VMOVAPS Z26, Z8                \
	VMOVAPS Z26, Z9                \
	STEP(Z20, Z25)                 \
	STEP(Z19, Z24)                 \
	STEP(Z18, Z23)                 \
	STEP(Z17, Z22)                 \
	STEP(Z16, Z27)                 \
	VMULPS  Z2, Z6, Z6             \
	VMULPS  Z3, Z7, Z7             \
	VRCP14PS Z8, Z10               \
	VRCP14PS Z9, Z11               \
	VMULPS  Z10, Z6, Z12           \
	VMULPS  Z11, Z7, Z13           \
	VFNMADD231PS Z8, Z12, Z6       \
	VFNMADD231PS Z9, Z13, Z7       \
	VFMADD231PS Z10, Z6, Z12       \
	VFMADD231PS Z11, Z7, Z13       \
	VMINPS  Z12, Z30, Z12          \
	VMINPS  Z13, Z30, Z13          \
	VMAXPS  Z12, Z31, Z12          \
	VMAXPS  Z13, Z31, Z13          \
	BOTH(VADDPS, Z30, Z12, Z13, Z12, Z13) \
	VMULPS  Z12, Z0, Z0            \
	VMULPS  Z13, Z1, Z1

// ROWS makes a function out of F, which works on Z0 and Z1, for rows of any length: whole pairs of vectors, and the rest
// under the masks K1 and K2. DI row, R8 stride, R9 rows left, R10 n, SI place in the row, DX left of it.
#define ROWS(F) \
	SHLQ  $2, R8         \
	MOVQ  R10, CX        \
	ANDQ  $31, CX        \
	MOVQ  $1, AX         \
	SHLQ  CX, AX         \
	DECQ  AX             \
	KMOVW AX, K1         \
	SHRQ  $16, AX        \
	KMOVW AX, K2         \
row:                     \
	MOVQ  DI, SI         \
	MOVQ  R10, DX        \
	SUBQ  $32, DX        \
	JLT   tail           \
pair:                    \
	VMOVUPS (SI), Z0     \
	VMOVUPS 64(SI), Z1   \
	F                    \
	VMOVUPS Z0, (SI)     \
	VMOVUPS Z1, 64(SI)   \
	ADDQ  $128, SI       \
	SUBQ  $32, DX        \
	JGE   pair           \
tail:                    \
	TESTQ CX, CX         \
	JEQ   next           \
	VMOVUPS.Z (SI), K1, Z0   \
	VMOVUPS.Z 64(SI), K2, Z1 \
	F                        \
	VMOVUPS Z0, K1, (SI)     \
	VMOVUPS Z1, K2, 64(SI)   \
next:                    \
	ADDQ  R8, DI         \
	DECQ  R9             \
	JNE   row            \
	VZEROUPPER

// func geluAVX512(x *float32, stride, rows, n int)
TEXT ·geluAVX512(SB), NOSPLIT, $0-32
	MOVQ x+0(FP), DI
	MOVQ stride+8(FP), R8
	MOVQ rows+16(FP), R9
	MOVQ n+24(FP), R10
	VBROADCASTSS ·geluTable+0(SB), Z16
	VBROADCASTSS ·geluTable+4(SB), Z17
	VBROADCASTSS ·geluTable+8(SB), Z18
	VBROADCASTSS ·geluTable+12(SB), Z19
	VBROADCASTSS ·geluTable+16(SB), Z20
	VBROADCASTSS ·geluTable+20(SB), Z21
	VBROADCASTSS ·geluTable+24(SB), Z22
	VBROADCASTSS ·geluTable+28(SB), Z23
	VBROADCASTSS ·geluTable+32(SB), Z24
	VBROADCASTSS ·geluTable+36(SB), Z25
	VBROADCASTSS ·geluTable+40(SB), Z26
	VBROADCASTSS ·geluTable+44(SB), Z27
	VBROADCASTSS ·geluTable+48(SB), Z28
	VBROADCASTSS ·geluTable+52(SB), Z29
	VBROADCASTSS ·geluTable+56(SB), Z30
	VBROADCASTSS ·geluTable+60(SB), Z31
	ROWS(GELU)
	RET

// SWISH makes Z0 and Z1 of those in Z0 and Z1: x·1/(1 + 2^t) with t = x·(a + b·x²)·−log₂e, bounded at 126 so that the
// approximate reciprocal can be corrected: s += s·(1 − s·d). 2^t is the polynomial of t's fraction scaled by the power that VSCALEFPS takes from t itself.
//
//	Z16 a·−log₂e, Z17 b·−log₂e    Z18 126    Z19 … Z24 the coefficients of exp2, Z19 = 1    Z25 bound of x², so that b = 0 is not
//	multiplied by Inf
#define SWISH \
	VMULPS  Z0, Z0, Z2             \
	VMULPS  Z1, Z1, Z3             \
	VMINPS  Z2, Z25, Z2            \
	VMINPS  Z3, Z25, Z3            \
	VMOVAPS Z17, Z4                \
	VMOVAPS Z17, Z5                \
	VFMADD213PS Z16, Z2, Z4        \
	VFMADD213PS Z16, Z3, Z5        \
	VMULPS  Z0, Z4, Z4             \
	VMULPS  Z1, Z5, Z5             \
	VMINPS  Z4, Z18, Z4            \
	VMINPS  Z5, Z18, Z5            \
	VREDUCEPS $1, Z4, Z2           \
	VREDUCEPS $1, Z5, Z3           \
	VMOVAPS Z24, Z6                \
	VMOVAPS Z24, Z7                \
	BOTH(VFMADD213PS, Z23, Z2, Z3, Z6, Z7) \
	BOTH(VFMADD213PS, Z22, Z2, Z3, Z6, Z7) \
	BOTH(VFMADD213PS, Z21, Z2, Z3, Z6, Z7) \
	BOTH(VFMADD213PS, Z20, Z2, Z3, Z6, Z7) \
	BOTH(VFMADD213PS, Z19, Z2, Z3, Z6, Z7) \
	VSCALEFPS Z4, Z6, Z6           \
	VSCALEFPS Z5, Z7, Z7           \
	BOTH(VADDPS, Z19, Z6, Z7, Z6, Z7) \
	VRCP14PS Z6, Z8                \
	VRCP14PS Z7, Z9                \
	VMOVAPS Z19, Z10               \
	VMOVAPS Z19, Z11               \
	VFNMADD231PS Z6, Z8, Z10       \
	VFNMADD231PS Z7, Z9, Z11       \
	VFMADD213PS Z8, Z8, Z10        \
	VFMADD213PS Z9, Z9, Z11        \
	VMULPS  Z10, Z0, Z0            \
	VMULPS  Z11, Z1, Z1

// func swishAVX512(x *float32, stride, rows, n int, a, b float32)
TEXT ·swishAVX512(SB), NOSPLIT, $0-40
	MOVQ x+0(FP), DI
	MOVQ stride+8(FP), R8
	MOVQ rows+16(FP), R9
	MOVQ n+24(FP), R10
	VBROADCASTSS ·swishTable+0(SB), Z18
	VMULPS.BCST  a+32(FP), Z18, Z16
	VMULPS.BCST  b+36(FP), Z18, Z17
	VBROADCASTSS ·swishTable+4(SB), Z18
	VBROADCASTSS ·swishTable+8(SB), Z19
	VBROADCASTSS ·swishTable+12(SB), Z20
	VBROADCASTSS ·swishTable+16(SB), Z21
	VBROADCASTSS ·swishTable+20(SB), Z22
	VBROADCASTSS ·swishTable+24(SB), Z23
	VBROADCASTSS ·swishTable+28(SB), Z24
	VBROADCASTSS ·swishTable+36(SB), Z25
	ROWS(SWISH)
	RET

// func timesAVX512(dst *float32, dstStride int, x *float32, xStride, rows, n int)
//
//	DI row of dst, R8 its stride, SI row of x, R10 its stride, R9 rows left    AX place in the row    DX whole vectors, K1 the rest
TEXT ·timesAVX512(SB), NOSPLIT, $0-48
	MOVQ dst+0(FP), DI
	MOVQ dstStride+8(FP), R8
	SHLQ $2, R8
	MOVQ x+16(FP), SI
	MOVQ xStride+24(FP), R10
	SHLQ $2, R10
	MOVQ rows+32(FP), R9
	MOVQ n+40(FP), DX
	TAIL512(DX)

timesRow:
	XORQ  AX, AX
	MOVQ  DX, BX
	TESTQ BX, BX
	JEQ   timesTail

timesVector:
	VMOVUPS (DI)(AX*1), Z0
	VMULPS  (SI)(AX*1), Z0, Z0
	VMOVUPS Z0, (DI)(AX*1)
	ADDQ    $64, AX
	DECQ    BX
	JNE     timesVector

timesTail:
	TESTQ CX, CX
	JEQ   timesNext
	VMOVUPS.Z (DI)(AX*1), K1, Z0
	VMOVUPS.Z (SI)(AX*1), K1, Z1
	VMULPS    Z1, Z0, Z0
	VMOVUPS   Z0, K1, (DI)(AX*1)

timesNext:
	ADDQ R8, DI
	ADDQ R10, SI
	DECQ R9
	JNE  timesRow
	VZEROUPPER
	RET
