#include "textflag.h"

// Y0, Y1 and Y2 hold 32 quotes, 32 backslashes and 32 times 0x1f, the last
// control character. A byte is a control character if it is equal to the
// smaller one of itself and 0x1f.

// func markBlocks(dst *uint64, src *byte, blocks int)
TEXT ·markBlocks(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ blocks+16(FP), CX
	MOVQ $0x2222222222222222, AX
	MOVQ AX, X0
	VPBROADCASTQ X0, Y0
	MOVQ $0x5c5c5c5c5c5c5c5c, AX
	MOVQ AX, X1
	VPBROADCASTQ X1, Y1
	MOVQ $0x1f1f1f1f1f1f1f1f, AX
	MOVQ AX, X2
	VPBROADCASTQ X2, Y2

next:
	VMOVDQU (SI), Y3
	VPCMPEQB Y0, Y3, Y4
	VPCMPEQB Y1, Y3, Y5
	VPMINUB  Y2, Y3, Y6
	VPCMPEQB Y3, Y6, Y6
	VPOR     Y4, Y5, Y4
	VPOR     Y4, Y6, Y4
	VPMOVMSKB Y4, AX

	VMOVDQU 32(SI), Y7
	VPCMPEQB Y0, Y7, Y8
	VPCMPEQB Y1, Y7, Y9
	VPMINUB  Y2, Y7, Y10
	VPCMPEQB Y7, Y10, Y10
	VPOR     Y8, Y9, Y8
	VPOR     Y8, Y10, Y8
	VPMOVMSKB Y8, BX

	SHLQ $32, BX
	ORQ  BX, AX
	MOVQ AX, (DI)
	ADDQ $64, SI
	ADDQ $8, DI
	DECQ CX
	JNZ  next

	VZEROUPPER
	RET
