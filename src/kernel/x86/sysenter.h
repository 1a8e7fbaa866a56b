/*
 * System calls by the sysenter instruction, where the processor has it.
 *
 * Intel SDM volume 2B, SYSENTER; volume 4 (MSRs 0x174 to 0x176).
 */
#ifndef X86_SYSENTER_H
#define X86_SYSENTER_H

#include "lib/types.h"

#define TRAP_SYSENTER 129           /* the vector under which it comes to trap_dispatch(): ours */

/* The ELF file of the vDSO, from vdso.asm, and its functions in it. */
extern uint8_t vdso_image[], vdso_image_end[];
extern uint8_t vdso_call[], vdso_sigreturn[], vdso_rt_sigreturn[];
extern uint32_t vdso_landing;       /* where a program goes on after sysenter */

/*
 * Let programs come by sysenter. If the processor lacks it, vdso_call[] becomes one that does
 * without. After trap_init() and tss_init().
 */
void sysenter_init(void);

#endif
