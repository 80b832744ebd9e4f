//go:build !purego

#include "textflag.h"

// Z23 = −100, Z24 = −Inf, Z25 … Z30 = 1 and the coefficients of exp2, as in generic.go.
DATA exp2Table<>+0(SB)/4, $0xff800000
DATA exp2Table<>+4(SB)/4, $0x3f800000
DATA exp2Table<>+8(SB)/4, $0x3f31725d
DATA exp2Table<>+12(SB)/4, $0x3e75edab
DATA exp2Table<>+16(SB)/4, $0x3d648e73
DATA exp2Table<>+20(SB)/4, $0x3c13bc2b
DATA exp2Table<>+24(SB)/4, $0x3af4ba7d
DATA exp2Table<>+28(SB)/4, $0xc2c80000
GLOBL exp2Table<>(SB), RODATA|NOPTR, $32

// EXP2 replaces t by 2^t: the polynomial of its fraction r, scaled by the power that VSCALEFPS takes from t itself; 0 where
// t < −100. NaN gives NaN. It uses K4.
#define EXP2(t, r, p) \
	VREDUCEPS   $1, t, r      \
	VCMPPS      $5, Z23, t, K4 \
	VMOVAPS     Z30, p        \
	VFMADD213PS Z29, r, p     \
	VFMADD213PS Z28, r, p     \
	VFMADD213PS Z27, r, p     \
	VFMADD213PS Z26, r, p     \
	VFMADD213PS Z25, r, p     \
	VSCALEFPS.Z t, p, K4, t

// EACH3 writes one instruction for four vectors: the chains of EXP2 are long, and side by side they keep the scheduler,
// which takes instructions in their order, from filling up with those that wait.
#define EACH3(op, x, a0, a1, a2, a3, b0, b1, b2, b3) \
	op x, a0, b0 \
	op x, a1, b1 \
	op x, a2, b2 \
	op x, a3, b3

// MOMENTS adds p·t to Z22 where k has the lanes in which p isn't 0 (elsewhere t may be −Inf, and 0·−Inf would be NaN), and
// p times the distances at off(R15) to Z18.
#define MOMENTS(t, p, k, off) \
	VFMADD231PS t, p, k, Z22      \
	VFMADD231PS off(R15), p, Z18

// func softmaxAVX512(s *float32, stride, rows, n int, c float32, rowMax, rowSum, rescale, distance, sums, products, moments *float32, known bool)
//
//	DI row, R8 stride, R9 rows left    CX n, DX whole vectors, K1 the rest    Z31 c
//	R10 rowMax, R11 rowSum, R12 rescale, R13 products or 0, R14 distance, R15 distances
//
// The key that is nearest to where distance points is nearest = max(0, min(distance, n−1)), and all distances are
// |nearest − j| + |distance − nearest|: the first come from a table, n ≤ 512 numbers of it, and the second is the same for
// all keys. Both are whole numbers of one sign: nothing cancels.
//
//	0(SP) tops, 64(SP) 4·nearest, 128(SP) |distance − nearest|
//
// First the largest score of every row, unless it is known and in rescale, then rescale for all rows in one vector, then the exponentials.
TEXT ·softmaxAVX512(SB), NOSPLIT, $192-97
	MOVQ s+0(FP), DI
	MOVQ stride+8(FP), R8
	SHLQ $2, R8
	MOVQ rows+16(FP), R9
	MOVQ n+24(FP), CX
	VBROADCASTSS c+32(FP), Z31
	MOVQ rowMax+40(FP), R10
	MOVQ rowSum+48(FP), R11
	MOVQ rescale+56(FP), R12
	MOVQ distance+64(FP), R14
	MOVQ products+80(FP), R13

	VBROADCASTSS exp2Table<>+0(SB), Z24
	VBROADCASTSS exp2Table<>+4(SB), Z25
	VBROADCASTSS exp2Table<>+8(SB), Z26
	VBROADCASTSS exp2Table<>+12(SB), Z27
	VBROADCASTSS exp2Table<>+16(SB), Z28
	VBROADCASTSS exp2Table<>+20(SB), Z29
	VBROADCASTSS exp2Table<>+24(SB), Z30
	VBROADCASTSS exp2Table<>+28(SB), Z23

	MOVQ  CX, DX
	SHRQ  $4, DX
	ANDQ  $15, CX
	MOVL  $1, AX
	SHLL  CX, AX
	DECL  AX
	KMOVW AX, K1

	// K3: the lanes of the rows.
	MOVQ  R9, CX
	MOVL  $1, AX
	SHLL  CX, AX
	DECL  AX
	KMOVW AX, K3

	CMPB known+96(FP), $0
	JNE  tops
	MOVQ DI, BX
	XORQ CX, CX

	// VMAXPS gives its last operand where one is NaN: so NaN is passed over, as in generic.go.
maxRow:
	VMOVAPS Z24, Z0
	VMOVAPS Z24, Z1
	VMOVAPS Z24, Z2
	VMOVAPS Z24, Z3
	VMOVAPS Z24, Z4
	MOVQ    BX, SI
	MOVQ    DX, AX
	SUBQ    $4, AX
	JLT     maxRest

maxLoop:
	VMOVUPS (SI), Z16
	VMOVUPS 64(SI), Z17
	VMOVUPS 128(SI), Z18
	VMOVUPS 192(SI), Z19
	VMAXPS  Z0, Z16, Z0
	VMAXPS  Z1, Z17, Z1
	VMAXPS  Z2, Z18, Z2
	VMAXPS  Z3, Z19, Z3
	ADDQ    $256, SI
	SUBQ    $4, AX
	JGE     maxLoop

maxRest:
	ADDQ $4, AX
	JEQ  maxTail

maxOne:
	VMOVUPS (SI), Z16
	VMAXPS  Z0, Z16, Z0
	ADDQ    $64, SI
	DECQ    AX
	JNE     maxOne

maxTail:
	VMOVUPS (SI), K1, Z4
	VMAXPS  Z1, Z0, Z0
	VMAXPS  Z3, Z2, Z2
	VMAXPS  Z0, Z4, Z0
	VMAXPS  Z2, Z0, Z0

	VEXTRACTF64X4 $1, Z0, Y1
	VMAXPS        Y1, Y0, Y0
	VEXTRACTF128  $1, Y0, X1
	VMAXPS        X1, X0, X0
	VPERMILPS     $0x4e, X0, X1
	VMAXPS        X1, X0, X0
	VPERMILPS     $0xb1, X0, X1
	VMAXPS        X1, X0, X0
	VMOVSS        X0, (R12)(CX*4)
	ADDQ          R8, BX
	INCQ          CX
	CMPQ          CX, R9
	JNE           maxRow

tops:
	// A lane for each row: Z2 = top, kept on the stack, or 0 where no key was seen; rescale.
	VMOVUPS.Z (R10), K3, Z1
	VMOVUPS.Z (R12), K3, Z2
	VMAXPS    Z2, Z1, Z2
	VMOVUPS   Z2, K3, (R10)
	VCMPPS    $0, Z24, Z2, K2
	VPXORD    Z3, Z3, Z3
	VMOVAPS   Z3, K2, Z2
	VMOVUPS   Z2, 0(SP)
	VSUBPS    Z2, Z1, Z1
	VMULPS    Z31, Z1, Z1
	EXP2(Z1, Z4, Z5)
	VMOVUPS   Z1, K3, (R12)
	VMOVUPS.Z (R11), K3, Z0
	VMULPS    Z1, Z0, Z0
	VMOVUPS   Z0, K3, (R11)

	TESTQ     R13, R13
	JEQ       expRows
	VMOVUPS.Z (R14), K3, Z0
	MOVQ      n+24(FP), AX
	DECQ      AX
	VPXORD    Z2, Z2, Z2
	VCVTSI2SSQ AX, X2, X1
	VBROADCASTSS X1, Z1
	VMINPS    Z1, Z0, Z1
	VMAXPS    Z2, Z1, Z1
	VSUBPS    Z1, Z0, Z0
	VPSLLD    $1, Z0, Z0
	VPSRLD    $1, Z0, Z0
	VMOVUPS   Z0, 128(SP)
	VCVTTPS2DQ Z1, Z1
	VPSLLD    $2, Z1, Z1
	VMOVDQU32 Z1, 64(SP)

expRows:
	XORQ CX, CX

expRow:
	VBROADCASTSS (SP)(CX*4), Z2
	VPXORD       Z3, Z3, Z3
	VPXORD       Z22, Z22, Z22
	VPXORD       Z18, Z18, Z18
	LEAQ         ·away+2044(SB), R15
	TESTQ        R13, R13
	JEQ          expStart
	MOVLQZX      64(SP)(CX*4), AX
	SUBQ         AX, R15

expStart:
	MOVQ         DI, SI
	MOVQ         DX, AX
	SUBQ         $4, AX
	JLT          expRest

expLoop:
	VMOVUPS (SI), Z4
	VMOVUPS 64(SI), Z5
	VMOVUPS 128(SI), Z6
	VMOVUPS 192(SI), Z7
	EACH3(VSUBPS, Z2, Z4, Z5, Z6, Z7, Z4, Z5, Z6, Z7)
	EACH3(VMULPS, Z31, Z4, Z5, Z6, Z7, Z4, Z5, Z6, Z7)
	VREDUCEPS $1, Z4, Z8
	VREDUCEPS $1, Z5, Z9
	VREDUCEPS $1, Z6, Z10
	VREDUCEPS $1, Z7, Z11
	VMOVAPS   Z30, Z12
	VMOVAPS   Z30, Z13
	VMOVAPS   Z30, Z14
	VMOVAPS   Z30, Z15
	EACH3(VFMADD213PS, Z29, Z8, Z9, Z10, Z11, Z12, Z13, Z14, Z15)
	EACH3(VFMADD213PS, Z28, Z8, Z9, Z10, Z11, Z12, Z13, Z14, Z15)
	EACH3(VFMADD213PS, Z27, Z8, Z9, Z10, Z11, Z12, Z13, Z14, Z15)
	EACH3(VFMADD213PS, Z26, Z8, Z9, Z10, Z11, Z12, Z13, Z14, Z15)
	EACH3(VFMADD213PS, Z25, Z8, Z9, Z10, Z11, Z12, Z13, Z14, Z15)
	VCMPPS      $5, Z23, Z4, K4
	VCMPPS      $5, Z23, Z5, K5
	VCMPPS      $5, Z23, Z6, K6
	VCMPPS      $5, Z23, Z7, K7
	VSCALEFPS.Z Z4, Z12, K4, Z12
	VSCALEFPS.Z Z5, Z13, K5, Z13
	VSCALEFPS.Z Z6, Z14, K6, Z14
	VSCALEFPS.Z Z7, Z15, K7, Z15
	VMOVUPS   Z12, (SI)
	VMOVUPS   Z13, 64(SI)
	VMOVUPS   Z14, 128(SI)
	VMOVUPS   Z15, 192(SI)
	VADDPS    Z12, Z3, Z3
	VADDPS    Z13, Z3, Z3
	VADDPS    Z14, Z3, Z3
	VADDPS    Z15, Z3, Z3
	TESTQ     R13, R13
	JEQ       expNext
	MOMENTS(Z4, Z12, K4, 0)
	MOMENTS(Z5, Z13, K5, 64)
	MOMENTS(Z6, Z14, K6, 128)
	MOMENTS(Z7, Z15, K7, 192)
	ADDQ      $256, R15

expNext:
	ADDQ      $256, SI
	SUBQ      $4, AX
	JGE       expLoop

expRest:
	ADDQ $4, AX
	JEQ  expTail

expOne:
	VMOVUPS (SI), Z4
	VSUBPS  Z2, Z4, Z4
	VMULPS  Z31, Z4, Z4
	VMOVAPS Z4, Z5
	EXP2(Z4, Z8, Z12)
	VMOVUPS Z4, (SI)
	VADDPS  Z4, Z3, Z3
	TESTQ   R13, R13
	JEQ     expOneNext
	MOMENTS(Z5, Z4, K4, 0)
	ADDQ    $64, R15

expOneNext:
	ADDQ    $64, SI
	DECQ    AX
	JNE     expOne

expTail:
	KTESTW    K1, K1
	JEQ       expSum
	VMOVUPS.Z (SI), K1, Z4
	VSUBPS    Z2, Z4, Z4
	VMULPS    Z31, Z4, Z4
	VMOVAPS   Z4, Z5
	EXP2(Z4, Z8, Z12)
	VMOVUPS   Z4, K1, (SI)
	VMOVAPS.Z Z4, K1, Z4
	VADDPS    Z4, Z3, K1, Z3
	TESTQ     R13, R13
	JEQ       expSum
	KANDW     K1, K4, K4
	MOMENTS(Z5, Z4, K4, 0)

expSum:
	VEXTRACTF64X4 $1, Z3, Y4
	VADDPS        Y4, Y3, Y3
	VEXTRACTF128  $1, Y3, X4
	VADDPS        X4, X3, X3
	VPERMILPS     $0x4e, X3, X4
	VADDPS        X4, X3, X3
	VPERMILPS     $0xb1, X3, X4
	VADDSS        X4, X3, X3
	VADDSS        (R11)(CX*4), X3, X5
	VMOVSS        X5, (R11)(CX*4)
	TESTQ         R13, R13
	JEQ           rowDone
	MOVQ          sums+72(FP), AX
	VMOVSS        X3, (AX)(CX*4)
	VEXTRACTF64X4 $1, Z22, Y4
	VADDPS        Y4, Y22, Y3
	VEXTRACTF64X4 $1, Z18, Y4
	VADDPS        Y4, Y18, Y5
	VHADDPS       Y5, Y3, Y3 // products in lanes 0, 1, 4, 5, moments in 2, 3, 6, 7
	VEXTRACTF128  $1, Y3, X4
	VADDPS        X4, X3, X3
	VHADDPS       X3, X3, X3
	VMOVSS        X3, (R13)(CX*4)
	VMOVSHDUP     X3, X3
	VMOVSS        (AX)(CX*4), X4
	VFMADD231SS   128(SP)(CX*4), X4, X3
	MOVQ          moments+88(FP), AX
	VMOVSS        X3, (AX)(CX*4)

rowDone:
	ADDQ R8, DI
	INCQ CX
	CMPQ CX, R9
	JNE  expRow
	VZEROUPPER
	RET
