/*
 * What tasks cost: from one to another, from the word to the one who waited for it, from the making
 * of one to its end.
 */
#include "kbench.h"
#include "task/sched.h"
#include "task/semaphore.h"

#define RUNS 64

static struct kbench shared;
static struct semaphore ping, pong;

/* The other end of each switch: what began there ends here, and the other way round. */
static int other_end(void *arg)
{
    (void)arg;
    for (int i = 0; i < RUNS; i++) {
        kbench_end(&shared);
        kbench_begin(&shared);
        task_yield();
    }
    return 0;
}

KBENCH(switch)
{
    irq_enable();
    shared = (struct kbench){ 0 };
    task_t *task = create_task(other_end, NULL, "other end");

    for (int i = 0; task && i < RUNS; i++) {
        kbench_begin(&shared);
        task_yield();
        kbench_end(&shared);
    }
    task_join(task, NULL);
    kbench_report("yield_to_another_task", &shared);
}

static int sleeper(void *arg)
{
    (void)arg;
    for (int i = 0; i < RUNS; i++) {
        semaphore_down(&ping);
        kbench_end(&shared);
        semaphore_up(&pong);
    }
    return 0;
}

/* The one that is woken is more urgent, so it runs at once. */
KBENCH(wake)
{
    irq_enable();
    shared = (struct kbench){ 0 };
    semaphore_init(&ping, 0);
    semaphore_init(&pong, 0);
    task_t *task = create_task(sleeper, NULL, "sleeper");
    sched_set_priority(task, PRIORITY_NORMAL + 1);
    task_yield();
    for (int i = 0; i < RUNS; i++) {
        kbench_begin(&shared);
        semaphore_up(&ping);
        semaphore_down(&pong);
    }
    task_join(task, NULL);
    kbench_report("wake_up_a_task", &shared);
}

static int nothing(void *arg)
{
    (void)arg;
    return 0;
}

KBENCH(create)
{
    struct kbench create = { 0 };

    irq_enable();
    for (int i = 0; i < RUNS; i++) {
        kbench_begin(&create);
        task_t *task = create_task(nothing, NULL, "nothing");
        task_join(task, NULL);
        kbench_end(&create);
    }
    kbench_report("create_run_exit_join", &create);
}
