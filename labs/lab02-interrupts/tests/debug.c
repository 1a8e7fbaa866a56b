/*
 * Register dumps, backtraces and the monitor's x command.
 */
#include "ktest.h"
#include "debug/backtrace.h"
#include "debug/monitor.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "x86/cpu.h"

static char captured[4096];
static unsigned captured_length;

/* A print function that keeps what it is given. */
static void capture(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int n = vsnprintf(captured + captured_length, sizeof(captured) - captured_length, format, args);
    va_end(args);
    captured_length += n;
    if (captured_length >= sizeof(captured))
        captured_length = sizeof(captured) - 1;
}

static void report_captured(void)
{
    ktest_report_bytes("text", captured, captured_length);
    captured_length = 0;
}

KTEST(register_dump)
{
    struct trapframe tf;
    uint32_t *words = (uint32_t *)&tf;

    captured_length = 0;
    for (int round = 0; round < 4; round++) {
        for (unsigned i = 0; i < sizeof(tf) / sizeof(*words); i++)
            words[i] = ktest_random(0x10000) << 16 | ktest_random(0x10000);
        tf.vector = ktest_random(40);
        tf.cs = round & 1 ? tf.cs | 3 : tf.cs & ~3u;
        ktest_report_bytes("frame", &tf, sizeof(tf));
        ktest_report("esp %x", trap_esp(&tf));
        ktest_report("control %x %x %x %x", read_cr0(), read_cr2(), read_cr3(), read_cr4());
        registers_print(capture, &tf);
        report_captured();
    }
}

#define PLACES 40

/* Chains of frames in memory of the test's own, whole and broken in every way. */
KTEST(backtrace_frames)
{
    static uint32_t frames[PLACES][4] __attribute__((aligned(16)));

    for (int round = 0; round < 12; round++) {
        unsigned kind = ktest_random(6), n = kind == 5 ? PLACES : 1 + ktest_random(20);
        uint32_t eip = 0xc0100000 + ktest_random(0x4000);

        for (unsigned i = 0; i < n; i++) {
            frames[i][0] = (uint32_t)(uintptr_t)&frames[i + 1];
            frames[i][1] = 0xc0100000 + ktest_random(0x4000);
            ktest_report("return %x", frames[i][1]);
        }
        switch (kind) {
        case 0:
        case 5: frames[n - 1][0] = 0; break;
        case 1: frames[n - 1][0] = (uint32_t)(uintptr_t)&frames[0]; break;         /* back to the first */
        case 2: frames[n - 1][0] = 0xff000000 + ktest_random(0x1000) * 4; break;   /* nothing there */
        case 3: frames[n - 1][0] = (uint32_t)(uintptr_t)&frames[n] + 1; break;     /* no address of a frame */
        case 4: frames[n - 1][0] = 0x00200000; break;                               /* not the kernel's */
        }
        ktest_report("chain %u %u %x", kind, n, eip);
        captured_length = 0;
        backtrace_print(capture, eip, (uint32_t)(uintptr_t)frames[0]);
        report_captured();
    }
}

/* Real calls: outer -> middle -> ... -> inner, as deep as the seed says. What happens after each keeps it from being a jump. */
static volatile uint32_t returned;

static __attribute__((noinline)) uint32_t backtrace_inner(void)
{
    captured_length = 0;
    backtrace_print(capture, (uint32_t)(uintptr_t)backtrace_inner, (uint32_t)(uintptr_t)__builtin_frame_address(0));
    return captured_length;
}

static __attribute__((noinline)) uint32_t backtrace_middle(unsigned depth)
{
    uint32_t n = depth ? backtrace_middle(depth - 1) : backtrace_inner();

    returned++;
    return n;
}

static __attribute__((noinline)) uint32_t backtrace_outer(unsigned depth)
{
    uint32_t n = backtrace_middle(depth);

    returned++;
    return n;
}

KTEST(backtrace_calls)
{
    unsigned depth = ktest_random(8);

    ktest_report("depth %u %u", depth, backtrace_outer(depth) > 0);
    report_captured();
}

/* Commands as they would be typed; what they print is on COM1 between these lines. */
KTEST(monitor_x)
{
    char line[64];

    for (int i = 0; i < 12; i++) {
        uint32_t address = 0xc0100000 + ktest_random(0x2000), n = 1 + ktest_random(70);
        snprintf(line, sizeof(line), ktest_random(2) ? "x 0x%x %u" : "x %u 0x%x", address, n);
        ktest_report("dump %x %u", address, n);
        monitor_run(line, NULL);
    }
    ktest_report("default");
    strlcpy(line, "x 0xc0100000", sizeof(line));
    monitor_run(line, NULL);
}

KTEST(monitor_x_errors)
{
    static const char *const lines[] = { "x", "x foo", "x 0x", "x 1 2 3", "x 0x1ffffffff", "x 0xc0100000 12k", "x 99999999999" };
    char line[64];

    for (unsigned i = 0; i < ARRAY_SIZE(lines); i++) {
        ktest_report("wrong %u", i);
        strlcpy(line, lines[i], sizeof(line));
        monitor_run(line, NULL);
    }
    uint32_t before = ktest_random(40), edge = 0xc0000000;
    uint8_t byte;
    while (probe_copy(&byte, (const void *)edge, 1) == 0)   /* from mapped memory into what is not */
        edge += 0x400000;
    snprintf(line, sizeof(line), "x 0x%x 100", edge - before);
    ktest_report("edge %x %u", edge, before);
    monitor_run(line, NULL);
    ktest_report("nowhere");
    strlcpy(line, "x 0xb0000000", sizeof(line));
    monitor_run(line, NULL);
}
