//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// More of the tables in neon_arm64.h: FMLA, d = d + n·m (U 0, o2 0, opcode 11001); FABS (U 0, o2 1, opcode 01111); FCVTL and
// FCVTL2, the lower and the upper two float32 as float64 (U 0, o2 0, opcode 10111, sz 1; Q says which).
#define FMLA(m, n, d) THREE(0x4E20CC00, m, n, d)
#define FABS(n, d)    TWO(0x4EA0F800, n, d)
#define FCVTL(n, d)   TWO(0x0E617800, n, d)
#define FCVTL2(n, d)  TWO(0x4E617800, n, d)

// FADD2D adds two float64 (FADD of vectors, sz 1).
#define FADD2D(m, n, d) THREE(0x4E60D400, m, n, d)

// CLEAR makes four registers 0.
#define CLEAR(a, b, c, d) \
	VEOR a.B16, a.B16, a.B16 \
	VEOR b.B16, b.B16, b.B16 \
	VEOR c.B16, c.B16, c.B16 \
	VEOR d.B16, d.B16, d.B16

// TERMS adds p and scores s: to the register sum p, to product p·max((s−top)·c, −100), to moment p·|distance|, and moves the
// distances on by 16. It uses V31. V27 −100, V28 16, V29 top, V30 c in lane 0.
#define TERMS(p, s, distance, sum, product, moment) \
	FSUB(29, s, s)              \
	FMULLANE0(30, s, s)         \
	FMAX(27, s, s)              \
	FADD(p, sum, sum)           \
	FMLA(p, s, product)         \
	FABS(distance, 31)          \
	FMLA(p, 31, moment)         \
	FSUB(28, distance, distance)

// ACROSS makes F0 the sum of the lanes of V0 … V3, whose numbers are a, b, c, d.
#define ACROSS(a, b, c, d) \
	FADD(b, a, a)  \
	FADD(d, c, c)  \
	FADD(c, a, a)  \
	FADDP(a, a, a) \
	FADDP(a, a, a)

// func momentsNEON(p, scores *float32, n int, top, c, distance float32) (sum, product, moment float32)
//
//	V0 … V3 sums, V4 … V7 products, V8 … V11 moments, V12 … V15 distances
TEXT ·momentsNEON(SB), NOSPLIT, $0-52
	MOVD  p+0(FP), R0
	MOVD  scores+8(FP), R1
	MOVD  n+16(FP), R2
	FMOVS top+24(FP), F29
	FMOVS c+28(FP), F30
	FMOVS distance+32(FP), F12
	VDUP  V29.S[0], V29.S4
	VDUP  V12.S[0], V12.S4
	FMOVS $16.0, F28
	VDUP  V28.S[0], V28.S4
	MOVW  $0xc2c80000, R3
	VDUP  R3, V27.S4
	CLEAR(V0, V1, V2, V3)
	CLEAR(V4, V5, V6, V7)
	CLEAR(V8, V9, V10, V11)

	// 0 1 2 3, and then 4 for each vector.
	MOVD  $0x0000000100000000, R3
	VMOV  R3, V16.D[0]
	MOVD  $0x0000000300000002, R3
	VMOV  R3, V16.D[1]
	SCVTF(16, 16)
	FSUB(16, 12, 12)
	FMOVS $4.0, F16
	VDUP  V16.S[0], V16.S4
	FSUB(16, 12, 13)
	FSUB(16, 13, 14)
	FSUB(16, 14, 15)

momentsLoop:
	FLDPQ.P 32(R0), (F16, F17)
	FLDPQ.P 32(R0), (F18, F19)
	FLDPQ.P 32(R1), (F20, F21)
	FLDPQ.P 32(R1), (F22, F23)
	TERMS(16, 20, 12, 0, 4, 8)
	TERMS(17, 21, 13, 1, 5, 9)
	TERMS(18, 22, 14, 2, 6, 10)
	TERMS(19, 23, 15, 3, 7, 11)
	SUBS    $16, R2
	BGT     momentsLoop
	ACROSS(0, 1, 2, 3)
	ACROSS(4, 5, 6, 7)
	ACROSS(8, 9, 10, 11)
	FMOVS   F0, sum+40(FP)
	FMOVS   F4, product+44(FP)
	FMOVS   F8, moment+48(FP)
	RET

// func aboveNEON(s *float32, n int, bound float32) (first int)
//
// FMAXNM passes NaN over, and what is compared is then not above the bound if all are NaN.
TEXT ·aboveNEON(SB), NOSPLIT, $0-32
	MOVD  s+0(FP), R0
	MOVD  n+8(FP), R1
	FMOVS bound+16(FP), F30
	MOVD  ZR, R2

aboveLoop:
	FLDPQ.P 32(R0), (F0, F1)
	FLDPQ.P 32(R0), (F2, F3)
	FMAXNM(1, 0, 0)
	FMAXNM(3, 2, 2)
	FMAXNM(2, 0, 0)
	FMAXNMV(0, 0)
	FCMPS   F30, F0
	BGT     aboveDone
	ADD     $16, R2
	CMP     R1, R2
	BLT     aboveLoop

aboveDone:
	MOVD R2, first+24(FP)
	RET

// func columnsNEON(sum, top, w *float32, stride, rows, n int, factor *float32, on bool)
TEXT ·columnsNEON(SB), NOSPLIT, $0-57
	MOVD sum+0(FP), R0
	MOVD top+8(FP), R1
	MOVD w+16(FP), R2
	MOVD stride+24(FP), R3
	LSL  $2, R3
	MOVD rows+32(FP), R4
	MOVD n+40(FP), R5
	MOVD factor+48(FP), R6
	MOVBU on+56(FP), R10

columnsLoop:
	CLEAR(V0, V1, V2, V3)
	CLEAR(V4, V5, V6, V7)
	CBZ   R10, columnsFresh
	FLDPQ (R0), (F0, F1)
	FLDPQ 32(R0), (F2, F3)
	FLDPQ (R1), (F4, F5)
	FLDPQ 32(R1), (F6, F7)

columnsFresh:
	MOVD R2, R7
	MOVD R4, R8
	MOVD R6, R9

columnsRow:
	FMOVS.P 4(R9), F16
	FLDPQ   (R7), (F17, F18)
	FLDPQ   32(R7), (F19, F20)
	FMULLANE0(16, 17, 17)
	FMULLANE0(16, 18, 18)
	FMULLANE0(16, 19, 19)
	FMULLANE0(16, 20, 20)
	FADD(17, 0, 0)
	FADD(18, 1, 1)
	FADD(19, 2, 2)
	FADD(20, 3, 3)
	FMAXNM(17, 4, 4)
	FMAXNM(18, 5, 5)
	FMAXNM(19, 6, 6)
	FMAXNM(20, 7, 7)
	ADD     R3, R7
	SUBS    $1, R8
	BNE     columnsRow
	FSTPQ.P (F0, F1), 32(R0)
	FSTPQ.P (F2, F3), 32(R0)
	FSTPQ.P (F4, F5), 32(R1)
	FSTPQ.P (F6, F7), 32(R1)
	ADD     $64, R2
	SUBS    $16, R5
	BGT     columnsLoop
	RET

// func addToNEON(dst *float64, src *float32, n int)
TEXT ·addToNEON(SB), NOSPLIT, $0-24
	MOVD dst+0(FP), R0
	MOVD src+8(FP), R1
	MOVD n+16(FP), R2

addToLoop:
	FLDPQ.P 32(R1), (F0, F1)
	FCVTL(0, 2)
	FCVTL2(0, 3)
	FCVTL(1, 4)
	FCVTL2(1, 5)
	FLDPQ   (R0), (F6, F7)
	FLDPQ   32(R0), (F8, F9)
	FADD2D(2, 6, 6)
	FADD2D(3, 7, 7)
	FADD2D(4, 8, 8)
	FADD2D(5, 9, 9)
	FSTPQ.P (F6, F7), 32(R0)
	FSTPQ.P (F8, F9), 32(R0)
	SUBS    $8, R2
	BGT     addToLoop
	RET

// func addMaxNEON(sum, top, s, t *float32, n int)
TEXT ·addMaxNEON(SB), NOSPLIT, $0-40
	MOVD sum+0(FP), R0
	MOVD top+8(FP), R1
	MOVD s+16(FP), R2
	MOVD t+24(FP), R3
	MOVD n+32(FP), R4

addMaxLoop:
	FLDPQ.P 32(R2), (F0, F1)
	FLDPQ.P 32(R3), (F2, F3)
	FLDPQ   (R0), (F4, F5)
	FLDPQ   (R1), (F6, F7)
	FADD(0, 4, 4)
	FADD(1, 5, 5)
	FMAXNM(2, 6, 6)
	FMAXNM(3, 7, 7)
	FSTPQ.P (F4, F5), 32(R0)
	FSTPQ.P (F6, F7), 32(R1)
	SUBS    $8, R4
	BGT     addMaxLoop
	RET

// func addScaledNEON(dst *float32, a float32, src *float32, n int)
TEXT ·addScaledNEON(SB), NOSPLIT, $0-32
	MOVD  dst+0(FP), R0
	FMOVS a+8(FP), F31
	MOVD  src+16(FP), R1
	MOVD  n+24(FP), R2

addScaledLoop:
	FLDPQ.P 32(R1), (F0, F1)
	FLDPQ   (R0), (F2, F3)
	FMLALANE0(31, 0, 2)
	FMLALANE0(31, 1, 3)
	FSTPQ.P (F2, F3), 32(R0)
	SUBS    $8, R2
	BGT     addScaledLoop
	RET
