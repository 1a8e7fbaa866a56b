/*
 * Programs at places that nobody can foresee: with the word aslr on the kernel's command line.
 *
 * Without it, and for a process with ADDR_NO_RANDOMIZE, each run is as the one before.
 */
#ifndef PROC_ASLR_H
#define PROC_ASLR_H

#include "lib/types.h"

#define ADDR_NO_RANDOMIZE 0x0040000u    /* personality(2) */

/* How many bytes things move by at most: a power of two, as on Linux i386. */
#define ASLR_VDSO  (1u << 20)       /* down, once for all programs */
#define ASLR_STACK (8u << 20)       /* down, and then by less than ASLR_FRAME */
#define ASLR_FRAME 8192u
#define ASLR_MMAP  (1u << 20)       /* down */
#define ASLR_PIE   (1u << 20)       /* up */
#define ASLR_BREAK (32u << 20)      /* up */

/* Before the first program. `cmdline` is the kernel's. */
void aslr_init(const char *cmdline);

/* A number below `most`, a multiple of `unit` (powers of two): 0 if nothing shall be moved. */
uint32_t aslr_offset(uint32_t most, uint32_t unit);

#endif
