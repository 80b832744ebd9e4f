//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// EXP2 makes V8 … V11 the exponentials 2^t of t in V0 … V3, t ≤ 0; 0 where t < −100. NaN gives NaN. For the steps see
// exp2Table. R5 points to exp2Lanes: the coefficients are loaded where FMLA adds to them, as a copy of a register would take
// the place of a multiplication. V24 = −101, V25 = 101 as int32, V26 the last coefficient.
#define EXP2 \
	FMAX(24, 0, 0)                    \
	FMAX(24, 1, 1)                    \
	FMAX(24, 2, 2)                    \
	FMAX(24, 3, 3)                    \
	FMOVQ 64(R5), F8                  \
	FMOVQ 64(R5), F9                  \
	FMOVQ 64(R5), F10                 \
	FMOVQ 64(R5), F11                 \
	FRINTM(0, 4)                      \
	FRINTM(1, 5)                      \
	FRINTM(2, 6)                      \
	FRINTM(3, 7)                      \
	FCVTMS(0, 12)                     \
	FCVTMS(1, 13)                     \
	FCVTMS(2, 14)                     \
	FCVTMS(3, 15)                     \
	FSUB(4, 0, 0)                     \
	FSUB(5, 1, 1)                     \
	FSUB(6, 2, 2)                     \
	FSUB(7, 3, 3)                     \
	VFMLA V26.S4, V0.S4, V8.S4        \
	VFMLA V26.S4, V1.S4, V9.S4        \
	VFMLA V26.S4, V2.S4, V10.S4       \
	VFMLA V26.S4, V3.S4, V11.S4       \
	VADD  V25.S4, V12.S4, V12.S4      \
	VADD  V25.S4, V13.S4, V13.S4      \
	VADD  V25.S4, V14.S4, V14.S4      \
	VADD  V25.S4, V15.S4, V15.S4      \
	FMOVQ 48(R5), F4                  \
	FMOVQ 48(R5), F5                  \
	FMOVQ 48(R5), F6                  \
	FMOVQ 48(R5), F7                  \
	VFMLA V8.S4, V0.S4, V4.S4         \
	VFMLA V9.S4, V1.S4, V5.S4         \
	VFMLA V10.S4, V2.S4, V6.S4        \
	VFMLA V11.S4, V3.S4, V7.S4        \
	VSHL  $23, V12.S4, V12.S4         \
	VSHL  $23, V13.S4, V13.S4         \
	VSHL  $23, V14.S4, V14.S4         \
	VSHL  $23, V15.S4, V15.S4         \
	FMOVQ 32(R5), F8                  \
	FMOVQ 32(R5), F9                  \
	FMOVQ 32(R5), F10                 \
	FMOVQ 32(R5), F11                 \
	VFMLA V4.S4, V0.S4, V8.S4         \
	VFMLA V5.S4, V1.S4, V9.S4         \
	VFMLA V6.S4, V2.S4, V10.S4        \
	VFMLA V7.S4, V3.S4, V11.S4        \
	FMOVQ 16(R5), F4                  \
	FMOVQ 16(R5), F5                  \
	FMOVQ 16(R5), F6                  \
	FMOVQ 16(R5), F7                  \
	VFMLA V8.S4, V0.S4, V4.S4         \
	VFMLA V9.S4, V1.S4, V5.S4         \
	VFMLA V10.S4, V2.S4, V6.S4        \
	VFMLA V11.S4, V3.S4, V7.S4        \
	FMOVQ (R5), F8                    \
	FMOVQ (R5), F9                    \
	FMOVQ (R5), F10                   \
	FMOVQ (R5), F11                   \
	VFMLA V4.S4, V0.S4, V8.S4         \
	VFMLA V5.S4, V1.S4, V9.S4         \
	VFMLA V6.S4, V2.S4, V10.S4        \
	VFMLA V7.S4, V3.S4, V11.S4        \
	FMUL(12, 8, 8)                    \
	FMUL(13, 9, 9)                    \
	FMUL(14, 10, 10)                  \
	FMUL(15, 11, 11)

// WEIGHTS makes V8 … V11 the exponentials of the scores in V0 … V3. V28 = top, V31 = c in lane 0.
#define WEIGHTS \
	FSUB(28, 0, 0)       \
	FSUB(28, 1, 1)       \
	FSUB(28, 2, 2)       \
	FSUB(28, 3, 3)       \
	FMULLANE0(31, 0, 0)  \
	FMULLANE0(31, 1, 1)  \
	FMULLANE0(31, 2, 2)  \
	FMULLANE0(31, 3, 3)  \
	EXP2

// func softmaxNEON(s *float32, stride, rows, n int, c float32, rowMax, rowSum, rescale *float32)
//
//	R0 row, R1 stride, R2 rows left    R3 n/16, R4 n%16    R5 exp2Lanes
//	R6 rowMax, R7 rowSum, R8 rescale    V16 … V19 the sums of sixteen lanes    V27 = −Inf
//
// First the largest score of every row, kept in rescale; then row by row rescale and the exponentials. FMAXNM passes over
// NaN, as generic.go does, if it is a quiet one, as all are that come out of arithmetic.
TEXT ·softmaxNEON(SB), NOSPLIT, $64-64
	MOVD  s+0(FP), R0
	MOVD  stride+8(FP), R1
	LSL   $2, R1
	MOVD  rows+16(FP), R2
	MOVD  n+24(FP), R4
	FMOVS c+32(FP), F31
	MOVD  rowMax+40(FP), R6
	MOVD  rowSum+48(FP), R7
	MOVD  rescale+56(FP), R8
	MOVD  $·exp2Lanes(SB), R5
	LSR   $4, R4, R3
	AND   $15, R4
	FMOVQ 80(R5), F26
	FMOVQ 96(R5), F24
	MOVD  $101, R9
	VDUP  R9, V25.S4
	FMOVQ 128(R5), F27

	MOVD R0, R10
	MOVD R2, R11
	MOVD R8, R12

maxRow:
	VMOV V27.B16, V16.B16
	VMOV V27.B16, V17.B16
	VMOV V27.B16, V18.B16
	VMOV V27.B16, V19.B16
	VMOV V27.B16, V20.B16
	MOVD R10, R13
	CBZ  R3, maxRest
	MOVD R3, R14

maxLoop:
	FLDPQ.P 32(R13), (F0, F1)
	FLDPQ.P 32(R13), (F2, F3)
	FMAXNM(0, 16, 16)
	FMAXNM(1, 17, 17)
	FMAXNM(2, 18, 18)
	FMAXNM(3, 19, 19)
	SUBS    $1, R14
	BNE     maxLoop

maxRest:
	CBZ  R4, maxDone
	MOVD R4, R14

maxOne:
	FMOVS.P 4(R13), F0
	FMAXNMS F0, F20, F20
	SUBS    $1, R14
	BNE     maxOne

maxDone:
	FMAXNM(17, 16, 16)
	FMAXNM(19, 18, 18)
	FMAXNM(18, 16, 16)
	FMAXNMV(16, 16)
	FMAXNMS F20, F16, F16
	FMOVS.P F16, 4(R12)
	ADD     R1, R10
	SUBS    $1, R11
	BNE     maxRow

row:
	// rowMax; V28 = top, or 0 where no key was seen; rescale; rowSum without the new weights.
	FMOVS    (R6), F0
	FMOVS    (R8), F1
	FMAXNMS  F0, F1, F1
	FMOVS.P  F1, 4(R6)
	FMOVS    ZR, F2
	FCMPS    F27, F1
	FCSELS   EQ, F2, F1, F28
	VDUP     V28.S[0], V28.S4
	WEIGHTS
	FMOVS.P  F8, 4(R8)
	FMOVS    (R7), F29
	FMULS    F8, F29, F29

	VEOR V16.B16, V16.B16, V16.B16
	VEOR V17.B16, V17.B16, V17.B16
	VEOR V18.B16, V18.B16, V18.B16
	VEOR V19.B16, V19.B16, V19.B16
	MOVD R0, R13
	CBZ  R3, expRest
	MOVD R3, R14

expLoop:
	FLDPQ   (R13), (F0, F1)
	FLDPQ   32(R13), (F2, F3)
	WEIGHTS
	FSTPQ.P (F8, F9), 32(R13)
	FSTPQ.P (F10, F11), 32(R13)
	FADD(8, 16, 16)
	FADD(9, 17, 17)
	FADD(10, 18, 18)
	FADD(11, 19, 19)
	SUBS    $1, R14
	BNE     expLoop

	// The rest goes through memory of sixteen scores, of which the others are −Inf.
expRest:
	CBZ   R4, sum
	MOVD  $rest-64(SP), R15
	FSTPQ (F27, F27), (R15)
	FSTPQ (F27, F27), 32(R15)
	MOVD  R13, R11
	MOVD  R4, R14

restIn:
	MOVWU.P 4(R11), R9
	MOVW.P  R9, 4(R15)
	SUBS    $1, R14
	BNE     restIn

	MOVD  $rest-64(SP), R15
	FLDPQ (R15), (F0, F1)
	FLDPQ 32(R15), (F2, F3)
	WEIGHTS
	FSTPQ (F8, F9), (R15)
	FSTPQ (F10, F11), 32(R15)
	FADD(8, 16, 16)
	FADD(9, 17, 17)
	FADD(10, 18, 18)
	FADD(11, 19, 19)
	MOVD  R4, R14

restOut:
	MOVWU.P 4(R15), R9
	MOVW.P  R9, 4(R13)
	SUBS    $1, R14
	BNE     restOut

	// As softmaxAVX512 adds them: lanes j and j+8, then j+4, j+2, j+1.
sum:
	FADD(18, 16, 16)
	FADD(19, 17, 17)
	FADD(17, 16, 16)
	VEXT    $8, V16.B16, V16.B16, V17.B16
	FADD(17, 16, 16)
	FADDP(16, 16, 16)
	FADDS   F29, F16, F16
	FMOVS.P F16, 4(R7)

	ADD  R1, R0
	SUBS $1, R2
	BNE  row
	RET
