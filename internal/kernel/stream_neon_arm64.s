//go:build !purego

#include "textflag.h"

// func sumNEON(x *uint64, n int) uint64
//
// As sumAVX2: halves side by side, each line asked for a kilobyte ahead.
TEXT ·sumNEON(SB), NOSPLIT, $0-24
	MOVD x+0(FP), R0
	MOVD n+8(FP), R1
	ADD  R1<<2, R0, R2
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16
	VEOR V2.B16, V2.B16, V2.B16
	VEOR V3.B16, V3.B16, V3.B16

sumLoop:
	PRFM    1024(R0), PLDL1KEEP
	PRFM    1024(R2), PLDL1KEEP
	FLDPQ.P 32(R0), (F4, F5)
	FLDPQ.P 32(R2), (F6, F7)
	VADD    V4.D2, V0.D2, V0.D2
	VADD    V5.D2, V1.D2, V1.D2
	VADD    V6.D2, V2.D2, V2.D2
	VADD    V7.D2, V3.D2, V3.D2
	FLDPQ.P 32(R0), (F4, F5)
	FLDPQ.P 32(R2), (F6, F7)
	VADD    V4.D2, V0.D2, V0.D2
	VADD    V5.D2, V1.D2, V1.D2
	VADD    V6.D2, V2.D2, V2.D2
	VADD    V7.D2, V3.D2, V3.D2
	SUBS    $16, R1
	BGT     sumLoop

	VADD  V1.D2, V0.D2, V0.D2
	VADD  V3.D2, V2.D2, V2.D2
	VADD  V2.D2, V0.D2, V0.D2
	VADDP V0.D2, V0.D2, V0.D2
	FMOVD F0, R3
	MOVD  R3, ret+16(FP)
	RET
