/*
 * What the tests of sleeping, waiting and ending need, and where the grader finds the members of
 * the kernel's structures.
 */
#include "watch.h"
#include "task/mutex.h"
#include "x86/irq.h"

#define PLACE(type, member) \
    { #type "." #member, __builtin_offsetof(type, member), sizeof(((type *)0)->member) }

typedef struct wait_queue wait_queue;
typedef struct wait_entry wait_entry;
typedef struct mutex mutex;

const struct watch_place {
    char name[28];
    uint16_t offset, size;
} watch_places[] = {
    PLACE(task_t, pid), PLACE(task_t, state), PLACE(task_t, queued), PLACE(task_t, on_cpu),
    PLACE(task_t, name), PLACE(task_t, stack), PLACE(task_t, priority),
    PLACE(task_t, base_priority), PLACE(task_t, ticks), PLACE(task_t, blocked_on),
    PLACE(task_t, held), PLACE(task_t, all), PLACE(task_t, parent), PLACE(task_t, status),
    PLACE(task_t, ended),
    PLACE(wait_queue, entries), PLACE(wait_entry, node), PLACE(wait_entry, task),
    PLACE(mutex, owner), PLACE(mutex, waiters), PLACE(mutex, node),
};

static void (*at_tick)(void);

task_t *spawn(unsigned priority, int (*func)(void *arg), void *arg)
{
    task_t *task = task_new(func, arg, "test");

    if (task) {
        task->priority = task->base_priority = priority;
        sched_start(task);
    }
    return task;
}

void let_run(const volatile uint32_t *count, uint32_t n, uint32_t ms)
{
    uint64_t end = timer_now() + ms;

    while (*count < n && timer_now() < end)
        task_yield();
}

void rest(void)
{
    for (;;) {
        sched_prepare_wait(false);
        schedule();
    }
}

uint32_t count_up(volatile uint32_t *count)
{
    uint32_t flags = irq_save(), before = *count;

    *count = before + 1;
    irq_restore(flags);
    return before;
}

void burn(unsigned n)
{
    for (volatile unsigned i = 0; i < n; i++)
        ;
}

uint32_t draw(uint32_t *state, uint32_t n)
{
    *state = *state * 1664525 + 1013904223;
    return (uint32_t)(((uint64_t)*state * n) >> 32);
}

static bool tick(void *arg, struct trapframe *tf)
{
    (void)arg, (void)tf;
    at_tick();
    return true;
}

void at_each_tick(void (*fn)(void))
{
    at_tick = fn;
    irq_register(0, tick, NULL);
}
