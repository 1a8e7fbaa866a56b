/*
 * Numbers of the paging hardware and of the kernel's address space.
 *
 * Intel SDM volume 3A, 4.3.
 */
#ifndef X86_MMU_H
#define X86_MMU_H

#include "lib/types.h"

#define KERNEL_BASE 0xc0000000u     /* physical memory is seen from here on */
#define EARLY_BYTES 0x01000000u     /* so much of it before lab 3's tables: as in entry.asm */

/* Where the kernel sees a physical address below EARLY_BYTES. */
static inline void *early_virtual(uint32_t physical)
{
    return (void *)(physical + KERNEL_BASE);
}

static inline uint32_t early_physical(const void *p)
{
    return (uint32_t)(uintptr_t)p - KERNEL_BASE;
}

#endif
