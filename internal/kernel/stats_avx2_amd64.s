//go:build !purego

#include "textflag.h"
#include "tails_amd64.h"

// SUM leaves in lane 0 of x the sum of y's eight; it uses X15.
#define SUM(y, x) \
	VEXTRACTF128 $1, y, X15    \
	VADDPS       X15, x, x     \
	VPERMILPS    $0x4e, x, X15 \
	VADDPS       X15, x, x     \
	VPERMILPS    $0xb1, x, X15 \
	VADDSS       X15, x, x

// MOMENTS adds p = Y6 and scores Y7: Y0 Σ p, Y1 Σ p·max((s−top)·c, −100), Y2 Σ p·|distance|. Y8 top, Y9 c, Y10 −100,
// Y11 all bits but the sign, Y12 distances, Y13 8.
//
// VMAXPS gives its last operand, here the first, where one is NaN; p is NaN then too.
#define MOMENTS \
	VSUBPS      Y8, Y7, Y7   \
	VMULPS      Y9, Y7, Y7   \
	VMAXPS      Y10, Y7, Y7  \
	VADDPS      Y6, Y0, Y0   \
	VFMADD231PS Y7, Y6, Y1   \
	VANDPS      Y11, Y12, Y7 \
	VFMADD231PS Y7, Y6, Y2   \
	VSUBPS      Y13, Y12, Y12

// func momentsAVX2(p, scores *float32, n int, top, c, distance float32) (sum, product, moment float32)
TEXT ·momentsAVX2(SB), NOSPLIT, $0-52
	MOVQ         p+0(FP), SI
	MOVQ         scores+8(FP), DI
	MOVQ         n+16(FP), DX
	VBROADCASTSS top+24(FP), Y8
	VBROADCASTSS c+28(FP), Y9
	VBROADCASTSS distance+32(FP), Y12
	VSUBPS       ·ramp(SB), Y12, Y12
	MOVL         $0xc2c80000, AX
	VMOVD        AX, X10
	VPBROADCASTD X10, Y10
	MOVL         $0x41000000, AX
	VMOVD        AX, X13
	VPBROADCASTD X13, Y13
	VPCMPEQD     Y11, Y11, Y11
	VPSRLD       $1, Y11, Y11
	VXORPS       Y0, Y0, Y0
	VXORPS       Y1, Y1, Y1
	VXORPS       Y2, Y2, Y2
	TAIL256(DX)
	TESTQ        DX, DX
	JEQ          momentsTail

momentsLoop:
	VMOVUPS (SI), Y6
	VMOVUPS (DI), Y7
	MOMENTS
	ADDQ    $32, SI
	ADDQ    $32, DI
	DECQ    DX
	JNE     momentsLoop

momentsTail:
	TESTQ      CX, CX
	JEQ        momentsDone
	VMASKMOVPS (SI), Y15, Y6
	VMASKMOVPS (DI), Y15, Y7
	MOMENTS

momentsDone:
	SUM(Y0, X0)
	SUM(Y1, X1)
	SUM(Y2, X2)
	VMOVSS X0, sum+40(FP)
	VMOVSS X1, product+44(FP)
	VMOVSS X2, moment+48(FP)
	VZEROUPPER
	RET

// func aboveAVX2(s *float32, n int, bound float32) (first int)
TEXT ·aboveAVX2(SB), NOSPLIT, $0-32
	MOVQ         s+0(FP), SI
	MOVQ         n+8(FP), DX
	VBROADCASTSS bound+16(FP), Y0
	XORQ         BX, BX
	SUBQ         $32, DX

aboveLoop:
	CMPQ      BX, DX
	JGT       aboveDone
	VMOVUPS   (SI)(BX*4), Y1
	VMOVUPS   64(SI)(BX*4), Y2
	VMAXPS    32(SI)(BX*4), Y1, Y1
	VMAXPS    96(SI)(BX*4), Y2, Y2
	VMAXPS    Y2, Y1, Y1
	VCMPPS    $0x1e, Y0, Y1, Y1
	VMOVMSKPS Y1, AX
	TESTL     AX, AX
	JNE       aboveDone
	ADDQ      $32, BX
	JMP       aboveLoop

aboveDone:
	MOVQ BX, first+24(FP)
	VZEROUPPER
	RET

// func columnsAVX2(sum, top, w *float32, stride, rows, n int, factor *float32, on bool)
TEXT ·columnsAVX2(SB), NOSPLIT, $0-57
	MOVQ sum+0(FP), DI
	MOVQ top+8(FP), BX
	MOVQ w+16(FP), SI
	MOVQ stride+24(FP), R8
	SHLQ $2, R8
	MOVQ rows+32(FP), R9
	MOVQ n+40(FP), DX
	MOVQ factor+48(FP), R11
	TAIL256(DX)
	MOVQ CX, R12
	SUBQ $4, DX
	JLT  columnsRest

columnsLoop:
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3
	VXORPS Y4, Y4, Y4
	VXORPS Y5, Y5, Y5
	VXORPS Y6, Y6, Y6
	VXORPS Y7, Y7, Y7
	CMPB   on+56(FP), $0
	JEQ    columnsFresh
	VMOVUPS (DI), Y0
	VMOVUPS 32(DI), Y1
	VMOVUPS 64(DI), Y2
	VMOVUPS 96(DI), Y3
	VMOVUPS (BX), Y4
	VMOVUPS 32(BX), Y5
	VMOVUPS 64(BX), Y6
	VMOVUPS 96(BX), Y7

columnsFresh:
	MOVQ   SI, R10
	XORQ   CX, CX

	// VMAXPS gives its last operand, here the first, where one is NaN.
columnsRow:
	VBROADCASTSS (R11)(CX*4), Y8
	VMULPS  (R10), Y8, Y9
	VMULPS  32(R10), Y8, Y10
	VMULPS  64(R10), Y8, Y11
	VMULPS  96(R10), Y8, Y12
	VADDPS  Y9, Y0, Y0
	VADDPS  Y10, Y1, Y1
	VADDPS  Y11, Y2, Y2
	VADDPS  Y12, Y3, Y3
	VMAXPS  Y4, Y9, Y4
	VMAXPS  Y5, Y10, Y5
	VMAXPS  Y6, Y11, Y6
	VMAXPS  Y7, Y12, Y7
	ADDQ    R8, R10
	INCQ    CX
	CMPQ    CX, R9
	JNE     columnsRow
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	VMOVUPS Y2, 64(DI)
	VMOVUPS Y3, 96(DI)
	VMOVUPS Y4, (BX)
	VMOVUPS Y5, 32(BX)
	VMOVUPS Y6, 64(BX)
	VMOVUPS Y7, 96(BX)
	ADDQ    $128, SI
	ADDQ    $128, DI
	ADDQ    $128, BX
	SUBQ    $4, DX
	JGE     columnsLoop

columnsRest:
	ADDQ     $4, DX
	VPCMPEQD Y14, Y14, Y14

	// One vector at a time with the mask Y14: all, and for the last numbers Y15.
columnsOne:
	SUBQ    $1, DX
	JGE     columnsWhole
	VMOVAPS Y15, Y14
	TESTQ   R12, R12
	JEQ     columnsDone

columnsWhole:
	VXORPS Y0, Y0, Y0
	VXORPS Y4, Y4, Y4
	CMPB   on+56(FP), $0
	JEQ    columnsOneFresh
	VMASKMOVPS (DI), Y14, Y0
	VMASKMOVPS (BX), Y14, Y4

columnsOneFresh:
	MOVQ   SI, R10
	XORQ   CX, CX

columnsOneRow:
	VMASKMOVPS   (R10), Y14, Y9
	VBROADCASTSS (R11)(CX*4), Y8
	VMULPS       Y9, Y8, Y9
	VADDPS       Y9, Y0, Y0
	VMAXPS       Y4, Y9, Y4
	ADDQ         R8, R10
	INCQ         CX
	CMPQ         CX, R9
	JNE          columnsOneRow
	VMASKMOVPS   Y0, Y14, (DI)
	VMASKMOVPS   Y4, Y14, (BX)
	ADDQ         $32, SI
	ADDQ         $32, DI
	ADDQ         $32, BX
	TESTQ        DX, DX
	JGE          columnsOne

columnsDone:
	VZEROUPPER
	RET

// func addToAVX2(dst *float64, src *float32, n int)
TEXT ·addToAVX2(SB), NOSPLIT, $0-24
	MOVQ         dst+0(FP), DI
	MOVQ         src+8(FP), SI
	MOVQ         n+16(FP), DX

addToLoop:
	VCVTPS2PD (SI), Y0
	VCVTPS2PD 16(SI), Y1
	VADDPD    (DI), Y0, Y0
	VADDPD    32(DI), Y1, Y1
	VMOVUPD   Y0, (DI)
	VMOVUPD   Y1, 32(DI)
	ADDQ      $32, SI
	ADDQ      $64, DI
	SUBQ      $8, DX
	JGT       addToLoop
	VZEROUPPER
	RET

// func addMaxAVX2(sum, top, s, t *float32, n int)
TEXT ·addMaxAVX2(SB), NOSPLIT, $0-40
	MOVQ sum+0(FP), DI
	MOVQ top+8(FP), BX
	MOVQ s+16(FP), SI
	MOVQ t+24(FP), R8
	MOVQ n+32(FP), DX

addMaxLoop:
	VMOVUPS (SI), Y0
	VMOVUPS (R8), Y1
	VADDPS  (DI), Y0, Y0
	VMAXPS  (BX), Y1, Y1
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, (BX)
	ADDQ    $32, SI
	ADDQ    $32, R8
	ADDQ    $32, DI
	ADDQ    $32, BX
	SUBQ    $8, DX
	JGT     addMaxLoop
	VZEROUPPER
	RET
