/*
 * The vDSO in programs' address spaces: vdso(7), x86/vdso.asm.
 */
#ifndef PROC_VDSO_H
#define PROC_VDSO_H

#include "mm/space.h"
#include "x86/sysenter.h"

#define VDSO_BASE (KERNEL_BASE - PAGE_SIZE)     /* as in vdso.asm */

/* Where a program finds one of vdso.asm's functions. */
#define VDSO_ADDRESS(function) (VDSO_BASE + (uint32_t)((function) - vdso_image))

/* Map it. Returns 0 or -ENOMEM. */
int vdso_map(struct space *space);

#endif
