//go:build !purego

#include "textflag.h"
#include "tails_amd64.h"

// TURN makes Y0 and Y1, coordinates a and b, those of the turned points, with cos in Y2 and sin in Y3.
#define TURN \
	VMULPS      Y3, Y1, Y4 \
	VMULPS      Y3, Y0, Y5 \
	VFMSUB213PS Y4, Y2, Y0 \
	VFMADD213PS Y5, Y2, Y1

// func rotaryAVX2(x *float32, stride, rows, half int, cos, sin *float32)
//
//	DI row, R8 stride, R9 rows left    SI first half, BX second, R10 cos, R11 sin, AX place in them    R12 bytes of a half
//	DX whole vectors, Y15 mask of the rest
TEXT ·rotaryAVX2(SB), NOSPLIT, $0-48
	MOVQ x+0(FP), DI
	MOVQ stride+8(FP), R8
	SHLQ $2, R8
	MOVQ rows+16(FP), R9
	MOVQ half+24(FP), DX
	LEAQ (DX*4), R12
	MOVQ cos+32(FP), R10
	MOVQ sin+40(FP), R11
	TAIL256(DX)

row:
	MOVQ  DI, SI
	LEAQ  (DI)(R12*1), BX
	XORQ  AX, AX
	MOVQ  DX, R13
	TESTQ R13, R13
	JEQ   tail

vector:
	VMOVUPS (SI)(AX*1), Y0
	VMOVUPS (BX)(AX*1), Y1
	VMOVUPS (R10)(AX*1), Y2
	VMOVUPS (R11)(AX*1), Y3
	TURN
	VMOVUPS Y0, (SI)(AX*1)
	VMOVUPS Y1, (BX)(AX*1)
	ADDQ    $32, AX
	DECQ    R13
	JNE     vector

tail:
	TESTQ      CX, CX
	JEQ        next
	VMASKMOVPS (SI)(AX*1), Y15, Y0
	VMASKMOVPS (BX)(AX*1), Y15, Y1
	VMASKMOVPS (R10)(AX*1), Y15, Y2
	VMASKMOVPS (R11)(AX*1), Y15, Y3
	TURN
	VMASKMOVPS Y0, Y15, (SI)(AX*1)
	VMASKMOVPS Y1, Y15, (BX)(AX*1)

next:
	ADDQ R8, DI
	DECQ R9
	JNE  row
	VZEROUPPER
	RET
