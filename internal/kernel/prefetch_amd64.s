//go:build !purego

#include "textflag.h"

// func prefetch(x *float32, stride, rows, lines int)
TEXT ·prefetch(SB), NOSPLIT, $0-32
	MOVQ x+0(FP), SI
	MOVQ stride+8(FP), R8
	SHLQ $2, R8
	MOVQ rows+16(FP), CX
	MOVQ lines+24(FP), DX

prefetchRow:
	MOVQ SI, DI
	MOVQ DX, AX

prefetchLine:
	PREFETCHT2 (DI)
	ADDQ $64, DI
	DECQ AX
	JNE  prefetchLine

	ADDQ R8, SI
	DECQ CX
	JNE  prefetchRow
	RET
