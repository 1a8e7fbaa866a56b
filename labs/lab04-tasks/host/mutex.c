/*
 * Around task/mutex.c: tasks that lock and unlock mutexes as the story wants. Each has a stack of
 * its own, on which it waits; the story goes on when all that can run have run.
 *
 * A case: how many tasks and mutexes there are, each task's priority; then operations of three
 * words. After each: "OPERATION RESULT", for each task its priority (behind it w if it waits), then
 * for each mutex its owner (- for nobody) and how many wait for it.
 *     1 task mutex       mutex_lock
 *     2 task mutex       mutex_unlock
 *     3 task priority    task_set_priority, by another task
 *     4 task mutex       mutex_trylock: the result
 */
#include "fakes.h"
#include "task/mutex.c"

#define TASKS   10
#define MUTEXES 8
#define STACK   (64 << 10)
#define TOO_OFTEN 1000

/* The beginning of ucontext_t (glibc). */
struct turn {
    unsigned long flags;
    struct turn *link;
    struct {
        void *base;
        int flags;
        size_t size;
    } stack;
    uint8_t rest[2000] __attribute__((aligned(16)));
};

int getcontext(struct turn *turn);
void makecontext(struct turn *turn, void (*fn)(void), int n, ...);
int swapcontext(struct turn *save, const struct turn *to);

static task_t tasks[TASKS];
static struct mutex mutexes[MUTEXES];
static struct turn turns[TASKS], story;
static unsigned task_number, mutex_number;
struct cpu cpus[CPUS];

/* What a task is to do; done when what is 0. */
static struct {
    uint32_t what, mutex;
} orders[TASKS];

static unsigned number_of(const task_t *task)
{
    return task - tasks;
}

/* ---- what task/mutex.c calls */

bool sched_prepare_wait(bool interruptible)
{
    (void)interruptible;
    current()->state = TASK_WAITING;
    return true;
}

void sched_finish_wait(void)
{
    current()->state = TASK_RUNNING;
}

bool task_wake(task_t *task)
{
    bool waiting = task->state == TASK_WAITING;

    if (waiting)
        task->state = task == current() ? TASK_RUNNING : TASK_READY;
    return waiting;
}

void sched_set_priority(task_t *task, unsigned priority)
{
    task->priority = priority;
}

/* Back to the story. */
void schedule(void)
{
    task_t *task = current();

    if (host_locks)
        panic("schedule() with a spinlock held");
    if (task->state == TASK_RUNNING)
        task->state = TASK_READY;
    swapcontext(&turns[number_of(task)], &story);
    task->state = TASK_RUNNING;
}

void task_yield(void)
{
    schedule();
}

/* ---- the tasks */

static void run(task_t *task)
{
    this_cpu()->current = task;
    task->state = TASK_RUNNING;
    swapcontext(&story, &turns[number_of(task)]);
}

static void task_main(void)
{
    for (;;) {
        unsigned me = number_of(current());
        if (orders[me].what == 1)
            mutex_lock(&mutexes[orders[me].mutex]);
        else
            mutex_unlock(&mutexes[orders[me].mutex]);
        check_interrupts("mutex_lock or mutex_unlock");
        orders[me].what = 0;
        current()->state = TASK_WAITING;
        swapcontext(&turns[me], &story);
    }
}

/* Let all that can run do so. */
static void settle(void)
{
    unsigned often = 0;

    for (unsigned t = 0; t < task_number; t++)
        while (orders[t].what && tasks[t].state == TASK_READY) {
            if (often++ == TOO_OFTEN)
                panic("a task that waits for a mutex runs all the time");
            run(&tasks[t]);
            t = 0;
        }
}

static void make_task(unsigned t, unsigned priority)
{
    tasks[t].priority = tasks[t].base_priority = priority;
    tasks[t].state = TASK_WAITING;
    list_init(&tasks[t].held);
    getcontext(&turns[t]);
    turns[t].stack.base = malloc(STACK);
    turns[t].stack.size = STACK;
    turns[t].link = &story;
    makecontext(&turns[t], task_main, 0);
}

/* ---- the operations */

static unsigned length(const struct list *head)
{
    unsigned n = 0;

    list_for_each(node, head)
        n++;
    return n;
}

static void print(uint32_t what, int result)
{
    printf("%u %d", what, result);
    for (unsigned t = 0; t < task_number; t++)
        printf(" %u%s", tasks[t].priority, orders[t].what ? "w" : "");
    printf(" |");
    for (unsigned m = 0; m < mutex_number; m++) {
        if (mutexes[m].owner)
            printf(" %u", number_of(mutexes[m].owner));
        else
            printf(" -");
        printf(" %u", length(&mutexes[m].waiters));
    }
    printf("\n");
}

static int operation(uint32_t what, uint32_t t, uint32_t value)
{
    int result = 0;

    switch (what) {
    case 1:
    case 2:
        orders[t].what = what;
        orders[t].mutex = value;
        run(&tasks[t]);
        break;
    case 3:
        this_cpu()->current = &tasks[(t + 1) % task_number];
        task_set_priority(&tasks[t], value);
        break;
    case 4:
        this_cpu()->current = &tasks[t];
        result = mutex_trylock(&mutexes[value]);
        break;
    }
    settle();
    return result;
}

static void one_case(void)
{
    task_number = word();
    mutex_number = word();
    for (unsigned t = 0; t < task_number; t++)
        make_task(t, word());
    for (unsigned m = 0; m < mutex_number; m++)
        mutex_init(&mutexes[m]);
    while (more()) {
        uint32_t what = word(), t = word();
        int result = operation(what, t, word());
        print(what, result);
    }
}

int main(void)
{
    each_case(one_case);
    return 0;
}
