/*
 * The task state segments: descriptors for addresses that the seed chooses, and a stack that
 * overflows.
 */
#include "outside.h"
#include "debug/panic.h"
#include "lib/string.h"
#include "mm/space.h"
#include "task/stack.h"
#include "task/task.h"

#define MADE 24

struct {
    uint32_t base;
    uint64_t descriptor;
} tss_made[MADE];

/* Halts, with the descriptors in tss_made. */
KTEST(tss_tables)
{
    for (unsigned i = 0; i < MADE; i++) {
        tss_made[i].base = random32();
        tss_made[i].descriptor =
            tss_descriptor((const struct tss *)(uintptr_t)tss_made[i].base);
    }
    stay();
}

static unsigned tss_deeper(unsigned n);
static unsigned (*volatile deeper)(unsigned) = tss_deeper;

/* Calls itself until the stack is used up. */
static __attribute__((noinline)) unsigned tss_deeper(unsigned n)
{
    volatile unsigned frame[16];

    frame[0] = n;
    return deeper(n + 1) + frame[0];
}

/* The panic's end. */
static void tss_told(void)
{
    stay();
}

static unsigned begin_deeper(void)
{
    return tss_deeper(0);
}

/*
 * Make this a task whose name and pid the seed chooses, on a stack between guard pages, in a space
 * of its own, and let the stack overflow. By hand: making tasks and switching to them are exercises
 * of their own. "stack ADDRESS"; halts in tss_told, when the kernel has told of it.
 */
KTEST(tss_overflow)
{
    static task_t task;
    struct space *space = space_create();
    unsigned n = 4 + ktest_random(TASK_NAME_MAX - 4);

    task = (task_t){ .stack = stack_alloc(), .pid = 1000 + ktest_random(30000) };
    for (unsigned i = 0; i < n; i++)
        task.name[i] = 'a' + ktest_random(26);
    if (!space || !task.stack)
        stay_without("memory");
    ktest_report("stack %x", task.stack);
    space_switch(space);
    panic_hook = tss_told;
    this_cpu()->current = &task;
    __asm__ volatile("mov %0, %%esp\n\tcall *%1" : :
                     "r"(task.stack + STACK_SIZE), "r"(begin_deeper) : "memory");
    stay_without("overflow");
}
