//go:build !purego

#include "textflag.h"
#include "tails_amd64.h"

// func fillAVX2(s *float32, x float32, n int)
TEXT ·fillAVX2(SB), NOSPLIT, $0-24
	MOVQ         s+0(FP), DI
	VBROADCASTSS x+8(FP), Y0
	MOVQ         n+16(FP), DX
	TAIL256(DX)
	TESTQ        DX, DX
	JEQ          fillTail

fillLoop:
	VMOVUPS Y0, (DI)
	ADDQ    $32, DI
	DECQ    DX
	JNE     fillLoop

fillTail:
	TESTQ      CX, CX
	JEQ        fillDone
	VMASKMOVPS Y0, Y15, (DI)

fillDone:
	VZEROUPPER
	RET

// TWO writes an instruction for two vectors.
#define TWO(op, x, a0, a1, b0, b1) \
	op x, a0, b0 \
	op x, a1, b1

// SOFTCAP replaces the two vectors in Y0 and Y1 by limit·tanh(k·s). VMINPS and VMAXPS give their first operand where one is
// NaN, so NaN stays.
//
//	Y8 k    Y9 limit    Y10, Y11 bounds of the argument    Y12, Y13 bounds of the result, 1 and −1    Y14 the coefficients
#define SOFTCAP \
	TWO(VMULPS, Y8, Y0, Y1, Y0, Y1)               \
	VMINPS       Y0, Y10, Y0                      \
	VMINPS       Y1, Y10, Y1                      \
	VMAXPS       Y0, Y11, Y0                      \
	VMAXPS       Y1, Y11, Y1                      \
	VMULPS       Y0, Y0, Y2                       \
	VMULPS       Y1, Y1, Y3                       \
	VBROADCASTSS ·tanhTable+32(SB), Y6            \
	VBROADCASTSS ·tanhTable+28(SB), Y14           \
	VMOVAPS      Y6, Y7                           \
	TWO(VFMADD213PS, Y14, Y2, Y3, Y6, Y7)         \
	VBROADCASTSS ·tanhTable+16(SB), Y4            \
	VBROADCASTSS ·tanhTable+12(SB), Y14           \
	VMOVAPS      Y4, Y5                           \
	TWO(VFMADD213PS, Y14, Y2, Y3, Y4, Y5)         \
	VBROADCASTSS ·tanhTable+24(SB), Y14           \
	TWO(VFMADD213PS, Y14, Y2, Y3, Y6, Y7)         \
	VBROADCASTSS ·tanhTable+8(SB), Y14            \
	TWO(VFMADD213PS, Y14, Y2, Y3, Y4, Y5)         \
	VBROADCASTSS ·tanhTable+20(SB), Y14           \
	TWO(VFMADD213PS, Y14, Y2, Y3, Y6, Y7)         \
	VBROADCASTSS ·tanhTable+4(SB), Y14            \
	TWO(VFMADD213PS, Y14, Y2, Y3, Y4, Y5)         \
	TWO(VFMADD213PS, Y12, Y2, Y3, Y6, Y7)         \
	TWO(VFMADD213PS, Y12, Y2, Y3, Y4, Y5)         \
	VMULPS       Y0, Y4, Y4                       \
	VMULPS       Y1, Y5, Y5                       \
	VDIVPS       Y6, Y4, Y4                       \
	VDIVPS       Y7, Y5, Y5                       \
	VMINPS       Y4, Y12, Y4                      \
	VMINPS       Y5, Y12, Y5                      \
	VMAXPS       Y4, Y13, Y4                      \
	VMAXPS       Y5, Y13, Y5                      \
	TWO(VMULPS, Y9, Y4, Y5, Y0, Y1)

// func softcapAVX2(s *float32, k, limit float32, n int)
TEXT ·softcapAVX2(SB), NOSPLIT, $0-24
	MOVQ         s+0(FP), DI
	VBROADCASTSS k+8(FP), Y8
	VBROADCASTSS limit+12(FP), Y9
	MOVQ         n+16(FP), DX
	VBROADCASTSS ·tanhTable+36(SB), Y10
	VBROADCASTSS ·tanhTable+40(SB), Y11
	VBROADCASTSS ·tanhTable+0(SB), Y12
	VBROADCASTSS ·tanhTable+44(SB), Y13
	SUBQ         $16, DX
	JLT          softcapTail

softcapLoop:
	VMOVUPS (DI), Y0
	VMOVUPS 32(DI), Y1
	SOFTCAP
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	ADDQ    $64, DI
	SUBQ    $16, DX
	JGE     softcapLoop

softcapTail:
	ADDQ       $16, DX
	JEQ        softcapDone
	NEGQ       DX
	LEAQ       ·tailMask+128(SB), AX
	LEAQ       (AX)(DX*4), AX
	VMOVUPS    (AX), Y14
	VMOVUPS    32(AX), Y15
	VMASKMOVPS (DI), Y14, Y0
	VMASKMOVPS 32(DI), Y15, Y1
	SOFTCAP
	VMOVUPS    (AX), Y14
	VMASKMOVPS Y0, Y14, (DI)
	VMASKMOVPS Y1, Y15, 32(DI)

softcapDone:
	VZEROUPPER
	RET

// ADDBIAS makes Y2 = a·s + bias of s in Y2, bias in Y1, a in Y0. Where bias is −Inf (Y3) it stands for the sum, which would
// be NaN if a·s were NaN or Inf.
#define ADDBIAS \
	VCMPPS      $0, Y3, Y1, Y4  \
	VFMADD213PS Y1, Y0, Y2      \
	VBLENDVPS   Y4, Y1, Y2, Y2

// func addBiasAVX2(s *float32, a float32, bias *float32, n int)
TEXT ·addBiasAVX2(SB), NOSPLIT, $0-32
	MOVQ         s+0(FP), DI
	VBROADCASTSS a+8(FP), Y0
	MOVQ         bias+16(FP), SI
	MOVQ         n+24(FP), DX
	TAIL256(DX)
	MOVL         $0xff800000, AX
	VMOVQ        AX, X3
	VBROADCASTSS X3, Y3
	TESTQ        DX, DX
	JEQ          addBiasTail

addBiasLoop:
	VMOVUPS (SI), Y1
	VMOVUPS (DI), Y2
	ADDBIAS
	VMOVUPS Y2, (DI)
	ADDQ    $32, SI
	ADDQ    $32, DI
	DECQ    DX
	JNE     addBiasLoop

addBiasTail:
	TESTQ      CX, CX
	JEQ        addBiasDone
	VMASKMOVPS (SI), Y15, Y1
	VMASKMOVPS (DI), Y15, Y2
	ADDBIAS
	VMASKMOVPS Y2, Y15, (DI)

addBiasDone:
	VZEROUPPER
	RET

// ADDDISTANCE makes Y5 = a·s + slope·|distance| of s in Y5, the distances in Y2, a in Y0, slope in Y1.
#define ADDDISTANCE \
	VPABSD      Y2, Y4     \
	VCVTDQ2PS   Y4, Y4     \
	VMULPS      Y5, Y0, Y5 \
	VFMADD231PS Y4, Y1, Y5

// func addDistanceAVX2(s *float32, a, slope float32, distance, n int)
TEXT ·addDistanceAVX2(SB), NOSPLIT, $0-32
	MOVQ         s+0(FP), DI
	VBROADCASTSS a+8(FP), Y0
	VBROADCASTSS slope+12(FP), Y1
	VPBROADCASTD distance+16(FP), Y2
	MOVQ         n+24(FP), DX
	TAIL256(DX)
	VPSUBD       ·ascending(SB), Y2, Y2
	MOVL         $8, AX
	VMOVQ        AX, X3
	VPBROADCASTD X3, Y3
	TESTQ        DX, DX
	JEQ          addDistanceTail

addDistanceLoop:
	VMOVUPS (DI), Y5
	ADDDISTANCE
	VMOVUPS Y5, (DI)
	VPSUBD  Y3, Y2, Y2
	ADDQ    $32, DI
	DECQ    DX
	JNE     addDistanceLoop

addDistanceTail:
	TESTQ      CX, CX
	JEQ        addDistanceDone
	VMASKMOVPS (DI), Y15, Y5
	ADDDISTANCE
	VMASKMOVPS Y5, Y15, (DI)

addDistanceDone:
	VZEROUPPER
	RET

// func hideAVX2(s *float32, keep *bool, n int)
TEXT ·hideAVX2(SB), NOSPLIT, $0-24
	MOVQ         s+0(FP), DI
	MOVQ         keep+8(FP), SI
	MOVQ         n+16(FP), DX
	MOVL         $0xff800000, AX
	VMOVQ        AX, X0
	VBROADCASTSS X0, Y0
	VPXOR        Y1, Y1, Y1
	SUBQ         $8, DX
	JLT          hideRest

hideLoop:
	VPMOVZXBD (SI), Y2
	VPCMPEQD  Y1, Y2, Y2
	VMOVUPS   (DI), Y3
	VBLENDVPS Y2, Y0, Y3, Y3
	VMOVUPS   Y3, (DI)
	ADDQ      $8, SI
	ADDQ      $32, DI
	SUBQ      $8, DX
	JGE       hideLoop

hideRest:
	ADDQ $8, DX
	JEQ  hideDone

hideOne:
	CMPB (SI), $0
	JNE  hideKept
	MOVL AX, (DI)

hideKept:
	INCQ SI
	ADDQ $4, DI
	DECQ DX
	JNE  hideOne

hideDone:
	VZEROUPPER
	RET

// func hideOthersAVX2(s *float32, ids *int32, own int32, n int)
TEXT ·hideOthersAVX2(SB), NOSPLIT, $0-32
	MOVQ         s+0(FP), DI
	MOVQ         ids+8(FP), SI
	MOVL         own+16(FP), AX
	VMOVQ        AX, X1
	VPBROADCASTD X1, Y1
	MOVQ         n+24(FP), DX
	TAIL256(DX)
	MOVL         $0xff800000, AX
	VMOVQ        AX, X0
	VBROADCASTSS X0, Y0
	TESTQ        DX, DX
	JEQ          hideOthersTail

hideOthersLoop:
	VPCMPEQD  (SI), Y1, Y2
	VBLENDVPS Y2, (DI), Y0, Y3
	VMOVUPS   Y3, (DI)
	ADDQ      $32, SI
	ADDQ      $32, DI
	DECQ      DX
	JNE       hideOthersLoop

hideOthersTail:
	TESTQ      CX, CX
	JEQ        hideOthersDone
	VMASKMOVPS (SI), Y15, Y2
	VPCMPEQD   Y2, Y1, Y2
	VMASKMOVPS (DI), Y15, Y3
	VBLENDVPS  Y2, Y3, Y0, Y3
	VMASKMOVPS Y3, Y15, (DI)

hideOthersDone:
	VZEROUPPER
	RET
