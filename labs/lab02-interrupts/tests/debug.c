/*
 * Register dumps, backtraces and the monitor's x command.
 */
#include "ktest.h"
#include "debug/backtrace.h"
#include "debug/log.h"
#include "debug/monitor.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "x86/cpu.h"
#include "x86/mmu.h"

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
    static const uint32_t masks[] = { 0xffffffff, 0xffffffff, 0x0fffffff, 0xff };
    struct trapframe tf;
    uint32_t *words = (uint32_t *)&tf;

    captured_length = 0;
    for (int round = 0; round < 4; round++) {
        for (unsigned i = 0; i < sizeof(tf) / sizeof(*words); i++)
            words[i] = (ktest_random(0x10000) << 16 | ktest_random(0x10000)) & masks[round];
        tf.vector = ktest_random(40);
        tf.cs = round & 1 ? tf.cs | 3 : tf.cs & ~3u;
        ktest_report_bytes("frame", &tf, sizeof(tf));
        ktest_report("esp %x", trap_esp(&tf));
        ktest_report("control %x %x %x %x", read_cr0(), read_cr2(), read_cr3(), read_cr4());
        registers_print(capture, &tf);
        report_captured();
    }
}

/* ---- chains of frames in memory of the test's own, whole and broken in every way */

#define PLACES 40
#define KERNEL_LOW 0x00200000               /* not the kernel's */

static uint32_t frames[PLACES + 1][4] __attribute__((aligned(16)));

static uint32_t some_code(void)
{
    return 0xc0100000 + ktest_random(0x4000);
}

/* n frames, each saved EBP leading to the next one. What lies behind them is a frame, too. */
static void make_chain(unsigned n)
{
    for (unsigned i = 0; i <= n; i++) {
        frames[i][0] = (uint32_t)(uintptr_t)&frames[i + 1];
        frames[i][1] = some_code();
    }
}

/* Report what stands in the n frames, and the backtrace from `ebp` on. */
static void backtrace_chain(unsigned n, uint32_t ebp)
{
    uint32_t eip = some_code();

    for (unsigned i = 0; i < n; i++)
        ktest_report("frame %p %x %x", &frames[i], frames[i][0], frames[i][1]);
    ktest_report("start %x %x", eip, ebp);
    captured_length = 0;
    backtrace_print(capture, eip, ebp);
    report_captured();
}

/* No access faults here. */
KTEST(backtrace_frames)
{
    for (unsigned round = 0; round < 16; round++) {
        unsigned kind = round % 8, n = 2 + ktest_random(20);
        uint32_t ebp = (uint32_t)(uintptr_t)frames[0];

        if (kind == 5)
            n = round < 8 ? PLACES : 30 + ktest_random(4);  /* about as many as may be shown */
        uint32_t *last = &frames[n - 1][0];
        make_chain(n);
        switch (kind) {
        case 0:
        case 5: last[0] = 0; break;
        case 1: last[0] = ebp; break;                       /* back to the first */
        case 2: last[0] = (uint32_t)(uintptr_t)last; break; /* to itself */
        case 3:                                             /* no address of a frame */
            last[0] = (uint32_t)(uintptr_t)&frames[n] + 2;
            frames[n][1] = 0xc010c010;                      /* yet what stands there looks good */
            frames[n][2] = 0xc010c010;
            break;
        case 4: last[0] = KERNEL_LOW; break;
        case 6: last[1] = ktest_random(2) ? KERNEL_LOW : 0; break;      /* nobody called it */
        case 7: ebp -= KERNEL_BASE; break;                  /* good frames in a bad place */
        }
        backtrace_chain(n, ebp);
    }
}

/* The first address that cannot be read behind memory that can. */
static uint32_t edge_of_memory(void)
{
    uint32_t edge = KERNEL_BASE;
    uint8_t byte;

    while (probe_copy(&byte, (const void *)edge, 1) == 0)
        edge += 0x400000;
    return edge;
}

/* Chains that lead to where nothing can be read, or begin there. */
KTEST(backtrace_broken)
{
    uint32_t edge = edge_of_memory();

    for (unsigned round = 0; round < 6; round++) {
        unsigned n = 1 + ktest_random(20);
        uint32_t nowhere = 0xff000000 + ktest_random(0x1000) * 4;

        if (round % 3 == 1)
            nowhere = edge - 4;                             /* half of a frame */
        make_chain(n);
        frames[n - 1][0] = nowhere;
        backtrace_chain(n, round % 3 == 2 ? nowhere : (uint32_t)(uintptr_t)frames[0]);
    }
}

/*
 * Real calls: outer -> middle -> ... -> last_call -> inner, as deep as the seed says. What happens
 * after each keeps it from being a jump. last_call is of debug.asm: a function that ends with
 * its call, so that it returns to where the next function begins.
 */
uint32_t backtrace_last_call(uint32_t (*function)(void));

static volatile uint32_t returned;

static __attribute__((noinline)) uint32_t backtrace_inner(void)
{
    captured_length = 0;
    backtrace_print(capture, (uint32_t)(uintptr_t)backtrace_inner,
                    (uint32_t)(uintptr_t)__builtin_frame_address(0));
    return captured_length;
}

static __attribute__((noinline)) uint32_t backtrace_middle(unsigned depth)
{
    uint32_t n = depth ? backtrace_middle(depth - 1) : backtrace_last_call(backtrace_inner);

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

/* ---- the monitor */

/* A console that keeps what it is to show. */
static void keep(const char *text, size_t n, enum log_level level)
{
    (void)level;
    for (size_t i = 0; i < n && captured_length < sizeof(captured); i++)
        captured[captured_length++] = text[i];
}

/* Run a command as if it were typed, and report what it prints. */
static void type(const char *format, uint32_t first, uint32_t second)
{
    static struct console console = { .name = "ktest", .write = keep };
    static bool registered;
    char line[64];

    if (!registered)
        console_register(&console);
    registered = true;
    snprintf(line, sizeof(line), format, first, second);
    captured_length = 0;
    monitor_run(line, NULL);
    report_captured();
}

extern const uint8_t every_byte[256];       /* debug.asm */

KTEST(monitor_x)
{
    for (int i = 0; i < 12; i++) {
        uint32_t address = 0xc0100000 + ktest_random(0x2000), n = 1 + ktest_random(70);
        ktest_report("dump %x %u", address, n);
        type(ktest_random(2) ? "x 0x%x %u" : "x %u 0x%x", address, n);
    }
    ktest_report("dump %p 256", every_byte);
    type("x 0x%x %u", (uint32_t)(uintptr_t)every_byte, 256);
    ktest_report("dump %x 0", 0xc0100000);
    type("x 0x%x %u", 0xc0100000, 0);
    ktest_report("dump %x 64", 0xc0100000);
    type("x 0x%x", 0xc0100000, 0);
    ktest_report("low");
    type("x 0x%x %u", 0x500, 1);
}

KTEST(monitor_x_usage)
{
    static const char *const lines[] = {
        "x", "x foo", "x 0x", "x 1 2 3", "x 0x1ffffffff", "x 0xc0100000 12k", "x 99999999999",
    };

    for (unsigned i = 0; i < ARRAY_SIZE(lines); i++) {
        ktest_report("wrong %u", i);
        type(lines[i], 0, 0);
    }
}

KTEST(monitor_x_nowhere)
{
    uint32_t edge = edge_of_memory();

    for (int i = 0; i < 4; i++) {
        uint32_t before = i == 0 ? 16 : ktest_random(40);   /* a whole line, or any part of one */
        ktest_report("edge %x %u", edge, before);
        type("x 0x%x 100", edge - before, 0);
    }
    ktest_report("nowhere");
    type("x 0x%x", 0xb0000000, 0);
}
