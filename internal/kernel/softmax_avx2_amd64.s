//go:build !purego

#include "textflag.h"

// TWO and FOUR write an instruction for two or four vectors: the chains of the exponential are long, and side by side
// they keep the scheduler from filling up with instructions that wait.
#define TWO(op, x, a0, a1, b0, b1) \
	op x, a0, b0 \
	op x, a1, b1
#define FOUR(op, x, a0, a1, a2, a3, b0, b1, b2, b3) \
	op x, a0, b0 \
	op x, a1, b1 \
	op x, a2, b2 \
	op x, a3, b3

// EXP2x2 and EXP2x4 make Y8 … the exponentials 2^t of t in Y0 …, t ≤ 0: the polynomial of the fraction, times 2^⌊t⌋; 0
// where t < −100. NaN gives NaN.
//
// For the steps between see exp2Table. VMAXPS gives its first operand where one is NaN, so NaN stays.
#define EXP2x2 \
	VBROADCASTSS ·exp2Table+24(SB), Y15              \
	VMAXPS       Y0, Y15, Y0                         \
	VMAXPS       Y1, Y15, Y1                         \
	VBROADCASTSS ·exp2Table+28(SB), Y15              \
	TWO(VROUNDPS, $9, Y0, Y1, Y4, Y5)                \
	VSUBPS       Y4, Y0, Y0                          \
	VSUBPS       Y5, Y1, Y1                          \
	TWO(VADDPS, Y15, Y4, Y5, Y4, Y5)                 \
	TWO(VPSLLD, $23, Y4, Y5, Y4, Y5)                 \
	VBROADCASTSS ·exp2Table+20(SB), Y8               \
	VBROADCASTSS ·exp2Table+16(SB), Y15              \
	VMOVAPS      Y8, Y9                              \
	TWO(VFMADD213PS, Y15, Y0, Y1, Y8, Y9)            \
	VBROADCASTSS ·exp2Table+12(SB), Y15              \
	TWO(VFMADD213PS, Y15, Y0, Y1, Y8, Y9)            \
	VBROADCASTSS ·exp2Table+8(SB), Y15               \
	TWO(VFMADD213PS, Y15, Y0, Y1, Y8, Y9)            \
	VBROADCASTSS ·exp2Table+4(SB), Y15               \
	TWO(VFMADD213PS, Y15, Y0, Y1, Y8, Y9)            \
	VBROADCASTSS ·exp2Table+0(SB), Y15               \
	TWO(VFMADD213PS, Y15, Y0, Y1, Y8, Y9)            \
	VMULPS       Y4, Y8, Y8                          \
	VMULPS       Y5, Y9, Y9

#define EXP2x4 \
	VBROADCASTSS ·exp2Table+24(SB), Y15                                   \
	VMAXPS       Y0, Y15, Y0                                              \
	VMAXPS       Y1, Y15, Y1                                              \
	VMAXPS       Y2, Y15, Y2                                              \
	VMAXPS       Y3, Y15, Y3                                              \
	VBROADCASTSS ·exp2Table+28(SB), Y15                                   \
	FOUR(VROUNDPS, $9, Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7)                    \
	VSUBPS       Y4, Y0, Y0                                               \
	VSUBPS       Y5, Y1, Y1                                               \
	VSUBPS       Y6, Y2, Y2                                               \
	VSUBPS       Y7, Y3, Y3                                               \
	VBROADCASTSS ·exp2Table+20(SB), Y8                                    \
	VMOVAPS      Y8, Y9                                                   \
	VMOVAPS      Y8, Y10                                                  \
	VMOVAPS      Y8, Y11                                                  \
	FOUR(VADDPS, Y15, Y4, Y5, Y6, Y7, Y4, Y5, Y6, Y7)                     \
	FOUR(VPSLLD, $23, Y4, Y5, Y6, Y7, Y4, Y5, Y6, Y7)                     \
	VBROADCASTSS ·exp2Table+16(SB), Y15                                   \
	FOUR(VFMADD213PS, Y15, Y0, Y1, Y2, Y3, Y8, Y9, Y10, Y11)              \
	VBROADCASTSS ·exp2Table+12(SB), Y15                                   \
	FOUR(VFMADD213PS, Y15, Y0, Y1, Y2, Y3, Y8, Y9, Y10, Y11)              \
	VBROADCASTSS ·exp2Table+8(SB), Y15                                    \
	FOUR(VFMADD213PS, Y15, Y0, Y1, Y2, Y3, Y8, Y9, Y10, Y11)              \
	VBROADCASTSS ·exp2Table+4(SB), Y15                                    \
	FOUR(VFMADD213PS, Y15, Y0, Y1, Y2, Y3, Y8, Y9, Y10, Y11)              \
	VBROADCASTSS ·exp2Table+0(SB), Y15                                    \
	FOUR(VFMADD213PS, Y15, Y0, Y1, Y2, Y3, Y8, Y9, Y10, Y11)              \
	VMULPS       Y4, Y8, Y8                                               \
	VMULPS       Y5, Y9, Y9                                               \
	VMULPS       Y6, Y10, Y10                                             \
	VMULPS       Y7, Y11, Y11

// func softmaxAVX2(s *float32, stride, rows, n int, c float32, rowMax, rowSum, rescale *float32)
//
//	DI s, R8 stride, R9 rows    BX row at hand, DX rows left    CX pairs of whole vectors, R13 masks of the rest
//	R10 rowMax, R11 rowSum, R12 rescale
//
// First the largest score of every row, then rescale for all rows, then the exponentials.
TEXT ·softmaxAVX2(SB), NOSPLIT, $0-64
	MOVQ s+0(FP), DI
	MOVQ stride+8(FP), R8
	SHLQ $2, R8
	MOVQ rows+16(FP), R9
	MOVQ n+24(FP), CX
	MOVQ rowMax+40(FP), R10
	MOVQ rowSum+48(FP), R11
	MOVQ rescale+56(FP), R12

	LEAQ ·tailMask+128(SB), R13
	MOVQ CX, AX
	ANDQ $15, AX
	SHLQ $2, AX
	SUBQ AX, R13
	SHRQ $4, CX

	VBROADCASTSS ·exp2Table+32(SB), Y14
	MOVQ         DI, BX
	MOVQ         R9, DX
	MOVQ         R12, R14

	// VMAXPS gives its first operand where one is NaN: so NaN is passed over, as in generic.go.
maxRow:
	VMOVAPS Y14, Y0
	VMOVAPS Y14, Y1
	VMOVAPS Y14, Y2
	VMOVAPS Y14, Y3
	MOVQ    BX, SI
	MOVQ    CX, AX
	SUBQ    $2, AX
	JLT     maxRest

maxLoop:
	VMOVUPS (SI), Y4
	VMOVUPS 32(SI), Y5
	VMOVUPS 64(SI), Y6
	VMOVUPS 96(SI), Y7
	VMAXPS  Y0, Y4, Y0
	VMAXPS  Y1, Y5, Y1
	VMAXPS  Y2, Y6, Y2
	VMAXPS  Y3, Y7, Y3
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
	VMOVUPS    (R13), Y6
	VMOVUPS    32(R13), Y7
	VMASKMOVPS (SI), Y6, Y4
	VMASKMOVPS 32(SI), Y7, Y5
	VBLENDVPS  Y6, Y4, Y14, Y4
	VBLENDVPS  Y7, Y5, Y14, Y5
	VMAXPS     Y2, Y4, Y2
	VMAXPS     Y3, Y5, Y3

	VMAXPS       Y1, Y0, Y0
	VMAXPS       Y3, Y2, Y2
	VMAXPS       Y2, Y0, Y0
	VEXTRACTF128 $1, Y0, X1
	VMAXPS       X1, X0, X0
	VPERMILPS    $0x4e, X0, X1
	VMAXPS       X1, X0, X0
	VPERMILPS    $0xb1, X0, X1
	VMAXPS       X1, X0, X0
	VMOVSS       X0, (R14)
	ADDQ         $4, R14
	ADDQ         R8, BX
	DECQ         DX
	JNE          maxRow

	// Eight rows at a time: rowMax; rescale; rowSum without the new weights. top is 0 where no key was seen.
	VBROADCASTSS c+32(FP), Y13
	XORQ         AX, AX

rescaleRows:
	MOVQ       R9, DX
	SUBQ       AX, DX
	CMPQ       DX, $8
	JLE        rescaleLast
	MOVQ       $8, DX

rescaleLast:
	NEGQ       DX
	LEAQ       ·tailMask+128(SB), SI
	VMOVUPS    (SI)(DX*4), Y12
	VMASKMOVPS (R10)(AX*4), Y12, Y0
	VMASKMOVPS (R12)(AX*4), Y12, Y1
	VMAXPS     Y1, Y0, Y1
	VMASKMOVPS Y1, Y12, (R10)(AX*4)
	VCMPPS     $0, Y14, Y1, Y2
	VANDNPS    Y1, Y2, Y1
	VSUBPS     Y1, Y0, Y0
	VMULPS     Y13, Y0, Y0
	VMOVAPS    Y0, Y1
	EXP2x2
	VMASKMOVPS Y8, Y12, (R12)(AX*4)
	VMASKMOVPS (R11)(AX*4), Y12, Y0
	VMULPS     Y8, Y0, Y0
	VMASKMOVPS Y0, Y12, (R11)(AX*4)
	ADDQ       $8, AX
	CMPQ       AX, R9
	JLT        rescaleRows

	// The exponentials; Y13 and Y14 are their sums in sixteen lanes, added up as in softmaxAVX512.
expRow:
	VBROADCASTSS (R10), Y12
	VBROADCASTSS ·exp2Table+32(SB), Y15
	VCMPPS       $0, Y15, Y12, Y15
	VANDNPS      Y12, Y15, Y12
	VXORPS       Y13, Y13, Y13
	VXORPS       Y14, Y14, Y14
	MOVQ         DI, SI
	MOVQ         CX, AX
	SUBQ         $2, AX
	JLT          expRest

expLoop:
	VMOVUPS      (SI), Y0
	VMOVUPS      32(SI), Y1
	VMOVUPS      64(SI), Y2
	VMOVUPS      96(SI), Y3
	VBROADCASTSS c+32(FP), Y15
	FOUR(VSUBPS, Y12, Y0, Y1, Y2, Y3, Y0, Y1, Y2, Y3)
	FOUR(VMULPS, Y15, Y0, Y1, Y2, Y3, Y0, Y1, Y2, Y3)
	EXP2x4
	VMOVUPS      Y8, (SI)
	VMOVUPS      Y9, 32(SI)
	VMOVUPS      Y10, 64(SI)
	VMOVUPS      Y11, 96(SI)
	VADDPS       Y8, Y13, Y13
	VADDPS       Y9, Y14, Y14
	VADDPS       Y10, Y13, Y13
	VADDPS       Y11, Y14, Y14
	ADDQ         $128, SI
	SUBQ         $2, AX
	JGE          expLoop

expRest:
	ADDQ         $2, AX
	JEQ          expTail
	VMOVUPS      (SI), Y0
	VMOVUPS      32(SI), Y1
	VBROADCASTSS c+32(FP), Y15
	TWO(VSUBPS, Y12, Y0, Y1, Y0, Y1)
	TWO(VMULPS, Y15, Y0, Y1, Y0, Y1)
	EXP2x2
	VMOVUPS      Y8, (SI)
	VMOVUPS      Y9, 32(SI)
	VADDPS       Y8, Y13, Y13
	VADDPS       Y9, Y14, Y14
	ADDQ         $64, SI

expTail:
	VMOVUPS      (R13), Y6
	VMOVUPS      32(R13), Y7
	VMOVMSKPS    Y6, AX
	TESTL        AX, AX
	JEQ          expSum
	VMASKMOVPS   (SI), Y6, Y0
	VMASKMOVPS   32(SI), Y7, Y1
	VBROADCASTSS c+32(FP), Y15
	TWO(VSUBPS, Y12, Y0, Y1, Y0, Y1)
	TWO(VMULPS, Y15, Y0, Y1, Y0, Y1)
	EXP2x2
	VMASKMOVPS   Y8, Y6, (SI)
	VMASKMOVPS   Y9, Y7, 32(SI)
	VANDPS       Y6, Y8, Y8
	VANDPS       Y7, Y9, Y9
	VADDPS       Y8, Y13, Y13
	VADDPS       Y9, Y14, Y14

expSum:
	VADDPS       Y14, Y13, Y13
	VEXTRACTF128 $1, Y13, X14
	VADDPS       X14, X13, X13
	VPERMILPS    $0x4e, X13, X14
	VADDPS       X14, X13, X13
	VPERMILPS    $0xb1, X13, X14
	VADDSS       X14, X13, X13
	VADDSS       (R11), X13, X13
	VMOVSS       X13, (R11)

	ADDQ $4, R10
	ADDQ $4, R11
	ADDQ R8, DI
	DECQ R9
	JNE  expRow
	VZEROUPPER
	RET
