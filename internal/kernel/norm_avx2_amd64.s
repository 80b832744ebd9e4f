//go:build !purego

#include "textflag.h"
#include "tails_amd64.h"

// TOTAL makes all lanes of X0 the sum of the lanes of Y0 and Y1.
#define TOTAL \
	VADDPS Y1, Y0, Y0            \
	VEXTRACTF128 $1, Y0, X1      \
	VADDPS X1, X0, X0            \
	VPERMILPS $0x4e, X0, X1      \
	VADDPS X1, X0, X0            \
	VPERMILPS $0xb1, X0, X1      \
	VADDPS X1, X0, X0

// func normAVX2(dst, x *float32, stride, rows, n int, scale, shift *float32, eps float32)
//
//	DI row of dst, SI row of x, R8 stride, R9 rows left, R11 scale, R12 shift    DX whole vectors, Y15 mask of the rest
//	Y8 mean, Y9 1/√(variance + eps)    X12 eps, X13 1, X14 1/n
TEXT ·normAVX2(SB), NOSPLIT, $0-60
	MOVQ       dst+0(FP), DI
	MOVQ       x+8(FP), SI
	MOVQ       stride+16(FP), R8
	SHLQ       $2, R8
	MOVQ       rows+24(FP), R9
	MOVQ       n+32(FP), DX
	MOVQ       scale+40(FP), R11
	MOVQ       shift+48(FP), R12
	VMOVSS     eps+56(FP), X12
	MOVL       $0x3f800000, AX
	VMOVD      AX, X13
	VXORPS     X0, X0, X0
	VCVTSI2SSQ DX, X0, X0
	VDIVSS     X0, X13, X14
	TAIL256(DX)

row:
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y8, Y8, Y8
	TESTQ  R12, R12
	JEQ    squares
	MOVQ   SI, BX
	MOVQ   DX, AX
	SUBQ   $2, AX
	JLT    sumRest

sumLoop:
	VADDPS (BX), Y0, Y0
	VADDPS 32(BX), Y1, Y1
	ADDQ   $64, BX
	SUBQ   $2, AX
	JGE    sumLoop

sumRest:
	ADDQ   $2, AX
	JEQ    sumTail
	VADDPS (BX), Y0, Y0
	ADDQ   $32, BX

sumTail:
	VMASKMOVPS (BX), Y15, Y4
	VADDPS     Y4, Y1, Y1
	TOTAL
	VMULSS       X14, X0, X0
	VBROADCASTSS X0, Y8
	VXORPS       Y0, Y0, Y0
	VXORPS       Y1, Y1, Y1

squares:
	MOVQ SI, BX
	MOVQ DX, AX
	SUBQ $2, AX
	JLT  squaresRest

squaresLoop:
	VMOVUPS     (BX), Y4
	VMOVUPS     32(BX), Y5
	VSUBPS      Y8, Y4, Y4
	VSUBPS      Y8, Y5, Y5
	VFMADD231PS Y4, Y4, Y0
	VFMADD231PS Y5, Y5, Y1
	ADDQ        $64, BX
	SUBQ        $2, AX
	JGE         squaresLoop

squaresRest:
	ADDQ        $2, AX
	JEQ         squaresTail
	VMOVUPS     (BX), Y4
	VSUBPS      Y8, Y4, Y4
	VFMADD231PS Y4, Y4, Y0
	ADDQ        $32, BX

squaresTail:
	VMASKMOVPS  (BX), Y15, Y4
	VSUBPS      Y8, Y4, Y4
	VANDPS      Y15, Y4, Y4
	VFMADD231PS Y4, Y4, Y1
	TOTAL
	VFMADD213SS  X12, X14, X0
	VSQRTSS      X0, X0, X0
	VDIVSS       X0, X13, X0
	VBROADCASTSS X0, Y9

	// Without a shift the mean is 0 too, and what is added is Y7.
	VXORPS Y7, Y7, Y7
	MOVQ   DX, AX
	XORQ   BX, BX
	TESTQ  AX, AX
	JEQ    tail

scaled:
	VMOVUPS (SI)(BX*1), Y4
	VSUBPS  Y8, Y4, Y4
	VMULPS  Y9, Y4, Y4
	TESTQ   R12, R12
	JEQ     unshifted
	VMOVUPS (R12)(BX*1), Y7

unshifted:
	VMOVUPS     (R11)(BX*1), Y5
	VFMADD213PS Y7, Y5, Y4
	VMOVUPS     Y4, (DI)(BX*1)
	ADDQ        $32, BX
	DECQ        AX
	JNE         scaled

tail:
	TESTQ      CX, CX
	JEQ        next
	VMASKMOVPS (SI)(BX*1), Y15, Y4
	VSUBPS     Y8, Y4, Y4
	VMULPS     Y9, Y4, Y4
	TESTQ      R12, R12
	JEQ        unshiftedTail
	VMASKMOVPS (R12)(BX*1), Y15, Y7

unshiftedTail:
	VMASKMOVPS  (R11)(BX*1), Y15, Y5
	VFMADD213PS Y7, Y5, Y4
	VMASKMOVPS  Y4, Y15, (DI)(BX*1)

next:
	ADDQ R8, SI
	ADDQ R8, DI
	DECQ R9
	JNE  row
	VZEROUPPER
	RET

// func beginRowsAVX2(dst *float32, stride, rows int, row *float32, n int, add bool)
//
// Column by column of vectors, so that each part of row is read once.
TEXT ·beginRowsAVX2(SB), NOSPLIT, $0-41
	MOVQ    dst+0(FP), DI
	MOVQ    stride+8(FP), R8
	SHLQ    $2, R8
	MOVQ    rows+16(FP), R9
	MOVQ    row+24(FP), SI
	MOVQ    n+32(FP), DX
	MOVBLZX add+40(FP), R10
	LEAQ    ·tailMask+128(SB), R11

column:
	MOVQ    $8, CX
	CMPQ    DX, CX
	CMOVQLT DX, CX
	NEGQ    CX
	VMOVUPS (R11)(CX*4), Y15
	VMASKMOVPS (SI), Y15, Y0
	MOVQ    DI, BX
	MOVQ    R9, AX
	TESTQ   R10, R10
	JNE     addRow

setRow:
	VMASKMOVPS Y0, Y15, (BX)
	ADDQ       R8, BX
	DECQ       AX
	JNE        setRow
	JMP        nextColumn

addRow:
	VMASKMOVPS (BX), Y15, Y1
	VADDPS     Y0, Y1, Y1
	VMASKMOVPS Y1, Y15, (BX)
	ADDQ       R8, BX
	DECQ       AX
	JNE        addRow

nextColumn:
	ADDQ $32, SI
	ADDQ $32, DI
	SUBQ $8, DX
	JGT  column
	VZEROUPPER
	RET
