// TAIL512 sets K1 to the mask of the last n%16 numbers and n to the number of whole vectors; it uses AX and CX.
#define TAIL512(n) \
	MOVQ  n, CX   \
	ANDQ  $15, CX \
	MOVL  $1, AX  \
	SHLL  CX, AX  \
	DECL  AX      \
	KMOVW AX, K1  \
	SHRQ  $4, n

// TAIL256 makes Y15 the mask of the last n%8 numbers and n the number of whole vectors; CX is not 0 if there are any. It
// uses AX.
#define TAIL256(n) \
	MOVQ    n, CX                 \
	ANDQ    $7, CX                \
	NEGQ    CX                    \
	LEAQ    ·tailMask+128(SB), AX \
	VMOVUPS (AX)(CX*4), Y15       \
	SHRQ    $3, n
