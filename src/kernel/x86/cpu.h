/*
 * The processor's own instructions, as functions.
 */
#ifndef X86_CPU_H
#define X86_CPU_H

#include "x86/io.h"

/* Interrupts off and halt, for good (a non-maskable interrupt may end one halt). */
static inline __attribute__((noreturn)) void cpu_stop(void)
{
    for (;;) {
        __asm__ volatile("cli");
        cpu_halt();
    }
}

#endif
