//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// TURN makes V4 and V5 the coordinates of the turned points, of V0 and V1, coordinates a and b, with cos in V2 and sin in V3.
#define TURN \
	FMUL(2, 0, 4)               \
	FMUL(2, 1, 5)               \
	VFMLS V3.S4, V1.S4, V4.S4   \
	VFMLA V3.S4, V0.S4, V5.S4

// func rotaryNEON(x *float32, stride, rows, half int, cos, sin *float32)
//
//	R0 row, R1 stride, R2 rows left    R3 half    R4 cos, R5 sin    R6 first half, R7 second, R8 cos, R9 sin from some place on
//
// What is left of a row is turned number by number, in lane 0 of the same instructions.
TEXT ·rotaryNEON(SB), NOSPLIT, $0-48
	MOVD x+0(FP), R0
	MOVD stride+8(FP), R1
	LSL  $2, R1
	MOVD rows+16(FP), R2
	MOVD half+24(FP), R3
	MOVD cos+32(FP), R4
	MOVD sin+40(FP), R5

row:
	MOVD R0, R6
	ADD  R3<<2, R0, R7
	MOVD R4, R8
	MOVD R5, R9
	SUBS $4, R3, R10
	BLT  rest

vector:
	FMOVQ   (R6), F0
	FMOVQ   (R7), F1
	FMOVQ.P 16(R8), F2
	FMOVQ.P 16(R9), F3
	TURN
	FMOVQ.P F4, 16(R6)
	FMOVQ.P F5, 16(R7)
	SUBS    $4, R10
	BGE     vector

rest:
	ADDS $4, R10
	BEQ  next

one:
	FMOVS   (R6), F0
	FMOVS   (R7), F1
	FMOVS.P 4(R8), F2
	FMOVS.P 4(R9), F3
	TURN
	FMOVS.P F4, 4(R6)
	FMOVS.P F5, 4(R7)
	SUBS    $1, R10
	BNE     one

next:
	ADD  R1, R0
	SUBS $1, R2
	BNE  row
	RET
