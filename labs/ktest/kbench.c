/*
 * Measuring with the time-stamp counter.
 */
#include "kbench.h"

static uint64_t time_stamp(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

/* Not inlined, so that the way from one rdtsc to the other is the same for all who call these. */
__attribute__((noinline)) void kbench_begin(struct kbench *b)
{
    b->begun = time_stamp();
}

static void take(struct kbench *b, uint64_t passed)
{
    b->sum += passed;
    if (b->runs++ == 0 || passed < b->least)
        b->least = passed;
}

__attribute__((noinline)) void kbench_end(struct kbench *b)
{
    take(b, time_stamp() - b->begun);
}

void kbench_report(const char *key, const struct kbench *b)
{
    struct kbench nothing = { 0 };

    for (int i = 0; i < 4; i++) {
        kbench_begin(&nothing);
        kbench_end(&nothing);
    }
    ktest_report("%s %llu %llu %u", key, b->least - nothing.least,
                 b->sum - b->runs * nothing.least, b->runs);
}

void kbench_figure(const char *key, uint32_t value, const char *unit)
{
    ktest_report("%s %u %s", key, value, unit);
}
