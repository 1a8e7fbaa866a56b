/*
 * The end of tasks: how they ended, who may ask, what becomes of those whose parents end first, and
 * whether all of a task's memory comes back.
 */
#include "watch.h"
#include "mm/page.h"

#define TASKS_MAX 80

static task_t *first;               /* the test's own */

/* All tasks that there are when a test begins. */
task_t *exit_before[TASKS_MAX];
uint32_t exit_before_count;

static bool enter(task_t *task, void *arg)
{
    (void)arg;
    exit_before[exit_before_count++] = task;
    return exit_before_count < TASKS_MAX;
}

static void begin(void)
{
    first = current();
    task_each(enter, NULL);
    irq_enable();
}

/* Let all others run until they sleep: also the work task, which frees tasks. */
static void settle(void)
{
    sched_set_priority(current(), 5);
    task_yield();
    sched_set_priority(current(), current()->base_priority);
}

static uint32_t random_status(void)
{
    uint32_t high = ktest_random(0x10000);

    return high << 16 | ktest_random(0x10000);
}

static int ends(void *arg)
{
    return *(int *)arg;
}

static int exits(void *arg)
{
    task_exit(*(int *)arg);
}

/* Until somebody wakes it. */
static int ends_later(void *arg)
{
    sched_prepare_wait(false);
    schedule();
    return arg ? *(int *)arg : 0;
}

/* ---- how they ended */

#define CHILDREN 16

struct exit_note {
    int32_t told, result, status;   /* what it ended with; what task_join() returned and said */
    uint32_t late;                  /* it ended when its parent was asking already */
};

struct exit_note exit_notes[CHILDREN];

KTEST(exit_join)
{
    task_t *children[CHILDREN];

    begin();
    for (unsigned i = 0; i < CHILDREN; i++) {
        struct exit_note *note = &exit_notes[i];
        note->told = random_status();
        note->late = ktest_random(2);
        children[i] = SPAWN(note->late ? 10 : 20, i % 2 ? exits : ends, &note->told);
    }
    task_yield();
    for (unsigned left = CHILDREN, i; left; left--) {
        for (i = ktest_random(CHILDREN); !children[i]; i = (i + 1) % CHILDREN)
            ;
        exit_notes[i].result = task_join(children[i], &exit_notes[i].status);
        children[i] = NULL;
    }
    stay();
}

/* ---- who may ask */

int32_t echild_results[4];          /* for a grandchild, itself, one that was detached; its child */
task_t *echild_tasks[2];            /* the first and the third of these */
int32_t eintr_results[3];           /* interrupted; again; and what it said then */
task_t *eintr_child;                /* at the time of its being interrupted still there: */
uint32_t eintr_state;

static task_t *grandchild;

static int has_child(void *arg)
{
    grandchild = spawn(20, ends_later, NULL);
    return ends_later(arg);
}

static int interrupts(void *arg)
{
    task_interrupt(arg);
    return 0;
}

KTEST(exit_strangers)
{
    int status = random_status();

    begin();
    task_t *child = SPAWN(20, has_child, &status), *detached = SPAWN(20, ends_later, NULL);
    task_yield();
    task_detach(detached);
    echild_results[0] = grandchild ? task_join(grandchild, NULL) : 0;
    echild_results[1] = task_join(first, NULL);
    echild_results[2] = task_join(detached, NULL);
    echild_tasks[0] = grandchild;
    echild_tasks[1] = detached;
    task_wake(child);
    echild_results[3] = task_join(child, NULL);

    eintr_child = SPAWN(20, ends_later, &status);
    task_yield();
    SPAWN(10, interrupts, first);
    eintr_results[0] = task_join(eintr_child, &eintr_results[2]);
    eintr_state = eintr_child->state;
    first->interrupted = false;
    task_wake(eintr_child);
    eintr_results[1] = task_join(eintr_child, &eintr_results[2]);
    stay();
}

/* ---- who ends without a parent, or is nobody's */

#define KIDS 4

task_t *orphans[KIDS];              /* the first of them goes on */
uint32_t orphans_counts[4];         /* tasks: before; with three kids, with one; at the end */
int32_t orphans_result;

static int has_kids(void *arg)
{
    for (unsigned i = 0; i < KIDS; i++)
        orphans[i] = spawn(20, i == 1 ? ends : ends_later, arg);
    return ends_later(arg);
}

KTEST(exit_orphans)
{
    static int status;

    begin();
    orphans_counts[0] = task_count();
    status = random_status();
    task_t *parent = SPAWN(21, has_kids, &status), *detached[2];
    settle();
    task_wake(parent);
    orphans_result = task_join(parent, NULL);
    settle();
    orphans_counts[1] = task_count();
    for (unsigned i = 2; i < KIDS; i++)
        if (orphans[i])
            task_wake(orphans[i]);
    settle();
    orphans_counts[2] = task_count();
    detached[0] = SPAWN(20, ends_later, NULL);
    detached[1] = SPAWN(20, ends, &status);
    task_yield();
    for (unsigned i = 0; i < 2; i++)
        task_detach(detached[i]);
    task_wake(detached[0]);
    settle();
    orphans_counts[3] = task_count();
    stay();
}

/* ---- the dead stay dead, and the living have stacks of their own */

#define DEAD   4
#define LIVING 24

task_t *dead_tasks[DEAD], *living_tasks[LIVING];
int32_t dead_told[DEAD];
uint32_t dead_woken, dead_steps;

static int dies(void *arg)
{
    uint32_t me = (uintptr_t)arg;

    count_up(&dead_steps);
    if (me % 2)
        return dead_told[me];
    task_exit(dead_told[me]);
}

KTEST(exit_dead)
{
    task_t *others[LIVING];
    static int status;

    begin();
    for (unsigned i = 0; i < LIVING; i++)
        others[i] = SPAWN(20, i % 2 ? ends : exits, &status);
    task_yield();
    for (unsigned i = 0; i < LIVING; i++)
        i % 3 ? (void)task_join(others[i], NULL) : task_detach(others[i]);
    settle();
    for (uintptr_t i = 0; i < DEAD; i++) {
        dead_told[i] = random_status();
        dead_tasks[i] = SPAWN(20, dies, (void *)i);
    }
    for (unsigned i = 0; i < LIVING; i++)
        living_tasks[i] = SPAWN(20, ends_later, NULL);
    settle();
    for (unsigned i = 0; i < DEAD; i++) {
        dead_woken += task_wake(dead_tasks[i]);
        task_interrupt(dead_tasks[i]);
    }
    settle();
    stay();
}

/* ---- a thousand of them */

#define THOUSAND 1000
#define BATCH    40

uint32_t thousand_frames[2], thousand_tasks[2], thousand_count, thousand_sum, thousand_told;
volatile uint32_t thousand_ran;

static int one_of_many(void *arg)
{
    count_up(&thousand_ran);
    return (uintptr_t)arg;
}

static uint32_t free_frames(void)
{
    struct page_stats stats;

    page_stats(&stats);
    return stats.free;
}

/* Make n tasks and have them end, in one way or the other; returns how many were made. */
static unsigned batch(unsigned n)
{
    task_t *tasks[BATCH];
    unsigned made = 0;

    for (; made < n; made++) {
        uint32_t status = ktest_random(100000);
        tasks[made] = spawn(made % 3 ? 20 : 10, one_of_many, (void *)(uintptr_t)status);
        if (!tasks[made])
            break;
        if (made % 4)
            thousand_told += status;
    }
    for (unsigned i = 0; i < made; i++) {
        int status = 0;
        if (i % 4 == 0)
            task_detach(tasks[i]);
        else if (task_join(tasks[i], &status) == 0)
            thousand_sum += status;
    }
    settle();                       /* those that nobody waits for */
    return made;
}

KTEST(exit_thousand)
{
    begin();
    for (unsigned i = 0; i < 3; i++)
        if (!batch(BATCH)) {        /* from here on, what is kept for later is kept */
            ktest_report("no_task");
            stay();
        }
    thousand_sum = thousand_told = thousand_ran = 0;
    thousand_frames[0] = free_frames();
    thousand_tasks[0] = task_count();
    while (thousand_count < THOUSAND) {
        unsigned n = 1 + ktest_random(BATCH), left = THOUSAND - thousand_count;
        unsigned made = batch(n < left ? n : left);
        thousand_count += made;
        if (!made)
            break;
    }
    thousand_frames[1] = free_frames();
    thousand_tasks[1] = task_count();
    stay();
}
