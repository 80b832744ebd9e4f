//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// BOTH is two VFMLA for two vectors: a + x·m for each, side by side, since the chains of these functions are long.
#define BOTH(x0, x1, m0, m1, a0, a1) \
	VFMLA x0.S4, m0.S4, a0.S4 \
	VFMLA x1.S4, m1.S4, a1.S4

// PAIR makes V(a) and V(b) copies of V(from), for FMLA to add to.
#define PAIR(from, a, b) \
	VMOV from.B16, a.B16 \
	VMOV from.B16, b.B16

// ROWS makes a function out of F, which makes V0 and V1 of those in V0 and V1, for rows of any length: whole pairs of
// vectors, and the rest number by number in lane 0 of both. R0 row, R1 stride, R2 rows left, R3 n, R4 place in the row, R5
// left of it.
#define ROWS(F) \
	LSL   $2, R1            \
row:                        \
	MOVD  R0, R4            \
	SUBS  $8, R3, R5        \
	BLT   rest              \
pair:                       \
	FLDPQ (R4), (F0, F1)    \
	F                       \
	FSTPQ.P (F0, F1), 32(R4) \
	SUBS  $8, R5            \
	BGE   pair              \
rest:                       \
	ADDS  $8, R5            \
	BEQ   next              \
one:                        \
	FMOVS (R4), F0          \
	VMOV  V0.B16, V1.B16    \
	F                       \
	FMOVS.P F0, 4(R4)       \
	SUBS  $1, R5            \
	BNE   one               \
next:                       \
	ADD   R1, R0            \
	SUBS  $1, R2            \
	BNE   row

// GELU is x·(½ + z·P/Q), z bounded in V2 and V3, its square in V4 and V5, P and Q in V6 … V13. FMIN and FMAX give NaN for NaN.
//
//	V16 … V21 P    V27, V22 … V26 Q, with V27 = 1    V28, V29 bounds of x    V30, V31 bounds of the quotient
#define GELU \
	FMIN(28, 0, 2)                     \
	FMIN(28, 1, 3)                     \
	FMAX(29, 2, 2)                     \
	FMAX(29, 3, 3)                     \
	FMUL(2, 2, 4)                      \
	FMUL(3, 3, 5)                      \
	PAIR(V20, V6, V7)                  \
	PAIR(V25, V8, V9)                  \
	BOTH(V21, V21, V4, V5, V6, V7)     \
	BOTH(V26, V26, V4, V5, V8, V9)     \
	PAIR(V19, V10, V11)                \
	PAIR(V24, V12, V13)                \
	BOTH(V6, V7, V4, V5, V10, V11)     \
	BOTH(V8, V9, V4, V5, V12, V13)     \
	PAIR(V18, V6, V7)                  \
	PAIR(V23, V8, V9)                  \
	BOTH(V10, V11, V4, V5, V6, V7)     \
	BOTH(V12, V13, V4, V5, V8, V9)     \
	PAIR(V17, V10, V11)                \
	PAIR(V22, V12, V13)                \
	BOTH(V6, V7, V4, V5, V10, V11)     \
	BOTH(V8, V9, V4, V5, V12, V13)     \
	PAIR(V16, V6, V7)                  \
	PAIR(V27, V8, V9)                  \
	BOTH(V10, V11, V4, V5, V6, V7)     \
	BOTH(V12, V13, V4, V5, V8, V9)     \
	FMUL(2, 6, 6)                      \
	FMUL(3, 7, 7)                      \
	FDIV(8, 6, 6)                      \
	FDIV(9, 7, 7)                      \
	FMIN(30, 6, 6)                     \
	FMIN(30, 7, 7)                     \
	FMAX(31, 6, 6)                     \
	FMAX(31, 7, 7)                     \
	FADD(30, 6, 6)                     \
	FADD(30, 7, 7)                     \
	FMUL(6, 0, 0)                      \
	FMUL(7, 1, 1)

// func geluNEON(x *float32, stride, rows, n int)
TEXT ·geluNEON(SB), NOSPLIT, $0-32
	MOVD x+0(FP), R0
	MOVD stride+8(FP), R1
	MOVD rows+16(FP), R2
	MOVD n+24(FP), R3
	MOVD $·geluTable(SB), R6
	VLD1R.P 4(R6), [V16.S4]
	VLD1R.P 4(R6), [V17.S4]
	VLD1R.P 4(R6), [V18.S4]
	VLD1R.P 4(R6), [V19.S4]
	VLD1R.P 4(R6), [V20.S4]
	VLD1R.P 4(R6), [V21.S4]
	VLD1R.P 4(R6), [V22.S4]
	VLD1R.P 4(R6), [V23.S4]
	VLD1R.P 4(R6), [V24.S4]
	VLD1R.P 4(R6), [V25.S4]
	VLD1R.P 4(R6), [V26.S4]
	VLD1R.P 4(R6), [V27.S4]
	VLD1R.P 4(R6), [V28.S4]
	VLD1R.P 4(R6), [V29.S4]
	VLD1R.P 4(R6), [V30.S4]
	VLD1R.P 4(R6), [V31.S4]
	ROWS(GELU)
	RET

// SWISH is x/(1 + 2^t) with t = x·(a + b·x²)·−log₂e, bounded at ±126 so that 2^⌊t⌋ is a number whose bits are made by adding
// ⌊t⌋ to its exponent. Below −126 it is lost beside 1 anyway.
//
//	V16 b·−log₂e, V17 a·−log₂e    V18 bound of x², so that b = 0 is not multiplied by Inf    V19, V20 bounds of t
//	V21 … V26 the coefficients of exp2, the last first, V26 = 1    V27 the 127 of the exponent
#define SWISH \
	FMUL(0, 0, 2)                      \
	FMUL(1, 1, 3)                      \
	FMIN(18, 2, 2)                     \
	FMIN(18, 3, 3)                     \
	PAIR(V17, V4, V5)                  \
	BOTH(V16, V16, V2, V3, V4, V5)     \
	FMUL(0, 4, 4)                      \
	FMUL(1, 5, 5)                      \
	FMIN(19, 4, 4)                     \
	FMIN(19, 5, 5)                     \
	FMAX(20, 4, 4)                     \
	FMAX(20, 5, 5)                     \
	FRINTM(4, 6)                       \
	FRINTM(5, 7)                       \
	FCVTMS(4, 2)                       \
	FCVTMS(5, 3)                       \
	FSUB(6, 4, 4)                      \
	FSUB(7, 5, 5)                      \
	VADD V27.S4, V2.S4, V2.S4          \
	VADD V27.S4, V3.S4, V3.S4          \
	VSHL $23, V2.S4, V2.S4             \
	VSHL $23, V3.S4, V3.S4             \
	PAIR(V22, V6, V7)                  \
	BOTH(V21, V21, V4, V5, V6, V7)     \
	PAIR(V23, V8, V9)                  \
	BOTH(V6, V7, V4, V5, V8, V9)       \
	PAIR(V24, V6, V7)                  \
	BOTH(V8, V9, V4, V5, V6, V7)       \
	PAIR(V25, V8, V9)                  \
	BOTH(V6, V7, V4, V5, V8, V9)       \
	PAIR(V26, V6, V7)                  \
	BOTH(V8, V9, V4, V5, V6, V7)       \
	PAIR(V26, V8, V9)                  \
	BOTH(V6, V7, V2, V3, V8, V9)       \
	FDIV(8, 0, 0)                      \
	FDIV(9, 1, 1)

// func swishNEON(x *float32, stride, rows, n int, a, b float32)
TEXT ·swishNEON(SB), NOSPLIT, $0-40
	MOVD  x+0(FP), R0
	MOVD  stride+8(FP), R1
	MOVD  rows+16(FP), R2
	MOVD  n+24(FP), R3
	FMOVS a+32(FP), F17
	FMOVS b+36(FP), F16
	MOVD  $·swishTable(SB), R6
	VLD1R.P 4(R6), [V18.S4]
	FMULS F18, F17, F17
	FMULS F18, F16, F16
	VDUP  V17.S[0], V17.S4
	VDUP  V16.S[0], V16.S4
	VLD1R.P 4(R6), [V18.S4]
	VLD1R.P 4(R6), [V19.S4]
	VLD1R.P 4(R6), [V20.S4]
	VLD1R.P 4(R6), [V21.S4]
	VLD1R.P 4(R6), [V22.S4]
	VLD1R.P 4(R6), [V23.S4]
	VLD1R.P 4(R6), [V24.S4]
	VLD1R.P 4(R6), [V25.S4]
	VLD1R.P 4(R6), [V26.S4]
	MOVD  $127, R7
	VDUP  R7, V27.S4
	ROWS(SWISH)
	RET

// func timesNEON(dst *float32, dstStride int, x *float32, xStride, rows, n int)
//
//	R0 row of dst, R1 its stride, R2 row of x, R3 its stride    R4 rows left, R5 n    R6, R7 places in the rows, R8 left of them
TEXT ·timesNEON(SB), NOSPLIT, $0-48
	MOVD dst+0(FP), R0
	MOVD dstStride+8(FP), R1
	LSL  $2, R1
	MOVD x+16(FP), R2
	MOVD xStride+24(FP), R3
	LSL  $2, R3
	MOVD rows+32(FP), R4
	MOVD n+40(FP), R5

timesRow:
	MOVD R0, R6
	MOVD R2, R7
	SUBS $8, R5, R8
	BLT  timesRest

timesPair:
	FLDPQ   (R6), (F0, F1)
	FLDPQ.P 32(R7), (F2, F3)
	FMUL(2, 0, 0)
	FMUL(3, 1, 1)
	FSTPQ.P (F0, F1), 32(R6)
	SUBS    $8, R8
	BGE     timesPair

timesRest:
	ADDS $8, R8
	BEQ  timesNext

timesOne:
	FMOVS   (R6), F0
	FMOVS.P 4(R7), F1
	FMULS   F1, F0, F0
	FMOVS.P F0, 4(R6)
	SUBS    $1, R8
	BNE     timesOne

timesNext:
	ADD  R1, R0
	ADD  R3, R2
	SUBS $1, R4
	BNE  timesRow
	RET
