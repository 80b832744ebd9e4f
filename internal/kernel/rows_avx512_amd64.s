//go:build !purego

#include "textflag.h"
#include "tails_amd64.h"

// func combineAVX512(dst *float32, a float32, src *float32, b float32, n int)
TEXT ·combineAVX512(SB), NOSPLIT, $0-40
	MOVQ         dst+0(FP), DI
	VBROADCASTSS a+8(FP), Z0
	MOVQ         src+16(FP), SI
	VBROADCASTSS b+24(FP), Z1
	MOVQ         n+32(FP), DX
	TAIL512(DX)
	TESTQ        DX, DX
	JEQ          combineTail

combineLoop:
	VMULPS      (SI), Z1, Z2
	VFMADD231PS (DI), Z0, Z2
	VMOVUPS     Z2, (DI)
	ADDQ        $64, SI
	ADDQ        $64, DI
	DECQ        DX
	JNE         combineLoop

combineTail:
	VMOVUPS.Z   (SI), K1, Z2
	VMOVUPS.Z   (DI), K1, Z3
	VMULPS      Z1, Z2, Z2
	VFMADD231PS Z3, Z0, Z2
	VMOVUPS     Z2, K1, (DI)
	VZEROUPPER
	RET

// func scaleAVX512(dst *float32, a float32, src *float32, n int)
TEXT ·scaleAVX512(SB), NOSPLIT, $0-32
	MOVQ         dst+0(FP), DI
	VBROADCASTSS a+8(FP), Z0
	MOVQ         src+16(FP), SI
	MOVQ         n+24(FP), DX
	TAIL512(DX)
	TESTQ        DX, DX
	JEQ          scaleTail

scaleLoop:
	VMULPS  (SI), Z0, Z1
	VMOVUPS Z1, (DI)
	ADDQ    $64, SI
	ADDQ    $64, DI
	DECQ    DX
	JNE     scaleLoop

scaleTail:
	VMOVUPS.Z (SI), K1, Z1
	VMULPS    Z0, Z1, Z1
	VMOVUPS   Z1, K1, (DI)
	VZEROUPPER
	RET

// func finiteAVX512(x *float32, n int) bool
TEXT ·finiteAVX512(SB), NOSPLIT, $0-17
	MOVQ   x+0(FP), SI
	MOVQ   n+8(FP), DX
	VPXORD Z0, Z0, Z0
	VPXORD Z1, Z1, Z1
	VPXORD Z2, Z2, Z2
	VPXORD Z3, Z3, Z3
	VPXORD Z4, Z4, Z4
	TAIL512(DX)
	SUBQ   $4, DX
	JLT    finiteRest

finiteLoop:
	VFMADD231PS (SI), Z0, Z1
	VFMADD231PS 64(SI), Z0, Z2
	VFMADD231PS 128(SI), Z0, Z3
	VFMADD231PS 192(SI), Z0, Z4
	ADDQ        $256, SI
	SUBQ        $4, DX
	JGE         finiteLoop

finiteRest:
	ADDQ $4, DX
	JEQ  finiteTail

finiteOne:
	VFMADD231PS (SI), Z0, Z1
	ADDQ        $64, SI
	DECQ        DX
	JNE         finiteOne

finiteTail:
	VMOVUPS.Z   (SI), K1, Z5
	VFMADD231PS Z5, Z0, Z1
	VADDPS      Z2, Z1, Z1
	VADDPS      Z4, Z3, Z3
	VADDPS      Z3, Z1, Z1
	VCMPPS      $3, Z1, Z1, K2
	KORTESTW    K2, K2
	SETEQ       ret+16(FP)
	VZEROUPPER
	RET
