//go:build !purego

#include "textflag.h"
#include "tails_amd64.h"

// TOTAL makes all lanes of X0 the sum of the lanes of Z0 to Z3.
#define TOTAL \
	VADDPS Z1, Z0, Z0            \
	VADDPS Z3, Z2, Z2            \
	VADDPS Z2, Z0, Z0            \
	VEXTRACTF64X4 $1, Z0, Y1     \
	VADDPS Y1, Y0, Y0            \
	VEXTRACTF128 $1, Y0, X1      \
	VADDPS X1, X0, X0            \
	VPERMILPS $0x4e, X0, X1      \
	VADDPS X1, X0, X0            \
	VPERMILPS $0xb1, X0, X1      \
	VADDPS X1, X0, X0

// SQUARE adds (x − mean)² of x in v to sum.
#define SQUARE(at, v, sum) \
	VMOVUPS at(BX), v          \
	VSUBPS  Z8, v, v           \
	VFMADD231PS v, v, sum

// func normAVX512(dst, x *float32, stride, rows, n int, scale, shift *float32, eps float32)
//
//	DI row of dst, SI row of x, R8 stride, R9 rows left, R11 scale, R12 shift    DX whole vectors, K1 the rest
//	Z8 mean, Z9 1/√(variance + eps)    X29 eps, X30 1, X31 1/n
TEXT ·normAVX512(SB), NOSPLIT, $0-60
	MOVQ       dst+0(FP), DI
	MOVQ       x+8(FP), SI
	MOVQ       stride+16(FP), R8
	SHLQ       $2, R8
	MOVQ       rows+24(FP), R9
	MOVQ       n+32(FP), DX
	MOVQ       scale+40(FP), R11
	MOVQ       shift+48(FP), R12
	VMOVSS     eps+56(FP), X29
	MOVL       $0x3f800000, AX
	VMOVD      AX, X30
	VXORPS     X0, X0, X0
	VCVTSI2SSQ DX, X0, X0
	VDIVSS     X0, X30, X31
	TAIL512(DX)

row:
	VPXORD Z0, Z0, Z0
	VPXORD Z1, Z1, Z1
	VPXORD Z2, Z2, Z2
	VPXORD Z3, Z3, Z3
	VPXORD Z8, Z8, Z8
	TESTQ  R12, R12
	JEQ    squares

	MOVQ SI, BX
	MOVQ DX, AX
	SUBQ $4, AX
	JLT  sumRest

sumLoop:
	VADDPS (BX), Z0, Z0
	VADDPS 64(BX), Z1, Z1
	VADDPS 128(BX), Z2, Z2
	VADDPS 192(BX), Z3, Z3
	ADDQ   $256, BX
	SUBQ   $4, AX
	JGE    sumLoop

sumRest:
	ADDQ $4, AX
	JEQ  sumTail

sumOne:
	VADDPS (BX), Z0, Z0
	ADDQ   $64, BX
	DECQ   AX
	JNE    sumOne

sumTail:
	VMOVUPS.Z (BX), K1, Z4
	VADDPS    Z4, Z1, Z1
	TOTAL
	VMULSS       X31, X0, X0
	VBROADCASTSS X0, Z8
	VPXORD       Z0, Z0, Z0
	VPXORD       Z1, Z1, Z1
	VPXORD       Z2, Z2, Z2
	VPXORD       Z3, Z3, Z3

squares:
	MOVQ SI, BX
	MOVQ DX, AX
	SUBQ $4, AX
	JLT  squaresRest

squaresLoop:
	SQUARE(0, Z4, Z0)
	SQUARE(64, Z5, Z1)
	SQUARE(128, Z6, Z2)
	SQUARE(192, Z7, Z3)
	ADDQ $256, BX
	SUBQ $4, AX
	JGE  squaresLoop

squaresRest:
	ADDQ $4, AX
	JEQ  squaresTail

squaresOne:
	SQUARE(0, Z4, Z0)
	ADDQ $64, BX
	DECQ AX
	JNE  squaresOne

squaresTail:
	VMOVUPS.Z   (BX), K1, Z4
	VSUBPS.Z    Z8, Z4, K1, Z4
	VFMADD231PS Z4, Z4, Z1
	TOTAL
	VFMADD213SS  X29, X31, X0
	VSQRTSS      X0, X0, X0
	VDIVSS       X0, X30, X0
	VBROADCASTSS X0, Z9

	MOVQ  DX, AX
	XORQ  BX, BX
	TESTQ R12, R12
	JEQ   scaled
	TESTQ AX, AX
	JEQ   shiftedTail

shifted:
	VMOVUPS     (SI)(BX*1), Z4
	VSUBPS      Z8, Z4, Z4
	VMULPS      Z9, Z4, Z4
	VMOVUPS     (R11)(BX*1), Z5
	VFMADD213PS (R12)(BX*1), Z5, Z4
	VMOVUPS     Z4, (DI)(BX*1)
	ADDQ        $64, BX
	DECQ        AX
	JNE         shifted

shiftedTail:
	VMOVUPS.Z   (SI)(BX*1), K1, Z4
	VSUBPS      Z8, Z4, Z4
	VMULPS      Z9, Z4, Z4
	VMOVUPS.Z   (R11)(BX*1), K1, Z5
	VMOVUPS.Z   (R12)(BX*1), K1, Z6
	VFMADD213PS Z6, Z5, Z4
	VMOVUPS     Z4, K1, (DI)(BX*1)
	JMP         next

scaled:
	TESTQ AX, AX
	JEQ   scaledTail

scaledLoop:
	VMULPS  (SI)(BX*1), Z9, Z4
	VMULPS  (R11)(BX*1), Z4, Z4
	VMOVUPS Z4, (DI)(BX*1)
	ADDQ    $64, BX
	DECQ    AX
	JNE     scaledLoop

scaledTail:
	VMOVUPS.Z (SI)(BX*1), K1, Z4
	VMULPS    Z9, Z4, Z4
	VMOVUPS.Z (R11)(BX*1), K1, Z5
	VMULPS    Z5, Z4, Z4
	VMOVUPS   Z4, K1, (DI)(BX*1)

next:
	ADDQ R8, SI
	ADDQ R8, DI
	DECQ R9
	JNE  row
	VZEROUPPER
	RET

// func beginRowsAVX512(dst *float32, stride, rows int, row *float32, n int, add bool)
//
// Column by column of vectors, so that each part of row is read once.
TEXT ·beginRowsAVX512(SB), NOSPLIT, $0-41
	MOVQ    dst+0(FP), DI
	MOVQ    stride+8(FP), R8
	SHLQ    $2, R8
	MOVQ    rows+16(FP), R9
	MOVQ    row+24(FP), SI
	MOVQ    n+32(FP), DX
	MOVBLZX add+40(FP), R10
	MOVL    $0xffff, AX
	KMOVW   AX, K1

column:
	CMPQ  DX, $16
	JGE   whole
	MOVQ  DX, CX
	MOVL  $1, AX
	SHLL  CX, AX
	DECL  AX
	KMOVW AX, K1

whole:
	VMOVUPS.Z (SI), K1, Z0
	MOVQ      DI, BX
	MOVQ      R9, AX
	TESTQ     R10, R10
	JNE       addRow

setRow:
	VMOVUPS Z0, K1, (BX)
	ADDQ    R8, BX
	DECQ    AX
	JNE     setRow
	JMP     nextColumn

addRow:
	VMOVUPS.Z (BX), K1, Z1
	VADDPS    Z0, Z1, Z1
	VMOVUPS   Z1, K1, (BX)
	ADDQ      R8, BX
	DECQ      AX
	JNE       addRow

nextColumn:
	ADDQ $64, SI
	ADDQ $64, DI
	SUBQ $16, DX
	JGT  column
	VZEROUPPER
	RET
