//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// SXTL and UXTL widen the lower half of n, signed and unsigned, SXTL2 and UXTL2 the upper half: "shift by immediate",
// 0 Q U 011110 immh immb 10100 1 Rn Rd, with a shift by 0; immh is 0001 from 8 to 16 bits and 0010 from 16 to 32.
#define SXTLB(n, d)   TWO(0x0F08A400, n, d)
#define SXTLB2(n, d)  TWO(0x4F08A400, n, d)
#define SXTLH(n, d)   TWO(0x0F10A400, n, d)
#define SXTLH2(n, d)  TWO(0x4F10A400, n, d)
#define UXTLB(n, d)   TWO(0x2F08A400, n, d)
#define UXTLB2(n, d)  TWO(0x6F08A400, n, d)
#define UXTLH(n, d)   TWO(0x2F10A400, n, d)
#define UXTLH2(n, d)  TWO(0x6F10A400, n, d)

// FMLA is d = d + n·m (three same, U = 0, o2 = 0, opcode 11001); COPY is ORR of n with itself.
#define FMLA(m, n, d) THREE(0x4E20CC00, m, n, d)
#define COPY(n, d)    THREE(0x4EA01C00, n, n, d)

// SCALES loads 32 float16 into eight registers from d on.
#define SCALES(d) \
	FLDPQ.P 32(R1), (F0, F1) \
	FLDPQ.P 32(R1), (F2, F3) \
	FCVTLH(0, d)      \
	FCVTLH2(0, d + 1) \
	FCVTLH(1, d + 2)  \
	FCVTLH2(1, d + 3) \
	FCVTLH(2, d + 4)  \
	FCVTLH2(2, d + 5) \
	FCVTLH(3, d + 6)  \
	FCVTLH2(3, d + 7)

// EIGHT writes eight numbers of 16 bits in n as float32, times the scales in d and d+1.
#define EIGHT(n, d) \
	SXTLH(n, 6)       \
	SXTLH2(n, 7)      \
	SCVTF(6, 6)       \
	SCVTF(7, 7)       \
	FMUL(d, 6, 6)     \
	FMUL(d + 1, 7, 7) \
	FSTPQ.P (F6, F7), 32(R0)

// func expandQ80NEON(dst *float32, panel *byte, blocks int)
TEXT ·expandQ80NEON(SB), NOSPLIT, $0-24
	MOVD dst+0(FP), R0
	MOVD panel+8(FP), R1
	MOVD blocks+16(FP), R2

block:
	SCALES(16)
	MOVD $32, R3

step:
	FLDPQ.P 32(R1), (F0, F1)
	SXTLB(0, 2)
	SXTLB2(0, 3)
	SXTLB(1, 4)
	SXTLB2(1, 5)
	EIGHT(2, 16)
	EIGHT(3, 18)
	EIGHT(4, 20)
	EIGHT(5, 22)
	SUBS $1, R3
	BNE  step
	SUBS $1, R2
	BNE  block
	RET

// EIGHTPLUS writes eight numbers of 16 bits in n as float32, times the scales in d and d+1, plus what is in m and m+1.
#define EIGHTPLUS(n, d, m) \
	UXTLH(n, 6)        \
	UXTLH2(n, 7)       \
	SCVTF(6, 6)        \
	SCVTF(7, 7)        \
	COPY(m, 8)         \
	COPY(m + 1, 9)     \
	FMLA(d, 6, 8)      \
	FMLA(d + 1, 7, 9)  \
	FSTPQ.P (F8, F9), 32(R0)

// STEP4 expands one step of 32 numbers of 4 bits, with scales in V16 to V23, least values in V24 to V31 and 15 in the bytes
// of V15.
#define STEP4 \
	FMOVQ.P 16(R1), F0           \
	VUSHR   $4, V0.B16, V1.B16   \
	VAND    V0.B16, V15.B16, V0.B16 \
	UXTLB(0, 2)  \
	UXTLB2(0, 3) \
	UXTLB(1, 4)  \
	UXTLB2(1, 5) \
	EIGHTPLUS(2, 16, 24) \
	EIGHTPLUS(3, 18, 26) \
	EIGHTPLUS(4, 20, 28) \
	EIGHTPLUS(5, 22, 30)

// func expandQ40NEON(dst *float32, panel *byte, blocks int)
TEXT ·expandQ40NEON(SB), NOSPLIT, $0-24
	MOVD  dst+0(FP), R0
	MOVD  panel+8(FP), R1
	MOVD  blocks+16(FP), R2
	VMOVI $15, V15.B16
	FMOVS $-8.0, F14

block:
	SCALES(16)
	FMULLANE0(14, 16, 24)
	FMULLANE0(14, 17, 25)
	FMULLANE0(14, 18, 26)
	FMULLANE0(14, 19, 27)
	FMULLANE0(14, 20, 28)
	FMULLANE0(14, 21, 29)
	FMULLANE0(14, 22, 30)
	FMULLANE0(14, 23, 31)
	MOVD $32, R3

step:
	STEP4
	SUBS $1, R3
	BNE  step
	SUBS $1, R2
	BNE  block
	RET

// func expandQ41NEON(dst *float32, panel *byte, blocks int)
TEXT ·expandQ41NEON(SB), NOSPLIT, $0-24
	MOVD  dst+0(FP), R0
	MOVD  panel+8(FP), R1
	MOVD  blocks+16(FP), R2
	VMOVI $15, V15.B16

block:
	SCALES(16)
	SCALES(24)
	MOVD $32, R3

step:
	STEP4
	SUBS $1, R3
	BNE  step
	SUBS $1, R2
	BNE  block
	RET
