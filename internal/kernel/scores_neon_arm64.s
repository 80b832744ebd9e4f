//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// func softcapNEON(s *float32, k, limit float32, n int)
//
//	V16 … V20 the numerator's coefficients, V21 … V24 the denominator's (which begins with V16 = 1)
//	V25, V26 bounds of the argument    V16, V27 bounds of the result    V30 k    V31 limit
//
// FMIN and FMAX give NaN for NaN.
TEXT ·softcapNEON(SB), NOSPLIT, $0-24
	MOVD  s+0(FP), R0
	FMOVS k+8(FP), F30
	FMOVS limit+12(FP), F31
	MOVD  n+16(FP), R1
	MOVD  $·tanhTable(SB), R2
	VLD1R.P 4(R2), [V16.S4]
	VLD1R.P 4(R2), [V17.S4]
	VLD1R.P 4(R2), [V18.S4]
	VLD1R.P 4(R2), [V19.S4]
	VLD1R.P 4(R2), [V20.S4]
	VLD1R.P 4(R2), [V21.S4]
	VLD1R.P 4(R2), [V22.S4]
	VLD1R.P 4(R2), [V23.S4]
	VLD1R.P 4(R2), [V24.S4]
	VLD1R.P 4(R2), [V25.S4]
	VLD1R.P 4(R2), [V26.S4]
	VLD1R.P 4(R2), [V27.S4]

softcapLoop:
	FLDPQ (R0), (F0, F1)
	FMULLANE0(30, 0, 0)
	FMULLANE0(30, 1, 1)
	FMIN(25, 0, 0)
	FMIN(25, 1, 1)
	FMAX(26, 0, 0)
	FMAX(26, 1, 1)
	FMUL(0, 0, 2)
	FMUL(1, 1, 3)
	VMOV  V19.B16, V4.B16
	VMOV  V19.B16, V5.B16
	VMOV  V23.B16, V6.B16
	VMOV  V23.B16, V7.B16
	VFMLA V20.S4, V2.S4, V4.S4
	VFMLA V20.S4, V3.S4, V5.S4
	VFMLA V24.S4, V2.S4, V6.S4
	VFMLA V24.S4, V3.S4, V7.S4
	VMOV  V18.B16, V8.B16
	VMOV  V18.B16, V9.B16
	VMOV  V22.B16, V10.B16
	VMOV  V22.B16, V11.B16
	VFMLA V4.S4, V2.S4, V8.S4
	VFMLA V5.S4, V3.S4, V9.S4
	VFMLA V6.S4, V2.S4, V10.S4
	VFMLA V7.S4, V3.S4, V11.S4
	VMOV  V17.B16, V4.B16
	VMOV  V17.B16, V5.B16
	VMOV  V21.B16, V6.B16
	VMOV  V21.B16, V7.B16
	VFMLA V8.S4, V2.S4, V4.S4
	VFMLA V9.S4, V3.S4, V5.S4
	VFMLA V10.S4, V2.S4, V6.S4
	VFMLA V11.S4, V3.S4, V7.S4
	VMOV  V16.B16, V8.B16
	VMOV  V16.B16, V9.B16
	VMOV  V16.B16, V10.B16
	VMOV  V16.B16, V11.B16
	VFMLA V4.S4, V2.S4, V8.S4
	VFMLA V5.S4, V3.S4, V9.S4
	VFMLA V6.S4, V2.S4, V10.S4
	VFMLA V7.S4, V3.S4, V11.S4
	FMUL(0, 8, 8)
	FMUL(1, 9, 9)
	FDIV(10, 8, 8)
	FDIV(11, 9, 9)
	FMIN(16, 8, 8)
	FMIN(16, 9, 9)
	FMAX(27, 8, 8)
	FMAX(27, 9, 9)
	FMULLANE0(31, 8, 8)
	FMULLANE0(31, 9, 9)
	FSTPQ.P (F8, F9), 32(R0)
	SUBS  $8, R1
	BGT   softcapLoop
	RET

// func addBiasNEON(s *float32, a float32, bias *float32, n int)
//
// Where bias is −Inf it stands for the sum, which would be NaN if a·s were NaN or Inf.
TEXT ·addBiasNEON(SB), NOSPLIT, $0-32
	MOVD  s+0(FP), R0
	FMOVS a+8(FP), F31
	MOVD  bias+16(FP), R1
	MOVD  n+24(FP), R2
	MOVD  $0xff800000, R3
	VDUP  R3, V30.S4

addBiasLoop:
	FLDPQ   (R0), (F0, F1)
	FLDPQ.P 32(R1), (F2, F3)
	VMOV    V2.B16, V4.B16
	VMOV    V3.B16, V5.B16
	FCMEQ(30, 2, 6)
	FCMEQ(30, 3, 7)
	FMLALANE0(31, 0, 4)
	FMLALANE0(31, 1, 5)
	VBIT    V6.B16, V30.B16, V4.B16
	VBIT    V7.B16, V30.B16, V5.B16
	FSTPQ.P (F4, F5), 32(R0)
	SUBS    $8, R2
	BGT     addBiasLoop
	RET

// func addDistanceNEON(s *float32, a, slope float32, distance, n int)
TEXT ·addDistanceNEON(SB), NOSPLIT, $0-32
	MOVD  s+0(FP), R0
	FMOVS a+8(FP), F31
	FMOVS slope+12(FP), F30
	MOVD  distance+16(FP), R1
	MOVD  n+24(FP), R2
	VDUP  R1, V0.S4
	MOVD  $·ascending(SB), R3
	FLDPQ (R3), (F2, F3)
	VSUB  V3.S4, V0.S4, V1.S4
	VSUB  V2.S4, V0.S4, V0.S4
	MOVD  $8, R4
	VDUP  R4, V2.S4

addDistanceLoop:
	FLDPQ   (R0), (F3, F4)
	ABS(0, 5)
	ABS(1, 6)
	SCVTF(5, 5)
	SCVTF(6, 6)
	FMULLANE0(31, 3, 3)
	FMULLANE0(31, 4, 4)
	FMLALANE0(30, 5, 3)
	FMLALANE0(30, 6, 4)
	FSTPQ.P (F3, F4), 32(R0)
	VSUB    V2.S4, V0.S4, V0.S4
	VSUB    V2.S4, V1.S4, V1.S4
	SUBS    $8, R2
	BGT     addDistanceLoop
	RET

// func hideNEON(s *float32, keep *bool, n int)
//
// Sixteen bytes become masks of ones where they are 0, and each mask is doubled twice, to the width of a score.
TEXT ·hideNEON(SB), NOSPLIT, $0-24
	MOVD s+0(FP), R0
	MOVD keep+8(FP), R1
	MOVD n+16(FP), R2
	MOVD $0xff800000, R3
	VDUP R3, V30.S4
	VEOR V31.B16, V31.B16, V31.B16

hideLoop:
	FMOVQ.P 16(R1), F0
	FLDPQ   (R0), (F4, F5)
	FLDPQ   32(R0), (F6, F7)
	VCMEQ   V31.B16, V0.B16, V0.B16
	VZIP1   V0.B16, V0.B16, V1.B16
	VZIP2   V0.B16, V0.B16, V3.B16
	VZIP1   V1.H8, V1.H8, V0.H8
	VZIP2   V1.H8, V1.H8, V1.H8
	VZIP1   V3.H8, V3.H8, V2.H8
	VZIP2   V3.H8, V3.H8, V3.H8
	VBIT    V0.B16, V30.B16, V4.B16
	VBIT    V1.B16, V30.B16, V5.B16
	VBIT    V2.B16, V30.B16, V6.B16
	VBIT    V3.B16, V30.B16, V7.B16
	FSTPQ.P (F4, F5), 32(R0)
	FSTPQ.P (F6, F7), 32(R0)
	SUBS    $16, R2
	BGT     hideLoop
	RET

// func hideOthersNEON(s *float32, ids *int32, own int32, n int)
TEXT ·hideOthersNEON(SB), NOSPLIT, $0-32
	MOVD  s+0(FP), R0
	MOVD  ids+8(FP), R1
	MOVW  own+16(FP), R3
	MOVD  n+24(FP), R2
	VDUP  R3, V31.S4
	MOVD  $0xff800000, R3
	VDUP  R3, V30.S4

hideOthersLoop:
	FLDPQ.P 32(R1), (F0, F1)
	FLDPQ   (R0), (F2, F3)
	VCMEQ   V31.S4, V0.S4, V0.S4
	VCMEQ   V31.S4, V1.S4, V1.S4
	VBIF    V0.B16, V30.B16, V2.B16
	VBIF    V1.B16, V30.B16, V3.B16
	FSTPQ.P (F2, F3), 32(R0)
	SUBS    $8, R2
	BGT     hideOthersLoop
	RET
