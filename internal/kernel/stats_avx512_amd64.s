//go:build !purego

#include "textflag.h"
#include "tails_amd64.h"

DATA ramp<>+0(SB)/4, $0x00000000
DATA ramp<>+4(SB)/4, $0x3f800000
DATA ramp<>+8(SB)/4, $0x40000000
DATA ramp<>+12(SB)/4, $0x40400000
DATA ramp<>+16(SB)/4, $0x40800000
DATA ramp<>+20(SB)/4, $0x40a00000
DATA ramp<>+24(SB)/4, $0x40c00000
DATA ramp<>+28(SB)/4, $0x40e00000
DATA ramp<>+32(SB)/4, $0x41000000
DATA ramp<>+36(SB)/4, $0x41100000
DATA ramp<>+40(SB)/4, $0x41200000
DATA ramp<>+44(SB)/4, $0x41300000
DATA ramp<>+48(SB)/4, $0x41400000
DATA ramp<>+52(SB)/4, $0x41500000
DATA ramp<>+56(SB)/4, $0x41600000
DATA ramp<>+60(SB)/4, $0x41700000
GLOBL ramp<>(SB), RODATA|NOPTR, $64

DATA numbers<>+0(SB)/4, $0x41800000 // 16.0
DATA numbers<>+4(SB)/4, $0x7fffffff // all bits but the sign
DATA numbers<>+8(SB)/4, $16
DATA numbers<>+12(SB)/4, $1
GLOBL numbers<>(SB), RODATA|NOPTR, $16

// VECTOR does one vector of Normalize: Z0 factor, Z1 distances, Z2 16.0, Z3 mask of the sign.
#define VECTOR(max, sum) \
	VMULPS      (DI), Z0, Z4  \
	VMOVUPS     Z4, (DI)      \
	VMAXPS      Z4, max, max  \
	VANDPS      Z3, Z1, Z5    \
	VFMADD231PS Z5, Z4, sum   \
	VSUBPS      Z2, Z1, Z1    \
	ADDQ        $64, DI

// func normalizeAVX512(w *float32, n int, factor, distance float32, lanes *[Lanes]float32) (sum float32)
TEXT ·normalizeAVX512(SB), NOSPLIT, $0-36
	MOVQ         w+0(FP), DI
	MOVQ         n+8(FP), DX
	VBROADCASTSS factor+16(FP), Z0
	VBROADCASTSS distance+20(FP), Z1
	MOVQ         lanes+24(FP), R8
	VSUBPS       ramp<>+0(SB), Z1, Z1
	VBROADCASTSS numbers<>+0(SB), Z2
	VBROADCASTSS numbers<>+4(SB), Z3
	VMOVUPS      (R8), Z16
	VMOVUPS      64(R8), Z17
	VMOVUPS      128(R8), Z18
	VMOVUPS      192(R8), Z19
	VPXORD       Z20, Z20, Z20
	VPXORD       Z21, Z21, Z21
	VPXORD       Z22, Z22, Z22
	VPXORD       Z23, Z23, Z23
	TAIL512(DX)
	SUBQ         $4, DX
	JLT          normRest

normLoop:
	VECTOR(Z16, Z20)
	VECTOR(Z17, Z21)
	VECTOR(Z18, Z22)
	VECTOR(Z19, Z23)
	SUBQ $4, DX
	JGE  normLoop

normRest:
	ADDQ $4, DX
	JEQ  normTail

normOne:
	VECTOR(Z16, Z20)
	DECQ DX
	JNE  normOne

normTail:
	VMOVUPS.Z   (DI), K1, Z4
	VMULPS      Z0, Z4, Z4
	VMOVUPS     Z4, K1, (DI)
	VMAXPS      Z4, Z17, K1, Z17
	VANDPS      Z3, Z1, Z5
	VFMADD231PS Z5, Z4, K1, Z21

	VMOVUPS       Z16, (R8)
	VMOVUPS       Z17, 64(R8)
	VMOVUPS       Z18, 128(R8)
	VMOVUPS       Z19, 192(R8)
	VADDPS        Z21, Z20, Z20
	VADDPS        Z23, Z22, Z22
	VADDPS        Z22, Z20, Z20
	VEXTRACTF64X4 $1, Z20, Y21
	VADDPS        Y21, Y20, Y0
	VEXTRACTF128  $1, Y0, X1
	VADDPS        X1, X0, X0
	VPERMILPS     $0x4e, X0, X1
	VADDPS        X1, X0, X0
	VPERMILPS     $0xb1, X0, X1
	VADDSS        X1, X0, X0
	VMOVSS        X0, sum+32(FP)
	VZEROUPPER
	RET

// func collectAVX512(w *float32, n int, threshold float32, first int32, index *int32, value *float32) (count int)
TEXT ·collectAVX512(SB), NOSPLIT, $0-48
	MOVQ         w+0(FP), SI
	MOVQ         n+8(FP), DX
	VBROADCASTSS threshold+16(FP), Z0
	MOVL         first+20(FP), AX
	VPBROADCASTD AX, Z1
	VCVTTPS2DQ   ramp<>+0(SB), Z2
	VPADDD       Z2, Z1, Z1
	VPBROADCASTD numbers<>+8(SB), Z2
	MOVQ         index+24(FP), R8
	MOVQ         value+32(FP), R9
	XORQ         R10, R10
	TAIL512(DX)
	TESTQ        DX, DX
	JEQ          collectTail

collectLoop:
	VMOVUPS  (SI), Z3
	VCMPPS   $0x0d, Z0, Z3, K2
	KORTESTW K2, K2
	JEQ      collectNext
	VCOMPRESSPS.Z Z3, K2, Z4
	VPCOMPRESSD.Z Z1, K2, Z5
	VMOVUPS   Z4, (R9)(R10*4)
	VMOVDQU32 Z5, (R8)(R10*4)
	KMOVW     K2, AX
	POPCNTL   AX, AX
	ADDQ      AX, R10

collectNext:
	VPADDD Z2, Z1, Z1
	ADDQ   $64, SI
	DECQ   DX
	JNE    collectLoop

collectTail:
	VMOVUPS.Z     (SI), K1, Z3
	VCMPPS        $0x0d, Z0, Z3, K1, K2
	VCOMPRESSPS.Z Z3, K2, Z4
	VPCOMPRESSD.Z Z1, K2, Z5
	VMOVUPS       Z4, (R9)(R10*4)
	VMOVDQU32     Z5, (R8)(R10*4)
	KMOVW         K2, AX
	POPCNTL       AX, AX
	ADDQ          AX, R10
	MOVQ          R10, count+40(FP)
	VZEROUPPER
	RET

// func addColumnsAVX512(dst *float64, w *float32, stride, rows, n int)
TEXT ·addColumnsAVX512(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DI
	MOVQ w+8(FP), SI
	MOVQ stride+16(FP), R8
	SHLQ $2, R8
	MOVQ rows+24(FP), R9
	MOVQ n+32(FP), DX
	TAIL512(DX)
	KSHIFTRW $8, K1, K2
	TESTQ DX, DX
	JEQ   addTail

addLoop:
	VMOVUPS (SI), Z0
	LEAQ    (SI)(R8*1), R10
	MOVQ    R9, AX
	DECQ    AX
	JEQ     addStore

addRow:
	VADDPS (R10), Z0, Z0
	ADDQ   R8, R10
	DECQ   AX
	JNE    addRow

addStore:
	VCVTPS2PD     Y0, Z1
	VEXTRACTF64X4 $1, Z0, Y2
	VCVTPS2PD     Y2, Z2
	VADDPD        (DI), Z1, Z1
	VADDPD        64(DI), Z2, Z2
	VMOVUPD       Z1, (DI)
	VMOVUPD       Z2, 64(DI)
	ADDQ          $64, SI
	ADDQ          $128, DI
	DECQ          DX
	JNE           addLoop

addTail:
	VPXORD Z0, Z0, Z0
	MOVQ   R9, AX

addTailRow:
	VMOVUPS.Z (SI), K1, Z3
	VADDPS    Z3, Z0, Z0
	ADDQ      R8, SI
	DECQ      AX
	JNE       addTailRow
	VCVTPS2PD     Y0, Z1
	VEXTRACTF64X4 $1, Z0, Y2
	VCVTPS2PD     Y2, Z2
	VMOVUPD.Z     (DI), K1, Z4
	VADDPD        Z4, Z1, Z1
	VMOVUPD       Z1, K1, (DI)
	VMOVUPD.Z     64(DI), K2, Z4
	VADDPD        Z4, Z2, Z2
	VMOVUPD       Z2, K2, 64(DI)
	VZEROUPPER
	RET

// func maxColumnsAVX512(top *float32, row *int32, w *float32, stride, rows, n int, first int32)
TEXT ·maxColumnsAVX512(SB), NOSPLIT, $0-52
	MOVQ         top+0(FP), DI
	MOVQ         row+8(FP), BX
	MOVQ         w+16(FP), SI
	MOVQ         stride+24(FP), R8
	SHLQ         $2, R8
	MOVQ         rows+32(FP), R9
	MOVQ         n+40(FP), DX
	MOVL         first+48(FP), AX
	VPBROADCASTD AX, Z4
	VPBROADCASTD numbers<>+12(SB), Z5
	TAIL512(DX)
	TESTQ        DX, DX
	JEQ          maxTail

maxLoop:
	VMOVUPS   (DI), Z0
	VMOVDQU32 (BX), Z1
	VMOVDQA32 Z4, Z2
	MOVQ      SI, R10
	MOVQ      R9, AX

maxRow:
	VMOVUPS   (R10), Z3
	VCMPPS    $0x0e, Z0, Z3, K2
	VMOVAPS   Z3, K2, Z0
	VMOVDQA32 Z2, K2, Z1
	VPADDD    Z5, Z2, Z2
	ADDQ      R8, R10
	DECQ      AX
	JNE       maxRow
	VMOVUPS   Z0, (DI)
	VMOVDQU32 Z1, (BX)
	ADDQ      $64, DI
	ADDQ      $64, BX
	ADDQ      $64, SI
	DECQ      DX
	JNE       maxLoop

maxTail:
	VMOVUPS.Z   (DI), K1, Z0
	VMOVDQU32.Z (BX), K1, Z1
	VMOVDQA32   Z4, Z2
	MOVQ        R9, AX

maxTailRow:
	VMOVUPS.Z (SI), K1, Z3
	VCMPPS    $0x0e, Z0, Z3, K1, K2
	VMOVAPS   Z3, K2, Z0
	VMOVDQA32 Z2, K2, Z1
	VPADDD    Z5, Z2, Z2
	ADDQ      R8, SI
	DECQ      AX
	JNE       maxTailRow
	VMOVUPS   Z0, K1, (DI)
	VMOVDQU32 Z1, K1, (BX)
	VZEROUPPER
	RET

// func addMaxAVX512(sum, top, w *float32, n int)
TEXT ·addMaxAVX512(SB), NOSPLIT, $0-32
	MOVQ sum+0(FP), DI
	MOVQ top+8(FP), BX
	MOVQ w+16(FP), SI
	MOVQ n+24(FP), DX
	TAIL512(DX)
	TESTQ DX, DX
	JEQ   addMaxTail

addMaxLoop:
	VMOVUPS (SI), Z0
	VADDPS  (DI), Z0, Z1
	VMAXPS  (BX), Z0, Z2
	VMOVUPS Z1, (DI)
	VMOVUPS Z2, (BX)
	ADDQ    $64, SI
	ADDQ    $64, DI
	ADDQ    $64, BX
	DECQ    DX
	JNE     addMaxLoop

addMaxTail:
	VMOVUPS.Z (SI), K1, Z0
	VMOVUPS.Z (DI), K1, Z1
	VMOVUPS.Z (BX), K1, Z2
	VADDPS    Z1, Z0, Z1
	VMAXPS    Z2, Z0, Z2
	VMOVUPS   Z1, K1, (DI)
	VMOVUPS   Z2, K1, (BX)
	VZEROUPPER
	RET

// STAGE compares each lane of Z0 with the one that shuffle puts beside it: the lanes of mask keep the larger.
#define STAGE(shuffle, imm, mask) \
	MOVL    mask, AX        \
	KMOVW   AX, K2          \
	shuffle imm, Z0, Z1     \
	VMINPS  Z1, Z0, Z2      \
	VMAXPS  Z1, Z0, K2, Z2  \
	VMOVAPS Z2, Z0

// ACROSS is STAGE with quarters of a vector put side by side.
#define ACROSS(imm, mask) \
	MOVL       mask, AX        \
	KMOVW      AX, K2          \
	VSHUFF32X4 imm, Z0, Z0, Z1 \
	VMINPS     Z1, Z0, Z2      \
	VMAXPS     Z1, Z0, K2, Z2  \
	VMOVAPS    Z2, Z0

// func bound16AVX512(lanes *[Lanes]float32, k int) float32
//
// Batcher's bitonic sort of the sixteen maxima.
TEXT ·bound16AVX512(SB), NOSPLIT, $64-20
	MOVQ    lanes+0(FP), SI
	VMOVUPS (SI), Z0
	VMAXPS  64(SI), Z0, Z0
	VMOVUPS 128(SI), Z1
	VMAXPS  192(SI), Z1, Z1
	VMAXPS  Z1, Z0, Z0
	STAGE(VPERMILPS, $0xb1, $0x6666)
	STAGE(VPERMILPS, $0x4e, $0x3c3c)
	STAGE(VPERMILPS, $0xb1, $0x5a5a)
	ACROSS($0xb1, $0x0ff0)
	STAGE(VPERMILPS, $0x4e, $0x33cc)
	STAGE(VPERMILPS, $0xb1, $0x55aa)
	ACROSS($0x4e, $0xff00)
	ACROSS($0xb1, $0xf0f0)
	STAGE(VPERMILPS, $0x4e, $0xcccc)
	STAGE(VPERMILPS, $0xb1, $0xaaaa)
	VMOVUPS Z0, 0(SP)
	MOVQ    $16, AX
	SUBQ    k+8(FP), AX
	MOVL    0(SP)(AX*4), AX
	MOVL    AX, ret+16(FP)
	VZEROUPPER
	RET

// func poolFoursAVX512(sum, top, s, t *float32, n int)
TEXT ·poolFoursAVX512(SB), NOSPLIT, $0-40
	MOVQ sum+0(FP), DI
	MOVQ top+8(FP), BX
	MOVQ s+16(FP), SI
	MOVQ t+24(FP), R8
	MOVQ n+32(FP), DX
	MOVL  $0x1111, AX
	KMOVW AX, K1

poolLoop:
	VMOVUPS   (SI), Z0
	VMOVUPS   (R8), Z1
	VPERMILPS $0xb1, Z0, Z2
	VPERMILPS $0xb1, Z1, Z3
	VADDPS    Z2, Z0, Z0
	VMAXPS    Z3, Z1, Z1
	VPERMILPS $0x4e, Z0, Z2
	VPERMILPS $0x4e, Z1, Z3
	VADDPS    Z2, Z0, Z0
	VMAXPS    Z3, Z1, Z1
	VCOMPRESSPS.Z Z0, K1, Z0
	VCOMPRESSPS.Z Z1, K1, Z1
	VMOVUPS   X0, (DI)
	VMOVUPS   X1, (BX)
	ADDQ      $64, SI
	ADDQ      $64, R8
	ADDQ      $16, DI
	ADDQ      $16, BX
	SUBQ      $16, DX
	JGT       poolLoop
	VZEROUPPER
	RET
