/*
 * Typing: more than the ring holds, and what the keys give.
 */
#include "ktest.h"
#include "debug/input.h"
#include "x86/irqflags.h"

#define CTRL_D 4

/* Nobody reads until the ring has dropped as many characters as the seed says; then all is read. */
KTEST(input_flood)
{
    uint32_t more = 1 + ktest_random(100);
    static char text[INPUT_BYTES + 1];

    irq_enable();
    ktest_report("send %u", INPUT_BYTES + more);
    while (input_dropped() < more)
        irq_wait();
    unsigned n = input_read(text, sizeof(text));
    ktest_report("count %u", n);
    ktest_report_bytes("text", text, n);
    ktest_report("dropped %u", input_dropped());
    ktest_report("again");                  /* and it works as before */
    for (int i = 0; i < 10; i++)
        text[i] = input_get();
    ktest_report_bytes("text", text, 10);
}

/* What each key gives, until a Ctrl-D comes, which the grader sends on COM1. */
KTEST(input_line)
{
    char c;

    irq_enable();
    ktest_report("ready");
    do {
        c = input_get();
        ktest_report("key %x", (uint8_t)c);
    } while (c != CTRL_D);
}
