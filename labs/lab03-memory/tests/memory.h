/*
 * What several of this lab's kernel tests need.
 *
 * Most of them end by halting, so that the grader can look at page tables and memory from outside.
 */
#ifndef MEMORY_H
#define MEMORY_H

#include "ktest.h"
#include "mm/page.h"
#include "x86/cpu.h"

/*
 * The end of a test that is looked at from outside. Inline, so that the processor halts within the
 * test.
 */
static inline __attribute__((always_inline, noreturn)) void stay(void)
{
    ktest_report("halts");
    cpu_stop();
}

/* A number of 32 bits from the test's seed. */
static inline uint32_t random_word(void)
{
    uint32_t high = ktest_random(0x10000);

    return high << 16 | ktest_random(0x10000);
}

/*
 * If page_init has made no memory free (its exercise is not done yet), give the allocator what lies
 * behind its array: as if it had been allocated all along.
 */
void memory_ready(void);

/* Fill n free frames with garbage, so that nothing is zero by chance. */
void memory_garbage(unsigned n);

/* "NAME FREE B0 ... B10": the allocator's counts. */
void report_stats(const char *name);

/* What the test writes into a frame that it got in its n-th step. */
static inline uint32_t frame_mark(uint32_t step, const struct page *page)
{
    return step * 0x9e3779b1u ^ page_to_phys(page);
}

static inline uint32_t *frame_word(const struct page *page)
{
    return page_to_virt(page);
}

#endif
