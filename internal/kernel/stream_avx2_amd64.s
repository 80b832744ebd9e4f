//go:build !purego

#include "textflag.h"

// func sumAVX2(x *uint64, n int) uint64
//
// The halves of x are read side by side, and every line is asked for a kilobyte before it is added. A core can wait for
// many lines at a time; one stream, prefetched by the processor alone, stops at each page of 4 KB and leaves it idle.
TEXT ·sumAVX2(SB), NOSPLIT, $0-24
	MOVQ  x+0(FP), SI
	MOVQ  n+8(FP), CX
	LEAQ  (SI)(CX*4), DI
	VPXOR Y0, Y0, Y0
	VPXOR Y1, Y1, Y1
	VPXOR Y2, Y2, Y2
	VPXOR Y3, Y3, Y3

sumLoop:
	PREFETCHT0 1024(SI)
	PREFETCHT0 1088(SI)
	PREFETCHT0 1024(DI)
	PREFETCHT0 1088(DI)
	VPADDQ     (SI), Y0, Y0
	VPADDQ     32(SI), Y1, Y1
	VPADDQ     (DI), Y2, Y2
	VPADDQ     32(DI), Y3, Y3
	VPADDQ     64(SI), Y0, Y0
	VPADDQ     96(SI), Y1, Y1
	VPADDQ     64(DI), Y2, Y2
	VPADDQ     96(DI), Y3, Y3
	ADDQ       $128, SI
	ADDQ       $128, DI
	SUBQ       $32, CX
	JG         sumLoop

	VPADDQ       Y1, Y0, Y0
	VPADDQ       Y3, Y2, Y2
	VPADDQ       Y2, Y0, Y0
	VEXTRACTI128 $1, Y0, X1
	VPADDQ       X1, X0, X0
	VPSHUFD      $0x4e, X0, X1
	VPADDQ       X1, X0, X0
	VMOVQ        X0, AX
	MOVQ         AX, ret+16(FP)
	VZEROUPPER
	RET
