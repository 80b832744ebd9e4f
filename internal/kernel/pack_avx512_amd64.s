//go:build !purego

#include "textflag.h"

// FOUR packs k[0:16][d:d+4]. Z0 … Z3 get rows i, i+4, i+8, i+12 in their four quarters, so that a 4×4 transposition within
// the quarters leaves the 16 keys of each d side by side.
#define FOUR \
	VMOVUPS      (SI), X0                    \
	VMOVUPS      (SI)(R8*1), X1              \
	VMOVUPS      (SI)(R8*2), X2              \
	VMOVUPS      (SI)(R9*1), X3              \
	VINSERTF32X4 $1, (R10), Z0, Z0           \
	VINSERTF32X4 $1, (R10)(R8*1), Z1, Z1     \
	VINSERTF32X4 $1, (R10)(R8*2), Z2, Z2     \
	VINSERTF32X4 $1, (R10)(R9*1), Z3, Z3     \
	VINSERTF32X4 $2, (R11), Z0, Z0           \
	VINSERTF32X4 $2, (R11)(R8*1), Z1, Z1     \
	VINSERTF32X4 $2, (R11)(R8*2), Z2, Z2     \
	VINSERTF32X4 $2, (R11)(R9*1), Z3, Z3     \
	VINSERTF32X4 $3, (R12), Z0, Z0           \
	VINSERTF32X4 $3, (R12)(R8*1), Z1, Z1     \
	VINSERTF32X4 $3, (R12)(R8*2), Z2, Z2     \
	VINSERTF32X4 $3, (R12)(R9*1), Z3, Z3     \
	VUNPCKLPS    Z1, Z0, Z4                  \
	VUNPCKHPS    Z1, Z0, Z5                  \
	VUNPCKLPS    Z3, Z2, Z6                  \
	VUNPCKHPS    Z3, Z2, Z7                  \
	VUNPCKLPD    Z6, Z4, Z0                  \
	VUNPCKHPD    Z6, Z4, Z1                  \
	VUNPCKLPD    Z7, Z5, Z2                  \
	VUNPCKHPD    Z7, Z5, Z3                  \
	VMOVUPS      Z0, (DI)                    \
	VMOVUPS      Z1, 128(DI)                 \
	VMOVUPS      Z2, 256(DI)                 \
	VMOVUPS      Z3, 384(DI)

// ADVANCE goes on by four numbers.
#define ADVANCE \
	ADDQ $16, SI  \
	ADDQ $16, R10 \
	ADDQ $16, R11 \
	ADDQ $16, R12 \
	ADDQ $512, DI

// AHEAD fetches a line of each of four keys that come later by as much as index says.
#define AHEAD(index) \
	PREFETCHT2 (SI)(index*1)  \
	PREFETCHT2 (R10)(index*1) \
	PREFETCHT2 (R11)(index*1) \
	PREFETCHT2 (R12)(index*1)

// func packKeys16AVX512(dst, k *float32, stride, dim int)
TEXT ·packKeys16AVX512(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	MOVQ k+8(FP), SI
	MOVQ stride+16(FP), R8
	SHLQ $2, R8
	MOVQ dim+24(FP), CX
	LEAQ (R8)(R8*2), R9
	LEAQ (SI)(R8*4), R10
	LEAQ (SI)(R8*8), R11
	LEAQ (R10)(R8*8), R12

	// Rows may lie far apart, where no hardware prefetcher follows: R13, R14, R15, BX lead to the 16 keys after these.
	MOVQ R8, R13
	SHLQ $4, R13
	LEAQ (R13)(R8*1), R14
	LEAQ (R13)(R8*2), R15
	LEAQ (R13)(R9*1), BX

	SUBQ $16, CX
	JLT  few

	// Sixteen numbers of a key are a cache line, or fall into one and the next.
loop16:
	AHEAD(R13)
	FOUR
	ADVANCE
	AHEAD(R14)
	FOUR
	ADVANCE
	AHEAD(R15)
	FOUR
	ADVANCE
	AHEAD(BX)
	FOUR
	ADVANCE
	SUBQ $16, CX
	JGE  loop16

few:
	ADDQ $12, CX
	JLT  rest

loop4:
	FOUR
	ADVANCE
	SUBQ $4, CX
	JGE  loop4

rest:
	// CX is −4 plus what is left: 0 to 3. The last four once more, some of them again.
	CMPQ CX, $-4
	JEQ  done
	LEAQ (SI)(CX*4), SI
	LEAQ (R10)(CX*4), R10
	LEAQ (R11)(CX*4), R11
	LEAQ (R12)(CX*4), R12
	SHLQ $7, CX
	ADDQ CX, DI
	FOUR

done:
	VZEROUPPER
	RET

// func packValuesAVX512(dst, v *float32, stride, n, panels int)
//
//	SI row, R8 stride, CX rows left     DI first panel, R10 stride of panels, DX panels     R9 16 rows
TEXT ·packValuesAVX512(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DI
	MOVQ v+8(FP), SI
	MOVQ stride+16(FP), R8
	SHLQ $2, R8
	MOVQ n+24(FP), CX
	MOVQ panels+32(FP), DX
	MOVQ CX, R10
	SHLQ $7, R10
	MOVQ R8, R9
	SHLQ $4, R9

copyRow:
	MOVQ SI, R11
	MOVQ DI, R12
	MOVQ DX, AX

copyPanel:
	PREFETCHT2 (R11)(R9*1)
	PREFETCHT2 64(R11)(R9*1)
	VMOVUPS (R11), Z0
	VMOVUPS 64(R11), Z1
	VMOVUPS Z0, (R12)
	VMOVUPS Z1, 64(R12)
	ADDQ    $128, R11
	ADDQ    R10, R12
	DECQ    AX
	JNE     copyPanel

	ADDQ R8, SI
	ADDQ $128, DI
	DECQ CX
	JNE  copyRow
	VZEROUPPER
	RET
