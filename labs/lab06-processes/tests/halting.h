/*
 * The end of a kernel test whose notes and tables the grader reads from outside.
 */
#ifndef HALTING_H
#define HALTING_H

#include "ktest.h"

/* Inline, so that the processor halts within the test. */
static inline __attribute__((always_inline, noreturn)) void halt_here(void)
{
    ktest_report("halts");
    for (;;)
        __asm__ volatile("cli\n\thlt");
}

#endif
