//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// func combineNEON(dst *float32, a float32, src *float32, b float32, n int)
TEXT ·combineNEON(SB), NOSPLIT, $0-40
	MOVD  dst+0(FP), R0
	FMOVS a+8(FP), F30
	MOVD  src+16(FP), R1
	FMOVS b+24(FP), F31
	MOVD  n+32(FP), R2

combineLoop:
	FLDPQ   (R1), (F0, F1)
	FLDPQ   (R0), (F2, F3)
	FMULLANE0(31, 0, 0)
	FMULLANE0(31, 1, 1)
	FMLALANE0(30, 2, 0)
	FMLALANE0(30, 3, 1)
	FSTPQ.P (F0, F1), 32(R0)
	ADD     $32, R1
	SUBS    $8, R2
	BGT     combineLoop
	RET

// func scaleNEON(dst *float32, a float32, src *float32, n int)
TEXT ·scaleNEON(SB), NOSPLIT, $0-32
	MOVD  dst+0(FP), R0
	FMOVS a+8(FP), F31
	MOVD  src+16(FP), R1
	MOVD  n+24(FP), R2

scaleLoop:
	FLDPQ.P 32(R1), (F0, F1)
	FMULLANE0(31, 0, 0)
	FMULLANE0(31, 1, 1)
	FSTPQ.P (F0, F1), 32(R0)
	SUBS    $8, R2
	BGT     scaleLoop
	RET

// func finiteNEON(x *float32, n int) bool
//
// 0·x is NaN for NaN and Inf, and stays so in the sum.
TEXT ·finiteNEON(SB), NOSPLIT, $0-17
	MOVD x+0(FP), R0
	MOVD n+8(FP), R1
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16
	VEOR V2.B16, V2.B16, V2.B16

finiteLoop:
	FLDPQ.P 32(R0), (F3, F4)
	VFMLA   V0.S4, V3.S4, V1.S4
	VFMLA   V0.S4, V4.S4, V2.S4
	SUBS    $8, R1
	BGT     finiteLoop

	FADD(2, 1, 1)
	FADDP(1, 1, 1)
	FADDP(1, 1, 1)
	FCMPS F1, F1
	CSET  VC, R2
	MOVB  R2, ret+16(FP)
	RET
