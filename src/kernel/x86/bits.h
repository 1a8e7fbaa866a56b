/*
 * Searching the bits of a word: one instruction each. Intel SDM volume 2A, BSF and BSR.
 */
#ifndef X86_BITS_H
#define X86_BITS_H

#include "lib/types.h"

/* The number of the highest bit set, 0 to 31. `word` is not 0. */
static inline unsigned bit_highest(uint32_t word)
{
    uint32_t n;

    __asm__("bsr %1, %0" : "=r"(n) : "r"(word) : "cc");
    return n;
}

#endif
