//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// FCVTL widens the lower four float16 of n, FCVTL2 the upper four: "two-register miscellaneous" with opcode 10111, sz = 0,
// Q = 0 or 1. SHLL and SHLL2 (opcode 10011, U = 1, size 01) widen by 16 bits and shift left by as many, which is what turns
// a bfloat16 into a float32.
#define FCVTL(n, d)  TWO(0x0E217800, n, d)
#define FCVTL2(n, d) TWO(0x4E217800, n, d)
#define SHLL(n, d)   TWO(0x2E613800, n, d)
#define SHLL2(n, d)  TWO(0x6E613800, n, d)

// func expandHalfNEON(dst *float32, src *uint16, n int)
TEXT ·expandHalfNEON(SB), NOSPLIT, $0-24
	MOVD dst+0(FP), R0
	MOVD src+8(FP), R1
	MOVD n+16(FP), R2

halfLoop:
	FMOVQ.P 16(R1), F0
	FCVTL(0, 1)
	FCVTL2(0, 2)
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
