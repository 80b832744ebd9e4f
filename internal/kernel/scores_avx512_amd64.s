//go:build !purego

#include "textflag.h"
#include "tails_amd64.h"

// func fillAVX512(s *float32, x float32, n int)
TEXT ·fillAVX512(SB), NOSPLIT, $0-24
	MOVQ         s+0(FP), DI
	VBROADCASTSS x+8(FP), Z0
	MOVQ         n+16(FP), DX
	TAIL512(DX)
	TESTQ        DX, DX
	JEQ          fillTail

fillLoop:
	VMOVUPS Z0, (DI)
	ADDQ    $64, DI
	DECQ    DX
	JNE     fillLoop

fillTail:
	VMOVUPS Z0, K1, (DI)
	VZEROUPPER
	RET

// TWO writes an instruction for two vectors.
#define TWO(op, x, a0, a1, b0, b1) \
	op x, a0, b0 \
	op x, a1, b1

// SOFTCAP replaces the two vectors in Z0 and Z1 by limit·tanh(k·s). VMINPS and VMAXPS give their first operand where one is
// NaN, so NaN stays. Instead of a division, which takes 16 cycles, the quotient comes from an approximate reciprocal and is
// corrected by what it leaves of the numerator: q += (p − q·d)/d.
//
//	Z16 k    Z17 limit    Z18 … Z22 the numerator's coefficients, Z23 … Z26 the denominator's (which begins with Z18 = 1)
//	Z27, Z28 bounds of the argument    Z18, Z29 bounds of the result
#define SOFTCAP \
	TWO(VMULPS, Z16, Z0, Z1, Z0, Z1)       \
	VMINPS      Z0, Z27, Z0                \
	VMINPS      Z1, Z27, Z1                \
	VMAXPS      Z0, Z28, Z0                \
	VMAXPS      Z1, Z28, Z1                \
	VMULPS      Z0, Z0, Z2                 \
	VMULPS      Z1, Z1, Z3                 \
	VMOVAPS     Z22, Z4                    \
	VMOVAPS     Z22, Z5                    \
	VMOVAPS     Z26, Z6                    \
	VMOVAPS     Z26, Z7                    \
	TWO(VFMADD213PS, Z25, Z2, Z3, Z6, Z7)  \
	TWO(VFMADD213PS, Z21, Z2, Z3, Z4, Z5)  \
	TWO(VFMADD213PS, Z24, Z2, Z3, Z6, Z7)  \
	TWO(VFMADD213PS, Z20, Z2, Z3, Z4, Z5)  \
	TWO(VFMADD213PS, Z23, Z2, Z3, Z6, Z7)  \
	TWO(VFMADD213PS, Z19, Z2, Z3, Z4, Z5)  \
	TWO(VFMADD213PS, Z18, Z2, Z3, Z6, Z7)  \
	TWO(VFMADD213PS, Z18, Z2, Z3, Z4, Z5)  \
	VMULPS      Z0, Z4, Z4                 \
	VMULPS      Z1, Z5, Z5                 \
	VRCP14PS    Z6, Z8                     \
	VRCP14PS    Z7, Z9                     \
	VMULPS      Z8, Z4, Z0                 \
	VMULPS      Z9, Z5, Z1                 \
	VFNMADD231PS Z6, Z0, Z4                \
	VFNMADD231PS Z7, Z1, Z5                \
	VFMADD231PS Z8, Z4, Z0                 \
	VFMADD231PS Z9, Z5, Z1                 \
	VMINPS      Z0, Z18, Z0                \
	VMINPS      Z1, Z18, Z1                \
	VMAXPS      Z0, Z29, Z0                \
	VMAXPS      Z1, Z29, Z1                \
	TWO(VMULPS, Z17, Z0, Z1, Z0, Z1)

// func softcapAVX512(s *float32, k, limit float32, n int)
TEXT ·softcapAVX512(SB), NOSPLIT, $0-24
	MOVQ         s+0(FP), DI
	VBROADCASTSS k+8(FP), Z16
	VBROADCASTSS limit+12(FP), Z17
	MOVQ         n+16(FP), DX
	VBROADCASTSS ·tanhTable+0(SB), Z18
	VBROADCASTSS ·tanhTable+4(SB), Z19
	VBROADCASTSS ·tanhTable+8(SB), Z20
	VBROADCASTSS ·tanhTable+12(SB), Z21
	VBROADCASTSS ·tanhTable+16(SB), Z22
	VBROADCASTSS ·tanhTable+20(SB), Z23
	VBROADCASTSS ·tanhTable+24(SB), Z24
	VBROADCASTSS ·tanhTable+28(SB), Z25
	VBROADCASTSS ·tanhTable+32(SB), Z26
	VBROADCASTSS ·tanhTable+36(SB), Z27
	VBROADCASTSS ·tanhTable+40(SB), Z28
	VBROADCASTSS ·tanhTable+44(SB), Z29
	SUBQ         $32, DX
	JLT          softcapTail

softcapLoop:
	VMOVUPS (DI), Z0
	VMOVUPS 64(DI), Z1
	SOFTCAP
	VMOVUPS Z0, (DI)
	VMOVUPS Z1, 64(DI)
	ADDQ    $128, DI
	SUBQ    $32, DX
	JGE     softcapLoop

softcapTail:
	ADDQ      $32, DX
	JEQ       softcapDone
	MOVQ      $1, AX
	MOVQ      DX, CX
	SHLQ      CX, AX
	DECQ      AX
	KMOVW     AX, K1
	SHRQ      $16, AX
	KMOVW     AX, K2
	VMOVUPS.Z (DI), K1, Z0
	VMOVUPS.Z 64(DI), K2, Z1
	SOFTCAP
	VMOVUPS   Z0, K1, (DI)
	VMOVUPS   Z1, K2, 64(DI)

softcapDone:
	VZEROUPPER
	RET

// func addBiasAVX512(s *float32, a float32, bias *float32, n int)
TEXT ·addBiasAVX512(SB), NOSPLIT, $0-32
	MOVQ         s+0(FP), DI
	VBROADCASTSS a+8(FP), Z0
	MOVQ         bias+16(FP), SI
	MOVQ         n+24(FP), DX
	TAIL512(DX)
	MOVL         $0xff800000, AX
	VPBROADCASTD AX, Z3
	TESTQ        DX, DX
	JEQ          addBiasTail

	// Where bias is −Inf it stands for the sum, which would be NaN if a·s were NaN or Inf.
addBiasLoop:
	VMOVUPS     (SI), Z1
	VCMPPS      $0, Z3, Z1, K2
	VMOVAPS     Z1, Z2
	VFMADD231PS (DI), Z0, Z2
	VMOVAPS     Z1, K2, Z2
	VMOVUPS     Z2, (DI)
	ADDQ        $64, SI
	ADDQ        $64, DI
	DECQ        DX
	JNE         addBiasLoop

addBiasTail:
	VMOVUPS.Z   (SI), K1, Z1
	VMOVUPS.Z   (DI), K1, Z4
	VCMPPS      $0, Z3, Z1, K2
	VMOVAPS     Z1, Z2
	VFMADD231PS Z4, Z0, Z2
	VMOVAPS     Z1, K2, Z2
	VMOVUPS     Z2, K1, (DI)
	VZEROUPPER
	RET

// func addDistanceAVX512(s *float32, a, slope float32, distance, n int)
TEXT ·addDistanceAVX512(SB), NOSPLIT, $0-32
	MOVQ         s+0(FP), DI
	VBROADCASTSS a+8(FP), Z0
	VBROADCASTSS slope+12(FP), Z1
	MOVQ         distance+16(FP), BX
	MOVQ         n+24(FP), DX
	TAIL512(DX)
	VPBROADCASTD BX, Z2
	VPSUBD       ·ascending(SB), Z2, Z2
	MOVL         $16, AX
	VPBROADCASTD AX, Z3
	TESTQ        DX, DX
	JEQ          addDistanceTail

addDistanceLoop:
	VPABSD      Z2, Z4
	VCVTDQ2PS   Z4, Z4
	VMULPS      (DI), Z0, Z5
	VFMADD231PS Z4, Z1, Z5
	VMOVUPS     Z5, (DI)
	VPSUBD      Z3, Z2, Z2
	ADDQ        $64, DI
	DECQ        DX
	JNE         addDistanceLoop

addDistanceTail:
	VPABSD      Z2, Z4
	VCVTDQ2PS   Z4, Z4
	VMOVUPS.Z   (DI), K1, Z5
	VMULPS      Z5, Z0, Z5
	VFMADD231PS Z4, Z1, Z5
	VMOVUPS     Z5, K1, (DI)
	VZEROUPPER
	RET

// func hideAVX512(s *float32, keep *bool, n int)
TEXT ·hideAVX512(SB), NOSPLIT, $0-24
	MOVQ         s+0(FP), DI
	MOVQ         keep+8(FP), SI
	MOVQ         n+16(FP), DX
	TAIL512(DX)
	MOVL         $0xff800000, AX
	VPBROADCASTD AX, Z0
	TESTQ        DX, DX
	JEQ          hideTail

	// Whole vectors are written: the softmax couldn't read one from the store buffer that was written in part.
hideLoop:
	VMOVDQU   (SI), X1
	VPTESTNMB X1, X1, K2
	VMOVUPS   (DI), Z2
	VMOVAPS   Z0, K2, Z2
	VMOVUPS   Z2, (DI)
	ADDQ      $16, SI
	ADDQ      $64, DI
	DECQ      DX
	JNE       hideLoop

hideTail:
	VMOVDQU8.Z (SI), K1, X1
	VPTESTNMB  X1, X1, K2
	VMOVUPS.Z  (DI), K1, Z2
	VMOVAPS    Z0, K2, Z2
	VMOVUPS    Z2, K1, (DI)
	VZEROUPPER
	RET

// func hideOthersAVX512(s *float32, ids *int32, own int32, n int)
TEXT ·hideOthersAVX512(SB), NOSPLIT, $0-32
	MOVQ         s+0(FP), DI
	MOVQ         ids+8(FP), SI
	MOVL         own+16(FP), AX
	VPBROADCASTD AX, Z1
	MOVQ         n+24(FP), DX
	TAIL512(DX)
	MOVL         $0xff800000, AX
	VPBROADCASTD AX, Z0
	TESTQ        DX, DX
	JEQ          hideOthersTail

hideOthersLoop:
	VPCMPD  $4, (SI), Z1, K2
	VMOVUPS (DI), Z2
	VMOVAPS Z0, K2, Z2
	VMOVUPS Z2, (DI)
	ADDQ    $64, SI
	ADDQ    $64, DI
	DECQ    DX
	JNE     hideOthersLoop

hideOthersTail:
	VMOVUPS.Z (SI), K1, Z3
	VPCMPD    $4, Z3, Z1, K2
	VMOVUPS.Z (DI), K1, Z2
	VMOVAPS   Z0, K2, Z2
	VMOVUPS   Z2, K1, (DI)
	VZEROUPPER
	RET
