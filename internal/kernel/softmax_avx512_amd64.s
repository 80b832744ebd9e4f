//go:build !purego

#include "textflag.h"

// Z24 = −Inf, Z25 … Z30 = 1 and the coefficients of exp2, as in generic.go.
DATA exp2Table<>+0(SB)/4, $0xff800000
DATA exp2Table<>+4(SB)/4, $0x3f800000
DATA exp2Table<>+8(SB)/4, $0x3f31725d
DATA exp2Table<>+12(SB)/4, $0x3e75edab
DATA exp2Table<>+16(SB)/4, $0x3d648e73
DATA exp2Table<>+20(SB)/4, $0x3c13bc2b
DATA exp2Table<>+24(SB)/4, $0x3af4ba7d
GLOBL exp2Table<>(SB), RODATA|NOPTR, $28

// EXP2 replaces t by 2^t: the polynomial of its fraction r, scaled by the power that VSCALEFPS takes from t itself.
// −Inf gives 0, NaN gives NaN.
#define EXP2(t, r, p) \
	VREDUCEPS   $1, t, r   \
	VMOVAPS     Z30, p     \
	VFMADD213PS Z29, r, p  \
	VFMADD213PS Z28, r, p  \
	VFMADD213PS Z27, r, p  \
	VFMADD213PS Z26, r, p  \
	VFMADD213PS Z25, r, p  \
	VSCALEFPS   t, p, t

// func softmaxAVX512(s *float32, stride, rows, n int, c float32, rowMax, rowSum, rescale *float32)
//
//	DI row, R8 stride, R9 rows left    CX n, DX whole vectors, K1 the rest    Z31 c
//	R10 rowMax, R11 rowSum, R12 rescale
TEXT ·softmaxAVX512(SB), NOSPLIT, $0-64
	MOVQ s+0(FP), DI
	MOVQ stride+8(FP), R8
	SHLQ $2, R8
	MOVQ rows+16(FP), R9
	MOVQ n+24(FP), CX
	VBROADCASTSS c+32(FP), Z31
	MOVQ rowMax+40(FP), R10
	MOVQ rowSum+48(FP), R11
	MOVQ rescale+56(FP), R12

	VBROADCASTSS exp2Table<>+0(SB), Z24
	VBROADCASTSS exp2Table<>+4(SB), Z25
	VBROADCASTSS exp2Table<>+8(SB), Z26
	VBROADCASTSS exp2Table<>+12(SB), Z27
	VBROADCASTSS exp2Table<>+16(SB), Z28
	VBROADCASTSS exp2Table<>+20(SB), Z29
	VBROADCASTSS exp2Table<>+24(SB), Z30

	MOVQ  CX, DX
	SHRQ  $4, DX
	ANDQ  $15, CX
	MOVL  $1, AX
	SHLL  CX, AX
	DECL  AX
	KMOVW AX, K1

row:
	// The largest score. VMAXPS gives its last operand where one is NaN: so NaN is passed over, as in generic.go.
	VMOVAPS Z24, Z0
	VMOVAPS Z24, Z1
	VMOVAPS Z24, Z2
	VMOVAPS Z24, Z3
	VMOVAPS Z24, Z4
	MOVQ    DI, SI
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
	VMAXPS  Z0, Z4, Z0
	VMAXPS  Z1, Z0, Z0
	VMAXPS  Z3, Z2, Z2
	VMAXPS  Z2, Z0, Z0

	VEXTRACTF64X4 $1, Z0, Y1
	VMAXPS        Y1, Y0, Y0
	VEXTRACTF128  $1, Y0, X1
	VMAXPS        X1, X0, X0
	VPERMILPS     $0x4e, X0, X1
	VMAXPS        X1, X0, X0
	VPERMILPS     $0xb1, X0, X1
	VMAXPS        X1, X0, X0

	// Z2 = top, or 0 where no key was seen; Z0 = rescale.
	VMOVSS       (R10), X1
	VMAXPS       X1, X0, X0
	VMOVSS       X0, (R10)
	VBROADCASTSS X1, Z1
	VBROADCASTSS X0, Z2
	VCMPPS       $0, Z24, Z2, K2
	VPXORD       Z3, Z3, Z3
	VMOVAPS      Z3, K2, Z2
	VSUBPS       Z2, Z1, Z0
	VMULPS       Z31, Z0, Z0
	EXP2(Z0, Z4, Z5)

	// The exponentials; their sum in Z3.
	MOVQ  DI, SI
	MOVQ  DX, AX
	TESTQ AX, AX
	JEQ   expTail

expLoop:
	VMOVUPS (SI), Z16
	VSUBPS  Z2, Z16, Z16
	VMULPS  Z31, Z16, Z16
	EXP2(Z16, Z17, Z18)
	VMOVUPS Z16, (SI)
	VADDPS  Z16, Z3, Z3
	ADDQ    $64, SI
	DECQ    AX
	JNE     expLoop

expTail:
	VMOVUPS.Z (SI), K1, Z16
	VSUBPS    Z2, Z16, Z16
	VMULPS    Z31, Z16, Z16
	EXP2(Z16, Z17, Z18)
	VMOVUPS   Z16, K1, (SI)
	VADDPS    Z16, Z3, K1, Z3

	VEXTRACTF64X4 $1, Z3, Y4
	VADDPS        Y4, Y3, Y3
	VEXTRACTF128  $1, Y3, X4
	VADDPS        X4, X3, X3
	VPERMILPS     $0x4e, X3, X4
	VADDPS        X4, X3, X3
	VPERMILPS     $0xb1, X3, X4
	VADDSS        X4, X3, X3

	VMOVSS      X0, (R12)
	VFMADD231SS (R11), X0, X3
	VMOVSS      X3, (R11)

	ADDQ $4, R10
	ADDQ $4, R11
	ADDQ $4, R12
	ADDQ R8, DI
	DECQ R9
	JNE  row
	VZEROUPPER
	RET
