/*
 * Numbers that nobody can foresee, as far as this machine can make them: RDRAND where the CPU has
 * it, mixed with the jitter of the time-stamp counter and the moments of interrupts.
 *
 * A machine without RDRAND has little of this at boot; it is better than nothing, and no key should
 * depend on it. Under kernel tests (ktest= on the command line) all numbers follow from seed=.
 */
#ifndef X86_RANDOM_H
#define X86_RANDOM_H

#include "lib/types.h"

/* Before the first use. `cmdline` is the kernel's. */
void random_init(const char *cmdline);

/* Fill n bytes. Callable from interrupts. */
void random_bytes(void *to, size_t n);

/* 32 bits of the same. */
uint32_t random_word(void);

/* Mix in the moment of an event that comes from outside. Callable from interrupts. */
void random_stir(void);

#endif
