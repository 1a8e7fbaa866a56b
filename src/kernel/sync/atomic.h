/*
 * Counts that several processors change without a lock.
 *
 * Intel SDM volume 3A, 9.1 (locked operations).
 */
#ifndef SYNC_ATOMIC_H
#define SYNC_ATOMIC_H

#include "lib/types.h"

static inline void atomic_add(uint32_t *count, uint32_t n)
{
    __asm__ volatile("lock addl %1, %0" : "+m"(*count) : "r"(n) : "memory", "cc");
}

/* One less. Returns whether nothing is left. */
static inline bool atomic_drop(uint32_t *count)
{
    uint8_t zero;

    __asm__ volatile("lock decl %0; sete %b1" : "+m"(*count), "=q"(zero) : : "memory", "cc");
    return zero;
}

#endif
