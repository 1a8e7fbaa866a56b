/*
 * Kernel tests: functions that run inside the kernel and report what they observe; the grader
 * judges that.
 *
 * A test file defines KTEST(name) { ... } and calls ktest_report. Tests run one after the other
 * when the kernel's command line says ktest=name,name,... seed=NUMBER nonce=WORD.
 * Lines on COM1 look like
 *
 *     @NONCE begin NAME
 *     @NONCE NAME KEY TOKEN TOKEN ...
 *     @NONCE end NAME
 *     @NONCE done
 *
 * This folder is not the student's: it uses none of the kernel's own printing or drivers, so that
 * a broken printf does not silence the tests of something else.
 */
#ifndef KTEST_H
#define KTEST_H

#include "lib/types.h"

struct ktest {
    const char *name;
    void (*run)(void);
};

#define KTEST(name)                                                                             \
    static void ktest_##name(void);                                                             \
    static const struct ktest ktest_entry_##name                                                \
        __attribute__((section("ktests"), used, aligned(4))) = { #name, ktest_##name };         \
    static void ktest_##name(void)

/*
 * Report one observation of the running test: a key and its tokens. Knows %d %u %x %p %s %c %%,
 * with l and ll for numbers, and nothing else (%x without leading 0x); %s text must not hold
 * blanks or newlines to stay one token.
 */
void ktest_report(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Report n bytes as one token of hexadecimal digits, under `key`. */
void ktest_report_bytes(const char *key, const void *bytes, size_t n);

/* A number in [0, n), from the test's seed: xorshift32, the same in gradelib's KtestRandom. */
uint32_t ktest_random(uint32_t n);

/* Run the tests that the command line names and leave QEMU; return at once if it names none. */
void ktest_run(const char *cmdline);

#endif
