#include "textflag.h"

// func classifyAVX2(text *byte, blocks int, chars uint64, out *marks)
TEXT ·classifyAVX2(SB), NOSPLIT, $0-32
	MOVQ text+0(FP), SI
	MOVQ blocks+8(FP), CX
	MOVQ chars+16(FP), AX
	MOVQ out+24(FP), DI

	// Y0, Y1, Y2: delimiter, newline, quote in every byte.
	MOVQ         AX, X0
	VPBROADCASTB X0, Y0
	SHRQ         $8, AX
	MOVQ         AX, X1
	VPBROADCASTB X1, Y1
	SHRQ         $8, AX
	MOVQ         AX, X2
	VPBROADCASTB X2, Y2

block:
	VMOVDQU (SI), Y3
	VMOVDQU 32(SI), Y4

	VPCMPEQB  Y3, Y0, Y5
	VPCMPEQB  Y4, Y0, Y6
	VPMOVMSKB Y5, R8
	VPMOVMSKB Y6, R9
	SHLQ      $32, R9
	ORQ       R9, R8
	MOVQ      R8, (DI)

	VPCMPEQB  Y3, Y1, Y5
	VPCMPEQB  Y4, Y1, Y6
	VPMOVMSKB Y5, R8
	VPMOVMSKB Y6, R9
	SHLQ      $32, R9
	ORQ       R9, R8
	MOVQ      R8, 8(DI)

	VPCMPEQB  Y3, Y2, Y5
	VPCMPEQB  Y4, Y2, Y6
	VPMOVMSKB Y5, R8
	VPMOVMSKB Y6, R9
	SHLQ      $32, R9
	ORQ       R9, R8
	MOVQ      R8, 16(DI)

	ADDQ $64, SI
	ADDQ $24, DI
	DECQ CX
	JNZ  block
	VZEROUPPER
	RET
