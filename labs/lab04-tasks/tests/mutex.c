/*
 * Mutexes: a storm of tasks that want one, a task that would be in the way of a more urgent one,
 * and a chain of tasks that wait for each other, which stays for whoever looks from outside.
 */
#include "watch.h"
#include "task/mutex.h"

#define PATIENCE 3000               /* ms */

/* ---- many want one */

#define CROWD  5
#define ROUNDS 120

struct mutex storm_mutex;
task_t *storm_tasks[CROWD];
uint32_t storm_log[CROWD * ROUNDS];     /* who had it, one after the other */
uint32_t storm_count, storm_overlaps;
uint32_t storm_waiters;             /* how many stood in its list, whenever somebody got it */
volatile uint32_t storm_done;

static volatile uint32_t inside;

static uint32_t waiting(const struct mutex *mutex)
{
    uint32_t flags = irq_save(), n = 0;

    list_for_each(node, &mutex->waiters)
        n++;
    irq_restore(flags);
    return n;
}

static int storm_task(void *arg)
{
    uint32_t me = (uintptr_t)arg, state = me;

    for (unsigned i = 0; i < ROUNDS; i++) {
        mutex_lock(&storm_mutex);
        storm_overlaps += inside++;
        storm_waiters += waiting(&storm_mutex);
        uint32_t at = storm_count;
        burn(draw(&state, 200));
        if (draw(&state, 3) == 0)
            task_yield();
        storm_log[at] = me;
        storm_count = at + 1;
        inside--;
        mutex_unlock(&storm_mutex);
        burn(draw(&state, 50));
    }
    count_up(&storm_done);
    rest();
}

/* Who is woken need not have what it waits for. All are woken: one is as urgent as the holder. */
static void storm_tick(void)
{
    for (unsigned i = 0; i < CROWD; i++)
        task_wake(storm_tasks[i]);
}

KTEST(mutex_storm)
{
    mutex_init(&storm_mutex);
    for (uintptr_t i = 0; i < CROWD; i++)
        storm_tasks[i] = SPAWN(17 + ktest_random(3), storm_task, (void *)i);
    at_each_tick(storm_tick);
    irq_enable();
    let_run(&storm_done, CROWD, PATIENCE);
    stay();
}

/* ---- priority inversion */

#define INVERSIONS 3
#define EVENTS     8

enum { LOW_HAS = 1, HIGH_WANTS, LOW_GIVES, HIGH_HAS, HIGH_GIVES, MIDDLE_BEGINS, MIDDLE_ENDS };

struct inversion {
    uint32_t low, middle, high;     /* priorities */
    uint32_t inherited, returned;   /* low's, while high waits, and when it has got it */
    uint32_t count, events[EVENTS];
};

struct inversion inversions[INVERSIONS];
volatile uint32_t inversions_done;

static struct mutex wanted;

static void note(struct inversion *inversion, uint32_t event)
{
    uint32_t at = count_up(&inversion->count);

    inversion->events[at % EVENTS] = event;
}

static int high_task(void *arg)
{
    note(arg, HIGH_WANTS);
    mutex_lock(&wanted);
    note(arg, HIGH_HAS);
    burn(1000);
    note(arg, HIGH_GIVES);
    mutex_unlock(&wanted);
    rest();
}

static int middle_task(void *arg)
{
    note(arg, MIDDLE_BEGINS);
    for (unsigned i = 0; i < 50; i++) {
        burn(2000);
        task_yield();
    }
    note(arg, MIDDLE_ENDS);
    count_up(&inversions_done);
    rest();
}

static int low_task(void *arg)
{
    struct inversion *inversion = arg;

    mutex_lock(&wanted);
    note(inversion, LOW_HAS);
    spawn(inversion->high, high_task, inversion);
    task_yield();
    inversion->inherited = current()->priority;
    spawn(inversion->middle, middle_task, inversion);
    for (unsigned i = 0; i < 10; i++) {
        burn(2000);
        task_yield();
    }
    note(inversion, LOW_GIVES);
    mutex_unlock(&wanted);
    inversion->returned = current()->priority;
    rest();
}

KTEST(mutex_inversion)
{
    irq_enable();
    for (unsigned i = 0; i < INVERSIONS; i++) {
        struct inversion *inversion = &inversions[i];
        inversion->low = 17 + ktest_random(4);
        inversion->middle = inversion->low + 1 + ktest_random(4);
        inversion->high = inversion->middle + 1 + ktest_random(4);
        mutex_init(&wanted);
        SPAWN(inversion->low, low_task, inversion);
        let_run(&inversions_done, i + 1, 100);
    }
    stay();
}

/* ---- a chain */

#define CHAIN   6
#define MUTEXES 5
#define NONE    MUTEXES

/*
 * Each task has what the one before it wants, up to the first, which has three of them; the last
 * two want the others. In the order in which they begin.
 */
static const struct role {
    uint8_t has[3], wants;
} roles[CHAIN] = {
    { { 2, 3, 4 }, NONE }, { { 1, NONE, NONE }, 2 }, { { 0, NONE, NONE }, 1 },
    { { NONE, NONE, NONE }, 0 }, { { NONE, NONE, NONE }, 3 }, { { NONE, NONE, NONE }, 4 },
};

struct mutex chain_mutexes[MUTEXES];
task_t *chain_tasks[CHAIN];
uint32_t chain_base[CHAIN];
uint32_t chain_priorities[CHAIN + 4];   /* the first one's, after each step */
uint32_t chain_given[2];            /* which mutexes it gives back, in this order */

static int chain_task(void *arg)
{
    const struct role *role = arg;

    for (unsigned i = 0; i < 3; i++)
        if (role->has[i] != NONE)
            mutex_lock(&chain_mutexes[role->has[i]]);
    if (role->wants != NONE) {
        mutex_lock(&chain_mutexes[role->wants]);
        rest();
    }
    for (unsigned i = 0; i < 2; i++) {
        sched_prepare_wait(false);
        schedule();
        mutex_unlock(&chain_mutexes[chain_given[i]]);
    }
    rest();
}

KTEST(mutex_chain)
{
    unsigned step = 0;

    for (unsigned m = 0; m < MUTEXES; m++)
        mutex_init(&chain_mutexes[m]);
    chain_given[0] = 3 + ktest_random(2);
    chain_given[1] = 7 - chain_given[0];
    for (unsigned i = 0; i < CHAIN; i++) {
        chain_base[i] = 17 + ktest_random(i ? 14 : 2);
        chain_tasks[i] = SPAWN(chain_base[i], chain_task, (void *)&roles[i]);
        task_yield();
        chain_priorities[step++] = chain_tasks[0]->priority;
    }
    for (unsigned i = 0; i < 2; i++) {
        task_wake(chain_tasks[0]);
        task_yield();
        chain_priorities[step++] = chain_tasks[0]->priority;
    }
    /* The far end of the chain becomes the most urgent of all, and then hardly urgent. */
    task_set_priority(chain_tasks[3], 31);
    chain_priorities[step++] = chain_tasks[0]->priority;
    chain_base[3] = 17 + ktest_random(14);
    task_set_priority(chain_tasks[3], chain_base[3]);
    chain_priorities[step++] = chain_tasks[0]->priority;
    stay();
}
