//go:build !purego

#include "textflag.h"
#include "tails_amd64.h"

DATA numbers<>+0(SB)/4, $16
DATA numbers<>+4(SB)/4, $0xff800000 // −Inf
DATA numbers<>+8(SB)/4, $0xffffffff
DATA numbers<>+12(SB)/4, $1
GLOBL numbers<>(SB), RODATA|NOPTR, $16

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

// func largestAVX512(score *float32, key *int32, s *float32, stride, rows, n, k int, first int32)
//
//	DI, R14 the row's list    SI row, R8 stride, R9 rows    R10 numbers in sight, R12 vectors left, DX all of them
//	R13 place of the numbers in sight in the row, R11 where the next candidate's place goes
//	Z0 the list's scores, Z1 its keys, Z2 what a score must be above, Z3 lanes of the k-th, Z5 −Inf, Z9 +Inf
//
// A row is read for candidates, the scores that are above the k-th of its list; their places are noted without a branch on
// how many there are, as long as there are at most four among 64 numbers: most rows have a few, and where they are can't be
// foreseen. Then each is put into the list. That takes long if they are many. So before that a row whose list isn't full is
// read for a bound, the k-th largest of the maxima of sixteen parts, which k scores reach, and few others; and so is a row
// in which many scores turn out to be above the k-th, as where scores grow along the keys. The first kind of bounds come
// before all else: their chains are long, and run side by side as long as no branch is mispredicted.
//
//	0(SP) bounds of the rows, 64(SP) whether the row had a bound of the second kind, 72(SP) whether the row ends here,
//	80(SP) places of candidates, up to 24 and those of 64 numbers and 4 that aren't
TEXT ·largestAVX512(SB), NOSPLIT, $448-60
	MOVQ         score+0(FP), DI
	MOVQ         key+8(FP), R14
	MOVQ         s+16(FP), SI
	MOVQ         stride+24(FP), R8
	SHLQ         $2, R8
	MOVQ         rows+32(FP), R9
	MOVQ         k+48(FP), AX
	DECQ         AX
	VPBROADCASTD AX, Z3
	MOVL         $15, BX
	SUBL         AX, BX
	VPBROADCASTD BX, Z4
	VBROADCASTSS numbers<>+4(SB), Z5
	VPBROADCASTD numbers<>+8(SB), Z6
	VPSRLD       $1, Z6, Z9
	VPANDD       Z9, Z5, Z9
	MOVQ         n+40(FP), DX
	TAIL512(DX)
	MOVQ         k+48(FP), AX
	LEAQ         -4(DI)(AX*4), BX // the k-th of the lists
	XORQ         R13, R13

boundRow:
	MOVL $0xff800000, AX
	CMPL AX, (BX)
	JEQ  bound
	MOVL AX, 0(SP)(R13*4)
	JMP  boundNext

bound:
	// The maxima; VMAXPS gives its last operand where one is NaN.
	VMOVAPS Z5, Z16
	VMOVAPS Z5, Z17
	VMOVAPS Z5, Z18
	VMOVAPS Z5, Z19
	MOVQ    SI, R10
	MOVQ    DX, R11
	SUBQ    $4, R11
	JLT     maximaRest

maximaLoop:
	VMOVUPS (R10), Z20
	VMOVUPS 64(R10), Z21
	VMOVUPS 128(R10), Z22
	VMOVUPS 192(R10), Z23
	VMAXPS  Z16, Z20, Z16
	VMAXPS  Z17, Z21, Z17
	VMAXPS  Z18, Z22, Z18
	VMAXPS  Z19, Z23, Z19
	ADDQ    $256, R10
	SUBQ    $4, R11
	JGE     maximaLoop

maximaRest:
	ADDQ $4, R11
	JEQ  maximaTail

maximaOne:
	VMOVUPS (R10), Z20
	VMAXPS  Z16, Z20, Z16
	ADDQ    $64, R10
	DECQ    R11
	JNE     maximaOne

maximaTail:
	VMOVAPS Z5, Z20
	VMOVUPS (R10), K1, Z20
	VMAXPS  Z17, Z20, Z17
	VMAXPS  Z18, Z16, Z0
	VMAXPS  Z19, Z17, Z1
	VMAXPS  Z1, Z0, Z0

	// Batcher's bitonic sort, the smallest first.
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

	// The float32 before the bound: one bit less if it is positive, one more if negative; −Inf stays. 0 counts as −0, so
	// that the smallest negative number is before it.
	VPERMPS      Z0, Z4, Z0
	VPXORD       Z1, Z1, Z1
	VPCMPD       $1, Z1, Z0, K3
	VPADDD       Z6, Z0, Z2
	VPSUBD       Z6, Z0, K3, Z2
	VCMPPS       $0, Z1, Z0, K3
	MOVL         $0x80000001, AX
	VPBROADCASTD AX, K3, Z2
	VCMPPS       $0, Z5, Z0, K3
	VMOVAPS      Z5, K3, Z2
	TESTQ        R13, R13
	JLT          manyBound
	VMOVSS       X2, 0(SP)(R13*4)

boundNext:
	ADDQ R8, SI
	ADDQ $64, BX
	INCQ R13
	CMPQ R13, R9
	JNE  boundRow

	MOVQ s+16(FP), SI
	XORQ BP, BP

scanRow:
	VBROADCASTSS 0(SP)(BP*4), Z2
	VMOVUPS      (DI), Z0
	VMOVDQU32    (R14), Z1
	VPERMPS      Z0, Z3, Z7
	VMAXPS       Z7, Z2, Z2
	MOVQ         $0, 64(SP)

scan:
	MOVQ SI, R10
	MOVQ DX, R12
	XORQ R13, R13
	LEAQ 80(SP), R11
	SUBQ $4, R12
	JLT  scanRest

scanLoop:
	VCMPPS   $0x11, (R10), Z2, K2
	VCMPPS   $0x11, 64(R10), Z2, K3
	VCMPPS   $0x11, 128(R10), Z2, K4
	VCMPPS   $0x11, 192(R10), Z2, K5
	KUNPCKWD K2, K3, K2
	KUNPCKWD K4, K5, K4
	KUNPCKDQ K2, K4, K2
	KMOVQ    K2, BX

	// BX has a bit for each candidate among the 64 numbers in sight.
take:
	POPCNTQ BX, AX
	CMPQ    AX, $4
	JGT     takeMany
	TZCNTQ  BX, CX
	ADDQ    R13, CX
	MOVL    CX, (R11)
	BLSRQ   BX, BX
	TZCNTQ  BX, CX
	ADDQ    R13, CX
	MOVL    CX, 4(R11)
	BLSRQ   BX, BX
	TZCNTQ  BX, CX
	ADDQ    R13, CX
	MOVL    CX, 8(R11)
	BLSRQ   BX, BX
	TZCNTQ  BX, CX
	ADDQ    R13, CX
	MOVL    CX, 12(R11)
	LEAQ    (R11)(AX*4), R11

taken:
	LEAQ 176(SP), AX // 24 of them
	CMPQ R11, AX
	JGT  many

scanNext:
	ADDQ $256, R10
	ADDQ $64, R13
	SUBQ $4, R12
	JGE  scanLoop
	CMPQ R12, $-4
	JLT  scanned

	// Up to three vectors and the tail, once: then R12 is less than −4.
scanRest:
	XORQ BX, BX
	XORQ CX, CX
	ADDQ $4, R12
	JEQ  scanTail

scanOne:
	VCMPPS $0x11, (R10), Z2, K2
	KMOVW  K2, AX
	SHLQ   CX, AX
	ORQ    AX, BX
	ADDQ   $16, CX
	ADDQ   $64, R10
	DECQ   R12
	JNE    scanOne

scanTail:
	VMOVUPS.Z (R10), K1, Z20
	VCMPPS    $0x1e, Z2, Z20, K1, K2
	KMOVW     K2, AX
	SHLQ      CX, AX
	ORQ       AX, BX
	MOVQ      $-100, R12
	JMP       take

takeMany:
	TZCNTQ BX, CX
	ADDQ   R13, CX
	MOVL   CX, (R11)
	ADDQ   $4, R11
	BLSRQ  BX, BX
	JNE    takeMany
	JMP    taken

scanned:
	MOVQ $1, 72(SP)

	// A score that is put in takes the lane of the first that is less. That one and those behind it take the next lanes: Z10
	// and Z11 are the list a lane further, with +Inf before it.
put:
	LEAQ 80(SP), BX
	MOVL first+56(FP), AX
	CMPQ BX, R11
	JEQ  putDone

putLoop:
	MOVL         (BX), CX
	VBROADCASTSS (SI)(CX*4), Z7
	ADDL         AX, CX
	VALIGND      $15, Z9, Z0, Z10
	VALIGND      $15, Z1, Z1, Z11
	VCMPPS       $0x11, Z7, Z0, K2
	VCMPPS       $0x1d, Z7, Z10, K3
	VPBROADCASTD CX, K3, Z11
	VMINPS       Z10, Z7, K2, Z0
	VMOVDQA32    Z11, K2, Z1
	ADDQ         $4, BX
	CMPQ         BX, R11
	JNE          putLoop

putDone:
	CMPQ 72(SP), $0
	JEQ  putMany

	VMOVUPS   Z0, (DI)
	VMOVDQU32 Z1, (R14)
	ADDQ      $64, DI
	ADDQ      $64, R14
	ADDQ      R8, SI
	INCQ      BP
	CMPQ      BP, R9
	JNE       scanRow
	VZEROUPPER
	RET

	// Many candidates: a bound for this row, if there was none, from which it begins anew. R13 < 0 says that.
many:
	CMPQ 64(SP), $0
	JNE  putSome
	MOVQ $1, 64(SP)
	MOVQ $-1, R13
	JMP  bound

manyBound:
	VMOVUPS   (DI), Z0
	VMOVDQU32 (R14), Z1
	VPERMPS   Z0, Z3, Z7
	VMAXPS    Z7, Z2, Z2
	JMP       scan

	// Still many: they are put in, and what comes after must be above the k-th then.
putSome:
	MOVQ $0, 72(SP)
	JMP  put

putMany:
	VPERMPS Z0, Z3, Z7
	VMAXPS  Z7, Z2, Z2
	LEAQ    80(SP), R11
	JMP     scanNext

// func collectAVX512(s *float32, n int, threshold float32, first int32, index *int32, value *float32) (count int)
TEXT ·collectAVX512(SB), NOSPLIT, $0-48
	MOVQ         s+0(FP), SI
	MOVQ         n+8(FP), DX
	VBROADCASTSS threshold+16(FP), Z0
	MOVL         first+20(FP), AX
	VPBROADCASTD AX, Z1
	VCVTTPS2DQ   ·ramp(SB), Z2
	VPADDD       Z2, Z1, Z1
	VPBROADCASTD numbers<>+0(SB), Z2
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

// func columnsAVX512(sum, top, w *float32, stride, rows, n int, factor *float32)
TEXT ·columnsAVX512(SB), NOSPLIT, $0-56
	MOVQ sum+0(FP), DI
	MOVQ top+8(FP), BX
	MOVQ w+16(FP), SI
	MOVQ stride+24(FP), R8
	SHLQ $2, R8
	MOVQ rows+32(FP), R9
	MOVQ n+40(FP), DX
	MOVQ factor+48(FP), R11
	TAIL512(DX)
	SUBQ $4, DX
	JLT  columnsRest

columnsLoop:
	VPXORD Z0, Z0, Z0
	VPXORD Z1, Z1, Z1
	VPXORD Z2, Z2, Z2
	VPXORD Z3, Z3, Z3
	VPXORD Z4, Z4, Z4
	VPXORD Z5, Z5, Z5
	VPXORD Z6, Z6, Z6
	VPXORD Z7, Z7, Z7
	MOVQ   SI, R10
	XORQ   CX, CX

columnsRow:
	VBROADCASTSS (R11)(CX*4), Z8
	VMULPS  (R10), Z8, Z9
	VMULPS  64(R10), Z8, Z10
	VMULPS  128(R10), Z8, Z11
	VMULPS  192(R10), Z8, Z12
	VADDPS  Z9, Z0, Z0
	VADDPS  Z10, Z1, Z1
	VADDPS  Z11, Z2, Z2
	VADDPS  Z12, Z3, Z3
	VMAXPS  Z4, Z9, Z4
	VMAXPS  Z5, Z10, Z5
	VMAXPS  Z6, Z11, Z6
	VMAXPS  Z7, Z12, Z7
	ADDQ    R8, R10
	INCQ    CX
	CMPQ    CX, R9
	JNE     columnsRow
	VMOVUPS Z0, (DI)
	VMOVUPS Z1, 64(DI)
	VMOVUPS Z2, 128(DI)
	VMOVUPS Z3, 192(DI)
	VMOVUPS Z4, (BX)
	VMOVUPS Z5, 64(BX)
	VMOVUPS Z6, 128(BX)
	VMOVUPS Z7, 192(BX)
	ADDQ    $256, SI
	ADDQ    $256, DI
	ADDQ    $256, BX
	SUBQ    $4, DX
	JGE     columnsLoop

columnsRest:
	ADDQ  $4, DX
	KXNORW K2, K2, K2

	// One vector at a time, and the last numbers with K1.
columnsOne:
	SUBQ    $1, DX
	JGE     columnsWhole
	KMOVW   K1, K2
	KTESTW  K1, K1
	JEQ     columnsDone

columnsWhole:
	VPXORD  Z0, Z0, Z0
	VPXORD  Z4, Z4, Z4
	MOVQ    SI, R10
	XORQ    CX, CX

columnsOneRow:
	VMOVUPS.Z (R10), K2, Z9
	VBROADCASTSS (R11)(CX*4), Z8
	VMULPS  Z9, Z8, Z9
	VADDPS  Z9, Z0, Z0
	VMAXPS  Z4, Z9, Z4
	ADDQ    R8, R10
	INCQ    CX
	CMPQ    CX, R9
	JNE     columnsOneRow
	VMOVUPS Z0, K2, (DI)
	VMOVUPS Z4, K2, (BX)
	ADDQ    $64, SI
	ADDQ    $64, DI
	ADDQ    $64, BX
	TESTQ   DX, DX
	JGE     columnsOne

columnsDone:
	VZEROUPPER
	RET

// func columnsOnAVX512(sum, top, allSum, allTop, w *float32, stride, rows, n int, factor *float32)
TEXT ·columnsOnAVX512(SB), NOSPLIT, $0-72
	MOVQ sum+0(FP), DI
	MOVQ top+8(FP), BX
	MOVQ allSum+16(FP), R12
	MOVQ allTop+24(FP), R13
	MOVQ w+32(FP), SI
	MOVQ stride+40(FP), R8
	SHLQ $2, R8
	MOVQ rows+48(FP), R9
	MOVQ n+56(FP), DX
	MOVQ factor+64(FP), R11
	TAIL512(DX)
	SUBQ $4, DX
	JLT  columnsOnRest

columnsOnLoop:
	VPXORD  Z0, Z0, Z0
	VPXORD  Z1, Z1, Z1
	VPXORD  Z2, Z2, Z2
	VPXORD  Z3, Z3, Z3
	VPXORD  Z4, Z4, Z4
	VPXORD  Z5, Z5, Z5
	VPXORD  Z6, Z6, Z6
	VPXORD  Z7, Z7, Z7
	VMOVUPS (R12), Z16
	VMOVUPS 64(R12), Z17
	VMOVUPS 128(R12), Z18
	VMOVUPS 192(R12), Z19
	MOVQ    SI, R10
	XORQ    CX, CX

columnsOnRow:
	VBROADCASTSS (R11)(CX*4), Z8
	VMULPS  (R10), Z8, Z9
	VMULPS  64(R10), Z8, Z10
	VMULPS  128(R10), Z8, Z11
	VMULPS  192(R10), Z8, Z12
	VADDPS  Z9, Z0, Z0
	VADDPS  Z10, Z1, Z1
	VADDPS  Z11, Z2, Z2
	VADDPS  Z12, Z3, Z3
	VADDPS  Z9, Z16, Z16
	VADDPS  Z10, Z17, Z17
	VADDPS  Z11, Z18, Z18
	VADDPS  Z12, Z19, Z19
	VMAXPS  Z4, Z9, Z4
	VMAXPS  Z5, Z10, Z5
	VMAXPS  Z6, Z11, Z6
	VMAXPS  Z7, Z12, Z7
	ADDQ    R8, R10
	INCQ    CX
	CMPQ    CX, R9
	JNE     columnsOnRow
	VMAXPS  (R13), Z4, Z8
	VMAXPS  64(R13), Z5, Z9
	VMAXPS  128(R13), Z6, Z10
	VMAXPS  192(R13), Z7, Z11
	VMOVUPS Z0, (DI)
	VMOVUPS Z1, 64(DI)
	VMOVUPS Z2, 128(DI)
	VMOVUPS Z3, 192(DI)
	VMOVUPS Z4, (BX)
	VMOVUPS Z5, 64(BX)
	VMOVUPS Z6, 128(BX)
	VMOVUPS Z7, 192(BX)
	VMOVUPS Z16, (R12)
	VMOVUPS Z17, 64(R12)
	VMOVUPS Z18, 128(R12)
	VMOVUPS Z19, 192(R12)
	VMOVUPS Z8, (R13)
	VMOVUPS Z9, 64(R13)
	VMOVUPS Z10, 128(R13)
	VMOVUPS Z11, 192(R13)
	ADDQ    $256, SI
	ADDQ    $256, DI
	ADDQ    $256, BX
	ADDQ    $256, R12
	ADDQ    $256, R13
	SUBQ    $4, DX
	JGE     columnsOnLoop

columnsOnRest:
	ADDQ   $4, DX
	KXNORW K2, K2, K2

	// One vector at a time, and the last numbers with K1.
columnsOnOne:
	SUBQ   $1, DX
	JGE    columnsOnWhole
	KMOVW  K1, K2
	KTESTW K1, K1
	JEQ    columnsOnDone

columnsOnWhole:
	VPXORD    Z0, Z0, Z0
	VPXORD    Z4, Z4, Z4
	VMOVUPS.Z (R12), K2, Z16
	VMOVUPS.Z (R13), K2, Z17
	MOVQ      SI, R10
	XORQ      CX, CX

columnsOnOneRow:
	VMOVUPS.Z    (R10), K2, Z9
	VBROADCASTSS (R11)(CX*4), Z8
	VMULPS  Z9, Z8, Z9
	VADDPS  Z9, Z0, Z0
	VADDPS  Z9, Z16, Z16
	VMAXPS  Z4, Z9, Z4
	ADDQ    R8, R10
	INCQ    CX
	CMPQ    CX, R9
	JNE     columnsOnOneRow
	VMAXPS  Z17, Z4, Z17
	VMOVUPS Z0, K2, (DI)
	VMOVUPS Z4, K2, (BX)
	VMOVUPS Z16, K2, (R12)
	VMOVUPS Z17, K2, (R13)
	ADDQ    $64, SI
	ADDQ    $64, DI
	ADDQ    $64, BX
	ADDQ    $64, R12
	ADDQ    $64, R13
	TESTQ   DX, DX
	JGE     columnsOnOne

columnsOnDone:
	VZEROUPPER
	RET

// OF makes row the row of the lanes of K3 in which w·f is the top, Z0.
#define OF(w, f, row) \
	VMULPS    w, f, Z2           \
	VCMPPS    $0, Z0, Z2, K3, K4 \
	VMOVDQA32 row, K4, Z1

// func raiseAVX512(highest *float32, row *int32, top, w *float32, stride, rows, n int, factor *float32, first int32)
//
// From the last row to the first, so that the first of equal ones is what stays, without a branch. Twelve rows, which nearly
// all come in, have their factors in Z16 … Z27, their numbers in Z4 … Z15, and SI, R10, R13 in rows 0, 4, 8.
TEXT ·raiseAVX512(SB), NOSPLIT, $0-68
	MOVQ   highest+0(FP), DI
	MOVQ   row+8(FP), BX
	MOVQ   top+16(FP), R12
	MOVQ   w+24(FP), SI
	MOVQ   stride+32(FP), R8
	SHLQ   $2, R8
	MOVQ   rows+40(FP), R9
	MOVQ   n+48(FP), DX
	MOVQ   factor+56(FP), R11
	TAIL512(DX)
	CMPQ   R9, $12
	JNE    raiseSome
	VBROADCASTSS 0(R11), Z16
	VBROADCASTSS 4(R11), Z17
	VBROADCASTSS 8(R11), Z18
	VBROADCASTSS 12(R11), Z19
	VBROADCASTSS 16(R11), Z20
	VBROADCASTSS 20(R11), Z21
	VBROADCASTSS 24(R11), Z22
	VBROADCASTSS 28(R11), Z23
	VBROADCASTSS 32(R11), Z24
	VBROADCASTSS 36(R11), Z25
	VBROADCASTSS 40(R11), Z26
	VBROADCASTSS 44(R11), Z27
	MOVL first+64(FP), AX
	VPBROADCASTD AX, Z4
	VPBROADCASTD numbers<>+12(SB), Z0
	VPADDD Z0, Z4, Z5
	VPADDD Z0, Z5, Z6
	VPADDD Z0, Z6, Z7
	VPADDD Z0, Z7, Z8
	VPADDD Z0, Z8, Z9
	VPADDD Z0, Z9, Z10
	VPADDD Z0, Z10, Z11
	VPADDD Z0, Z11, Z12
	VPADDD Z0, Z12, Z13
	VPADDD Z0, Z13, Z14
	VPADDD Z0, Z14, Z15
	LEAQ   (SI)(R8*4), R10
	LEAQ   (SI)(R8*8), R13
	LEAQ   (R8)(R8*2), CX

raiseTwelve:
	SUBQ      $1, DX
	JLT       raiseRest
	VMOVUPS   (R12), Z0
	VCMPPS    $0x1e, (DI), Z0, K3
	KTESTW    K3, K3
	JEQ       raiseTwelveNext
	VMOVUPS   Z0, K3, (DI)
	VMOVDQU32 (BX), Z1
	OF((R13)(CX*1), Z27, Z15)
	OF((R13)(R8*2), Z26, Z14)
	OF((R13)(R8*1), Z25, Z13)
	OF((R13), Z24, Z12)
	OF((R10)(CX*1), Z23, Z11)
	OF((R10)(R8*2), Z22, Z10)
	OF((R10)(R8*1), Z21, Z9)
	OF((R10), Z20, Z8)
	OF((SI)(CX*1), Z19, Z7)
	OF((SI)(R8*2), Z18, Z6)
	OF((SI)(R8*1), Z17, Z5)
	OF((SI), Z16, Z4)
	VMOVDQU32 Z1, (BX)

raiseTwelveNext:
	ADDQ $64, SI
	ADDQ $64, R10
	ADDQ $64, R13
	ADDQ $64, DI
	ADDQ $64, BX
	ADDQ $64, R12
	JMP  raiseTwelve

raiseRest:
	XORQ DX, DX

raiseSome:
	KXNORW K2, K2, K2

	// R14 is in the last row what SI is in the first, R15 the last row.
	MOVQ  R9, R14
	DECQ  R14
	MOVL  first+64(FP), R15
	ADDL  R14, R15
	IMULQ R8, R14
	ADDQ  SI, R14

raiseLoop:
	SUBQ   $1, DX
	JGE    raiseWhole
	KMOVW  K1, K2
	KTESTW K1, K1
	JEQ    raiseDone

raiseWhole:
	VMOVUPS.Z (R12), K2, Z0
	VMOVUPS.Z (DI), K2, Z1
	VCMPPS    $0x1e, Z1, Z0, K2, K3
	KTESTW    K3, K3
	JEQ       raiseNext
	VMOVUPS   Z0, K3, (DI)

	MOVQ      R14, R10
	MOVQ      R9, CX
	MOVL      R15, R13
	VMOVDQU32 (BX), K3, Z4

raiseRow:
	VMOVUPS.Z    (R10), K2, Z2
	VMULPS.BCST  -4(R11)(CX*4), Z2, Z2
	VCMPPS       $0, Z0, Z2, K3, K4
	VPBROADCASTD R13, K4, Z4
	SUBQ         R8, R10
	DECL         R13
	DECQ         CX
	JNE          raiseRow
	VMOVDQU32    Z4, K3, (BX)

raiseNext:
	ADDQ  $64, R14
	ADDQ  $64, DI
	ADDQ  $64, BX
	ADDQ  $64, R12
	TESTQ DX, DX
	JGE   raiseLoop

raiseDone:
	VZEROUPPER
	RET

// SHIFTED adds to Z0 the sixteen weights that begin back places before R10, times f, and goes to the row before. Vectors that
// begin within a cache line take a part of two: reading both whole and shifting them together is quicker than reading across
// their boundary.
#define SHIFTED(back, f) \
	VMOVUPS     (R10), Z1                      \
	VALIGND     $(16-back), -64(R10), Z1, Z1   \
	VFMADD231PS Z1, f, Z0                      \
	SUBQ        R14, R10

// FIRST is SHIFTED where there are no weights before R10, LAST where there are none from R10 on; Z3 is 0.
#define FIRST(back, f) \
	VMOVUPS     (R10), Z1               \
	VALIGND     $(16-back), Z3, Z1, Z1  \
	VFMADD231PS Z1, f, Z0               \
	SUBQ        R14, R10

#define LAST(back, f) \
	SUBQ        R14, R10                    \
	VALIGND     $(16-back), -64(R10), Z3, Z1 \
	VFMADD231PS Z1, f, Z0

// func diagonalsAVX512(dst, w *float32, stride, rows, n int, factor *float32)
//
//	DI dst, R13 the element of dst at hand    SI its place in the last row, R8 distance of a row and a step to the row before
//	R9 rows, R11 factor, R12 n, R14 stride
//
// A vector of diagonals takes from each row sixteen weights, one place further left in each. In the middle all of them
// exist; the first vector and those behind n−16 take them with a mask. Twelve rows, which nearly all come in, have a middle
// of their own: their factors are in Z4 … Z15, the last row's first. Where n is whole vectors, they need no masks at the
// edges either.
TEXT ·diagonalsAVX512(SB), NOSPLIT, $0-48
	MOVQ dst+0(FP), DI
	MOVQ w+8(FP), SI
	MOVQ stride+16(FP), R8
	MOVQ rows+24(FP), R9
	MOVQ n+32(FP), R12
	MOVQ factor+40(FP), R11
	// The last row begins where dst does: element u takes its u-th weight.
	MOVQ  R9, AX
	DECQ  AX
	IMULQ R8, AX
	LEAQ  (SI)(AX*4), SI
	// The row before is a stride back, and its weight for the same diagonal another place.
	LEAQ (R8*4), R14
	INCQ R8
	SHLQ $2, R8
	XORQ R13, R13
	CMPQ  R9, $12
	JNE   edge
	TESTQ $15, R12
	JEQ   twelve

	// With a mask: row r has weights j = u + lane − back for back = rows−1−r, those with 0 ≤ j < n.
edge:
	MOVQ      R12, AX
	ADDQ      R9, AX
	DECQ      AX
	SUBQ      R13, AX // diagonals left
	JLE       diagonalsDone
	CMPQ      AX, $16
	JLE       edgeCount
	MOVQ      $16, AX

edgeCount:
	MOVL      $-1, BX
	BZHIL     AX, BX, BX
	KMOVW     BX, K1
	VMOVUPS.Z (DI), K1, Z0
	MOVQ      SI, R10
	MOVQ      R9, CX

edgeRow:
	// back = rows − CX; lanes from back − u up to n + back − u.
	MOVQ  R9, DX
	SUBQ  CX, DX
	SUBQ  R13, DX // back − u
	MOVQ  DX, AX
	ADDQ  R12, AX
	CMPQ  AX, $0
	JLE   edgeNext
	CMPQ  AX, $16
	JLE   edgeTo
	MOVQ  $16, AX

edgeTo:
	MOVL  $-1, BX
	BZHIL AX, BX, BX
	CMPQ  DX, $0
	JLE   edgeAdd
	MOVL  $-1, AX
	BZHIL DX, AX, AX
	ANDNL BX, AX, BX

edgeAdd:
	KMOVW        BX, K2
	VMOVUPS.Z    (R10), K2, Z1
	VBROADCASTSS -4(R11)(CX*4), Z2
	VFMADD231PS  Z1, Z2, K2, Z0

edgeNext:
	SUBQ    R8, R10
	DECQ    CX
	JNE     edgeRow
	VMOVUPS Z0, K1, (DI)
	ADDQ    $64, DI
	ADDQ    $64, SI
	ADDQ    $16, R13

	CMPQ R9, $12
	JEQ  twelve

middle:
	MOVQ R12, AX
	SUBQ R13, AX
	CMPQ AX, $64
	JLT  middleRest
	VMOVUPS (DI), Z0
	VMOVUPS 64(DI), Z1
	VMOVUPS 128(DI), Z2
	VMOVUPS 192(DI), Z3
	MOVQ SI, R10
	MOVQ R9, CX

middleRow:
	VBROADCASTSS -4(R11)(CX*4), Z4
	VFMADD231PS  (R10), Z4, Z0
	VFMADD231PS  64(R10), Z4, Z1
	VFMADD231PS  128(R10), Z4, Z2
	VFMADD231PS  192(R10), Z4, Z3
	SUBQ         R8, R10
	DECQ         CX
	JNE          middleRow
	VMOVUPS      Z0, (DI)
	VMOVUPS      Z1, 64(DI)
	VMOVUPS      Z2, 128(DI)
	VMOVUPS      Z3, 192(DI)
	ADDQ         $256, DI
	ADDQ         $256, SI
	ADDQ         $64, R13
	JMP          middle

middleRest:
	CMPQ AX, $16
	JLT  edge
	VMOVUPS (DI), Z0
	MOVQ SI, R10
	MOVQ R9, CX

middleOneRow:
	VBROADCASTSS -4(R11)(CX*4), Z4
	VFMADD231PS  (R10), Z4, Z0
	SUBQ         R8, R10
	DECQ         CX
	JNE          middleOneRow
	VMOVUPS      Z0, (DI)
	ADDQ         $64, DI
	ADDQ         $64, SI
	ADDQ         $16, R13
	SUBQ         $16, AX
	JMP          middleRest

twelve:
	VBROADCASTSS 44(R11), Z4
	VBROADCASTSS 40(R11), Z5
	VBROADCASTSS 36(R11), Z6
	VBROADCASTSS 32(R11), Z7
	VBROADCASTSS 28(R11), Z8
	VBROADCASTSS 24(R11), Z9
	VBROADCASTSS 20(R11), Z10
	VBROADCASTSS 16(R11), Z11
	VBROADCASTSS 12(R11), Z12
	VBROADCASTSS 8(R11), Z13
	VBROADCASTSS 4(R11), Z14
	VBROADCASTSS 0(R11), Z15
	TESTQ R13, R13
	JNE   twelveMiddle

	VPXORD      Z3, Z3, Z3
	VMOVUPS     (DI), Z0
	MOVQ        SI, R10
	VFMADD231PS (R10), Z4, Z0
	SUBQ        R14, R10
	FIRST(1, Z5)
	FIRST(2, Z6)
	FIRST(3, Z7)
	FIRST(4, Z8)
	FIRST(5, Z9)
	FIRST(6, Z10)
	FIRST(7, Z11)
	FIRST(8, Z12)
	FIRST(9, Z13)
	FIRST(10, Z14)
	FIRST(11, Z15)
	VMOVUPS     Z0, (DI)
	ADDQ        $64, DI
	ADDQ        $64, SI
	ADDQ        $16, R13

twelveMiddle:
	MOVQ R12, AX
	SUBQ R13, AX
	CMPQ AX, $16
	JLT  twelveDone

twelveLoop:
	VMOVUPS     (DI), Z0
	MOVQ        SI, R10
	VFMADD231PS (R10), Z4, Z0
	SUBQ        R14, R10
	SHIFTED(1, Z5)
	SHIFTED(2, Z6)
	SHIFTED(3, Z7)
	SHIFTED(4, Z8)
	SHIFTED(5, Z9)
	SHIFTED(6, Z10)
	SHIFTED(7, Z11)
	SHIFTED(8, Z12)
	SHIFTED(9, Z13)
	SHIFTED(10, Z14)
	SHIFTED(11, Z15)
	VMOVUPS     Z0, (DI)
	ADDQ        $64, DI
	ADDQ        $64, SI
	ADDQ        $16, R13
	SUBQ        $16, AX
	CMPQ        AX, $16
	JGE         twelveLoop

twelveDone:
	TESTQ $15, R12
	JNE   edge
	MOVL  $0x7ff, AX
	KMOVW AX, K1
	VMOVUPS.Z (DI), K1, Z0
	MOVQ      SI, R10
	LAST(1, Z5)
	LAST(2, Z6)
	LAST(3, Z7)
	LAST(4, Z8)
	LAST(5, Z9)
	LAST(6, Z10)
	LAST(7, Z11)
	LAST(8, Z12)
	LAST(9, Z13)
	LAST(10, Z14)
	LAST(11, Z15)
	VMOVUPS Z0, K1, (DI)

diagonalsDone:
	VZEROUPPER
	RET

// func addToAVX512(dst *float64, src *float32, n int)
TEXT ·addToAVX512(SB), NOSPLIT, $0-24
	MOVQ         dst+0(FP), DI
	MOVQ         src+8(FP), SI
	MOVQ         n+16(FP), DX
	TAIL512(DX)
	KSHIFTRW     $8, K1, K2
	TESTQ        DX, DX
	JEQ          addToTail

addToLoop:
	VCVTPS2PD   (SI), Z0
	VCVTPS2PD   32(SI), Z1
	VADDPD      (DI), Z0, Z0
	VADDPD      64(DI), Z1, Z1
	VMOVUPD     Z0, (DI)
	VMOVUPD     Z1, 64(DI)
	ADDQ        $64, SI
	ADDQ        $128, DI
	DECQ        DX
	JNE         addToLoop

addToTail:
	VMOVUPS.Z     (SI), K1, Z0
	VEXTRACTF64X4 $1, Z0, Y1
	VCVTPS2PD     Y0, Z0
	VCVTPS2PD     Y1, Z1
	VMOVUPD.Z     (DI), K1, Z2
	VMOVUPD.Z     64(DI), K2, Z3
	VADDPD        Z0, Z2, Z2
	VADDPD        Z1, Z3, Z3
	VMOVUPD       Z2, K1, (DI)
	VMOVUPD       Z3, K2, 64(DI)
	VZEROUPPER
	RET

// func addMaxAVX512(sum, top, s, t *float32, n int)
TEXT ·addMaxAVX512(SB), NOSPLIT, $0-40
	MOVQ  sum+0(FP), DI
	MOVQ  top+8(FP), BX
	MOVQ  s+16(FP), SI
	MOVQ  t+24(FP), R8
	MOVQ  n+32(FP), DX
	TAIL512(DX)
	TESTQ DX, DX
	JEQ   addMaxTail

addMaxLoop:
	VMOVUPS (SI), Z0
	VMOVUPS (R8), Z1
	VADDPS  (DI), Z0, Z0
	VMAXPS  (BX), Z1, Z1
	VMOVUPS Z0, (DI)
	VMOVUPS Z1, (BX)
	ADDQ    $64, SI
	ADDQ    $64, R8
	ADDQ    $64, DI
	ADDQ    $64, BX
	DECQ    DX
	JNE     addMaxLoop

addMaxTail:
	VMOVUPS.Z (SI), K1, Z0
	VMOVUPS.Z (R8), K1, Z1
	VMOVUPS.Z (DI), K1, Z2
	VMOVUPS.Z (BX), K1, Z3
	VADDPS    Z2, Z0, Z0
	VMAXPS    Z3, Z1, Z1
	VMOVUPS   Z0, K1, (DI)
	VMOVUPS   Z1, K1, (BX)
	VZEROUPPER
	RET

// func poolPairsAVX512(sum, top *float32, n int)
TEXT ·poolPairsAVX512(SB), NOSPLIT, $0-24
	MOVQ sum+0(FP), DI
	MOVQ top+8(FP), BX
	MOVQ n+16(FP), DX
	MOVQ DI, SI
	MOVQ BX, R8

	// Z6 and Z7: the even and the odd of two vectors.
	VMOVUPS      ·ramp(SB), Z6
	VADDPS       Z6, Z6, Z6
	VCVTTPS2DQ   Z6, Z6
	VPBROADCASTD numbers<>+12(SB), Z7
	VPADDD       Z7, Z6, Z7

pairsLoop:
	VMOVUPS   (SI), Z0
	VMOVUPS   64(SI), Z1
	VMOVUPS   (R8), Z2
	VMOVUPS   64(R8), Z3
	VMOVAPS   Z0, Z4
	VMOVAPS   Z2, Z5
	VPERMT2PS Z1, Z6, Z0
	VPERMT2PS Z1, Z7, Z4
	VPERMT2PS Z3, Z6, Z2
	VPERMT2PS Z3, Z7, Z5
	VADDPS    Z4, Z0, Z0
	VMAXPS    Z5, Z2, Z2
	VMOVUPS   Z0, (DI)
	VMOVUPS   Z2, (BX)
	ADDQ      $128, SI
	ADDQ      $128, R8
	ADDQ      $64, DI
	ADDQ      $64, BX
	DECQ      DX
	JNE       pairsLoop
	VZEROUPPER
	RET

// CLASS adds the weights Z0 whose classes Z1 have the bit of bit to sum.
#define CLASS(bit, sum) \
	VPTESTMD bit, Z1, K2      \
	VADDPS   Z0, sum, K2, sum

// REDUCE leaves in lane 0 of x the sum of its sixteen.
#define REDUCE(y, x, xx) \
	VEXTRACTF64X4 $1, y, Y0   \
	VADDPS        Y0, x, x    \
	VEXTRACTF128  $1, x, X0   \
	VADDPS        X0, xx, xx  \
	VPERMILPS     $0x4e, xx, X0 \
	VADDPS        X0, xx, xx  \
	VPERMILPS     $0xb1, xx, X0 \
	VADDSS        X0, xx, xx

// func classSumsAVX512(p *float32, classes *uint8, n int, sums *[8]float32)
TEXT ·classSumsAVX512(SB), NOSPLIT, $0-32
	MOVQ p+0(FP), SI
	MOVQ classes+8(FP), BX
	MOVQ n+16(FP), DX
	MOVQ sums+24(FP), DI

	// Z16 … Z23: bits 0 … 7; Z8 … Z15: their sums.
	VPBROADCASTD numbers<>+12(SB), Z16
	VPADDD Z16, Z16, Z17
	VPADDD Z17, Z17, Z18
	VPADDD Z18, Z18, Z19
	VPADDD Z19, Z19, Z20
	VPADDD Z20, Z20, Z21
	VPADDD Z21, Z21, Z22
	VPADDD Z22, Z22, Z23
	VPXORD Z8, Z8, Z8
	VPXORD Z9, Z9, Z9
	VPXORD Z10, Z10, Z10
	VPXORD Z11, Z11, Z11
	VPXORD Z12, Z12, Z12
	VPXORD Z13, Z13, Z13
	VPXORD Z14, Z14, Z14
	VPXORD Z15, Z15, Z15

classLoop:
	VPMOVZXBD (BX), Z1
	VMOVUPS   (SI), Z0
	CLASS(Z16, Z8)
	CLASS(Z17, Z9)
	CLASS(Z18, Z10)
	CLASS(Z19, Z11)
	CLASS(Z20, Z12)
	CLASS(Z21, Z13)
	CLASS(Z22, Z14)
	CLASS(Z23, Z15)
	ADDQ $16, BX
	ADDQ $64, SI
	SUBQ $16, DX
	JGT  classLoop

	REDUCE(Z8, Y8, X8)
	REDUCE(Z9, Y9, X9)
	REDUCE(Z10, Y10, X10)
	REDUCE(Z11, Y11, X11)
	REDUCE(Z12, Y12, X12)
	REDUCE(Z13, Y13, X13)
	REDUCE(Z14, Y14, X14)
	REDUCE(Z15, Y15, X15)
	VUNPCKLPS X9, X8, X8
	VUNPCKLPS X11, X10, X10
	VMOVLHPS  X10, X8, X8
	VUNPCKLPS X13, X12, X12
	VUNPCKLPS X15, X14, X14
	VMOVLHPS  X14, X12, X12
	VADDPS    (DI), X8, X8
	VADDPS    16(DI), X12, X12
	VMOVUPS   X8, (DI)
	VMOVUPS   X12, 16(DI)
	VZEROUPPER
	RET
