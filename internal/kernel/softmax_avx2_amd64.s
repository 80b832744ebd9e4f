//go:build !purego

#include "textflag.h"

// For exp2, eight times each: 1 and the coefficients as in generic.go, the power of two at which results are scaled down
// again.
DATA exp2AVX2<>+0(SB)/4, $0x3f800000
DATA exp2AVX2<>+4(SB)/4, $0x3f31725d
DATA exp2AVX2<>+8(SB)/4, $0x3e75edab
DATA exp2AVX2<>+12(SB)/4, $0x3d648e73
DATA exp2AVX2<>+16(SB)/4, $0x3c13bc2b
DATA exp2AVX2<>+20(SB)/4, $0x3af4ba7d
DATA exp2AVX2<>+24(SB)/4, $0xc3170000 // −151
DATA exp2AVX2<>+28(SB)/4, $0x4b4000e3 // 1.5·2²³ + 227
DATA exp2AVX2<>+32(SB)/4, $0x0d800000 // 2⁻¹⁰⁰
DATA exp2AVX2<>+36(SB)/4, $0xff800000 // −Inf
GLOBL exp2AVX2<>(SB), RODATA|NOPTR, $40

// EXP2 replaces t by 2^t for t ≤ 0: the polynomial of its fraction, times 2^⌊t⌋. −Inf gives 0, NaN gives NaN.
//
// t is bounded at −151, where 2^t is 0: VMAXPS gives its first operand where one is NaN, so NaN stays. In the sum of ⌊t⌋
// and 1.5·2²³ + 227 the last bits are ⌊t⌋ + 227, which moved to the exponent are 2^(⌊t⌋+100). The second factor, 2⁻¹⁰⁰,
// takes that off again: so the first product is a normal number, and the second one rounds once where 2^t is not.
//
//	Y7 … Y12 = 1 and the coefficients    Y13 = −151    Y14 = 1.5·2²³ + 227    Y15 = 2⁻¹⁰⁰
#define EXP2(t, n, p) \
	VMAXPS      t, Y13, t  \
	VROUNDPS    $9, t, n   \
	VSUBPS      n, t, t    \
	VADDPS      Y14, n, n  \
	VPSLLD      $23, n, n  \
	VMOVAPS     Y12, p     \
	VFMADD213PS Y11, t, p  \
	VFMADD213PS Y10, t, p  \
	VFMADD213PS Y9, t, p   \
	VFMADD213PS Y8, t, p   \
	VFMADD213PS Y7, t, p   \
	VMULPS      n, p, p    \
	VMULPS      Y15, p, t

// func softmaxAVX2(s *float32, stride, rows, n int, c float32, rowMax, rowSum, rescale *float32)
//
//	DI row, R8 stride, R9 rows left    CX n, DX pairs of vectors, R13 where the masks for the rest are
//	R10 rowMax, R11 rowSum, R12 rescale
//	Y5, Y6 the sums of sixteen lanes, as softmaxAVX512 adds them    Y4 top
TEXT ·softmaxAVX2(SB), NOSPLIT, $0-64
	MOVQ s+0(FP), DI
	MOVQ stride+8(FP), R8
	SHLQ $2, R8
	MOVQ rows+16(FP), R9
	MOVQ n+24(FP), CX
	MOVQ rowMax+40(FP), R10
	MOVQ rowSum+48(FP), R11
	MOVQ rescale+56(FP), R12

	VBROADCASTSS exp2AVX2<>+0(SB), Y7
	VBROADCASTSS exp2AVX2<>+4(SB), Y8
	VBROADCASTSS exp2AVX2<>+8(SB), Y9
	VBROADCASTSS exp2AVX2<>+12(SB), Y10
	VBROADCASTSS exp2AVX2<>+16(SB), Y11
	VBROADCASTSS exp2AVX2<>+20(SB), Y12
	VBROADCASTSS exp2AVX2<>+24(SB), Y13
	VBROADCASTSS exp2AVX2<>+28(SB), Y14
	VBROADCASTSS exp2AVX2<>+32(SB), Y15

	MOVQ CX, DX
	SHRQ $4, DX
	ANDQ $15, CX
	LEAQ ·tailMask+128(SB), R13
	MOVQ CX, AX
	SHLQ $2, AX
	SUBQ AX, R13

row:
	// The largest score. VMAXPS gives its first operand where one is NaN: so NaN is passed over, as in generic.go.
	VBROADCASTSS exp2AVX2<>+36(SB), Y0
	VMOVAPS      Y0, Y1
	VMOVAPS      Y0, Y2
	VMOVAPS      Y0, Y3
	MOVQ         DI, SI
	MOVQ         DX, AX
	SUBQ         $2, AX
	JLT          maxRest

maxLoop:
	VMOVUPS (SI), Y4
	VMOVUPS 32(SI), Y5
	VMAXPS  Y0, Y4, Y0
	VMAXPS  Y1, Y5, Y1
	VMOVUPS 64(SI), Y4
	VMOVUPS 96(SI), Y5
	VMAXPS  Y2, Y4, Y2
	VMAXPS  Y3, Y5, Y3
	ADDQ    $128, SI
	SUBQ    $2, AX
	JGE     maxLoop

maxRest:
	ADDQ    $2, AX
	JEQ     maxTail
	VMOVUPS (SI), Y4
	VMOVUPS 32(SI), Y5
	VMAXPS  Y0, Y4, Y0
	VMAXPS  Y1, Y5, Y1
	ADDQ    $64, SI

maxTail:
	VMOVUPS      (R13), Y4
	VMASKMOVPS   (SI), Y4, Y5
	VBROADCASTSS exp2AVX2<>+36(SB), Y6
	VBLENDVPS    Y4, Y5, Y6, Y5
	VMAXPS       Y0, Y5, Y0
	VMOVUPS      32(R13), Y4
	VMASKMOVPS   32(SI), Y4, Y5
	VBLENDVPS    Y4, Y5, Y6, Y5
	VMAXPS       Y1, Y5, Y1

	VMAXPS       Y1, Y0, Y0
	VMAXPS       Y3, Y2, Y2
	VMAXPS       Y2, Y0, Y0
	VEXTRACTF128 $1, Y0, X1
	VMAXPS       X1, X0, X0
	VPERMILPS    $0x4e, X0, X1
	VMAXPS       X1, X0, X0
	VPERMILPS    $0xb1, X0, X1
	VMAXPS       X1, X0, X0

	// Y4 = top, or 0 where no key was seen; rescale.
	VMOVSS       (R10), X1
	VMAXPS       X1, X0, X0
	VMOVSS       X0, (R10)
	VBROADCASTSS X1, Y1
	VBROADCASTSS X0, Y4
	VCMPPS       $0, Y6, Y4, Y2
	VANDNPS      Y4, Y2, Y4
	VBROADCASTSS c+32(FP), Y3
	VSUBPS       Y4, Y1, Y0
	VMULPS       Y3, Y0, Y0
	EXP2(Y0, Y1, Y2)
	VMOVSS       X0, (R12)

	// The exponentials and their sum.
	VXORPS Y5, Y5, Y5
	VXORPS Y6, Y6, Y6
	MOVQ   DI, SI
	MOVQ   DX, AX
	TESTQ  AX, AX
	JEQ    expTail

expLoop:
	VMOVUPS (SI), Y0
	VSUBPS  Y4, Y0, Y0
	VMULPS  Y3, Y0, Y0
	EXP2(Y0, Y1, Y2)
	VMOVUPS Y0, (SI)
	VADDPS  Y0, Y5, Y5
	VMOVUPS 32(SI), Y0
	VSUBPS  Y4, Y0, Y0
	VMULPS  Y3, Y0, Y0
	EXP2(Y0, Y1, Y2)
	VMOVUPS Y0, 32(SI)
	VADDPS  Y0, Y6, Y6
	ADDQ    $64, SI
	DECQ    AX
	JNE     expLoop

expTail:
	TESTQ      CX, CX
	JEQ        sum
	VMOVUPS    (R13), Y1
	VMASKMOVPS (SI), Y1, Y0
	VSUBPS     Y4, Y0, Y0
	VMULPS     Y3, Y0, Y0
	EXP2(Y0, Y1, Y2)
	VMOVUPS    (R13), Y1
	VMASKMOVPS Y0, Y1, (SI)
	VANDPS     Y1, Y0, Y0
	VADDPS     Y0, Y5, Y5
	VMOVUPS    32(R13), Y1
	VMASKMOVPS 32(SI), Y1, Y0
	VSUBPS     Y4, Y0, Y0
	VMULPS     Y3, Y0, Y0
	EXP2(Y0, Y1, Y2)
	VMOVUPS    32(R13), Y1
	VMASKMOVPS Y0, Y1, 32(SI)
	VANDPS     Y1, Y0, Y0
	VADDPS     Y0, Y6, Y6

sum:
	VADDPS       Y6, Y5, Y5
	VEXTRACTF128 $1, Y5, X6
	VADDPS       X6, X5, X5
	VPERMILPS    $0x4e, X5, X6
	VADDPS       X6, X5, X5
	VPERMILPS    $0xb1, X5, X6
	VADDSS       X6, X5, X5

	VMOVSS (R12), X0
	VMULSS (R11), X0, X0
	VADDSS X0, X5, X5
	VMOVSS X5, (R11)

	ADDQ $4, R10
	ADDQ $4, R11
	ADDQ $4, R12
	ADDQ R8, DI
	DECQ R9
	JNE  row
	VZEROUPPER
	RET
