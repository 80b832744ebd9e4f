//go:build !purego

#include "textflag.h"
#include "tails_amd64.h"

// TURN makes Z0 and Z1, coordinates a and b, those of the turned points, with cos in Z2 and sin in Z3.
#define TURN \
	VMULPS      Z3, Z1, Z4 \
	VMULPS      Z3, Z0, Z5 \
	VFMSUB213PS Z4, Z2, Z0 \
	VFMADD213PS Z5, Z2, Z1

// func rotaryAVX512(x *float32, stride, rows, half int, cos, sin *float32)
//
//	DI row, R8 stride, R9 rows left    SI first half, BX second, R10 cos, R11 sin, AX place in them    R12 bytes of a half
//	DX whole vectors, K1 the rest
TEXT ·rotaryAVX512(SB), NOSPLIT, $0-48
	MOVQ x+0(FP), DI
	MOVQ stride+8(FP), R8
	SHLQ $2, R8
	MOVQ rows+16(FP), R9
	MOVQ half+24(FP), DX
	LEAQ (DX*4), R12
	MOVQ cos+32(FP), R10
	MOVQ sin+40(FP), R11
	TAIL512(DX)

row:
	MOVQ  DI, SI
	LEAQ  (DI)(R12*1), BX
	XORQ  AX, AX
	MOVQ  DX, R13
	TESTQ R13, R13
	JEQ   tail

vector:
	VMOVUPS (SI)(AX*1), Z0
	VMOVUPS (BX)(AX*1), Z1
	VMOVUPS (R10)(AX*1), Z2
	VMOVUPS (R11)(AX*1), Z3
	TURN
	VMOVUPS Z0, (SI)(AX*1)
	VMOVUPS Z1, (BX)(AX*1)
	ADDQ    $64, AX
	DECQ    R13
	JNE     vector

tail:
	TESTQ     CX, CX
	JEQ       next
	VMOVUPS.Z (SI)(AX*1), K1, Z0
	VMOVUPS.Z (BX)(AX*1), K1, Z1
	VMOVUPS.Z (R10)(AX*1), K1, Z2
	VMOVUPS.Z (R11)(AX*1), K1, Z3
	TURN
	VMOVUPS   Z0, K1, (SI)(AX*1)
	VMOVUPS   Z1, K1, (BX)(AX*1)

next:
	ADDQ R8, DI
	DECQ R9
	JNE  row
	VZEROUPPER
	RET
