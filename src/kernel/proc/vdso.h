/*
 * The vDSO in programs' address spaces: vdso(7), x86/vdso.asm.
 */
#ifndef PROC_VDSO_H
#define PROC_VDSO_H

#include "mm/space.h"
#include "x86/sysenter.h"

extern uintptr_t vdso_base;         /* where it lies in each program */

/* Where a program finds one of vdso.asm's functions. */
#define VDSO_ADDRESS(function) (vdso_base + (uint32_t)((function) - vdso_image))

/* Have it lie so many bytes lower, whole pages. Before the first program. */
void vdso_move(uint32_t bytes);

/* Map it. Returns 0 or -ENOMEM. */
int vdso_map(struct space *space);

#endif
