/*
 * For kernel tests that end by halting, so that the grader can look at everything from outside.
 *
 * What a test has to tell lies in global variables, which the grader finds by their symbols.
 */
#ifndef OUTSIDE_H
#define OUTSIDE_H

#include "ktest.h"

/* The end of a test. Inline, cpu_stop()'s loop too, so that the processor halts within it. */
static inline __attribute__((always_inline, noreturn)) void stay(void)
{
    ktest_report("halts");
    for (;;)
        __asm__ volatile("cli\n\thlt");
}

/* The same for a test that cannot begin: "lacks WHAT". */
static inline __attribute__((always_inline, noreturn)) void stay_without(const char *what)
{
    ktest_report("lacks %s", what);
    stay();
}

/* A number of 32 bits from the test's seed. */
static inline uint32_t random32(void)
{
    uint32_t high = ktest_random(0x10000);

    return high << 16 | ktest_random(0x10000);
}

#endif
