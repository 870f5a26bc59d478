/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cpuburn-a8: the load that the field means by this name, written anew. A Cortex-A8 or A7 is
 * hottest when its NEON unit multiplies in every cycle while the load/store pipe is kept full from
 * the first-level cache. So: independent multiply-accumulates over q8-q15, none of which waits for
 * another, interleaved with aligned 128-bit loads, stores and a prefetch that hits. What is stored
 * is q8, q9 and q12, q13 as they were six instructions before: sums of which half of the bits
 * change in each pass, since bits that change are what costs power. Not measured on a board yet.
 *
 * This file asks for ARMv7 and NEON itself: the rest of the program is built for whatever the
 * compiler is for, and can so say that a CPU lacks them.
 */
	.syntax unified
	.arch	armv7-a
	.fpu	neon
	.arm
	.section .note.GNU-stack, "", %progbits

	.section .rodata
	.global load_name
	.type	load_name, %object
load_name:
	.asciz	"cpuburn-a8"
	.size	load_name, . - load_name
	.global load_description
	.type	load_description, %object
load_description:
	.asciz	"NEON multiply-accumulate and load/store on ARMv7, for the most heat on Cortex-A8 and A7"
	.size	load_description, . - load_description

	.bss
	.balign	64
buffer:
	.space	4096

	.text
	.global load_burn
	.type	load_burn, %function
load_burn:
	push	{r4-r6, lr}
	vpush	{q4-q7}
	movw	r0, #:lower16:buffer
	movt	r0, #:upper16:buffer
	add	r1, r0, #2048
	vmov.i8	q0, #0x55
	vmov.i8	q1, #0x33
	/* 2,048 rounds of 32 passes, a dozen cycles each: about a millisecond at 1 GHz. */
	mov	r4, #2048
1:	mov	r2, r0
	mov	r3, r1
	mov	r5, #32
2:	vmlal.u16 q8, d0, d2
	vld1.64	{d8-d11}, [r2 :128]!
	vmlal.u16 q9, d1, d3
	vmlal.u16 q10, d0, d3
	vst1.64	{d24-d27}, [r3 :128]!
	vmlal.u16 q11, d1, d2
	pld	[r2, #64]
	vmlal.u16 q12, d0, d2
	vld1.64	{d12-d15}, [r2 :128]!
	vmlal.u16 q13, d1, d3
	vmlal.u16 q14, d0, d3
	vst1.64	{d16-d19}, [r3 :128]!
	vmlal.u16 q15, d1, d2
	subs	r5, r5, #1
	bne	2b
	subs	r4, r4, #1
	bne	1b
	vpop	{q4-q7}
	pop	{r4-r6, pc}
	.size	load_burn, . - load_burn
