//go:build gc

#include "textflag.h"

// func Current() uintptr
TEXT ·Current(SB), NOSPLIT, $0-4
	MOVW g, ret+0(FP)
	RET
