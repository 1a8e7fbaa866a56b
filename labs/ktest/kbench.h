/*
 * Benchmarks: kernel tests that measure. `make bench` (scripts/bench) finds each KBENCH in the
 * kernel, runs it, and prints what it reports; nothing judges that.
 *
 *     KBENCH(page)
 *     {
 *         struct kbench alloc = { 0 }, free = { 0 };
 *
 *         for (int i = 0; i < 100; i++) {
 *             kbench_begin(&alloc);
 *             struct page *page = alloc_page();
 *             kbench_end(&alloc);
 *             kbench_begin(&free);
 *             free_page(page);
 *             kbench_end(&free);
 *         }
 *         kbench_report("alloc_page", &alloc);
 *         kbench_report("free_page", &free);
 *     }
 *
 * Time is the processor's time-stamp counter. QEMU with -icount shift=0 counts instructions there,
 * so a figure is the same on every computer and in every run; what an interrupt adds is in the
 * mean, not in the least.
 */
#ifndef KBENCH_H
#define KBENCH_H

#include "ktest.h"

#define KBENCH(name) KTEST(bench_##name)

/* What one piece of code took. All zero at first. */
struct kbench {
    uint64_t begun, least, sum;
    uint32_t runs;
};

/* Put these around each run of the piece. What they take themselves does not count. */
void kbench_begin(struct kbench *b);
void kbench_end(struct kbench *b);

/* Report "KEY least sum runs". KEY is a few words with _ between them: what was measured. */
void kbench_report(const char *key, const struct kbench *b);

/* Report a figure of another kind, "KEY value unit": bytes in use, say. */
void kbench_figure(const char *key, uint32_t value, const char *unit);

#endif
