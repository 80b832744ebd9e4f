// Vector instructions on four float32 that Go's assembler lacks, with their operands in Go's order: the first source of the
// manual's notation is n, the second m, and d the destination, FSUB(m, n, d) is d = n − m.
//
// Three registers (Arm ARM, "Advanced SIMD three same"): 0 Q U 01110 o2 sz 1 Rm opcode 1 Rn Rd, from bit 31 on. Q = 1 for
// 128 bits, sz = 0 for float32; U, o2 and opcode say which operation:
//
//	         U o2 opcode        U o2 opcode
//	FADD     0  0 11010  FMUL   1  0 11011
//	FSUB     0  1 11010  FDIV   1  0 11111
//	FMAX     0  0 11110  FMIN   0  1 11110  (NaN if an operand is NaN)
//	FMAXNM   0  0 11000  FCMEQ  0  0 11100  (FMAXNM: the other one if an operand is NaN)
//	FADDP    1  0 11010                     (sums of neighbours: those of n, then those of m)
#define THREE(base, m, n, d) WORD $(base | (m)<<16 | (n)<<5 | (d))
#define FADD(m, n, d)   THREE(0x4E20D400, m, n, d)
#define FSUB(m, n, d)   THREE(0x4EA0D400, m, n, d)
#define FMUL(m, n, d)   THREE(0x6E20DC00, m, n, d)
#define FDIV(m, n, d)   THREE(0x6E20FC00, m, n, d)
#define FMAX(m, n, d)   THREE(0x4E20F400, m, n, d)
#define FMIN(m, n, d)   THREE(0x4EA0F400, m, n, d)
#define FMAXNM(m, n, d) THREE(0x4E20C400, m, n, d)
#define FCMEQ(m, n, d)  THREE(0x4E20E400, m, n, d)
#define FADDP(m, n, d)  THREE(0x6E20D400, m, n, d)

// Two registers ("two-register miscellaneous"): 0 Q U 01110 o2 sz 10000 opcode 10 Rn Rd.
//
//	        U o2 opcode
//	FRINTM  0  0 11001  round down
//	FCVTMS  0  0 11011  round down, to an int32; NaN gives 0
//	SCVTF   0  0 11101  from an int32
//	ABS     0  1 01011  of an int32 (here o2 and sz are its size, 10)
#define TWO(base, n, d) WORD $(base | (n)<<5 | (d))
#define FRINTM(n, d) TWO(0x4E219800, n, d)
#define FCVTMS(n, d) TWO(0x4E21B800, n, d)
#define SCVTF(n, d)  TWO(0x4E21D800, n, d)
#define ABS(n, d)    TWO(0x4EA0B800, n, d)

// FCVTLH widens the lower four float16 of n, FCVTLH2 the upper four: FCVTL, opcode 10111, sz = 0, Q = 0 or 1. SHLL and
// SHLL2 (opcode 10011, U = 1, size 01) widen by 16 bits and shift left by as many, which is what turns a bfloat16 into a
// float32.
#define FCVTLH(n, d)  TWO(0x0E217800, n, d)
#define FCVTLH2(n, d) TWO(0x4E217800, n, d)
#define SHLL(n, d)    TWO(0x2E613800, n, d)
#define SHLL2(n, d)   TWO(0x6E613800, n, d)

// By lane 0 of m ("vector × indexed element"): 0 Q 0 01111 1 sz L M Rm opcode H 0 Rn Rd. H:L is the lane, M:Rm the register;
// opcode 0001 is FMLA (d = d + n·m[0]), 1001 FMUL (d = n·m[0]).
#define FMLALANE0(m, n, d) THREE(0x4F801000, m, n, d)
#define FMULLANE0(m, n, d) THREE(0x4F809000, m, n, d)

// Across the lanes: 0 Q 1 01110 o1 0 11000 01100 10 Rn Rd, FMAXNMV for o1 = 0: the largest that is not NaN.
#define FMAXNMV(n, d) TWO(0x6E30C800, n, d)
