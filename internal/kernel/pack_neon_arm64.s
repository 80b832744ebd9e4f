//go:build !purego

#include "textflag.h"

// FOUR packs k[0:4][d:d+4], a 4×4 transposition. The rows of k are at R1, R5, R6, R7.
#define FOUR \
	FMOVQ (R1), F0              \
	FMOVQ (R5), F1              \
	FMOVQ (R6), F2              \
	FMOVQ (R7), F3              \
	VTRN1 V1.S4, V0.S4, V4.S4   \
	VTRN2 V1.S4, V0.S4, V5.S4   \
	VTRN1 V3.S4, V2.S4, V6.S4   \
	VTRN2 V3.S4, V2.S4, V7.S4   \
	VTRN1 V6.D2, V4.D2, V0.D2   \
	VTRN1 V7.D2, V5.D2, V1.D2   \
	VTRN2 V6.D2, V4.D2, V2.D2   \
	VTRN2 V7.D2, V5.D2, V3.D2   \
	FMOVQ F0, (R0)              \
	FMOVQ F1, 128(R0)           \
	FMOVQ F2, 256(R0)           \
	FMOVQ F3, 384(R0)

// func packKeys4NEON(dst, k *float32, stride, dim int)
TEXT ·packKeys4NEON(SB), NOSPLIT, $0-32
	MOVD dst+0(FP), R0
	MOVD k+8(FP), R1
	MOVD stride+16(FP), R2
	LSL  $2, R2
	MOVD dim+24(FP), R3
	ADD  R2, R1, R5
	ADD  R2, R5, R6
	ADD  R2, R6, R7
	SUB  $4, R3

keysLoop:
	FOUR
	SUBS $4, R3
	BLT  keysRest
	ADD  $16, R1
	ADD  $16, R5
	ADD  $16, R6
	ADD  $16, R7
	ADD  $512, R0
	B    keysLoop

keysRest:
	// R3 is −4 plus what is left: 0 to 3. The last four once more, some of them again.
	ADDS $4, R3
	BEQ  keysDone
	ADD  R3<<2, R1
	ADD  R3<<2, R5
	ADD  R3<<2, R6
	ADD  R3<<2, R7
	ADD  R3<<7, R0
	FOUR

keysDone:
	RET

// func packValues32NEON(dst, v *float32, stride, n int)
TEXT ·packValues32NEON(SB), NOSPLIT, $0-32
	MOVD dst+0(FP), R0
	MOVD v+8(FP), R1
	MOVD stride+16(FP), R2
	LSL  $2, R2
	MOVD n+24(FP), R3

copyRow:
	FLDPQ (R1), (F0, F1)
	FLDPQ 32(R1), (F2, F3)
	FLDPQ 64(R1), (F4, F5)
	FLDPQ 96(R1), (F6, F7)
	FSTPQ (F0, F1), (R0)
	FSTPQ (F2, F3), 32(R0)
	FSTPQ (F4, F5), 64(R0)
	FSTPQ (F6, F7), 96(R0)
	ADD   R2, R1
	ADD   $128, R0
	SUBS  $1, R3
	BNE   copyRow
	RET
