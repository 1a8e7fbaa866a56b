/*
 * Tasks that do a little of everything, and the trace of it: who knows what the scheduler may do
 * looks whether it did only that (the project's tests/test_models.py).
 */
#include "debug/trace.h"
#include "ktest.h"
#include "task/mutex.h"
#include "task/sched.h"
#include "task/semaphore.h"
#include "task/timer.h"

#define ACTORS 6

static struct semaphore semaphore;
static MUTEX(mutex);

static void compute(uint32_t ms)
{
    uint64_t end = timer_now() + ms;

    while (timer_now() < end)
        ;
}

/* `arg` are this one's random numbers: eight of them, three bits each. */
static int act(void *arg)
{
    uint32_t random = (uint32_t)(uintptr_t)arg;

    for (int i = 0; i < 8; i++, random >>= 3) {
        switch (random & 7) {
        case 0: sleep_ms(random >> 3 & 15); break;
        case 1: semaphore_up(&semaphore); break;
        case 2: semaphore_down_timeout(&semaphore, 5); break;
        case 3: task_yield(); break;
        case 4: compute(3); break;
        case 5: compute(12); break;
        default:
            mutex_lock(&mutex);
            compute(1);
            sleep_ms(1);
            mutex_unlock(&mutex);
        }
    }
    return random;
}

/* Urgent, and never done: long enough for the others to come to their turn for having waited. */
static int hog(void *arg)
{
    (void)arg;
    compute(1250);
    return 0;
}

static bool report_task(task_t *task, void *arg)
{
    (void)arg;
    ktest_report("task %u %u %u %u %s", task->pid, task->state, task->queued, task->priority,
                 task->name);
    return true;
}

KTEST(trace_storm)
{
    task_t *tasks[ACTORS + 1];
    struct trace_record r;

    semaphore_init(&semaphore, 1);
    irq_enable();
    sleep_ms(2);
    irq_disable();
    trace_clear();
    task_each(report_task, NULL);
    irq_enable();
    for (unsigned i = 0; i < ACTORS; i++) {
        uint32_t numbers = ktest_random(1 << 24);
        tasks[i] = create_task(act, (void *)(uintptr_t)numbers, "actor");
        task_set_priority(tasks[i], PRIORITY_NORMAL - 2 + ktest_random(5));
    }
    sleep_ms(ktest_random(60));
    tasks[ACTORS] = create_task(hog, NULL, "hog");
    task_set_priority(tasks[ACTORS], PRIORITY_NORMAL + 8);
    for (unsigned i = 0; i <= ACTORS; i++)
        task_join(tasks[i], NULL);
    irq_disable();
    for (unsigned n = 0; trace_get(n, &r); n++)
        ktest_report("event %llu %s %u %d", r.time, trace_name(r.event), r.task, r.other);
}
