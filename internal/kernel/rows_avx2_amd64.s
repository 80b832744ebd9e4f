//go:build !purego

#include "textflag.h"
#include "tails_amd64.h"

// func combineAVX2(dst *float32, a float32, src *float32, b float32, n int)
TEXT ·combineAVX2(SB), NOSPLIT, $0-40
	MOVQ         dst+0(FP), DI
	VBROADCASTSS a+8(FP), Y0
	MOVQ         src+16(FP), SI
	VBROADCASTSS b+24(FP), Y1
	MOVQ         n+32(FP), DX
	TAIL256(DX)
	TESTQ        DX, DX
	JEQ          combineTail

combineLoop:
	VMULPS      (SI), Y1, Y2
	VFMADD231PS (DI), Y0, Y2
	VMOVUPS     Y2, (DI)
	ADDQ        $32, SI
	ADDQ        $32, DI
	DECQ        DX
	JNE         combineLoop

combineTail:
	TESTQ       CX, CX
	JEQ         combineDone
	VMASKMOVPS  (SI), Y15, Y2
	VMASKMOVPS  (DI), Y15, Y3
	VMULPS      Y1, Y2, Y2
	VFMADD231PS Y3, Y0, Y2
	VMASKMOVPS  Y2, Y15, (DI)

combineDone:
	VZEROUPPER
	RET

// func scaleAVX2(dst *float32, a float32, src *float32, n int)
TEXT ·scaleAVX2(SB), NOSPLIT, $0-32
	MOVQ         dst+0(FP), DI
	VBROADCASTSS a+8(FP), Y0
	MOVQ         src+16(FP), SI
	MOVQ         n+24(FP), DX
	TAIL256(DX)
	TESTQ        DX, DX
	JEQ          scaleTail

scaleLoop:
	VMULPS  (SI), Y0, Y1
	VMOVUPS Y1, (DI)
	ADDQ    $32, SI
	ADDQ    $32, DI
	DECQ    DX
	JNE     scaleLoop

scaleTail:
	TESTQ      CX, CX
	JEQ        scaleDone
	VMASKMOVPS (SI), Y15, Y1
	VMULPS     Y0, Y1, Y1
	VMASKMOVPS Y1, Y15, (DI)

scaleDone:
	VZEROUPPER
	RET

// func finiteAVX2(x *float32, n int) bool
TEXT ·finiteAVX2(SB), NOSPLIT, $0-17
	MOVQ   x+0(FP), SI
	MOVQ   n+8(FP), DX
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3
	VXORPS Y4, Y4, Y4
	TAIL256(DX)
	SUBQ   $4, DX
	JLT    finiteRest

finiteLoop:
	VFMADD231PS (SI), Y0, Y1
	VFMADD231PS 32(SI), Y0, Y2
	VFMADD231PS 64(SI), Y0, Y3
	VFMADD231PS 96(SI), Y0, Y4
	ADDQ        $128, SI
	SUBQ        $4, DX
	JGE         finiteLoop

finiteRest:
	ADDQ $4, DX
	JEQ  finiteTail

finiteOne:
	VFMADD231PS (SI), Y0, Y1
	ADDQ        $32, SI
	DECQ        DX
	JNE         finiteOne

finiteTail:
	VMASKMOVPS  (SI), Y15, Y5
	VFMADD231PS Y5, Y0, Y1
	VADDPS      Y2, Y1, Y1
	VADDPS      Y4, Y3, Y3
	VADDPS      Y3, Y1, Y1
	VCMPPS      $3, Y1, Y1, Y1
	VMOVMSKPS   Y1, AX
	TESTL       AX, AX
	SETEQ       ret+16(FP)
	VZEROUPPER
	RET
