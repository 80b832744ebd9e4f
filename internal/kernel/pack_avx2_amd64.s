//go:build !purego

#include "textflag.h"

// FOUR packs k[0:8][d:d+4]. Y0 … Y3 get rows i and i+4 in their two halves, so that a 4×4 transposition within the halves
// leaves the 8 keys of each d side by side.
#define FOUR \
	VMOVUPS     (SI), X0                   \
	VMOVUPS     (SI)(R8*1), X1             \
	VMOVUPS     (SI)(R8*2), X2             \
	VMOVUPS     (SI)(R9*1), X3             \
	VINSERTF128 $1, (R10), Y0, Y0          \
	VINSERTF128 $1, (R10)(R8*1), Y1, Y1    \
	VINSERTF128 $1, (R10)(R8*2), Y2, Y2    \
	VINSERTF128 $1, (R10)(R9*1), Y3, Y3    \
	VUNPCKLPS   Y1, Y0, Y4                 \
	VUNPCKHPS   Y1, Y0, Y5                 \
	VUNPCKLPS   Y3, Y2, Y6                 \
	VUNPCKHPS   Y3, Y2, Y7                 \
	VUNPCKLPD   Y6, Y4, Y0                 \
	VUNPCKHPD   Y6, Y4, Y1                 \
	VUNPCKLPD   Y7, Y5, Y2                 \
	VUNPCKHPD   Y7, Y5, Y3                 \
	VMOVUPS     Y0, (DI)                   \
	VMOVUPS     Y1, 128(DI)                \
	VMOVUPS     Y2, 256(DI)                \
	VMOVUPS     Y3, 384(DI)

// func packKeys8AVX2(dst, k *float32, stride, dim int)
TEXT ·packKeys8AVX2(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	MOVQ k+8(FP), SI
	MOVQ stride+16(FP), R8
	SHLQ $2, R8
	MOVQ dim+24(FP), CX
	LEAQ (R8)(R8*2), R9
	LEAQ (SI)(R8*4), R10
	SUBQ $4, CX

keysLoop:
	FOUR
	SUBQ $4, CX
	JLT  keysRest
	ADDQ $16, SI
	ADDQ $16, R10
	ADDQ $512, DI
	JMP  keysLoop

keysRest:
	// CX is −4 plus what is left: 0 to 3. The last four once more, some of them again.
	ADDQ $4, CX
	JEQ  keysDone
	LEAQ (SI)(CX*4), SI
	LEAQ (R10)(CX*4), R10
	SHLQ $7, CX
	ADDQ CX, DI
	FOUR

keysDone:
	VZEROUPPER
	RET

// func packValuesAVX2(dst, v *float32, stride, n, width int)
TEXT ·packValuesAVX2(SB), NOSPLIT, $0-40
	MOVQ    dst+0(FP), DI
	MOVQ    v+8(FP), SI
	MOVQ    stride+16(FP), R8
	SHLQ    $2, R8
	MOVQ    n+24(FP), CX
	MOVQ    width+32(FP), DX
	CMPQ    DX, $32
	JEQ     wholeRow
	LEAQ    ·tailMask+128(SB), AX
	NEGQ    DX
	LEAQ    (AX)(DX*4), AX
	VMOVUPS (AX), Y4
	VMOVUPS 32(AX), Y5
	VMOVUPS 64(AX), Y6
	VMOVUPS 96(AX), Y7

partialRow:
	VMASKMOVPS (SI), Y4, Y0
	VMASKMOVPS 32(SI), Y5, Y1
	VMASKMOVPS 64(SI), Y6, Y2
	VMASKMOVPS 96(SI), Y7, Y3
	VMOVUPS    Y0, (DI)
	VMOVUPS    Y1, 32(DI)
	VMOVUPS    Y2, 64(DI)
	VMOVUPS    Y3, 96(DI)
	ADDQ       R8, SI
	ADDQ       $128, DI
	DECQ       CX
	JNE        partialRow
	VZEROUPPER
	RET

wholeRow:
	VMOVUPS (SI), Y0
	VMOVUPS 32(SI), Y1
	VMOVUPS 64(SI), Y2
	VMOVUPS 96(SI), Y3
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	VMOVUPS Y2, 64(DI)
	VMOVUPS Y3, 96(DI)
	ADDQ    R8, SI
	ADDQ    $128, DI
	DECQ    CX
	JNE     wholeRow
	VZEROUPPER
	RET
