//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// func expandHalfNEON(dst *float32, src *uint16, n int)
TEXT ·expandHalfNEON(SB), NOSPLIT, $0-24
	MOVD dst+0(FP), R0
	MOVD src+8(FP), R1
	MOVD n+16(FP), R2

halfLoop:
	FMOVQ.P 16(R1), F0
	FCVTLH(0, 1)
	FCVTLH2(0, 2)
	FSTPQ.P (F1, F2), 32(R0)
	SUBS    $8, R2
	BGT     halfLoop
	RET

// func expandBFloat16NEON(dst *float32, src *uint16, n int)
TEXT ·expandBFloat16NEON(SB), NOSPLIT, $0-24
	MOVD dst+0(FP), R0
	MOVD src+8(FP), R1
	MOVD n+16(FP), R2

bfloatLoop:
	FMOVQ.P 16(R1), F0
	SHLL(0, 1)
	SHLL2(0, 2)
	FSTPQ.P (F1, F2), 32(R0)
	SUBS    $8, R2
	BGT     bfloatLoop
	RET
